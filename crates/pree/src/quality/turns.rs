//! Counters of 32 bits that may have wrapped.
//!
//! Systems count segments in 32 bits and bytes in 64. A segment with data has at least one byte, and at most what fits
//! into an IP packet: so the bytes say whether the segments can be short of a whole turn. Where they can, the counter is
//! a lower bound, and nothing that rests on its being exact is claimed. `docs/quality.md` has the table.

use std::time::Duration;

use super::limits::SEGMENTS_PER_S_MOST;
use crate::model::TcpStats;

/// The greatest payload of an IP packet: its length has 16 bits.
const SEGMENT_MOST: u64 = u16::MAX as u64;
const TURN: u64 = 1 << 32;

/// Whether a counter has wrapped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Turns {
    /// It has not.
    None,
    /// It cannot be excluded.
    Possible,
    /// The bytes do not fit into so few segments.
    Certain,
}

/// Of `data_segs_out`. Before Linux 4.19 only what was acknowledged is counted in bytes, which is less.
pub(super) fn of_data_sent(stats: &TcpStats) -> Turns {
    let (Some(segments), Some(bytes)) = (stats.data_segs_out, all_bytes(stats)) else {
        return Turns::Possible;
    };
    of(segments, bytes, stats.busy_time)
}

/// Of `total_retrans`, and of `dsack_dups`, which counts some of the same segments.
pub(super) fn of_retransmitted(stats: &TcpStats) -> Turns {
    let Some(segments) = stats.total_retrans else { return Turns::Possible };
    match (stats.bytes_retrans, all_bytes(stats)) {
        (Some(bytes), _) => of(segments, bytes, stats.busy_time),
        // So few bytes are not sent again in so many segments.
        (None, Some(all)) if all < TURN => Turns::None,
        (None, _) if is_too_short(stats.busy_time, segments) => Turns::None,
        (None, _) => Turns::Possible,
    }
}

fn all_bytes(stats: &TcpStats) -> Option<u64> {
    stats.bytes_sent.or(stats.bytes_acked)
}

fn of(segments: u32, bytes: u64, busy_time: Option<Duration>) -> Turns {
    if bytes / SEGMENT_MOST > segments.into() {
        Turns::Certain
    } else if bytes < TURN + u64::from(segments) || is_too_short(busy_time, segments) {
        Turns::None
    } else {
        Turns::Possible
    }
}

/// Whether no connection sends a turn of segments in that time, which is all the time in which there was something to
/// send. A counter that is itself too much for it makes the time no witness.
fn is_too_short(busy_time: Option<Duration>, segments: u32) -> bool {
    let most = busy_time.map(|time| time.as_secs_f64() * SEGMENTS_PER_S_MOST);
    most.is_some_and(|most| f64::from(segments) <= most && most < TURN as f64)
}

/// Segments with data that were sent, at least.
pub(super) fn data_sent_at_least(stats: &TcpStats) -> Option<u64> {
    Some(at_least(stats.data_segs_out?, stats.bytes_sent))
}

/// Segments with data that were received, at least.
pub(super) fn data_received_at_least(stats: &TcpStats) -> Option<u64> {
    Some(at_least(stats.data_segs_in?, stats.bytes_received))
}

fn at_least(segments: u32, bytes: Option<u64>) -> u64 {
    u64::from(segments).max(bytes.map_or(0, |bytes| bytes / SEGMENT_MOST))
}
