//! What keeps the sender from sending more: the peer's window, its own buffer, the program.

use super::{Detector, Hit, Reads, Severity, Value};
use crate::quality::Interval;
use crate::quality::buffer;
use crate::quality::limits::{
    BUSY_LEAST, LOADING_APP_LIMITED_SHARE, LOW_WINDOW_SEGMENTS, RECEIVER_LIMITED_SHARE,
    SEND_BUFFER_LIMITED_SHARE, SMALL_WINDOW_LOOKS, SMALL_WINDOW_SEGMENTS, SMALL_WINDOW_SHARE,
};
use crate::quality::shares::of_busy;
use crate::quality::turns::data_sent_at_least;

pub(super) const RECEIVER_LIMITED: Detector = Detector {
    name: "receiver_limited",
    short: "receiver",
    takes_time: false,
    advice: "if more is wanted, let the peer read faster or have a larger receive buffer",
    more: "RFC 4898, SndLimTimeRwin; RFC 7323 section 2",
    reads: Reads::Statistics,
    check: |subject, _| {
        let stats = subject.stats;
        let (share, _) = of_busy(stats)?;
        if share < RECEIVER_LIMITED_SHARE {
            return None;
        }
        let small = subject.interval.is_some_and(is_small);
        // On a path without limits the window is what is left to limit; and a peer that reads slowly may mean to. One that
        // does not read at all is `zero_window`.
        Some(Hit::new(
            Severity::Info,
            [
                ("rwnd_limited_share", Some(Value::Share(share))),
                ("busy_time", Value::time(stats.busy_time)),
                ("snd_wnd", Value::bytes(stats.snd_wnd)),
                ("window_limit", Value::rate(stats.snd_wnd, stats.rtt)),
                ("peer", small.then_some(Value::Word("reads slowly"))),
            ],
        ))
    },
};

/// Nearly closed now and then, or never more open than a connection may begin with.
fn is_small(interval: &Interval) -> bool {
    let mut windows: Vec<u32> = interval.samples().iter().filter_map(|look| look.window).collect();
    let closed = windows.iter().filter(|window| **window < SMALL_WINDOW_SEGMENTS).count();
    let often = closed >= SMALL_WINDOW_LOOKS && closed as f64 >= SMALL_WINDOW_SHARE * windows.len() as f64;
    windows.sort_unstable();
    often || windows.get(windows.len() / 2).is_some_and(|middle| *middle < LOW_WINDOW_SEGMENTS)
}

pub(super) const SEND_BUFFER_LIMITED: Detector = Detector {
    name: "send_buffer_limited",
    short: "send_buffer",
    takes_time: false,
    advice: "do not set SO_SNDBUF, or set it to at least the rate wanted times the RTT; and write sooner",
    more: "RFC 4898, SndLimTimeSnd; man 7 tcp, tcp_wmem",
    reads: Reads::Statistics,
    check: |subject, _| {
        let stats = subject.stats;
        let share = of_busy(stats).map(|(_, share)| share);
        let held_up = share.is_some_and(|share| share >= SEND_BUFFER_LIMITED_SHARE);
        // Cubic counts next to none of that time; the buffer, full of nothing but what is in flight, shows it. One look
        // at it is a moment, the share is all the time.
        let enough = stats.busy_time >= Some(BUSY_LEAST);
        let is_full = || match subject.interval {
            None => buffer::is_in_flight(stats),
            Some(interval) => interval.lasted(BUSY_LEAST, |look| look.buffer_is_in_flight),
        };
        (held_up || (enough && is_full())).then(|| {
            let buffer = stats.memory.and_then(|memory| memory.send_buffer_bytes);
            Hit::new(
                Severity::Info,
                [
                    ("sndbuf_limited_share", share.map(Value::Share)),
                    ("wmem_queued", Value::bytes(stats.memory.and_then(|memory| memory.send_queued_bytes))),
                    ("sndbuf", Value::bytes(buffer)),
                    ("unacked", Value::count(stats.unacked)),
                    ("snd_cwnd", Value::count(stats.snd_cwnd)),
                    ("buffer_limit", Value::rate(buffer, stats.rtt)),
                ],
            )
        })
    },
};

pub(super) const APP_LIMITED: Detector = Detector {
    name: "app_limited",
    short: "app_limited",
    takes_time: false,
    advice: "nothing needs doing: the path takes all that the program writes",
    more: "RFC 7661",
    reads: Reads::Statistics,
    check: |subject, judged| {
        let stats = subject.stats;
        // On a dead path that is how it was before.
        if judged.factors.progress < 1.0 {
            return None;
        }
        let sparse = match subject.interval {
            None => stats.delivery_rate_app_limited == Some(true) && stats.notsent_bytes == Some(0),
            Some(_) if subject.is_idle() => data_sent_at_least(subject.now()) > Some(0),
            Some(interval) => interval.share(|look| look.app_limited) >= Some(LOADING_APP_LIMITED_SHARE),
        };
        sparse.then(|| {
            Hit::new(
                Severity::Info,
                [
                    ("app_share", judged.limited_by.ok().and_then(|shares| shares.app).map(Value::Share)),
                    ("delivery_rate", stats.delivery_rate.map(Value::BytesPerS)),
                    (
                        "capacity_at_least",
                        judged.capacity.ok().map(|seen| Value::BytesPerS(seen.bytes_per_s)),
                    ),
                    ("notsent_bytes", Value::bytes(stats.notsent_bytes)),
                    ("last_data_sent", Value::time(stats.last_data_sent)),
                ],
            )
        })
    },
};
