//! A group of sockets in a stretch of time: what events and verdicts of all of them come to.

use std::time::Duration;

use crate::field::{self, Issues, Value, View};
use crate::model::{Event, Provenance, Socket, Totals};

/// What sockets moved and how they did, made of a watch's events: of all of them, or of those of a group.
///
/// ```no_run
/// use std::time::Duration;
///
/// use pree::field::View;
/// use pree::{EventKind, Query, Window};
///
/// let mut watch = Query::new().watch_stats(Duration::from_secs(1)).watch()?;
/// let mut second = Window::new(watch.provenance());
/// while let Some(event) = watch.next_before(Duration::MAX)? {
///     second.add(&event);
///     if event.kind == EventKind::Tick {
///         println!("{:?} sent, {:?}", second.totals.moved.sent, second.rtt());
///         second = Window::new(watch.provenance());
///     }
/// }
/// # Ok::<(), pree::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Window {
    /// What they moved.
    pub totals: Totals,
    /// What speaks against any of them.
    pub issues: Issues,
    rtt: Mean,
    rtt_before: Mean,
    /// How many were limited by what.
    limits: Vec<(&'static str, u32)>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Mean {
    sum: Duration,
    count: u32,
}

impl Mean {
    fn add(&mut self, one: Duration) {
        (self.sum, self.count) = (self.sum.saturating_add(one), self.count.saturating_add(1));
    }

    fn get(self) -> Option<Duration> {
        self.sum.checked_div(self.count)
    }
}

impl Window {
    /// Nothing yet, seen in a way that is good for so much: [`Watch::provenance`](crate::Watch::provenance).
    pub fn new(provenance: Provenance) -> Self {
        Self { totals: Totals::new(provenance), ..Self::default() }
    }

    /// True when nothing was added that says anything.
    pub fn is_silent(&self) -> bool {
        self.totals == Totals::new(self.totals.provenance)
    }

    /// Adds what an event says.
    pub fn add(&mut self, event: &Event) {
        self.totals.add(event);
        let Some((socket, since)) = event.socket.as_deref().zip(event.since.as_ref()) else { return };
        let rtt = |socket: &Socket| socket.tcp.as_ref()?.rtt;
        if let Some(now) = rtt(socket) {
            self.rtt.add(now);
            // Of the same sockets, or the two could not be compared.
            self.rtt_before.add(since.socket.as_deref().and_then(rtt).unwrap_or(now));
        }
        let view = View::new(socket).during(event);
        if let Some(assessment) = view.assessment() {
            self.issues |= Issues::of(&assessment.findings);
        }
        if let Value::Most(word, _) = (field::LIMITED.get)(&view) {
            match self.limits.iter_mut().find(|(known, _)| *known == word) {
                Some((_, count)) => *count += 1,
                None => self.limits.push((word, 1)),
            }
        }
    }

    /// The mean round trip time of those that tell it.
    pub fn rtt(&self) -> Option<Duration> {
        self.rtt.get()
    }

    /// That of the same sockets a tick before; what began since counts as it is.
    pub fn rtt_before(&self) -> Option<Duration> {
        self.rtt_before.get()
    }

    /// What most of them wait for when they send.
    pub fn limited_by(&self) -> Option<&'static str> {
        // Of two that are equal the first.
        self.limits.iter().rev().max_by_key(|(_, count)| *count).map(|(word, _)| *word)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::{BootId, EventKind, KernelId, Moment, Since, State, TcpStats, Traffic};

    fn socket(cookie: u64, stats: TcpStats) -> Arc<Socket> {
        let id = KernelId { boot: BootId::default(), network_namespace: 1, cookie };
        let socket = Socket::tcp(State::Established, "10.0.0.5:80", "10.0.0.6:9");
        Arc::new(Socket { kernel_id: Some(id), tcp: Some(Box::new(stats)), ..socket })
    }

    fn stats(rtt: u64) -> TcpStats {
        let ms = Duration::from_millis;
        TcpStats { rtt: Some(ms(rtt)), min_rtt: Some(ms(1)), ..TcpStats::default() }
    }

    fn tick(cookie: u64, before: Option<u64>, now: TcpStats) -> Event {
        let since = Since {
            socket: before.map(|rtt| socket(cookie, stats(rtt))),
            elapsed: Duration::from_secs(1),
            moved: Traffic::NONE,
            provenance: Provenance::Exact,
        };
        let event = Event::new(EventKind::Stats, Moment::default(), Some(socket(cookie, now)));
        Event { since: Some(since), ..event }
    }

    #[test]
    fn round_trips_are_compared_with_those_of_the_same_sockets() {
        let mut window = Window::new(Provenance::Exact);
        assert!(window.is_silent() && window.rtt().is_none());
        window.add(&tick(1, Some(10), stats(30)));
        window.add(&tick(2, None, stats(50)));
        window.add(&tick(3, Some(9), TcpStats::default()));
        let ms = Duration::from_millis;
        assert_eq!((window.rtt(), window.rtt_before()), (Some(ms(40)), Some(ms(30))));
        assert!(!window.is_silent() && window.limited_by().is_none());
    }

    #[test]
    fn the_worst_of_all_is_that_of_the_group() {
        let mut window = Window::new(Provenance::Counters);
        let stalled = TcpStats { ca_state: Some(4), backoff: Some(9), unacked: Some(5), ..stats(30) };
        window.add(&tick(1, Some(30), stats(30)));
        let before = window.issues.trouble();
        window.add(&tick(2, Some(30), stalled));
        assert_eq!(before, None);
        assert!(window.issues.trouble().is_some());
    }
}
