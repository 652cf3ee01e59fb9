//! What events add up to.

use super::traffic::{Provenance, Since, Traffic};
use super::{Ending, Event, EventKind, Socket, State};

/// What events add up to: of all of them, or of those of a group. Connections younger than a tick count, by their last
/// statistics.
///
/// The events must have [`Event::since`]: those of a watch with [`Query::watch_stats`](crate::Query::watch_stats).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct Totals {
    /// Connections that were established.
    pub opened: u64,
    /// Connections that ended after that.
    pub closed: u64,
    /// Connections that could not be opened.
    pub failed: u64,
    /// What all of them moved, as far as it is known; `None` where nothing is.
    pub moved: Traffic,
    /// How that is known.
    pub provenance: Provenance,
}

impl Totals {
    /// Nothing yet, seen in a way that is good for so much: [`Watch::provenance`](crate::Watch::provenance).
    pub fn new(provenance: Provenance) -> Self {
        Self { provenance, ..Self::default() }
    }

    /// Adds what an event says.
    pub fn add(&mut self, event: &Event) {
        if let EventKind::Lost { .. } = event.kind {
            self.provenance = Provenance::Partial;
        }
        let Some(socket) = &event.socket else { return };
        match event.kind {
            _ if is_listener(socket, event.kind) => return,
            EventKind::Opened => self.opened += 1,
            EventKind::Closed(ending) if ending.is_failed_connect() => self.failed += 1,
            EventKind::Closed(_) => self.closed += 1,
            _ => {}
        }
        if let Some(since) = &event.since {
            self.move_on(since);
        }
    }

    fn move_on(&mut self, since: &Since) {
        let moved = since.moved;
        let known = if moved.is_known() { since.provenance } else { Provenance::Partial };
        self.provenance = self.provenance.max(known);
        let all = &mut self.moved;
        for (sum, part) in [
            (&mut all.sent, moved.sent),
            (&mut all.received, moved.received),
            (&mut all.repeated, moved.repeated),
            (&mut all.segs_out, moved.segs_out),
            (&mut all.segs_in, moved.segs_in),
        ] {
            if let Some(part) = part {
                *sum = Some(sum.unwrap_or(0).saturating_add(part));
            }
        }
    }
}

fn is_listener(socket: &Socket, kind: EventKind) -> bool {
    let was_listener = matches!(kind, EventKind::Closed(Ending { from: Some(State::Listen), .. }));
    was_listener || socket.state == State::Listen
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use crate::model::Moment;

    fn event(kind: EventKind, state: State, moved: Option<Traffic>) -> Event {
        let socket = Arc::new(Socket::tcp(state, "10.0.0.5:80", "10.0.0.6:9"));
        let since = moved.map(|moved| Since {
            socket: None,
            elapsed: Duration::from_secs(1),
            moved,
            provenance: Provenance::Exact,
        });
        Event { since, ..Event::new(kind, Moment::default(), Some(socket)) }
    }

    #[test]
    fn what_is_unknown_makes_a_sum_partial_and_not_less() {
        let mut totals = Totals::default();
        let ending = |from| EventKind::Closed(Ending { from: Some(from), ..Ending::default() });
        let moved = |sent, repeated| Traffic { sent: Some(sent), repeated: Some(repeated), ..Traffic::NONE };
        totals.add(&event(EventKind::Opened, State::Listen, None));
        totals.add(&event(EventKind::Opened, State::Established, None));
        totals.add(&event(EventKind::Stats, State::Established, Some(moved(70, 10))));
        totals.add(&event(ending(State::Established), State::Closed, Some(moved(10, 10))));
        totals.add(&event(ending(State::SynSent), State::Closed, Some(Traffic::NONE)));
        totals.add(&event(ending(State::Listen), State::Closed, Some(Traffic::default())));
        assert_eq!((totals.opened, totals.closed, totals.failed), (1, 1, 1));
        assert_eq!((totals.moved.sent, totals.moved.retrans_rate()), (Some(80), Some(0.2)));
        assert_eq!(totals.provenance, Provenance::Exact);
        totals.add(&event(ending(State::Established), State::Closed, Some(Traffic::default())));
        assert_eq!((totals.moved.sent, totals.provenance), (Some(80), Provenance::Partial));
    }
}
