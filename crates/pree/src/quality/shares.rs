//! What sending waited for: shares of the time in which there was something to send.

use super::Unknown;
use super::limits::BUSY_LEAST;
use crate::model::TcpStats;

/// What held up sending, as shares of the busy time. Together they are 1.
#[derive(Clone, Copy, PartialEq, Debug)]
#[non_exhaustive]
pub struct Shares {
    /// The network: congestion window, pacing, the link itself.
    pub network: f64,
    /// The peer's receive window. On a path without limits a healthy bulk flow is at 1.
    pub receiver: f64,
    /// The send buffer. Some congestion controls hide it: 0 is no proof.
    pub send_buffer: f64,
}

/// Linux counts in ticks of 4 ms, and the two limited times are parts of the busy one.
pub(super) fn shares(stats: &TcpStats) -> Result<Shares, Unknown> {
    let (Some(busy), Some(receiver), Some(send_buffer)) =
        (stats.busy_time, stats.rwnd_limited, stats.sndbuf_limited)
    else {
        return Err(Unknown::NotTold);
    };
    if busy < BUSY_LEAST {
        return Err(Unknown::FewSamples);
    }
    let busy = busy.as_secs_f64();
    let receiver = (receiver.as_secs_f64() / busy).min(1.0);
    let send_buffer = (send_buffer.as_secs_f64() / busy).min(1.0 - receiver);
    Ok(Shares { network: 1.0 - receiver - send_buffer, receiver, send_buffer })
}
