//! What is asked: which sockets, and what about them.

use std::ops::ControlFlow;
use std::time::Duration;

use crate::collect;
use crate::coverage::Coverage;
use crate::error::Result;
use crate::filter::Filter;
use crate::model::{Family, HostLimits, Protocols, Socket, States};
use crate::snapshot::Snapshot;
use crate::source::{Namespaces, Source};
use crate::sys;

bitflags::bitflags! {
    /// What is asked about each socket beyond what comes for nothing. Each costs the kernel time; see
    /// `PLATFORM.md` for what.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
    pub struct Needs: u32 {
        /// [`Socket::tcp`]: `tcp_info`, congestion control.
        const STATS = 1;
        /// [`Socket::memory`] and [`Socket::drops`].
        const MEMORY = 1 << 1;
        /// [`Socket::tos`], [`Socket::tclass`], [`Socket::class_id`].
        const TRAFFIC_CLASS = 1 << 2;
        /// `uid` and `user` of owning processes.
        const PROCESS_USER = 1 << 3;
        /// `executable` of owning processes.
        const PROCESS_EXECUTABLE = 1 << 4;
        /// `command_line` of owning processes.
        const PROCESS_COMMAND_LINE = 1 << 5;
        /// `cgroup` of owning processes.
        const PROCESS_CGROUP = 1 << 6;
        /// [`Socket::owners`] and [`Socket::unowned`]; how far is what [`OwnerLookup`] says.
        const OWNERS = 1 << 7;
        /// [`Snapshot::host`] and [`Snapshot::counters`]: limits of the machine that sockets share, and what it counts.
        const HOST = 1 << 8;
        /// `snd_una`, `snd_nxt`, `rcv_nxt`, `write_seq` and `copied_seq` of [`Socket::tcp`], together with `STATS`. Takes
        /// rights: see `PLATFORM.md`.
        const SEQUENCES = 1 << 9;
        /// [`Socket::peer`] of TCP connections within this machine; Unix sockets tell theirs unasked. Every TCP row has to
        /// be seen for it, whatever the filter, and these connections come last.
        const PEERS = 1 << 10;
        /// The name of [`Socket::network_namespace`].
        const NAMESPACE_NAME = 1 << 11;
        /// [`Socket::remote`] of Unix sockets: the name that the other end is bound to. The kernel tells the other end's
        /// inode only, so a row waits until that one's row came.
        const REMOTE_NAMES = 1 << 12;
        /// [`Socket::direction`]; more certain together with `STATS`. Listeners are read for it, whatever the filter.
        const DIRECTION = 1 << 13;
        /// `fds_in_flight` of Unix sockets: one file of a process that holds it is read for each, so together with `OWNERS`.
        const FDS_IN_FLIGHT = 1 << 14;
        /// [`Socket::module`]: a question for each row, on Windows.
        const MODULE = 1 << 15;
    }
}

/// How far owners are looked for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[non_exhaustive]
pub enum OwnerLookup {
    /// Not at all.
    #[default]
    None,
    /// One owner a socket; cheaper where the search can end early.
    First,
    /// Every owner of every socket.
    All,
}

/// How owners are found.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[non_exhaustive]
pub enum OwnerSource {
    /// The cheaper way of those that are permitted.
    #[default]
    Auto,
    /// Each process's descriptors in /proc.
    Proc,
    /// A BPF program that the kernel runs over all descriptors (Linux 5.12; `CAP_BPF` and `CAP_PERFMON`), or an error.
    Bpf,
}

/// Where rows are read from.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[non_exhaustive]
pub enum SourceChoice {
    /// The best the system allows, with its fallback.
    #[default]
    Auto,
    /// `sock_diag`, or an error.
    Diag,
    /// /proc/net through our own parser, or an error.
    Proc,
    /// /proc/net through the `procfs` crates' parser (feature `linux-procfs`); ours takes over, with a note, where that
    /// one refuses a table.
    Procfs,
}

/// A question about this machine's sockets.
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
    pub(crate) states: States,
    pub(crate) needs: Needs,
    pub(crate) owners: OwnerLookup,
    pub(crate) owner_source: OwnerSource,
    pub(crate) source: SourceChoice,
    pub(crate) filter: Option<Filter>,
    pub(crate) push_down: bool,
    pub(crate) namespaces: Namespaces,
    pub(crate) estats: Option<Duration>,
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
            states: States::all(),
            needs: Needs::empty(),
            owners: OwnerLookup::None,
            owner_source: OwnerSource::Auto,
            source: SourceChoice::Auto,
            filter: None,
            push_down: true,
            namespaces: Namespaces::Own,
            estats: None,
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

    /// Only sockets of this family; named twice, either.
    #[must_use]
    pub fn family(mut self, family: Family) -> Self {
        if !self.families.contains(&family) {
            self.families.push(family);
        }
        self
    }

    /// Only sockets in one of these states.
    #[must_use]
    pub fn states(mut self, states: States) -> Self {
        self.states = states;
        self
    }

    /// With statistics: [`Socket::tcp`], [`Socket::memory`], [`Socket::drops`].
    #[must_use]
    pub fn stats(self) -> Self {
        self.needs(Needs::STATS | Needs::MEMORY)
    }

    /// With what is named: the way to ask for just what some [fields](crate::field) need.
    #[must_use]
    pub fn needs(mut self, needs: Needs) -> Self {
        self.needs |= needs;
        if needs.contains(Needs::OWNERS) && self.owners == OwnerLookup::None {
            self.owners = OwnerLookup::All;
        }
        self
    }

    /// With every owner of every socket.
    #[must_use]
    pub fn owners(self) -> Self {
        self.owner_lookup(OwnerLookup::All)
    }

    /// With owners as far as this says.
    #[must_use]
    pub fn owner_lookup(mut self, lookup: OwnerLookup) -> Self {
        self.owners = lookup;
        self
    }

    /// Forces how owners are found; asks for none by itself.
    #[must_use]
    pub fn owner_source(mut self, source: OwnerSource) -> Self {
        self.owner_source = source;
        self
    }

    /// Only sockets that match; what the filter must know about them is asked for. A second filter replaces the first.
    #[must_use]
    pub fn filter(mut self, filter: Filter) -> Self {
        self = self.needs(filter.needs());
        self.filter = Some(filter);
        self
    }

    /// Whether the kernel decides the part of the filter that it can (the default). The answer is the same without.
    #[must_use]
    pub fn push_down(mut self, push_down: bool) -> Self {
        self.push_down = push_down;
        self
    }

    /// Sockets of these network namespaces; without it, of the calling thread's own. What enters another one is threads
    /// of pree's own, which end: the caller's stay where they are. Owners are looked for once for all. One that cannot be
    /// entered is a gap in the [`Coverage`]; if it is the only one that was asked for, an error. With
    /// [`Namespaces::All`] the limits of [`Snapshot::host`] are unknown: each namespace has its own.
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

    /// Windows: collects statistics of connections for this long and reads them then. **It changes the machine's state**:
    /// Windows counts only where that was switched on (`SetPerTcpConnectionEStats`, as administrator), so it is switched on
    /// for each connection that is asked for, and off again behind it; where somebody else had switched it on, it stays as
    /// it was. Numbers count from then on ([`TcpStats::counts_since`](crate::TcpStats::counts_since)). Asks for
    /// [`Needs::STATS`]. On other systems it is an error: their statistics are always there.
    #[must_use]
    pub fn collect_estats(mut self, time: Duration) -> Self {
        self.estats = Some(time);
        self.needs(Needs::STATS)
    }

    /// Forces where rows are read from.
    #[must_use]
    pub fn source(mut self, source: SourceChoice) -> Self {
        self.source = source;
        self
    }

    /// Asks the running system and keeps the answer.
    ///
    /// # Errors
    /// When no rows at all can be had; what is merely missing is in the snapshot's [`Coverage`].
    pub fn collect(&self) -> Result<Snapshot> {
        self.collect_from(&mut sys::live()?)
    }

    /// [`Query::collect`] from another source: a recording, a test.
    ///
    /// # Errors
    /// As [`Query::collect`].
    pub fn collect_from(&self, source: &mut dyn Source) -> Result<Snapshot> {
        let mut sockets = Vec::new();
        let coverage = self.visit_from(source, |socket| {
            sockets.push(socket.clone());
            ControlFlow::Continue(())
        })?;
        if !self.needs.contains(Needs::HOST) || self.namespaces == Namespaces::All {
            return Ok(Snapshot::new(sockets, coverage, HostLimits::default()));
        }
        let counters = collect::host_counters(source);
        Ok(Snapshot::new(sockets, coverage, collect::host_limits(source)).with_counters(counters))
    }

    /// Asks the running system and calls `visitor` with each socket as it comes, each once, until it says
    /// [`ControlFlow::Break`]. The socket is reused for the next row.
    ///
    /// # Errors
    /// When no rows at all can be had. Rows that were delivered before are never taken back: what goes wrong after
    /// that is a gap in the [`Coverage`].
    pub fn visit(&self, visitor: impl FnMut(&Socket) -> ControlFlow<()>) -> Result<Coverage> {
        self.visit_from(&mut sys::live()?, visitor)
    }

    /// [`Query::visit`] from another source: a recording, a test.
    ///
    /// # Errors
    /// As [`Query::visit`].
    pub fn visit_from(
        &self,
        source: &mut dyn Source,
        mut visitor: impl FnMut(&Socket) -> ControlFlow<()>,
    ) -> Result<Coverage> {
        collect::visit(self, source, &mut visitor)
    }
}
