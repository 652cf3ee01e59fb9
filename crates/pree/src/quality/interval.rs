//! Several looks at one socket: what happened between them, kept apart from what happened before.
//!
//! Counters become what was counted in the interval, the round trip the median of what was seen, everything else is as it
//! was last. A counter that shrank, or another identity, means another socket: the interval starts again with it.

use std::time::Duration;

use super::buffer;
use super::limits::INTERVAL_POINTS;
use super::rate::Rate;
use crate::model::{ListenQueue, Socket, TcpStats};
use crate::series::{Sample, Series};

/// What was seen of one socket between one look and a later one.
pub type Interval = Series<Point>;

/// What is kept of one look.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Point {
    /// The time of the look.
    pub(super) at: Duration,
    pub(super) rtt: Option<Duration>,
    pub(super) rcv_rtt: Option<Duration>,
    pub(super) last_data_recv: Option<Duration>,
    /// Bytes sent and not yet acknowledged.
    pub(super) in_flight: Option<u64>,
    /// What the path was seen to deliver.
    pub(super) rate: Option<Rate>,
    /// Whether the program, and not the path, limited the last sample of the delivery rate.
    pub(super) app_limited: Option<bool>,
    pub(super) snd_cwnd: Option<u32>,
    /// Whole segments for which the peer's window has room.
    pub(super) window: Option<u32>,
    /// See [`buffer::is_in_flight`].
    pub(super) buffer_is_in_flight: bool,
    /// Bytes the program has not read.
    pub(super) unread: Option<u32>,
    /// The receive buffer is nearly full.
    pub(super) unread_fills_buffer: bool,
    /// See [`ListenQueue::is_full`].
    pub(super) accept_queue_is_full: bool,
}

impl Sample for Point {
    const MOST: usize = INTERVAL_POINTS;

    fn of(at: Duration, socket: &Socket, before: Option<&Socket>) -> Self {
        let nothing = TcpStats::default();
        let stats = socket.tcp.as_deref().unwrap_or(&nothing);
        Self {
            at,
            rtt: stats.rtt,
            rcv_rtt: stats.rcv_rtt,
            last_data_recv: stats.last_data_recv,
            in_flight: in_flight(stats),
            rate: Rate::of(stats, before.and_then(|before| before.tcp.as_deref())),
            app_limited: stats
                .delivery_rate_app_limited
                .map(|limited| limited && stats.notsent_bytes == Some(0)),
            snd_cwnd: stats.snd_cwnd,
            window: buffer::window(stats),
            buffer_is_in_flight: buffer::is_in_flight(stats),
            unread: buffer::unread(socket),
            unread_fills_buffer: buffer::is_receive_buffer_full(socket),
            accept_queue_is_full: socket.listen.is_some_and(ListenQueue::is_full),
        }
    }
}

/// Bytes sent and not yet acknowledged.
pub(super) fn in_flight(stats: &TcpStats) -> Option<u64> {
    stats.unacked.zip(stats.snd_mss).map(|(segments, mss)| u64::from(segments) * u64::from(mss))
}

impl Interval {
    /// The statistics of the interval; `None` before a second look, or where there are none.
    pub fn stats(&self) -> Option<TcpStats> {
        if self.looks() < 2 {
            return None;
        }
        let mut stats = self.last().tcp.as_deref()?.since(self.first().tcp.as_deref()?)?;
        stats.rtt = self.median(|point| point.rtt);
        Some(stats)
    }

    /// The middle of what the looks report; of an even number the greater.
    pub(super) fn median(&self, get: impl Fn(&Point) -> Option<Duration>) -> Option<Duration> {
        median(self.samples().iter().filter_map(get).collect())
    }

    /// Fraction of samples satisfying the predicate, among those reporting it; `None` when none does.
    pub(super) fn share(&self, is_so: impl Fn(&Point) -> Option<bool>) -> Option<f64> {
        let (mut so, mut told) = (0_u32, 0_u32);
        for answer in self.samples().iter().filter_map(is_so) {
            so += u32::from(answer);
            told += 1;
        }
        (told > 0).then(|| f64::from(so) / f64::from(told))
    }

    /// Whether it held in half the looks or more, and in two that were that long apart.
    pub(super) fn lasted(&self, long: Duration, is_so: impl Fn(&Point) -> bool) -> bool {
        let mut so = self.samples().iter().filter(|point| is_so(point)).map(|point| point.at);
        let Some(first) = so.next() else { return false };
        let (last, count) = so.fold((first, 1), |(_, count), at| (at, count + 1));
        last.saturating_sub(first) >= long && 2 * count >= self.samples().len()
    }
}

/// The middle one; of an even number the greater.
pub(super) fn median<T: Copy + Ord>(mut values: Vec<T>) -> Option<T> {
    let middle = values.len() / 2;
    (!values.is_empty()).then(|| *values.select_nth_unstable(middle).1)
}
