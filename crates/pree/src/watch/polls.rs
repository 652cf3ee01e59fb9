//! Looks again and again, and what is different in each: without a right, on every system. What lives shorter than the time
//! between two looks is not seen.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::base::Base;
use super::told::Told;
use crate::error::{ErrorKind, Result};
use crate::field::{Field, Section};
use crate::model::{Ending, Event, EventKind, Moment, Provenance, Socket, SocketId, State, Traffic};
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
    known: HashMap<SocketId, Known>,
    /// The number of the look.
    look: u64,
    /// When to look again.
    next: Duration,
    /// What the last look lacked, so that a loss that lasts is told once.
    failed: bool,
    /// Looks that failed.
    pub(super) failures: u64,
    /// The reason of the last one.
    pub(super) why: Option<ErrorKind>,
    /// Whether the next look tells statistics.
    ticks: bool,
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
}

impl Polls {
    pub(super) fn new(query: Query) -> Self {
        Self {
            query,
            known: HashMap::new(),
            look: 0,
            next: Duration::ZERO,
            failed: false,
            failures: 0,
            why: None,
            ticks: false,
        }
    }

    /// Tells what is there.
    pub(super) fn start(&mut self, source: &mut dyn Source, told: &mut Told) -> Result<Snapshot> {
        let begun = now(source);
        let snapshot = self.query.collect_from(source)?;
        let at = source.now();
        self.compare(&snapshot, at, told);
        self.rest(begun, at);
        Ok(snapshot)
    }

    /// Looks, if it is time to.
    pub(super) fn read(&mut self, source: &mut dyn Source, told: &mut Told) -> Result<()> {
        let begun = now(source);
        if begun < self.next {
            return Ok(());
        }
        match self.query.collect_from(source) {
            Ok(snapshot) => {
                let at = source.now();
                let was_lost = std::mem::take(&mut self.failed);
                self.compare(&snapshot, at, told);
                if was_lost {
                    told.tell(Event::bare(EventKind::Resynchronised, at));
                }
                self.rest(begun, at);
                Ok(())
            }
            Err(error) if error.passes() => {
                let at = source.now();
                if !std::mem::replace(&mut self.failed, true) {
                    told.tell(Event::bare(EventKind::Lost { count: None }, at));
                }
                self.failures += 1;
                self.why = Some(error.kind());
                self.rest(begun, at);
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// The next look is now, and also tells of statistics that changed.
    pub(super) fn tick(&mut self) {
        (self.ticks, self.next) = (true, Duration::ZERO);
    }

    /// The time until the next look.
    pub(super) fn left(&self, now: Duration) -> Duration {
        self.next.saturating_sub(now)
    }

    fn rest(&mut self, begun: Duration, done: Moment) {
        let done = done.monotonic.unwrap_or(begun);
        self.next = begun + TICK.max(done.saturating_sub(begun).saturating_mul(1 + REST));
    }

    fn compare(&mut self, snapshot: &Snapshot, at: Moment, told: &mut Told) {
        self.look += 1;
        for socket in snapshot {
            if let Some(id) = socket.id() {
                self.saw(id, socket, at, told);
            }
        }
        self.ticks = false;
        let look = self.look;
        let gone: Vec<SocketId> =
            self.known.iter().filter(|(_, known)| known.seen_in != look).map(|(id, _)| id.clone()).collect();
        for id in gone {
            let Some(known) = self.known.remove(&id) else { continue };
            let mut socket = Socket::clone(&known.socket);
            socket.state = State::Closed;
            (socket.tcp, socket.recv_queue, socket.send_queue, socket.timer) = (None, None, None, None);
            let kind = EventKind::Closed(Ending { from: Some(known.socket.state), ..Ending::default() });
            let mut event = Event::new(kind, at, Some(Arc::new(socket)));
            let now = at.monotonic.unwrap_or_default();
            event.since = known.base.map(|base| base.until(known.moved, now, Provenance::Partial));
            if known.told && !known.is_shared {
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
            let known = Known { socket, told: told_once, seen_in: look, is_shared: false, base, moved };
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

fn now(source: &mut dyn Source) -> Duration {
    source.now().monotonic.unwrap_or_default()
}
