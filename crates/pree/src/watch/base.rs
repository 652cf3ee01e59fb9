//! What the statistics of a socket are compared with at the next tick, or at its end.

use std::sync::Arc;
use std::time::Duration;

use crate::model::{Provenance, Since, Socket, Traffic};

/// The statistics that were told last, or its opening.
pub(super) struct Base {
    /// `None`: its opening.
    socket: Option<Arc<Socket>>,
    traffic: Traffic,
    at: Duration,
}

impl Base {
    /// It opens, and has moved nothing.
    pub(super) fn opening(at: Duration) -> Self {
        Self { socket: None, traffic: Traffic::NONE, at }
    }

    /// As it was seen.
    pub(super) fn seen(socket: &Arc<Socket>, at: Duration) -> Self {
        Self { traffic: Traffic::of(socket), socket: Some(Arc::clone(socket)), at }
    }

    /// What passed until now.
    pub(super) fn until(&self, traffic: Traffic, now: Duration, provenance: Provenance) -> Since {
        let (moved, elapsed) = (traffic.since(self.traffic), now.saturating_sub(self.at));
        Since { socket: self.socket.clone(), elapsed, moved, provenance }
    }

    /// Takes in what was read at a tick: what passed, if there is something to tell.
    pub(super) fn tick(&mut self, row: &Socket, now: Duration, provenance: Provenance) -> Option<Since> {
        let traffic = Traffic::of(row);
        let looks_alike = match &self.socket {
            Some(before) => {
                let queues = |socket: &Socket| (socket.state, socket.recv_queue, socket.send_queue);
                queues(before) == queues(row)
            }
            None => traffic == Traffic::NONE,
        };
        let since = (traffic != self.traffic || !looks_alike).then(|| self.until(traffic, now, provenance));
        self.at = now;
        since
    }
}

/// When to read the statistics.
pub(super) struct Ticks {
    every: Duration,
    next: Duration,
}

impl Ticks {
    pub(super) fn new(every: Duration, now: Duration) -> Self {
        Self { every, next: now.saturating_add(every) }
    }

    /// Whether it is time to, with everything before it told; what comes faster than it is read does not hold it up for ever.
    pub(super) fn are_due(&self, now: Duration, is_all_read: bool) -> bool {
        let late = now.saturating_sub(self.next);
        now >= self.next && (is_all_read || late > PATIENCE)
    }

    /// The time until the next one.
    pub(super) fn left(&self, now: Duration) -> Duration {
        self.next.saturating_sub(now)
    }

    /// After one that took from `begun` to `done`.
    pub(super) fn rest(&mut self, begun: Duration, done: Duration) {
        let most = done.saturating_sub(begun).saturating_mul(1 + REST);
        // After a pause they go on from there.
        let on_time = begun.saturating_sub(self.next) < self.every;
        let last = if on_time { self.next } else { begun };
        self.next = last.saturating_add(self.every).max(begun + most);
    }
}

/// How late a tick may be.
const PATIENCE: Duration = Duration::from_secs(10);

/// After a reading that took long, three times as long passes before the next.
const REST: u32 = 3;

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(time: u64) -> Duration {
        Duration::from_millis(time)
    }

    #[test]
    fn ticks_keep_their_times() {
        let mut ticks = Ticks::new(ms(100), ms(0));
        assert!(!ticks.are_due(ms(99), true) && ticks.are_due(ms(100), true));
        // A little late, and the next one is not.
        ticks.rest(ms(107), ms(108));
        assert_eq!(ticks.left(ms(108)), ms(92));
        // What happened before it is told first, but not for ever.
        assert!(!ticks.are_due(ms(300), false) && ticks.are_due(ms(20_000), false));
        // After a pause there is one, and not one for each that was missed.
        ticks.rest(ms(20_000), ms(20_001));
        assert_eq!(ticks.left(ms(20_001)), ms(99));
        // A reading that takes long.
        ticks.rest(ms(20_100), ms(20_200));
        assert_eq!(ticks.left(ms(20_200)), ms(300));
    }
}
