//! Nothing gets through now: a dead path, a peer that is gone, a peer that does not read.

use super::{Detector, Hit, Reads, Severity, Subject, Value};
use crate::quality::limits::{KEEPALIVES_DEAD, PATH_DEAD_BACKOFF};
use crate::quality::progress::{self, is_connecting, is_zero_window, unanswered_keepalives};

pub(super) const PATH_DEAD: Detector = Detector {
    name: "path_dead",
    short: "dead",
    takes_time: false,
    advice: "check the route, the interface and the peer; what is on its way is lost when the timeouts run out",
    more: "RFC 6298 section 5; man 7 tcp, tcp_retries2",
    reads: Reads::Statistics,
    check: |subject, _| stalled(subject).filter(|(tries, _)| *tries >= PATH_DEAD_BACKOFF).map(critical),
};

pub(super) const RTO_STALL: Detector = Detector {
    name: "rto_stall",
    short: "stall",
    takes_time: false,
    advice: "look again in a moment: if timeouts go on, the path or the peer is gone",
    more: "RFC 6298 section 5",
    reads: Reads::Statistics,
    check: |subject, _| stalled(subject).filter(|(tries, _)| *tries < PATH_DEAD_BACKOFF).map(|(_, hit)| hit),
};

/// Timeouts or unanswered tries in a row of a connection that was up; one that is not yet is the handshake's business.
fn stalled(subject: &Subject<'_>) -> Option<(u8, Hit)> {
    let stats = subject.stats;
    let tries = progress::stalled(stats).filter(|_| !is_connecting(stats))?;
    let hit = Hit::new(
        Severity::Warning,
        [
            ("backoff", Value::count(stats.backoff)),
            ("probes", Value::count(progress::held_back(stats))),
            ("rto", Value::time(stats.rto)),
            ("unacked", Value::count(stats.unacked)),
            ("last_ack_recv", Value::time(stats.last_ack_recv)),
            ("notsent_bytes", Value::bytes(stats.notsent_bytes).filter(|_| stats.unacked == Some(0))),
            ("total_rto", Value::count(stats.total_rto)),
        ],
    );
    Some((tries, hit))
}

fn critical((_, hit): (u8, Hit)) -> Hit {
    Hit { severity: Severity::Critical, ..hit }
}

pub(super) const SILENT_PEER: Detector = Detector {
    name: "silent_peer",
    short: "silent",
    takes_time: false,
    advice: "check that the peer is up: it does not answer keepalives",
    more: "RFC 9293 section 3.8.4; man 7 tcp, SO_KEEPALIVE",
    reads: Reads::Statistics,
    check: |subject, _| {
        let probes = unanswered_keepalives(subject);
        let severity = if probes >= KEEPALIVES_DEAD { Severity::Critical } else { Severity::Warning };
        (probes > 0).then(|| {
            Hit::new(
                severity,
                [
                    ("probes", Some(Value::Count(probes.into()))),
                    ("last_ack_recv", Value::time(subject.stats.last_ack_recv)),
                ],
            )
        })
    },
};

pub(super) const ZERO_WINDOW: Detector = Detector {
    name: "zero_window",
    short: "window",
    takes_time: false,
    advice: "find out why the program at the other end does not read: its receive buffer is full",
    more: "RFC 9293 section 3.8.6.1",
    reads: Reads::Statistics,
    check: |subject, _| {
        let stats = subject.stats;
        is_zero_window(stats).then(|| {
            Hit::new(
                Severity::Warning,
                [
                    ("snd_wnd", Value::bytes(stats.snd_wnd)),
                    ("backoff", Value::count(stats.backoff)),
                    ("notsent_bytes", Value::bytes(stats.notsent_bytes)),
                    ("last_ack_recv", Value::time(stats.last_ack_recv)),
                ],
            )
        })
    },
};
