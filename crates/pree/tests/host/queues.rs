//! Queues that overflow: connections that nobody accepts, datagrams that nobody reads.

use std::fs;

use pree::quality::{Severity, Value};
use pree_testkit::{Failed, Family, Socket, wait_until};

use crate::look::{Look, OverTime, all_well, counter, ensure, listener};

/// A queue for `BACKLOG` takes one more; what comes then is dropped, and dropped again when it is repeated.
pub fn accept_overflow() -> Result<(), Failed> {
    const BACKLOG: u32 = 4;
    let busy = listener(0, 4)?;
    let idle = listener(0, 4)?;
    let mut clients = Vec::new();
    let mut connect = |to: &Socket| -> Result<(), Failed> {
        let client = Socket::tcp(Family::V4)?;
        client.start_connect(to.local()?)?;
        clients.push(client);
        Ok(())
    };
    for _ in 0..BACKLOG {
        connect(&busy)?;
        connect(&idle)?;
    }
    all_well()?;
    connect(&busy)?;
    let full = Look::take()?;
    let told = full.issue(&busy, "accept_overflow")?;
    ensure(told.as_ref().is_some_and(|told| told.0 == Severity::Warning), || format!("{told:?}"))?;
    let mut over_time = OverTime::start()?;
    for _ in 0..7 {
        connect(&busy)?;
    }
    let overflows = counter("ListenOverflows")?;
    ensure(overflows >= 7, || format!("{overflows} overflows"))?;
    let (severity, evidence) =
        over_time.issue(&busy, "accept_overflow")?.ok_or("the overflow is not told")?;
    let queue = u64::from(BACKLOG);
    for (name, least, most) in [
        ("sk_ack_backlog", queue + 1, queue + 1),
        ("sk_max_ack_backlog", queue, queue),
        ("sk_drops", overflows, counter("ListenDrops")?),
        ("ListenOverflows", overflows, counter("ListenOverflows")?),
    ] {
        let told = evidence.iter().find_map(|(it, value)| match value {
            Value::Count(count) if *it == name => Some(*count),
            _ => None,
        });
        ensure(told.is_some_and(|told| (least..=most).contains(&told)), || {
            format!("{name} from {least} to {most}: {evidence:?}")
        })?;
    }
    ensure(severity == Severity::Critical, || format!("{severity:?}"))?;
    ensure(over_time.issue(&idle, "accept_overflow")?.is_none(), || "the other listener is well".to_owned())
}

/// Clients that wait before they send, at a listener that lets in only who has sent: the listener counts what it drops
/// meanwhile, and loses nobody.
pub fn deferred() -> Result<(), Failed> {
    let server = listener(0, 100)?;
    server.set_int(libc::IPPROTO_TCP, libc::TCP_DEFER_ACCEPT, 30)?;
    let mut over_time = OverTime::start()?;
    let mut clients = Vec::new();
    for _ in 0..20 {
        let client = Socket::tcp(Family::V4)?;
        client.connect(server.local()?)?;
        clients.push(client);
    }
    let dropped = counter("TCPDeferAcceptDrop")?;
    ensure(dropped >= 20 && counter("ListenOverflows")? == 0, || format!("{dropped} dropped"))?;
    let drops = over_time.last()?.iter().filter_map(|socket| socket.drops).max();
    ensure(drops.is_some_and(|drops| drops >= 20), || format!("the listener's own counter: {drops:?}"))?;
    let told = over_time.issue(&server, "accept_overflow")?;
    ensure(told.is_none(), || format!("{told:?}"))?;
    all_well()
}

pub fn udp_drops() -> Result<(), Failed> {
    const SENT: u64 = 500;
    let reader = |small: bool| -> Result<(Socket, Socket), Failed> {
        let reader = Socket::udp(Family::V4)?;
        if small {
            reader.set_receive_buffer(8_000)?;
        }
        reader.bind((Family::V4.loopback(), 0))?;
        let writer = Socket::udp(Family::V4)?;
        writer.connect(reader.local()?)?;
        Ok((reader, writer))
    };
    let read_all = |reader: &Socket| {
        let mut buffer = [0; 1024];
        std::iter::from_fn(|| reader.receive_now(&mut buffer).ok()).count() as u64
    };
    let (well, writer) = reader(false)?;
    for _ in 0..SENT {
        writer.send(&[1; 100])?;
        read_all(&well);
    }
    all_well()?;
    let (slow, writer) = reader(true)?;
    for _ in 0..SENT {
        // Over loopback a datagram is queued or dropped before send returns.
        writer.send(&[1; 100])?;
    }
    let look = Look::take()?;
    let (severity, evidence) = look.issue(&slow, "udp_drops")?.ok_or("the drops are not told")?;
    // Full now.
    ensure(severity == Severity::Warning, || format!("{severity:?}"))?;
    let in_proc = drops_in_proc(slow.inode()?)?;
    let lost = SENT - read_all(&slow);
    ensure(lost > 0 && in_proc == lost, || format!("/proc says {in_proc}, and {lost} are lost"))?;
    ensure(evidence.contains(&("sk_drops", Value::Count(lost))), || format!("{lost} lost: {evidence:?}"))?;
    ensure(look.issue(&well, "udp_drops")?.is_none(), || "the other reader is well".to_owned())?;
    wait_until("the queue to be empty", || slow.unread_bytes().is_ok_and(|bytes| bytes == 0))?;
    let later = Look::take()?.issue(&slow, "udp_drops")?.map(|(severity, _)| severity);
    ensure(later == Some(Severity::Info), || format!("once it was read: {later:?}"))
}

/// The last column of the socket's line.
fn drops_in_proc(inode: u64) -> Result<u64, Failed> {
    let text = fs::read_to_string("/proc/thread-self/net/udp")?;
    let inode = inode.to_string();
    let line = text.lines().find(|line| line.split_whitespace().nth(9) == Some(&inode));
    let drops =
        line.and_then(|line| line.split_whitespace().next_back()).ok_or("the socket is not in /proc")?;
    Ok(drops.parse()?)
}
