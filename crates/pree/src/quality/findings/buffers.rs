//! What keeps the sender from sending more: the peer's window, its own buffer, the program.

use super::{Detector, Hit, Severity, Value};
use crate::model::TcpStats;
use crate::quality::limits::{
    BUSY_LEAST, RECEIVER_LIMITED_SHARE, SEND_BUFFER_LIMITED_SHARE, SMALL_WINDOW_SEGMENTS,
};

pub(super) const RECEIVER_LIMITED: Detector = Detector {
    name: "receiver_limited",
    advice: "if more is wanted, let the peer read faster or have a larger receive buffer",
    more: "RFC 4898, SndLimTimeRwin; RFC 7323 section 2",
    check: |subject, judged| {
        let stats = subject.stats;
        let share = judged.limited_by.ok()?.receiver;
        if share < RECEIVER_LIMITED_SHARE {
            return None;
        }
        // On a path without limits the window is what is left to limit: that is no fault.
        let small = stats
            .snd_wnd
            .zip(stats.snd_mss)
            .is_some_and(|(window, mss)| window < mss.saturating_mul(SMALL_WINDOW_SEGMENTS));
        Some(Hit::new(
            if small { Severity::Warning } else { Severity::Info },
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

pub(super) const SEND_BUFFER_LIMITED: Detector = Detector {
    name: "send_buffer_limited",
    advice: "do not set SO_SNDBUF, or set it to at least the rate wanted times the RTT; and write sooner",
    more: "RFC 4898, SndLimTimeSnd; man 7 tcp, tcp_wmem",
    check: |subject, judged| {
        let stats = subject.stats;
        let share = judged.limited_by.ok().map(|shares| shares.send_buffer);
        let long = share.is_some_and(|share| share >= SEND_BUFFER_LIMITED_SHARE);
        // Cubic counts next to none of that time; the buffer, full of nothing but what is in flight, shows it. That
        // is a moment, the share is a life.
        let now = stats.busy_time >= Some(BUSY_LEAST) && is_buffer_in_flight(stats);
        (long || now).then(|| {
            let buffer = stats.memory.and_then(|memory| memory.send_buffer_bytes);
            Hit::new(
                if long { Severity::Warning } else { Severity::Info },
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

/// The send buffer is full, all of it is in flight, and congestion control would allow more.
fn is_buffer_in_flight(stats: &TcpStats) -> bool {
    let full = stats.memory.is_some_and(|memory| {
        memory.send_queued_bytes.zip(memory.send_buffer_bytes).is_some_and(|(queued, limit)| queued >= limit)
    });
    let more_allowed = stats.unacked.zip(stats.snd_cwnd).is_some_and(|(unacked, window)| unacked < window);
    full && more_allowed && stats.notsent_bytes == Some(0)
}

pub(super) const APP_LIMITED: Detector = Detector {
    name: "app_limited",
    advice: "nothing needs doing: the path takes all that the program writes",
    more: "RFC 7661",
    check: |subject, judged| {
        let stats = subject.stats;
        let sparse = stats.delivery_rate_app_limited == Some(true) && stats.notsent_bytes == Some(0);
        // On a dead path that is how it was before.
        (sparse && judged.factors.progress >= 1.0).then(|| {
            Hit::new(
                Severity::Info,
                [
                    ("delivery_rate", stats.delivery_rate.map(Value::BytesPerS)),
                    ("notsent_bytes", Value::bytes(stats.notsent_bytes)),
                    ("last_data_sent", Value::time(stats.last_data_sent)),
                ],
            )
        })
    },
};
