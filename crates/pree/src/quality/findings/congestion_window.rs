//! A congestion window so small that it cannot recover quickly.

use super::{Detector, Hit, Reads, Severity, Value};
use crate::quality::limits::{
    BUSY_LEAST, CWND_IN_USE, LOSS_EVENTS_FOR_VALUE, RECEIVER_LIMITED_SHARE, SEND_BUFFER_LIMITED_SHARE,
    SMALL_CWND_MOST,
};
use crate::quality::progress::stalled;
use crate::quality::shares::of_busy;

pub(super) const SMALL_CWND: Detector = Detector {
    name: "small_cwnd",
    short: "cwnd",
    takes_time: false,
    advice: "find where packets are dropped: after each loss the window starts almost from nothing, and a further loss \
             costs a timeout",
    more: "RFC 5681 section 3; RFC 5827",
    reads: Reads::Statistics,
    check: |subject, judged| {
        let stats = subject.stats;
        let window = stats.snd_cwnd.filter(|window| *window <= SMALL_CWND_MOST)?;
        let loss = judged.loss.ok().filter(|loss| loss.count >= LOSS_EVENTS_FOR_VALUE)?;
        // On a path that stands still it is small of itself.
        let stands = stalled(stats).is_some();
        let in_use = f64::from(stats.unacked?) >= CWND_IN_USE * f64::from(window);
        let other_limit = stats.delivery_rate_app_limited == Some(true)
            || of_busy(stats).is_some_and(|(receiver, send_buffer)| {
                receiver >= RECEIVER_LIMITED_SHARE || send_buffer >= SEND_BUFFER_LIMITED_SHARE
            });
        if stands || !in_use || other_limit {
            return None;
        }
        // BBR makes it that small now and then to measure the path: one look is a moment.
        let is_small = |window: Option<u32>| window.is_some_and(|window| window <= SMALL_CWND_MOST);
        let severity = match subject.interval {
            None => Severity::Info,
            Some(interval) if interval.lasted(BUSY_LEAST, |look| is_small(look.snd_cwnd)) => {
                Severity::Warning
            }
            Some(_) => return None,
        };
        Some(Hit::new(
            severity,
            [
                ("snd_cwnd", Some(Value::Count(window.into()))),
                ("snd_ssthresh", Value::count(stats.snd_ssthresh)),
                ("unacked", Value::count(stats.unacked)),
                ("lost", Some(Value::Count(loss.count))),
                ("data_segs_out", Some(Value::Count(loss.samples))),
            ],
        ))
    },
};
