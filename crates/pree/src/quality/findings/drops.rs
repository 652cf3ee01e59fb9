//! What the kernel dropped because no program took it: connections, datagrams.

use super::{Detector, Hit, Reads, Severity, Subject, Value};
use crate::model::{Counter, ListenQueue, Socket, State};
use crate::quality::buffer::{self, is_datagram};

pub(super) const ACCEPT_OVERFLOW: Detector = Detector {
    name: "accept_overflow",
    short: "overflow",
    takes_time: false,
    advice: "let the program accept faster, or give listen(2) a longer queue, which net.core.somaxconn limits: clients \
             that find it full wait, or fail",
    more: "man 2 listen",
    reads: Reads::AcceptQueue,
    check: |subject, _| {
        let socket = subject.socket.filter(|socket| socket.state == State::Listen)?;
        // What a listener drops is more than clients: a scan, a health check that only knocks, TCP_DEFER_ACCEPT and
        // wrong signatures count there too. So it takes the queue, or the counter that nothing else raises.
        let drops = subject.interval.and_then(|_| drops(subject, socket)).filter(|drops| *drops > 0);
        // Each full queue counts at its listener too: more drops than that have another cause.
        let overflows =
            subject.accept_overflows.filter(|all| drops.is_some_and(|drops| u64::from(drops) <= *all));
        let full = socket.listen.is_some_and(ListenQueue::is_full);
        let was_full =
            || subject.interval.is_some_and(|it| it.samples().iter().any(|look| look.accept_queue_is_full));
        let severity = match overflows {
            Some(1..) if full => Severity::Critical,
            Some(1..) => Severity::Warning,
            _ if full || was_full() => Severity::Warning,
            _ => return None,
        };
        Some(Hit::new(
            severity,
            [
                ("sk_ack_backlog", Value::count(socket.listen.map(|waiting| waiting.queue))),
                ("sk_max_ack_backlog", Value::count(socket.listen.map(|waiting| waiting.limit))),
                ("sk_drops", Value::count(drops)),
                ("ListenOverflows", overflows.map(Value::Count)),
            ],
        ))
    },
};

pub(super) const UDP_DROPS: Detector = Detector {
    name: "udp_drops",
    short: "drops",
    takes_time: false,
    advice: "let the program read faster, or give it a larger receive buffer (SO_RCVBUF, net.core.rmem_max)",
    more: "man 7 socket, SO_RCVBUF; man 7 udp",
    reads: Reads::Drops,
    check: |subject, _| {
        let socket = subject.socket.filter(|socket| is_datagram(socket))?;
        let drops = drops(subject, socket).filter(|drops| *drops > 0)?;
        // However long ago, if there was one look only and room for more.
        let now = subject.interval.is_some() || buffer::is_receive_buffer_full(socket);
        let severity = if now { Severity::Warning } else { Severity::Info };
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
