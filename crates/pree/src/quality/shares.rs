//! What sending waited for: shares of the time.

use std::time::Duration;

use super::limits::BUSY_LEAST;
use super::{Subject, Unknown};
use crate::model::TcpStats;

/// What sending waited for. Together they are 1: of the interval, or of a life's time in which there was something to
/// send, because the length of the life is not reported.
#[derive(Clone, Copy, PartialEq, Debug)]
#[non_exhaustive]
pub struct Shares {
    /// The network: congestion window, pacing, the link itself.
    pub network: f64,
    /// The peer's receive window. On a path without limits a healthy bulk flow is at 1.
    pub receiver: f64,
    /// The send buffer. Some congestion controls hide it: 0 is no proof.
    pub send_buffer: f64,
    /// The program: there was nothing to send. `None` for a life.
    pub app: Option<f64>,
}

pub(super) fn shares(subject: &Subject<'_>) -> Result<Shares, Unknown> {
    let stats = subject.stats;
    let busy = stats.busy_time.ok_or(Unknown::NotTold)?;
    // Ticks can make the busy time a little longer than the interval.
    let whole = subject.length().map_or(busy, |length| length.max(busy));
    if subject.length().unwrap_or(busy) < BUSY_LEAST {
        return Err(Unknown::FewSamples);
    }
    let (receiver, send_buffer) = limited(stats).ok_or(Unknown::NotTold)?;
    let busy = busy.as_secs_f64() / whole.as_secs_f64();
    let app = subject.length().map(|_| 1.0 - busy);
    let network = busy * (1.0 - receiver - send_buffer);
    Ok(Shares { network: network.max(0.0), receiver: busy * receiver, send_buffer: busy * send_buffer, app })
}

/// The shares of the busy time that receiver and send buffer held up, when it was long enough.
pub(super) fn of_busy(stats: &TcpStats) -> Option<(f64, f64)> {
    if stats.busy_time? < BUSY_LEAST { None } else { limited(stats) }
}

/// Linux counts in ticks of 4 ms, and the two limited times are parts of the busy one.
fn limited(stats: &TcpStats) -> Option<(f64, f64)> {
    let share = |part: Duration, whole: Duration| {
        if whole.is_zero() { 0.0 } else { part.as_secs_f64() / whole.as_secs_f64() }
    };
    let busy = stats.busy_time?;
    let receiver = share(stats.rwnd_limited?, busy).min(1.0);
    Some((receiver, share(stats.sndbuf_limited?, busy).min(1.0 - receiver)))
}
