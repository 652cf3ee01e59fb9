//! What the kernel threw away because nobody took it: connections, datagrams.

use super::{Detector, Hit, Reads, Severity, Subject, Value};
use crate::model::{Counter, Socket, State};
use crate::quality::buffer::is_datagram;

pub(super) const ACCEPT_OVERFLOW: Detector = Detector {
    name: "accept_overflow",
    advice: "let the program accept faster, or give listen(2) a longer queue and raise net.core.somaxconn: clients that \
             find it full wait and try again",
    more: "man 2 listen; man 7 tcp, tcp_abort_on_overflow",
    reads: Reads::AcceptQueue,
    check: |subject, _| {
        let socket = subject.socket.filter(|socket| socket.state == State::Listen)?;
        // The kernel lets in one more than the limit.
        let full = socket.listen.is_some_and(|waiting| waiting.queue > waiting.limit);
        let drops = drops(subject, socket);
        let severity = match drops {
            Some(1..) if full => Severity::Critical,
            _ if full => Severity::Warning,
            Some(1..) if subject.interval.is_some() => Severity::Warning,
            // However long ago.
            Some(1..) => Severity::Info,
            _ => return None,
        };
        Some(Hit::new(
            severity,
            [
                ("sk_ack_backlog", Value::count(socket.listen.map(|waiting| waiting.queue))),
                ("sk_max_ack_backlog", Value::count(socket.listen.map(|waiting| waiting.limit))),
                ("sk_drops", Value::count(drops)),
                ("counted", since(subject, "since the listener was made")),
            ],
        ))
    },
};

pub(super) const UDP_DROPS: Detector = Detector {
    name: "udp_drops",
    advice: "let the program read faster, or give it a larger receive buffer (SO_RCVBUF, net.core.rmem_max)",
    more: "man 7 socket, SO_RCVBUF; man 7 udp",
    reads: Reads::Drops,
    check: |subject, _| {
        let socket = subject.socket.filter(|socket| is_datagram(socket))?;
        let drops = drops(subject, socket).filter(|drops| *drops > 0)?;
        // However long ago, if there was one look only.
        let severity = if subject.interval.is_some() { Severity::Warning } else { Severity::Info };
        let memory = socket.memory;
        Some(Hit::new(
            severity,
            [
                ("sk_drops", Some(Value::Count(drops.into()))),
                ("rmem_alloc", Value::bytes(memory.and_then(|memory| memory.receive_alloc_bytes))),
                ("rcvbuf", Value::bytes(memory.and_then(|memory| memory.receive_buffer_bytes))),
                ("counted", since(subject, "since the socket was made")),
            ],
        ))
    },
};

/// Counted over the basis; a counter that went back counts nothing.
fn drops(subject: &Subject<'_>, socket: &Socket) -> Option<u32> {
    match subject.interval {
        None => socket.drops,
        Some(interval) => socket.drops?.since(interval.first().drops?),
    }
}

fn since(subject: &Subject<'_>, life: &'static str) -> Option<Value> {
    subject.interval.is_none().then_some(Value::Word(life))
}
