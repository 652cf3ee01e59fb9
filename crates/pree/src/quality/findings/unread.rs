//! Programs that do not take what arrives for them.

use super::{Detector, Hit, Reads, Severity, Value};
use crate::quality::Interval;
use crate::quality::buffer::{is_datagram, receive_buffer_share, unread_of};
use crate::quality::limits::{RECEIVE_BUFFER_FULL, UNREAD_FROM, UNREAD_LONG, UNREAD_LOOKS};

pub(super) const UNREAD_DATA: Detector = Detector {
    name: "unread_data",
    short: "unread",
    takes_time: false,
    advice: "find out why the program does not read: it is busy, waits for something else, or has forgotten the socket",
    more: "man 7 socket, SO_RCVBUF; RFC 9293 section 3.8.6",
    reads: Reads::Unread,
    check: |subject, _| {
        let stats = subject.now();
        let datagrams = subject.socket.filter(|socket| is_datagram(socket));
        let (unread, memory) = match datagrams {
            Some(socket) => (socket.recv_queue?, socket.memory),
            None => (unread_of(stats)?, stats.memory),
        };
        // When datagrams came is not reported.
        let waits = stats.last_data_recv.filter(|_| datagrams.is_none());
        let full = receive_buffer_share(memory).is_some_and(|share| share >= RECEIVE_BUFFER_FULL);
        let slow = subject.interval.is_some_and(is_read_slowly);
        let reads = subject.interval.and_then(was_read).is_some_and(|bytes| bytes > 0);
        let severity = match waits {
            _ if slow && reads => Severity::Info,
            _ if slow => Severity::Warning,
            _ if unread == 0 => return None,
            Some(waits) if waits >= UNREAD_LONG || (waits >= UNREAD_FROM && full) => Severity::Warning,
            Some(waits) if waits >= UNREAD_FROM => Severity::Info,
            None if full && datagrams.is_some() => Severity::Info,
            _ => return None,
        };
        let most = || subject.interval?.samples().iter().filter_map(|look| look.unread).max();
        let unread = if slow { most() } else { Some(unread) };
        let program = match (slow, reads) {
            (true, true) => Some(Value::Word("reads slowly")),
            (true, false) => Some(Value::Word("does not read")),
            (false, _) => None,
        };
        Some(Hit::new(
            severity,
            [
                ("recv_queue", Value::bytes(unread)),
                ("last_data_recv", Value::time(waits)),
                ("rmem_alloc", Value::bytes(memory.and_then(|memory| memory.receive_alloc_bytes))),
                ("rcvbuf", Value::bytes(memory.and_then(|memory| memory.receive_buffer_bytes))),
                ("program", program),
            ],
        ))
    },
};

/// The buffer stays full, or what is in it only ever grows.
fn is_read_slowly(interval: &Interval) -> bool {
    let unread: Vec<u32> = interval.samples().iter().filter_map(|look| look.unread).collect();
    let never_less = unread.windows(2).all(|pair| matches!(pair, [before, after] if before <= after));
    let grows = unread.len() >= UNREAD_LOOKS && never_less && unread.first() < unread.last();
    let always = unread.first() > Some(&0) && interval.length() >= UNREAD_FROM;
    interval.lasted(UNREAD_FROM, |look| look.unread_fills_buffer) || (grows && always)
}

/// How much of a stream the program took in the interval; of datagrams it is not reported.
fn was_read(interval: &Interval) -> Option<u64> {
    let [first, last] = [interval.first(), interval.last()].map(|look| {
        let stats = look.tcp.as_deref()?;
        stats.bytes_received?.checked_sub(unread_of(stats)?.into())
    });
    last?.checked_sub(first?)
}
