//! Looks again and again, and what is different in each: without a right, on every system. What lives shorter than the time
//! between two looks is not seen.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::told::Told;
use crate::error::{ErrorKind, Result};
use crate::field::Section;
use crate::model::{Ending, Event, EventKind, Moment, Socket, SocketId, State};
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
}

struct Known {
    socket: Arc<Socket>,
    told: bool,
    seen_in: u64,
    /// Two sockets of one look had this id: which of them is which is not known.
    is_shared: bool,
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
        let look = self.look;
        let gone: Vec<SocketId> =
            self.known.iter().filter(|(_, known)| known.seen_in != look).map(|(id, _)| id.clone()).collect();
        for id in gone {
            let Some(known) = self.known.remove(&id) else { continue };
            let mut socket = Socket::clone(&known.socket);
            socket.state = State::Closed;
            (socket.tcp, socket.recv_queue, socket.send_queue, socket.timer) = (None, None, None, None);
            let event = about(
                EventKind::Closed(Ending { from: Some(known.socket.state), ..Ending::default() }),
                Arc::new(socket),
                at,
            );
            if known.told && !known.is_shared {
                told.tell(event);
            }
        }
    }

    fn saw(&mut self, id: SocketId, socket: &Socket, at: Moment, told: &mut Told) {
        let look = self.look;
        let (kinds, was_told) = match self.known.get_mut(&id) {
            Some(known) if known.seen_in == look => {
                known.is_shared = true;
                return;
            }
            Some(known) => {
                known.seen_in = look;
                let (from, to) = (known.socket.state, socket.state);
                if from == to && known.socket.owners == socket.owners {
                    return;
                }
                if from == to {
                    known.socket = Arc::new(socket.clone());
                    return;
                }
                let kind = match (from, to) {
                    (State::SynSent | State::SynReceived, State::Established) => EventKind::Opened,
                    (from, to) => EventKind::State { from, to },
                };
                (kind, known.told)
            }
            None if look == 1 => (EventKind::Current, false),
            None if socket.state == State::SynSent => (EventKind::Connecting, false),
            None => (EventKind::Opened, false),
        };
        let socket = Arc::new(socket.clone());
        let event = about(kinds, Arc::clone(&socket), at);
        let is_told = told.wants(&event, was_told, |field| field.section != Section::Event);
        if is_told {
            told.tell(event);
        }
        let known = Known { socket, told: is_told || was_told, seen_in: look, is_shared: false };
        self.known.insert(id, known);
    }
}

fn about(kind: EventKind, socket: Arc<Socket>, at: Moment) -> Event {
    Event { kind, at, socket: Some(socket), owner_provisional: false }
}

fn now(source: &mut dyn Source) -> Duration {
    source.now().monotonic.unwrap_or_default()
}
