//! Trouble with the handshake.

use pree_wire::inet_diag::states;

use super::{Detector, Hit, Reads, Severity, Subject, Value};
use crate::model::{Protocol, State};
use crate::quality::limits::SYN_STUCK_RETRANSMITS;
use crate::quality::progress::is_connecting;

pub(super) const SYN_STUCK: Detector = Detector {
    name: "syn_stuck",
    short: "stuck",
    takes_time: false,
    advice: "check the address, the peer and the firewalls on the way, and at the peer whether the listener's accept queue is \
             full: nothing answers, not even a refusal",
    more: "RFC 6298; man 7 tcp, tcp_syn_retries",
    reads: Reads::Statistics,
    check: |subject, _| {
        let stats = subject.stats;
        if is_connecting(stats) {
            let tries = stats.retransmits.filter(|tries| *tries >= SYN_STUCK_RETRANSMITS)?;
            let evidence = [("retransmits", Value::count(Some(tries))), ("rto", Value::time(stats.rto))];
            return Some(Hit::new(Severity::Warning, evidence));
        }
        let tries = answers(subject).filter(|tries| *tries >= SYN_STUCK_RETRANSMITS)?;
        // Whoever looks for open ports leaves such behind, too.
        Some(Hit::new(Severity::Info, [("idiag_retrans", Value::count(Some(tries)))]))
    },
};

/// How often the answer to a peer that asked for a connection was repeated. The kernel has no statistics of those.
fn answers(subject: &Subject<'_>) -> Option<u8> {
    let socket = subject.socket?;
    let asked = socket.protocol == Protocol::Tcp && socket.state == State::SynReceived;
    asked.then_some(socket.timer?.retransmits)
}

pub(super) const SYN_RETRANSMITTED: Detector = Detector {
    name: "syn_retransmitted",
    short: "syn_retransmitted",
    takes_time: false,
    advice: "if it happens often, look for loss on the path or a listener whose accept queue is full: each cost a \
             second or more before the connection was up",
    more: "RFC 6298; RFC 9293 section 3.5",
    reads: Reads::Statistics,
    check: |subject, _| {
        let stats = subject.stats;
        let tries = stats.total_retrans.filter(|tries| *tries > 0)?;
        // No byte was sent again, so it was the handshake. Or the end of the stream, once that was sent.
        let handshake = stats.bytes_retrans == Some(0) && !is_connecting(stats) && !has_ended(stats.state);
        let in_time = subject
            .interval
            .is_none_or(|interval| interval.first().tcp.as_deref().is_some_and(is_connecting));
        (handshake && in_time)
            .then(|| Hit::new(Severity::Info, [("total_retrans", Some(Value::Count(tries.into())))]))
    },
};

fn has_ended(state: Option<u8>) -> bool {
    matches!(
        state,
        Some(states::FIN_WAIT1 | states::FIN_WAIT2 | states::LAST_ACK | states::CLOSING | states::TIME_WAIT)
    )
}
