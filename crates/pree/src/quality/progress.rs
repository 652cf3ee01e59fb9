//! Signs that nothing gets through now: timeouts in a row, a closed window, a peer that does not answer.
//!
//! One look is enough for these, they are states. Their absence says nothing about how well things go.

use super::limits::{
    BACKOFF_WORTH, KEEPALIVE_WORTH, KEEPALIVES_DEAD, KEEPALIVES_DEAD_WORTH, RTO_STALL_BACKOFF,
    ZERO_WINDOW_WORTH,
};
use crate::model::TcpStats;

/// `TCP_CA_Loss`: congestion control believes that everything in flight is lost.
const CA_LOSS: u8 = 4;
/// `TCP_SYN_SENT`.
const SYN_SENT: u8 = pree_wire::inet_diag::states::SYN_SENT;

/// Doublings of the timeout while something sent is not acknowledged.
pub(super) fn timeouts_in_a_row(stats: &TcpStats) -> Option<u8> {
    // Probes of a closed window double it as well.
    (stats.ca_state == Some(CA_LOSS) && stats.unacked > Some(0)).then_some(stats.backoff).flatten()
}

/// The peer's window is closed, and probes found it so again. `probes` does not tell: it is 0 while they are answered.
pub(super) fn is_zero_window(stats: &TcpStats) -> bool {
    let closed = stats.snd_wnd.zip(stats.snd_mss).is_some_and(|(window, mss)| window < mss);
    closed && stats.notsent_bytes > Some(0) && stats.unacked == Some(0) && stats.backoff > Some(0)
}

/// Keepalives not answered. With data to send the same counter means probes of a window.
pub(super) fn unanswered_keepalives(stats: &TcpStats) -> u8 {
    let idle = stats.unacked == Some(0) && stats.notsent_bytes == Some(0);
    stats.probes.filter(|_| idle).unwrap_or(0)
}

/// The connection is being asked for.
pub(super) fn is_connecting(stats: &TcpStats) -> bool {
    stats.state == Some(SYN_SENT)
}

/// The factor of the score: 1 without a sign.
pub(super) fn worth(stats: &TcpStats) -> f64 {
    let backoff = timeouts_in_a_row(stats).filter(|backoff| *backoff >= RTO_STALL_BACKOFF);
    let timeouts = backoff.map_or(1.0, |backoff| BACKOFF_WORTH.powi(i32::from(backoff) - 1));
    let window = if is_zero_window(stats) { ZERO_WINDOW_WORTH } else { 1.0 };
    let peer = match unanswered_keepalives(stats) {
        0 => 1.0,
        KEEPALIVES_DEAD.. => KEEPALIVES_DEAD_WORTH,
        _ => KEEPALIVE_WORTH,
    };
    timeouts.min(window).min(peer)
}
