//! What is asked: which sockets, and what about them. Plain data; the plan works out what that takes.

use std::time::Duration;

use crate::filter::Filter;
use crate::model::{Family, Protocols, States};
use crate::needs::{Needs, OwnerLookup, OwnerSource, SourceChoice, WatchSource};
use crate::source::Namespaces;
#[cfg(doc)]
use crate::{Coverage, Snapshot, Socket};

/// A question about this machine's sockets.
///
/// Requests add up: no call takes back what another one asked for, in any order. Of the calls that choose a method ([`source`](Query::source), [`owner_source`](Query::owner_source), [`push_down`](Query::push_down),
/// [`network_namespaces`](Query::network_namespaces)) the last one counts.
///
/// ```no_run
/// use pree::{Query, States};
///
/// let snapshot = Query::new().tcp().udp().states(States::LISTENING).owners().collect()?;
/// for socket in &snapshot {
///     println!("{} {} {:?}", socket.local, socket.state, socket.owners);
/// }
/// if !snapshot.coverage().is_complete() {
///     eprintln!("{}", snapshot.coverage());
/// }
/// # Ok::<(), pree::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Query {
    pub(crate) protocols: Protocols,
    pub(crate) families: Vec<Family>,
    /// `None`: every state that the source reports.
    pub(crate) states: Option<States>,
    pub(crate) without_states: States,
    pub(crate) needs: Needs,
    /// `None`: not chosen.
    pub(crate) owners: Option<OwnerLookup>,
    pub(crate) owner_source: OwnerSource,
    pub(crate) source: SourceChoice,
    pub(crate) filter: Option<Filter>,
    pub(crate) push_down: bool,
    pub(crate) namespaces: Namespaces,
    pub(crate) estats: Option<Duration>,
    pub(crate) watch_source: WatchSource,
    pub(crate) watch_stats: Option<Duration>,
    pub(crate) watch_buffer: u32,
}

impl Default for Query {
    fn default() -> Self {
        Self::new()
    }
}

impl Query {
    /// TCP, UDP and UDP-Lite sockets, without statistics or owners.
    pub fn new() -> Self {
        Self {
            protocols: Protocols::empty(),
            families: Vec::new(),
            states: None,
            without_states: States::empty(),
            needs: Needs::empty(),
            owners: None,
            owner_source: OwnerSource::Auto,
            source: SourceChoice::Auto,
            filter: None,
            push_down: true,
            namespaces: Namespaces::Own,
            estats: None,
            watch_source: WatchSource::Auto,
            watch_stats: None,
            watch_buffer: 0,
        }
    }

    /// TCP sockets. The first protocol named replaces the default of all; more add to it.
    #[must_use]
    pub fn tcp(self) -> Self {
        self.protocols(Protocols::TCP)
    }

    /// UDP sockets; see [`Query::tcp`].
    #[must_use]
    pub fn udp(self) -> Self {
        self.protocols(Protocols::UDP)
    }

    /// UDP-Lite sockets; see [`Query::tcp`].
    #[must_use]
    pub fn udplite(self) -> Self {
        self.protocols(Protocols::UDPLITE)
    }

    /// Adds these protocols; see [`Query::tcp`].
    #[must_use]
    pub fn protocols(mut self, protocols: Protocols) -> Self {
        self.protocols |= protocols;
        self
    }

    /// Only sockets of this family; called again, of either.
    #[must_use]
    pub fn family(mut self, family: Family) -> Self {
        if !self.families.contains(&family) {
            self.families.push(family);
        }
        self
    }

    /// Only sockets in one of these states; called again, in any of both.
    ///
    /// /proc/net does not list sockets that are only bound. That is a gap where [`States::BOUND_INACTIVE`] is among the states
    /// named or a filter may match them, otherwise a note.
    #[must_use]
    pub fn states(mut self, states: States) -> Self {
        self.states = Some(self.states.unwrap_or(States::empty()) | states);
        self
    }

    /// No sockets in these states, whatever else is named. This does not name the other states.
    #[must_use]
    pub fn without_states(mut self, states: States) -> Self {
        self.without_states |= states;
        self
    }

    /// With statistics: [`Socket::tcp`], [`Socket::memory`], [`Socket::drops`].
    #[must_use]
    pub fn stats(self) -> Self {
        self.needs(Needs::STATS | Needs::MEMORY)
    }

    /// With these needs: how to ask for just what some [fields](crate::field) take.
    #[must_use]
    pub fn needs(mut self, needs: Needs) -> Self {
        self.needs |= needs;
        self
    }

    /// With every owner of every socket.
    #[must_use]
    pub fn owners(self) -> Self {
        self.owner_lookup(OwnerLookup::All)
    }

    /// With owners at least this far. [`OwnerLookup::None`] takes nothing back; if only a filter asks about owners, it contradicts
    /// that filter, which is an error.
    #[must_use]
    pub fn owner_lookup(mut self, lookup: OwnerLookup) -> Self {
        self.owners = self.owners.max(Some(lookup));
        self
    }

    /// Forces how owners are found; does not ask for owners by itself.
    #[must_use]
    pub fn owner_source(mut self, source: OwnerSource) -> Self {
        self.owner_source = source;
        self
    }

    /// Only sockets that match; whatever the filter needs is asked for. With a second filter both must match.
    #[must_use]
    pub fn filter(mut self, filter: Filter) -> Self {
        self.filter = Some(match self.filter.take() {
            Some(other) => other.and(filter),
            None => filter,
        });
        self
    }

    /// Whether the kernel decides the part of the filter that it can (the default). The answer is the same without.
    #[must_use]
    pub fn push_down(mut self, push_down: bool) -> Self {
        self.push_down = push_down;
        self
    }

    /// Sockets of these network namespaces; by default of the calling thread's own. Short-lived threads enter the others: the
    /// caller's threads stay where they are. Owners are searched once for all namespaces. A namespace that cannot be entered is a gap
    /// in the [`Coverage`]; if it is the only one asked for, an error. With [`Namespaces::All`] the limits of [`Snapshot::host`] are
    /// unknown, since each namespace has its own.
    ///
    /// ```no_run
    /// use pree::{Namespaces, Query, States};
    ///
    /// for socket in Query::new().states(States::LISTENING).network_namespaces(Namespaces::All).collect()? {
    ///     println!("{:?} {}", socket.network_namespace, socket.local);
    /// }
    /// # Ok::<(), pree::Error>(())
    /// ```
    #[must_use]
    pub fn network_namespaces(mut self, namespaces: Namespaces) -> Self {
        self.namespaces = namespaces;
        self
    }

    /// Windows: collects statistics of connections for this long, then reads them. **It changes the machine's state**:
    /// Windows counts only where that was switched on (`SetPerTcpConnectionEStats`, as administrator), so pree switches it on for
    /// each connection in question and off again afterwards; where somebody else had switched it on, it stays on. Of several times
    /// the longest applies. Numbers count from then on ([`TcpStats::counts_since`](crate::TcpStats::counts_since)). Asks for
    /// [`Needs::STATS`]. On other systems it is an error: their statistics are always on.
    #[must_use]
    pub fn collect_estats(mut self, time: Duration) -> Self {
        self.estats = self.estats.max(Some(time));
        self.needs(Needs::STATS)
    }

    /// Forces how a watch (feature `socket-tracking`) sees what happens.
    #[must_use]
    pub fn watch_source(mut self, source: WatchSource) -> Self {
        self.watch_source = source;
        self
    }

    /// A watch (feature `socket-tracking`) also reads the statistics of the sockets it tells of, so often: those that changed are
    /// [`EventKind::Stats`](crate::EventKind::Stats), with what passed meanwhile ([`Event::since`](crate::Event::since)). At least
    /// 100 ms lie between two readings, and three times as long as one takes. Asks for [`Needs::STATS`].
    #[must_use]
    pub fn watch_stats(mut self, every: Duration) -> Self {
        self.watch_stats = Some(every);
        self.needs(Needs::STATS)
    }

    /// How much memory of the kernel, in bytes, holds what happens until a watch reads it; more is rounded down to a power of two.
    /// By itself 4 MiB with [`WatchSource::Bpf`] and 32 MiB, or what is permitted, with [`WatchSource::Destroy`]. What does not fit is
    /// told as lost.
    #[must_use]
    pub fn watch_buffer(mut self, bytes: u32) -> Self {
        self.watch_buffer = bytes;
        self
    }

    /// Forces where rows are read from.
    #[must_use]
    pub fn source(mut self, source: SourceChoice) -> Self {
        self.source = source;
        self
    }
}
