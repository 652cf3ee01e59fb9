//! Connections that have something to tell: data both ways, every algorithm, losses, limits.

use std::fs;
use std::net::Ipv4Addr;

use pree_testkit::{Failed, Family, Population, Socket, wait_until};

use crate::sys::{self, Lose};

/// Connections with different pasts. They are quiet when this returns, but for retransmissions further and further
/// apart. Changes the lab's settings: ECN is asked for, reordering begins at 7.
pub fn conversations() -> Result<Population, Failed> {
    fs::write("/proc/sys/net/ipv4/tcp_ecn", "1")?;
    fs::write("/proc/sys/net/ipv4/tcp_reordering", "7")?;
    let mut all = Population::new();
    for algorithm in
        fs::read_to_string("/proc/sys/net/ipv4/tcp_available_congestion_control")?.split_whitespace()
    {
        let (client, server) = pair(&mut all, Family::V4, Some(algorithm))?;
        talk(&client, &server, 20)?;
        // The name is not known before the program runs, and a truth keeps a static one.
        let name: &'static str = algorithm.to_owned().leak();
        for end in [client, server] {
            all.add_with("talk under an algorithm", end, "established", |truth| {
                truth.congestion = Some(name)
            })?;
        }
    }
    for family in [Family::V4, Family::V6] {
        let (client, server) = pair(&mut all, family, None)?;
        client.set_int(libc::SOL_SOCKET, libc::SO_MAX_PACING_RATE, 12_345_678)?;
        talk(&client, &server, 3)?;
        all.add("paced talk", client, "established")?;
        all.add("other end of paced talk", server, "established")?;
        losses(&mut all, family)?;
        repeats(&mut all, family)?;
        limits(&mut all, family)?;
    }
    let listener = listener(Family::V6, None)?;
    let client = Socket::tcp(Family::V6)?;
    // A smaller window in one direction, so that the two shifts differ.
    client.set_receive_buffer(20_000)?;
    client.connect((Ipv4Addr::LOCALHOST.to_ipv6_mapped(), listener.local()?.port()))?;
    let server = listener.accept()?;
    talk(&client, &server, 5)?;
    all.add("mapped talk", client, "established")?;
    all.add("other end of mapped talk", server, "established")?;
    all.add_with("listener of mapped talk", listener, "listen", |truth| truth.listen = Some((0, 16)))?;
    Ok(all)
}

fn listener(family: Family, algorithm: Option<&str>) -> Result<Socket, Failed> {
    let listener = Socket::tcp(family)?;
    if let Some(algorithm) = algorithm {
        listener.set_congestion(algorithm)?;
    }
    let at = if family == Family::V6 { family.any() } else { family.loopback() };
    listener.bind((at, 0))?;
    listener.listen(16)?;
    Ok(listener)
}

/// A connection; its listener is kept.
pub fn pair(
    all: &mut Population,
    family: Family,
    algorithm: Option<&str>,
) -> Result<(Socket, Socket), Failed> {
    let listener = listener(family, algorithm)?;
    let client = Socket::tcp(family)?;
    if let Some(algorithm) = algorithm {
        client.set_congestion(algorithm)?;
    }
    client.set_int(libc::IPPROTO_TCP, libc::TCP_NODELAY, 1)?;
    client.connect((family.loopback(), listener.local()?.port()))?;
    let server = listener.accept()?;
    all.add_with("listener", listener, "listen", |truth| truth.listen = Some((0, 16)))?;
    Ok((client, server))
}

/// Question and answer, so many times, the last acknowledged.
pub fn talk(client: &Socket, server: &Socket, times: usize) -> Result<(), Failed> {
    let mut buffer = vec![0; 64 * 1024];
    for time in 0..times {
        // Now and then more than a segment, from which the receiver estimates the round trip.
        let question = vec![1; if time % 4 == 0 { 150_000 } else { 3_000 }];
        client.send(&question)?;
        let mut received = 0;
        while received < question.len() {
            received += server.receive(&mut buffer)?;
        }
        server.send(&[2; 100])?;
        client.receive(&mut buffer)?;
    }
    for end in [client, server] {
        wait_until("everything to be acknowledged", || {
            end.unacknowledged_bytes().is_ok_and(|bytes| bytes == 0)
        })?;
    }
    Ok(())
}

/// One segment that never arrives before three that do: lost, repeated, and the others acknowledged out of order.
fn losses(all: &mut Population, family: Family) -> Result<(), Failed> {
    let (client, server) = pair(all, family, Some("reno"))?;
    talk(&client, &server, 12)?;
    sys::lose(&server, Lose::DataThatBeginsWith(b'L'))?;
    for data in ["Lost", "a", "b", "c", "d", "e"] {
        client.send(data.as_bytes())?;
    }
    wait_until("the loss to be noticed", || {
        let of = |offset| info(&client, offset).is_ok_and(|number| number > 0);
        // sacked, lost, total_retrans
        of(28) && of(32) && of(100)
    })?;
    all.add("loses segments", client, "established")?;
    all.add("other end of losses", server, "established")?;
    Ok(())
}

/// Acknowledgements that do not arrive: the same segment twice, which the other end tells (DSACK).
fn repeats(all: &mut Population, family: Family) -> Result<(), Failed> {
    let (client, server) = pair(all, family, None)?;
    talk(&client, &server, 2)?;
    sys::lose(&client, Lose::All)?;
    client.send(b"twice")?;
    wait_until("a repetition", || info(&client, 100).is_ok_and(|repeated| repeated > 0))?;
    sys::lose_nothing(&client)?;
    wait_until("another, and its answer", || info(&client, 216).is_ok_and(|duplicates| duplicates > 0))?;
    all.add("repeats segments", client, "established")?;
    all.add("other end of repeats", server, "established")?;
    Ok(())
}

/// A send buffer that is full while everything in it is on its way.
fn limits(all: &mut Population, family: Family) -> Result<(), Failed> {
    let (client, server) = pair(all, family, Some("reno"))?;
    client.set_send_buffer(1)?;
    talk(&client, &server, 2)?;
    sys::lose(&client, Lose::All)?;
    sys::fill(&client)?;
    wait_until("a repetition", || info(&client, 100).is_ok_and(|repeated| repeated > 0))?;
    sys::lose_nothing(&client)?;
    wait_until("room", || client.unacknowledged_bytes().is_ok_and(|bytes| bytes == 0))?;
    all.add("fills its buffer", client, "established")?;
    all.add("other end of a full buffer", server, "established")?;
    Ok(())
}

/// A number of `TCP_INFO`.
fn info(socket: &Socket, offset: usize) -> Result<u32, Failed> {
    let bytes = socket.tcp_info()?;
    Ok(u32::from_ne_bytes(bytes.get(offset..offset + 4).ok_or("a short tcp_info")?.try_into()?))
}
