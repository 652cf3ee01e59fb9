//! Trouble with the handshake.

use super::{Detector, Hit, Severity, Value};
use crate::quality::limits::SYN_STUCK_RETRANSMITS;
use crate::quality::progress::is_connecting;

pub(super) const SYN_STUCK: Detector = Detector {
    name: "syn_stuck",
    advice: "check the address, the peer and the firewalls on the way: nothing answers, not even a refusal",
    more: "RFC 6298; man 7 tcp, tcp_syn_retries",
    check: |subject, _| {
        let stats = subject.stats;
        let tries = stats.retransmits.filter(|tries| *tries >= SYN_STUCK_RETRANSMITS)?;
        is_connecting(stats).then(|| {
            Hit::new(
                Severity::Warning,
                [("retransmits", Some(Value::Count(tries.into()))), ("rto", Value::time(stats.rto))],
            )
        })
    },
};

pub(super) const SYN_RETRANSMITTED: Detector = Detector {
    name: "syn_retransmitted",
    advice: "if it happens often, look for loss on the path or a listener whose accept queue is full: each cost a \
             second or more before the connection was up",
    more: "RFC 6298; RFC 9293 section 3.5",
    check: |subject, _| {
        let stats = subject.stats;
        let tries = stats.total_retrans.filter(|tries| *tries > 0)?;
        // No byte was sent again, so it was the handshake.
        (stats.bytes_retrans == Some(0) && !is_connecting(stats))
            .then(|| Hit::new(Severity::Info, [("total_retrans", Some(Value::Count(tries.into())))]))
    },
};
