//! How much of the round trip is a queue, and whose.
//!
//! RTT less the path's own RTT is the queue, over the whole round trip: a queue for the acknowledgements counts too.
//! A ratio of the two would not do: on a short path any queue, and any delayed acknowledgement, is a multiple.

use std::time::Duration;

use super::limits::{
    BLOAT_FROM, BLOAT_MILD_FROM, BLOAT_SAMPLES, BLOAT_SEVERE_FROM, DELAY_SAMPLES, LATENCY_FROM,
    QUEUE_ALLOWED_MOST,
};
use super::{Context, Unknown, Verdict};
use crate::model::TcpStats;

/// What of the round trip is waiting.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct QueueDelay {
    /// Smoothed round-trip time now.
    pub rtt: Duration,
    /// The path's own: the smallest seen lately, by this connection or by another one to the same peer.
    pub base: Duration,
    /// `rtt - base`.
    pub queue: Duration,
    /// What of `queue` is beyond the buffer a path needs: one base RTT, at most 100 ms.
    pub excess: Duration,
}

/// Measures the queue.
pub(super) fn queue_delay(stats: &TcpStats, context: &Context) -> Result<QueueDelay, Unknown> {
    let rtt = stats.rtt.ok_or(Unknown::NotTold)?;
    // A connection that only receives keeps the handshake's sample forever.
    if stats.rttvar.is_some_and(|rttvar| rttvar.as_micros() == rtt.as_micros() / 2) {
        return Err(Unknown::OneSample);
    }
    if stats.data_segs_out.ok_or(Unknown::NotTold)? < DELAY_SAMPLES {
        return Err(Unknown::FewSamples);
    }
    // Opened into a full queue, a connection never sees its path empty: others to that peer may have.
    let base = stats.min_rtt.into_iter().chain(context.peer_base_rtt).min().ok_or(Unknown::NotTold)?;
    let queue = rtt.saturating_sub(base);
    Ok(QueueDelay { rtt, base, queue, excess: queue.saturating_sub(base.min(QUEUE_ALLOWED_MOST)) })
}

/// Whether the connection itself fills its path. The kernel's word for it is that of its last sample of the delivery
/// rate, which may be old; so something must also wait to be sent now.
fn is_loading(stats: &TcpStats) -> Option<bool> {
    match (stats.delivery_rate_app_limited, stats.notsent_bytes) {
        (Some(true), _) | (_, Some(0)) => Some(false),
        (Some(false), Some(_)) => Some(true),
        (None, _) | (_, None) => None,
    }
}

/// Whether a connection that fills its path makes itself a queue that hurts.
pub(super) fn bloat(stats: &TcpStats, delay: Result<QueueDelay, Unknown>) -> Verdict {
    let delay = match delay {
        Ok(delay) => delay,
        Err(why) => return Verdict::Unknown(why),
    };
    match is_loading(stats) {
        None => Verdict::Unknown(Unknown::NotTold),
        Some(false) => Verdict::Unknown(Unknown::NotLoading),
        Some(true) if stats.data_segs_out < Some(BLOAT_SAMPLES) => Verdict::Unknown(Unknown::FewSamples),
        Some(true) if delay.excess >= BLOAT_SEVERE_FROM => Verdict::Severe,
        Some(true) if delay.excess >= BLOAT_FROM => Verdict::Yes,
        Some(true) if delay.excess >= BLOAT_MILD_FROM => Verdict::Mild,
        Some(true) => Verdict::No,
    }
}

/// Whether a connection that does not fill its path waits in somebody else's queue. Sparse flows are acknowledged
/// late, so only what no delayed acknowledgement explains counts; between that and nothing it stays open.
pub(super) fn latency_raised(stats: &TcpStats, delay: Result<QueueDelay, Unknown>) -> Verdict {
    match delay {
        Err(why) => Verdict::Unknown(why),
        Ok(_) if is_loading(stats) == Some(true) => Verdict::Unknown(Unknown::Loading),
        Ok(delay) if delay.queue >= LATENCY_FROM && delay.excess >= BLOAT_FROM => Verdict::Yes,
        Ok(delay) if delay.excess < BLOAT_MILD_FROM => Verdict::No,
        Ok(_) => Verdict::Unknown(Unknown::Undecided),
    }
}
