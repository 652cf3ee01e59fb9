//! How much the path can carry, and how much of that is used.
//!
//! The kernel keeps the last sample of the delivery rate that the program did not limit, however old, and a sample that a
//! window or a buffer held up is that divided by the RTT. So one look says nothing about the path's capacity.

use std::time::Duration;

use super::limits::{CAPACITY_AGE, UTILISATION_LOOKS};
use super::{Subject, Unknown};

/// What the path was observed to carry.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Capacity {
    /// How much. Linux: `tcpi_delivery_rate`, or BBR's estimate of the bandwidth.
    pub bytes_per_s: u64,
    /// How long before the last look.
    pub seen_ago: Duration,
    /// Something other than the path was the limit: the path can carry at least this much.
    pub is_lower_bound: bool,
}

/// The greatest rate seen lately; that of the path, if it ever was the limit.
pub(super) fn capacity(subject: &Subject<'_>) -> Result<Capacity, Unknown> {
    let interval = subject.interval.ok_or(Unknown::NeedsInterval)?;
    if interval.looks() < UTILISATION_LOOKS {
        return Err(Unknown::FewSamples);
    }
    if subject.stats.delivery_rate.is_none() {
        return Err(Unknown::NotTold);
    }
    let end = interval.end();
    let rates = interval.samples().iter().filter_map(|point| {
        let rate = point.rate?;
        let seen_ago = end.saturating_sub(point.at);
        let is_lower_bound = !rate.is_capacity;
        (seen_ago <= CAPACITY_AGE).then_some(Capacity {
            bytes_per_s: rate.bytes_per_s,
            seen_ago,
            is_lower_bound,
        })
    });
    rates.max_by_key(|seen| (!seen.is_lower_bound, seen.bytes_per_s)).ok_or(if subject.is_idle() {
        Unknown::Idle
    } else {
        Unknown::CapacityUnknown
    })
}

/// The share of it that was used.
pub(super) fn utilisation(
    subject: &Subject<'_>,
    capacity: Result<Capacity, Unknown>,
) -> Result<f64, Unknown> {
    let capacity = capacity?;
    let bytes = subject.stats.bytes_acked.ok_or(Unknown::NotTold)?;
    let length = subject.length().filter(|length| !length.is_zero()).ok_or(Unknown::FewSamples)?;
    if capacity.is_lower_bound || capacity.bytes_per_s == 0 {
        return Err(Unknown::CapacityUnknown);
    }
    Ok((bytes as f64 / length.as_secs_f64() / capacity.bytes_per_s as f64).min(1.0))
}
