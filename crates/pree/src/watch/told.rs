//! What is to be told: the filter, and the events that wait to be taken.

use std::collections::VecDeque;

use crate::field::{Field, View};
use crate::filter::{Filter, Verdicts};
use crate::model::{Event, EventKind, Unowned};

/// Events that match, in order.
#[derive(Default)]
pub(super) struct Told {
    pub(super) filter: Option<Filter>,
    pub(super) events: VecDeque<Event>,
    /// Events about sockets that were told.
    pub(super) seen: u64,
    /// Whether an owner of a socket that was told could not be found.
    pub(super) lacks_owners: bool,
    /// Ends of which it is not known whether they match.
    pub(super) undecided: u64,
}

impl Told {
    /// Whether an event is to be told: it matches, or its socket was told before. `tells`: whether the source tells a field at
    /// all, where there is a value.
    pub(super) fn wants(&mut self, event: &Event, was_told: bool, tells: impl Fn(&Field) -> bool) -> bool {
        let (Some(filter), Some(socket)) = (&self.filter, &event.socket) else { return true };
        // Of a socket that was told all is told, but not ticks in which its rates are not those that are looked for.
        if was_told && (event.kind != EventKind::Stats || filter.takes_time().is_none()) {
            return true;
        }
        let view = View::new(socket).during(event);
        if filter.decide(&view) == Some(true) {
            return true;
        }
        // What is not known yet may be known at its end.
        if matches!(event.kind, EventKind::Closed(_)) {
            let decided = filter.decides(&view, &|field| !tells(field), &Verdicts::default());
            self.undecided += u64::from(decided.is_none());
        }
        false
    }

    pub(super) fn tell(&mut self, event: Event) {
        self.seen += u64::from(event.socket.is_some());
        let unowned = event.socket.as_ref().and_then(|socket| socket.unowned);
        self.lacks_owners |= unowned.is_some_and(Unowned::is_unknown);
        self.events.push_back(event);
    }
}
