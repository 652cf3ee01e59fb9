//! Queues: the connection's own, and somebody else's.

use super::{Detector, Hit, Reads, Severity, Subject, Value};
use crate::quality::growth::{Growth, growth};
use crate::quality::interval::in_flight;
use crate::quality::{Assessment, Verdict};

pub(super) const BUFFER_BLOAT: Detector = Detector {
    name: "buffer_bloat",
    short: "bloat",
    takes_time: false,
    advice: "shorten the queue where the path is narrowest (fq_codel or cake, shaped just below its rate): \
             cubic and reno fill any queue that is there",
    more: "RFC 8289; bufferbloat.net",
    reads: Reads::Statistics,
    check: |subject, judged| {
        let severity = grade(judged.bloat)?;
        let alternative = match subject.interval.map(growth) {
            Some(Growth::WithDataInFlight) => "a full path for acknowledgements",
            _ => ROUTE_OR_ACKS,
        };
        hit(subject, judged, severity, alternative)
    },
};

/// A lower `min_rtt` is remembered for 300 s (`tcp_min_rtt_wlen`).
const ROUTE_OR_ACKS: &str = "route change within the last 300 s, or a full path for acknowledgements";

fn grade(bloat: Verdict) -> Option<Severity> {
    match bloat {
        Verdict::Mild => Some(Severity::Info),
        Verdict::Yes => Some(Severity::Warning),
        Verdict::Severe => Some(Severity::Critical),
        Verdict::No | Verdict::Unknown(_) => None,
    }
}

pub(super) const DOWNLOAD_BLOAT: Detector = Detector {
    name: "download_bloat",
    short: "bloat",
    takes_time: true,
    advice: "shorten the queue before the narrowest link on the way here (fq_codel or cake), and if the sender's \
             congestion control is cubic or reno, which fill any queue, let it use bbr",
    more: "RFC 7323 section 4; RFC 8289",
    reads: Reads::Statistics,
    check: |subject, judged| {
        let severity = grade(judged.download_bloat)?;
        let delay = judged.download_delay.ok()?;
        Some(Hit::new(
            severity,
            [
                ("seen", Some(Value::Word("from the receiving end"))),
                ("rcv_rtt", Some(Value::Time(delay.rtt))),
                ("base_rtt", Some(Value::Time(delay.base))),
                ("queue_delay", Some(Value::Time(delay.queue))),
                ("data_segs_in", Value::count(subject.stats.data_segs_in)),
                ("alternative", Some(Value::Word("route change since this end last sent data"))),
            ],
        ))
    },
};

pub(super) const LATENCY_RAISED: Detector = Detector {
    name: "latency_raised",
    short: "latency",
    takes_time: false,
    advice: "look for a bulk transfer on the same path: it fills the queue in which this connection waits",
    more: "RFC 8289; bufferbloat.net",
    reads: Reads::Statistics,
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
    Some(Hit::new(
        severity,
        [
            ("rtt", Some(Value::Time(delay.rtt))),
            ("base_rtt", Some(Value::Time(delay.base))),
            ("queue_delay", Some(Value::Time(delay.queue))),
            ("in_flight", Value::bytes(in_flight(stats))),
            ("delivery_rate", stats.delivery_rate.map(Value::BytesPerS)),
            ("notsent_bytes", Value::bytes(stats.notsent_bytes)),
            ("alternative", Some(Value::Word(alternative))),
        ],
    ))
}
