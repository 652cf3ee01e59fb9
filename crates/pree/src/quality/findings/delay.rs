//! Queues: the connection's own, and somebody else's.

use super::{Detector, Hit, Severity, Subject, Value};
use crate::quality::{Assessment, Verdict};

pub(super) const BUFFER_BLOAT: Detector = Detector {
    name: "buffer_bloat",
    advice: "shorten the queue where the path is narrowest (fq_codel or cake, shaped just below its rate) or use a \
             congestion control that does not fill it (bbr)",
    more: "RFC 8289; bufferbloat.net",
    check: |subject, judged| {
        let severity = match judged.bloat {
            Verdict::Mild => Severity::Info,
            Verdict::Yes => Severity::Warning,
            Verdict::Severe => Severity::Critical,
            Verdict::No | Verdict::Unknown(_) => return None,
        };
        // A lower min_rtt is remembered for 300 s (tcp_min_rtt_wlen).
        let alternative = "route change within the last 300 s, or a full path for acknowledgements";
        hit(subject, judged, severity, alternative)
    },
};

pub(super) const LATENCY_RAISED: Detector = Detector {
    name: "latency_raised",
    advice: "look for a bulk transfer on the same path: it fills the queue in which this connection waits",
    more: "RFC 8289; bufferbloat.net",
    check: |subject, judged| {
        let raised = judged.latency_raised.is_yes();
        raised.then(|| hit(subject, judged, Severity::Warning, "route change within the last 300 s"))?
    },
};

fn hit(
    subject: &Subject<'_>,
    judged: &Assessment,
    severity: Severity,
    alternative: &'static str,
) -> Option<Hit> {
    let stats = subject.stats;
    let delay = judged.queue_delay.ok()?;
    let in_flight = stats.unacked.zip(stats.snd_mss).map(|(n, mss)| u64::from(n) * u64::from(mss));
    Some(Hit::new(
        severity,
        [
            ("rtt", Some(Value::Time(delay.rtt))),
            ("base_rtt", Some(Value::Time(delay.base))),
            ("queue_delay", Some(Value::Time(delay.queue))),
            ("in_flight", Value::bytes(in_flight)),
            ("delivery_rate", stats.delivery_rate.map(Value::BytesPerS)),
            ("notsent_bytes", Value::bytes(stats.notsent_bytes)),
            ("alternative", Some(Value::Word(alternative))),
        ],
    ))
}
