//! A path that drops large packets without a word.

use super::{Detector, Hit, Reads, Severity, Value};
use crate::quality::limits::{BLACK_HOLE_MSS_ABOVE, BLACK_HOLE_RTOS};
use crate::quality::progress::{is_connecting, stalled};

pub(super) const PMTU_BLACK_HOLE: Detector = Detector {
    name: "pmtu_black_hole",
    short: "black_hole",
    takes_time: false,
    advice: "let ICMP \"packet too big\" through, or announce smaller segments on the way (MSS clamping); \
             net.ipv4.tcp_mtu_probing=1 finds a way around it",
    more: "RFC 4821; RFC 8899; RFC 2923",
    reads: Reads::Statistics,
    check: |subject, _| {
        // Its whole life matters: the handshake passed, and no full segment ever did.
        let stats = subject.now();
        let mss = stats.snd_mss.filter(|mss| *mss > BLACK_HOLE_MSS_ABOVE)?;
        let in_flight = stats.send_queue_bytes?.checked_sub(stats.notsent_bytes?)?;
        let acked = stats.bytes_acked?;
        let stands = stalled(stats).is_some() && !is_connecting(stats);
        let timeouts = stats.total_rto.or(stats.backoff.map(u16::from))?;
        let suspected =
            stands && u64::from(timeouts) >= BLACK_HOLE_RTOS && acked < u64::from(mss) && in_flight >= mss;
        suspected.then(|| {
            Hit::new(
                Severity::Warning,
                [
                    ("certainty", Some(Value::Word("suspected: a peer that is gone looks the same"))),
                    ("total_rto", Value::count(Some(timeouts))),
                    ("snd_mss", Value::bytes(Some(mss))),
                    ("pmtu", Value::bytes(stats.pmtu)),
                    ("bytes_acked", Value::bytes(Some(acked))),
                    ("in_flight", Value::bytes(Some(in_flight))),
                ],
            )
        })
    },
};
