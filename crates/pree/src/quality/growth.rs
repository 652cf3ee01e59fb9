//! Whether the round trip grew with what the connection had in flight.
//!
//! A queue's rate is that of its link, so data in flight and RTT grow alike. When the route changes, or others fill the
//! queue, the RTT grows and what is in flight does not: the smallest RTT seen before says nothing of the path now.

use std::time::Duration;

use super::Interval;
use super::interval::median;
use super::limits::{GROWTH_ALIKE, GROWTH_IN_FLIGHT, GROWTH_LEVEL, GROWTH_LOOKS, GROWTH_RTT};

/// What several looks say about it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Growth {
    /// Its own queue.
    WithDataInFlight,
    /// A longer path, or a queue that others fill.
    WithoutDataInFlight,
    /// Too few looks, or neither of the two moved enough.
    Unknown,
}

#[derive(Clone, Copy)]
struct Look {
    rtt: Duration,
    in_flight: u64,
}

pub(super) fn growth(interval: &Interval) -> Growth {
    let looks = interval.samples().iter().filter_map(|point| {
        let (rtt, in_flight) = point.rtt.zip(point.in_flight)?;
        (in_flight > 0 && !rtt.is_zero()).then_some(Look { rtt, in_flight })
    });
    let mut looks: Vec<Look> = looks.collect();
    looks.sort_by_key(|look| look.rtt);
    let Some((rtt, in_flight)) = quarters(&looks) else { return Growth::Unknown };
    if rtt >= GROWTH_RTT {
        // 1 in a queue, 0 on a longer way.
        return if in_flight.ln() / rtt.ln() >= GROWTH_ALIKE {
            unless_level_above(looks)
        } else {
            Growth::WithoutDataInFlight
        };
    }
    level(looks)
}

/// A window that opens after the way has become longer looks like a queue; but then the RTT stays where it is.
fn unless_level_above(looks: Vec<Look>) -> Growth {
    let [Some(least), Some(most)] =
        [looks.first(), looks.last()].map(|look| look.map(|look| look.rtt.as_secs_f64()))
    else {
        return Growth::Unknown;
    };
    let middle = (least * most).sqrt();
    match level(looks.into_iter().filter(|look| look.rtt.as_secs_f64() > middle).collect()) {
        Growth::Unknown => Growth::WithDataInFlight,
        growth => growth,
    }
}

/// With twice as much in flight the RTT stayed as it was: then none of it waits in a queue of its own.
fn level(mut looks: Vec<Look>) -> Growth {
    looks.sort_by_key(|look| look.in_flight);
    match quarters(&looks) {
        Some((rtt, in_flight)) if in_flight >= GROWTH_IN_FLIGHT && rtt <= GROWTH_LEVEL => {
            Growth::WithoutDataInFlight
        }
        _ => Growth::Unknown,
    }
}

/// How many times the first quarter's the last quarter's are, in the middle: RTT and data in flight. A quarter is two
/// looks or more, because BBR empties its pipe for one now and then.
fn quarters(looks: &[Look]) -> Option<(f64, f64)> {
    let quarter = looks.len() / 4;
    if looks.len() < GROWTH_LOOKS {
        return None;
    }
    let (first, last) = (looks.get(..quarter)?, looks.get(looks.len() - quarter..)?);
    let rtt = |looks: &[Look]| Some(median(looks.iter().map(|look| look.rtt).collect())?.as_secs_f64());
    let in_flight = |looks: &[Look]| Some(median(looks.iter().map(|look| look.in_flight).collect())? as f64);
    Some((rtt(last)? / rtt(first)?, in_flight(last)? / in_flight(first)?))
}
