//! Signs that nothing gets through now: timeouts in a row, a closed window, a peer that does not answer.
//!
//! One look is enough for these, they are states. Their absence says nothing about how well things go.

use super::limits::{
    BACKOFF_WORTH, KEEPALIVE_WORTH, KEEPALIVES_DEAD, KEEPALIVES_DEAD_WORTH, PEER_HEARD, RTO_STALL_BACKOFF,
    ZERO_WINDOW_PROBES, ZERO_WINDOW_WORTH,
};
use super::{Subject, Unknown, Verdict};
use crate::model::{Socket, TcpStats, TimerKind};

/// `TCP_CA_Loss`: congestion control believes that everything in flight is lost.
const CA_LOSS: u8 = 4;
/// `TCP_SYN_SENT`.
const SYN_SENT: u8 = pree_wire::inet_diag::states::SYN_SENT;

/// Doublings of the timeout while something sent is not acknowledged.
fn timeouts_in_a_row(stats: &TcpStats) -> Option<u8> {
    // Probes of a closed window double it as well.
    (stats.ca_state == Some(CA_LOSS) && stats.unacked > Some(0)).then_some(stats.backoff).flatten()
}

/// Tries in a row to send what waits, none of them answered, though the window is open and nothing is on its way: they do not
/// leave this machine (no route, an interface that is down), or nothing comes back.
pub(super) fn held_back(stats: &TcpStats) -> Option<u8> {
    (is_held(stats) && is_window_closed(stats) == Some(false)).then_some(stats.probes).flatten()
}

/// Data waits, and nothing is on its way.
fn is_held(stats: &TcpStats) -> bool {
    stats.notsent_bytes > Some(0) && stats.unacked == Some(0)
}

/// As many of either that it is no single loss.
pub(super) fn stalled(stats: &TcpStats) -> Option<u8> {
    let tries = timeouts_in_a_row(stats).or_else(|| held_back(stats));
    tries.filter(|tries| *tries >= RTO_STALL_BACKOFF)
}

/// Whether there is no room for a segment.
fn is_window_closed(stats: &TcpStats) -> Option<bool> {
    stats.snd_wnd.zip(stats.snd_mss).map(|(window, mss)| window < mss)
}

/// The peer's window is closed, and probes found it so again and again: who reads in bursts closes it for a moment each time.
/// `probes` does not show: it is 0 while they are answered.
pub(super) fn is_zero_window(stats: &TcpStats) -> bool {
    let closed = is_window_closed(stats) == Some(true);
    closed && is_held(stats) && stats.backoff >= Some(ZERO_WINDOW_PROBES)
}

/// Keepalives not answered. With data to send the same counter means probes of a window, and another timer runs.
pub(super) fn unanswered_keepalives(subject: &Subject<'_>) -> u8 {
    let stats = subject.stats;
    let other_timer = subject.socket.is_some_and(|socket| !has_keepalive(socket));
    stats.probes.filter(|_| is_quiet(stats) && !other_timer).unwrap_or(0)
}

/// Nothing is on its way, and nothing waits to be.
fn is_quiet(stats: &TcpStats) -> bool {
    stats.unacked == Some(0) && stats.notsent_bytes == Some(0)
}

fn has_keepalive(socket: &Socket) -> bool {
    socket.timer.is_some_and(|timer| timer.kind == TimerKind::Keepalive)
}

/// Whether the peer no longer answers.
pub(super) fn peer_silent(subject: &Subject<'_>) -> Verdict {
    let stats = subject.stats;
    match unanswered_keepalives(subject) {
        0 => {}
        KEEPALIVES_DEAD.. => return Verdict::Severe,
        _ => return Verdict::Yes,
    }
    if stalled(stats).is_some() {
        return Verdict::Yes;
    }
    let heard = stats.last_data_recv.into_iter().chain(stats.last_ack_recv).min();
    if heard.is_some_and(|ago| ago < PEER_HEARD) {
        return Verdict::No;
    }
    match (stats.unacked, stats.notsent_bytes, subject.socket) {
        (Some(0), Some(0), Some(socket)) if has_keepalive(socket) => Verdict::No,
        (Some(0), Some(0), Some(_)) => Verdict::Unknown(Unknown::NoKeepalive),
        (None, ..) | (_, None, _) | (Some(0), Some(0), None) => Verdict::Unknown(Unknown::NotTold),
        // Timeouts will show it.
        _ => Verdict::No,
    }
}

/// The connection is being asked for.
pub(super) fn is_connecting(stats: &TcpStats) -> bool {
    stats.state == Some(SYN_SENT)
}

/// The factor of the score: 1 without a sign.
pub(super) fn worth(subject: &Subject<'_>) -> f64 {
    let stats = subject.stats;
    let timeouts = stalled(stats).map_or(1.0, |backoff| BACKOFF_WORTH.powi(i32::from(backoff) - 1));
    let window = if is_zero_window(stats) { ZERO_WINDOW_WORTH } else { 1.0 };
    let peer = match unanswered_keepalives(subject) {
        0 => 1.0,
        KEEPALIVES_DEAD.. => KEEPALIVES_DEAD_WORTH,
        _ => KEEPALIVE_WORTH,
    };
    timeouts.min(window).min(peer)
}
