//! What one look shows of the path's capacity.

use std::time::Duration;

use super::limits::CAPACITY_HELD_UP;
use crate::model::{CongestionDetail, TcpStats};

/// A rate of delivery, and what limited it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Rate {
    pub(super) bytes_per_s: u64,
    /// Nothing but the path limited it.
    pub(super) is_capacity: bool,
}

impl Rate {
    /// `before` is the look before it: what is as it was then may be of any age.
    pub(super) fn of(now: &TcpStats, before: Option<&TcpStats>) -> Option<Self> {
        let (before, told) = before.zip(now.delivery_rate)?;
        let filled = now.delivery_rate_app_limited == Some(false);
        let fresh = before.delivery_rate != Some(told) || (filled && now.notsent_bytes > Some(0));
        if !fresh {
            return None;
        }
        let is_capacity = filled && was_held_up(now, before) == Some(false);
        let bytes_per_s = match now.congestion_detail {
            Some(CongestionDetail::Bbr(bbr)) if is_capacity && bbr.bandwidth_bytes_per_s > 0 => {
                bbr.bandwidth_bytes_per_s
            }
            _ => told,
        };
        Some(Self { bytes_per_s, is_capacity })
    }
}

/// Whether the peer's window or the send buffer held up sending between two looks.
fn was_held_up(now: &TcpStats, before: &TcpStats) -> Option<bool> {
    let between = |get: fn(&TcpStats) -> Option<Duration>| get(now)?.checked_sub(get(before)?);
    let busy = between(|stats| stats.busy_time)?;
    let held_up = between(|stats| stats.rwnd_limited)?.saturating_add(between(|stats| stats.sndbuf_limited)?);
    Some(held_up.as_secs_f64() >= CAPACITY_HELD_UP * busy.as_secs_f64())
}
