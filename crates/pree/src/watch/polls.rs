//! Looks again and again, and what is different in each: without a right, on every system. What lives shorter than the time
//! between two looks is not seen, or only its end where the kernel reports that ([`Ends`]).

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::base::Base;
use super::ends::{self, End, Ends};
use super::order::remains;
use super::told::Told;
use crate::error::{ErrorKind, Result};
use crate::field::{Field, Section, Value, View};
use crate::model::{
    Ending, Event, EventKind, Moment, Protocol, Protocols, Provenance, Socket, SocketId, State, States,
    Traffic, Unowned,
};
use crate::needs::WatchSource;
use crate::query::Query;
use crate::snapshot::Snapshot;
use crate::source::Source;

/// Between the beginnings of two looks.
const TICK: Duration = Duration::from_millis(100);
/// After a look that took long, three times as long passes before the next.
const REST: u32 = 3;

/// What is followed by looking.
pub(super) struct Polls {
    query: Query,
    /// What the kernel reports besides.
    pub(super) ends: Option<Ends>,
    known: HashMap<SocketId, Known>,
    /// The number of the look.
    look: u64,
    looks: Looks,
    /// What the last look lacked, so that a loss that lasts is told once.
    failed: bool,
    /// Looks that failed.
    pub(super) failures: u64,
    /// The reason of the last one.
    pub(super) why: Option<ErrorKind>,
    /// Whether the next look tells statistics.
    ticks: bool,
    /// Ends were lost: the next look says which sockets are gone.
    lacks_ends: bool,
}

struct Known {
    socket: Arc<Socket>,
    told: bool,
    seen_in: u64,
    /// Two sockets of one look had this id: which of them is which is not known.
    is_shared: bool,
    /// Where there are ticks, and what it had moved at the last look.
    base: Option<Base>,
    moved: Traffic,
    /// Its end was told after a loss, and may still be reported.
    is_over: bool,
}

impl Polls {
    pub(super) fn new(mut query: Query, ends: Option<Ends>) -> Self {
        if ends.is_some() {
            // What never was a connection ends without a word.
            query.without_states |= States::SYN_RECEIVED | States::BOUND_INACTIVE;
        }
        Self {
            query,
            ends,
            known: HashMap::new(),
            look: 0,
            looks: Looks::default(),
            failed: false,
            failures: 0,
            why: None,
            ticks: false,
            lacks_ends: false,
        }
    }

    /// Whether every end of these sockets is told, and what it was the end of.
    pub(super) fn tells_ends(&self) -> bool {
        self.ends.is_some() && self.query.protocols == Protocols::TCP
    }

    /// Whether TCP is among these sockets.
    pub(super) fn follows_tcp(&self) -> bool {
        self.query.protocols.contains(Protocols::TCP)
    }

    /// How they are followed.
    pub(super) fn source(&self) -> WatchSource {
        if self.ends.is_some() { WatchSource::Destroy } else { WatchSource::Poll }
    }

    /// How often reports of ends were lost.
    pub(super) fn losses(&self) -> u64 {
        self.ends.as_ref().map_or(0, |ends| ends.losses)
    }

    /// Tells what is there.
    pub(super) fn start(&mut self, source: &mut dyn Source, told: &mut Told) -> Result<Snapshot> {
        let begun = source.now();
        let snapshot = self.query.collect_from(source)?;
        let at = source.now();
        self.compare(&snapshot, at, source, told)?;
        self.looks.rest(begun, at);
        Ok(snapshot)
    }

    /// Tells of the ends that there were, also when no time is left to look.
    pub(super) fn read_ends(&mut self, source: &mut dyn Source, told: &mut Told) -> Result<()> {
        let Some(mut ends) = self.ends.take() else { return Ok(()) };
        let at = source.now();
        let read = ends.read(source, |message| match message {
            ends::Told::End(end) => self.ended(&end, at, told),
            ends::Told::Lost => {
                self.lacks_ends = true;
                told.tell(Event::bare(EventKind::Lost { count: None }, at));
            }
        });
        self.ends = Some(ends);
        read
    }

    /// Looks, if it is time to.
    pub(super) fn read(&mut self, source: &mut dyn Source, told: &mut Told) -> Result<()> {
        self.read_ends(source, told)?;
        let begun = source.now();
        if !self.looks.are_due(begun) {
            return Ok(());
        }
        match self.query.collect_from(source) {
            Ok(snapshot) => {
                let at = source.now();
                let failed = std::mem::take(&mut self.failed);
                let lacked_ends = self.compare(&snapshot, at, source, told)?;
                if failed || lacked_ends {
                    told.tell(Event::bare(EventKind::Resynchronised, at));
                }
                self.looks.rest(begun, at);
                Ok(())
            }
            Err(error) if error.passes() => {
                let at = source.now();
                if !std::mem::replace(&mut self.failed, true) {
                    told.tell(Event::bare(EventKind::Lost { count: None }, at));
                }
                self.failures += 1;
                self.why = Some(error.kind());
                self.looks.rest(begun, at);
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// The next look is now, and also tells of statistics that changed.
    pub(super) fn tick(&mut self) {
        (self.ticks, self.looks) = (true, Looks::default());
    }

    /// The time until the next look.
    pub(super) fn left(&self, now: Duration) -> Duration {
        self.looks.next.saturating_sub(now)
    }

    /// Tells what is different. Whether this made up for ends that were lost.
    fn compare(
        &mut self,
        snapshot: &Snapshot,
        at: Moment,
        source: &mut dyn Source,
        told: &mut Told,
    ) -> Result<bool> {
        self.look += 1;
        for socket in snapshot.iter().filter(|socket| !remains(socket)) {
            if let Some(id) = socket.id() {
                self.saw(id, socket, at, told);
            }
        }
        self.ticks = false;
        let makes_up = std::mem::take(&mut self.lacks_ends);
        // Who ended during the look says so, where the kernel reports it.
        self.read_ends(source, told)?;
        let (look, reported) = (self.look, self.ends.is_some());
        let is_gone = |(_, known): &(&SocketId, &Known)| {
            let waits = reported && matches!(known.socket.protocol, Protocol::Tcp | Protocol::Udp);
            known.seen_in != look && (makes_up || !waits)
        };
        let gone: Vec<SocketId> = self.known.iter().filter(is_gone).map(|(id, _)| id.clone()).collect();
        for id in gone {
            let Some(mut known) = self.known.remove(&id) else { continue };
            if known.is_over {
                continue;
            }
            let mut socket = Socket::clone(&known.socket);
            socket.state = State::Closed;
            (socket.tcp, socket.recv_queue, socket.send_queue, socket.timer) = (None, None, None, None);
            let kind = EventKind::Closed(Ending { from: Some(known.socket.state), ..Ending::default() });
            let mut event = Event::new(kind, at, Some(Arc::new(socket)));
            let now = at.monotonic.unwrap_or_default();
            event.since = known.base.as_ref().map(|base| base.until(known.moved, now, Provenance::Partial));
            if known.told && !known.is_shared {
                told.tell(event);
            }
            if reported {
                // It may be closed and not destroyed, and is not to be told again then.
                known.is_over = true;
                self.known.insert(id, known);
            }
        }
        Ok(makes_up)
    }

    /// A socket has ended.
    fn ended(&mut self, end: &End, at: Moment, told: &mut Told) {
        let Some(id) = end.socket.id() else { return };
        let Some(known) = self.known.remove(&id) else { return self.ended_unseen(end, at, told) };
        if known.is_over {
            return;
        }
        let mut socket = Socket::clone(&known.socket);
        socket.state = State::Closed;
        (socket.recv_queue, socket.send_queue, socket.timer) = (None, None, None);
        socket.tcp.clone_from(&end.socket.tcp);
        let event = closed(end, Some(known.socket.state), socket, known.base, at);
        if told.wants(&event, known.told, |field| field.section != Section::Event) {
            told.tell(event);
        }
    }

    /// It lived between two looks: nobody knows when it was opened, and by whom.
    fn ended_unseen(&self, end: &End, at: Moment, told: &mut Told) {
        let Some(failed) = end.is_of_connection() else { return };
        let mut socket = end.socket.clone();
        socket.unowned = Some(Unowned::NotLookedUp);
        let mut opened = socket.clone();
        opened.state = if failed { State::SynSent } else { State::Established };
        opened.tcp = None;
        let kind = if failed { EventKind::Connecting } else { EventKind::Opened };
        let base = self.query.watch_stats.map(|_| Base::opening(at.monotonic.unwrap_or_default()));
        let opened = Event::new(kind, at, Some(Arc::new(opened)));
        let mut was_told = false;
        for event in [opened, closed(end, None, socket, base, at)] {
            let view = event.socket.as_ref().map(|socket| View::new(socket).during(&event));
            let tells = |field: &Field| view.as_ref().is_some_and(|view| (field.get)(view) != Value::Unknown);
            was_told = told.wants(&event, was_told, tells);
            if was_told {
                told.tell(event);
            }
        }
    }

    fn saw(&mut self, id: SocketId, socket: &Socket, at: Moment, told: &mut Told) {
        let look = self.look;
        let tells = |field: &Field| field.section != Section::Event;
        let Some(known) = self.known.get_mut(&id) else {
            let kind = match socket.state {
                _ if look == 1 => EventKind::Current,
                State::SynSent => EventKind::Connecting,
                _ => EventKind::Opened,
            };
            let (socket, moved) = (Arc::new(socket.clone()), Traffic::of(socket));
            let event = Event::new(kind, at, Some(Arc::clone(&socket)));
            let told_once = told.wants(&event, false, tells);
            if told_once {
                told.tell(event);
            }
            let now = at.monotonic.unwrap_or_default();
            let base = self.query.watch_stats.map(|_| match kind {
                EventKind::Current => Base::seen(&socket, now),
                _ => Base::opening(now),
            });
            let known = Known {
                socket,
                told: told_once,
                seen_in: look,
                is_shared: false,
                base,
                moved,
                is_over: false,
            };
            self.known.insert(id, known);
            return;
        };
        if known.seen_in == look {
            known.is_shared = true;
            return;
        }
        known.seen_in = look;
        known.moved = Traffic::of(socket);
        let (from, to) = (known.socket.state, socket.state);
        if from != to || known.socket.owners != socket.owners {
            known.socket = Arc::new(socket.clone());
        }
        let mut tell = |event: Event| {
            if told.wants(&event, known.told, tells) {
                known.told = true;
                told.tell(event);
            }
        };
        if from != to {
            let kind = match (from, to) {
                (State::SynSent | State::SynReceived, State::Established) => EventKind::Opened,
                (from, to) => EventKind::State { from, to },
            };
            tell(Event::new(kind, at, Some(Arc::clone(&known.socket))));
        }
        if let Some(base) = known.base.as_mut().filter(|_| self.ticks) {
            let now = at.monotonic.unwrap_or_default();
            if let Some(since) = base.tick(socket, now, Provenance::Counters) {
                let socket = Arc::new(socket.clone());
                *base = Base::seen(&socket, now);
                tell(Event { since: Some(since), ..Event::new(EventKind::Stats, at, Some(socket)) });
            }
        }
    }
}

/// What is told of an end that was reported, of a socket that was seen in a state before.
fn closed(end: &End, seen: Option<State>, socket: Socket, base: Option<Base>, at: Moment) -> Event {
    let ending = end.ending(seen);
    let mut traffic = ending.traffic(&socket);
    let is_known = traffic.sent.is_some() && traffic.received.is_some();
    // A FIN may be among them.
    let least = || socket.tcp.as_ref()?.bytes_received?.checked_sub(1);
    traffic.received = traffic.received.or_else(least);
    let provenance = if is_known { Provenance::Exact } else { Provenance::Partial };
    let mut event = Event::new(EventKind::Closed(ending), at, Some(Arc::new(socket)));
    event.since = base.map(|base| base.until(traffic, at.monotonic.unwrap_or_default(), provenance));
    event
}

/// When to look again.
#[derive(Default)]
pub(super) struct Looks {
    next: Duration,
}

impl Looks {
    pub(super) fn are_due(&self, now: Moment) -> bool {
        now.monotonic.unwrap_or_default() >= self.next
    }

    /// After a look from `begun` to `done`.
    pub(super) fn rest(&mut self, begun: Moment, done: Moment) {
        let begun = begun.monotonic.unwrap_or_default();
        let took = done.monotonic.unwrap_or(begun).saturating_sub(begun);
        self.next = begun + TICK.max(took.saturating_mul(1 + REST));
    }
}
