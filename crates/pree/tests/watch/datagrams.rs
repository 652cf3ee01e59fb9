//! UDP sockets, beside what the programs that use them sent and received.

use std::collections::HashMap;
use std::net::UdpSocket;
use std::os::fd::AsFd;
use std::process::Command;
use std::thread;
use std::time::Duration;

use pree::{
    Address, CountsSince, Event, EventKind, How, Namespaces, Provenance, Query, Socket, SocketId, Totals,
    Watch, WatchSource,
};
use pree_testkit::{Case, Failed, Need, need};
use rustix::net::{RecvFlags, Shutdown, recv, shutdown};

const TICK: Duration = Duration::from_millis(100);
const PATIENCE: Duration = Duration::from_secs(60);
/// Sockets that are there for one question and its answer.
const SHORT: usize = 400;

pub fn cases() -> Vec<Case> {
    let case =
        |name, test: fn() -> Result<(), Failed>| Case::new(name, test).lab().needs(Need::DatagramEvents);
    vec![
        case("datagrams::sums_are_what_was_sent_and_received", sums),
        case("datagrams::what_was_there_counts_from_now_on", there_before),
        case("datagrams::what_takes_nothing_does_not_count", untaken),
        case("datagrams::whose_they_are", users).needs(Need::PythonModule("socket")),
        case("datagrams::a_loss_is_told_and_counts_are_right", loss),
        case("datagrams::of_all_namespaces", everywhere),
        Case::new("datagrams::without_the_program_looks_tell", looks).lab(),
    ]
}

/// What is told of one socket.
#[derive(Default, Debug, PartialEq, Eq)]
struct Life {
    opened: u32,
    closed: u32,
    /// Bytes and datagrams, both ways: as the events add up, and as the end says.
    moved: [u64; 4],
    at_end: Option<[u64; 4]>,
}

fn port(socket: &Socket) -> u16 {
    socket.local.port().unwrap_or(0)
}

/// Of the counts in a socket: bytes and datagrams, both ways.
fn counted(socket: &Socket) -> Option<([u64; 4], CountsSince)> {
    let field =
        |name: &str| pree::field::named(name).map(|field| (field.get)(&pree::field::View::new(socket)));
    let number = |name| match field(name)? {
        pree::field::Value::Number(number) => Some(number),
        _ => None,
    };
    let counts = ["udp_sent", "udp_received", "datagrams_sent", "datagrams_received"].map(number);
    let [Some(sent), Some(received), Some(out), Some(back)] = counts else { return None };
    let since = match field("udp_counts_since")? {
        pree::field::Value::Word(word) => CountsSince::ALL.iter().find(|since| since.name() == word)?,
        _ => return None,
    };
    Some(([sent, received, out, back], *since))
}

/// Takes events in until so many sockets have ended.
fn follow(watch: &mut Watch<'_>, ends: usize) -> Result<(HashMap<u16, Life>, Totals), Failed> {
    let (mut lives, mut totals) = (HashMap::<SocketId, (u16, Life)>::new(), Totals::default());
    let end = watch.now() + PATIENCE;
    while totals.closed < ends as u64 {
        let event = watch.next_before(end)?.ok_or_else(|| format!("only {totals:?}"))?;
        totals.add(&event);
        let Some(socket) = &event.socket else { continue };
        let (of, life) = lives.entry(socket.id().ok_or("no id")?).or_default();
        *of = port(socket);
        take(life, &event)?;
    }
    // Ports are used again: all that had this one.
    let mut by_port = HashMap::<u16, Life>::new();
    for (of, life) in lives.into_values() {
        let all = by_port.entry(of).or_default();
        (all.opened, all.closed) = (all.opened + life.opened, all.closed + life.closed);
        all.moved = add(all.moved, life.moved);
        all.at_end = Some(add(all.at_end.unwrap_or_default(), life.at_end.ok_or("no counts at its end")?));
    }
    Ok((by_port, totals))
}

fn add(one: [u64; 4], other: [u64; 4]) -> [u64; 4] {
    std::array::from_fn(|place| one[place] + other[place])
}

fn take(life: &mut Life, event: &Event) -> Result<(), Failed> {
    let socket = event.socket.as_ref().ok_or("no socket")?;
    match event.kind {
        EventKind::Opened => life.opened += 1,
        EventKind::Closed(ending) => {
            life.closed += 1;
            let (counts, since) = counted(socket).ok_or_else(|| format!("{event:?} has no counts"))?;
            let of_ending = (ending.sent, ending.received);
            let is_new = since == CountsSince::Opening;
            if ending.how != How::Other || is_new != (of_ending == (Some(counts[0]), Some(counts[1]))) {
                return Err(format!("{event:?}").into());
            }
            life.at_end = Some(counts);
        }
        _ => {}
    }
    if let Some(since) = &event.since {
        let moved = since.moved;
        let part = [moved.sent, moved.received, moved.segs_out, moved.segs_in].map(|part| part.unwrap_or(0));
        life.moved = add(life.moved, part);
        if since.provenance != Provenance::Exact {
            return Err(format!("{event:?} is not exact").into());
        }
    }
    Ok(())
}

fn expect(lives: &HashMap<u16, Life>, port: u16, opened: u32, moved: [u64; 4]) -> Result<(), Failed> {
    let expected = Life { opened, closed: opened.max(1), moved, at_end: Some(moved) };
    let told = lives.get(&port);
    if told == Some(&expected) { Ok(()) } else { Err(format!("{port}: {told:?}, not {expected:?}").into()) }
}

fn watch() -> Result<Watch<'static>, Failed> {
    Ok(Query::new().udp().watch_source(WatchSource::Bpf).watch_stats(TICK).watch()?)
}

/// One that talks for some ticks, and many that ask once: all that moved is told, to the byte, by whichever socket it went.
fn sums() -> Result<(), Failed> {
    let mut watch = watch()?;
    let server = UdpSocket::bind("[::]:0")?;
    let at = server.local_addr()?.port();
    let talk = thread::spawn(move || talk(&server, at).map_err(|error| error.to_string()));
    let (lives, totals) = follow(&mut watch, SHORT + 2)?;
    let (long, short) = talk.join().map_err(|_| "it panicked")??;
    let mut of_server = [0; 4];
    let mut truth = HashMap::<u16, (u32, [u64; 4])>::new();
    for (client, moved) in short.into_iter().chain([long]) {
        let sum = truth.entry(client).or_default();
        *sum = (sum.0 + 1, add(sum.1, moved));
        of_server = add(of_server, [moved[1], moved[0], moved[3], moved[2]]);
    }
    for (client, (opened, moved)) in truth {
        expect(&lives, client, opened, moved)?;
    }
    expect(&lives, at, 1, of_server)?;
    let all = (totals.opened, totals.closed, totals.moved.sent, totals.provenance);
    let sent = of_server[0] + of_server[1];
    if all == (SHORT as u64 + 2, SHORT as u64 + 2, Some(sent), Provenance::Exact) {
        Ok(())
    } else {
        Err(format!("{all:?}, {sent} were sent").into())
    }
}

type Moved = (u16, [u64; 4]);

/// A client that talks for some ticks, then many short ones, by IPv4 and IPv6, connected and not: the port of each, and what it
/// moved.
fn talk(server: &UdpSocket, at: u16) -> std::io::Result<(Moved, Vec<Moved>)> {
    let mut buffer = [0; 4096];
    let mut turn = |client: &UdpSocket, is_connected: bool, out: usize, back: usize| {
        let to =
            if client.local_addr()?.is_ipv4() { format!("127.0.0.1:{at}") } else { format!("[::1]:{at}") };
        if is_connected {
            client.send(&vec![1; out])?
        } else {
            client.send_to(&vec![1; out], to)?
        };
        let (_, from) = server.recv_from(&mut buffer)?;
        server.send_to(&vec![2; back], from)?;
        client.recv(&mut buffer)?;
        std::io::Result::Ok([out as u64, back as u64, 1, 1])
    };
    let client = UdpSocket::bind("127.0.0.1:0")?;
    let mut moved = [0; 4];
    for number in 0..40 {
        moved = add(moved, turn(&client, false, number * 97 % 1400, number * 31 % 300)?);
        thread::sleep(TICK / 7);
    }
    let long = (client.local_addr()?.port(), moved);
    let mut short = Vec::new();
    for number in 0..SHORT {
        let client = UdpSocket::bind(if number % 2 == 0 { "127.0.0.1:0" } else { "[::1]:0" })?;
        let is_connected = number % 3 == 0;
        if is_connected {
            client.connect((if number % 2 == 0 { "127.0.0.1" } else { "::1" }, at))?;
        }
        short
            .push((client.local_addr()?.port(), turn(&client, is_connected, number % 500, 1 + number % 90)?));
    }
    Ok((long, short))
}

/// What passed before the watch is nobody's, and what a socket moved in its life is unknown then.
fn there_before() -> Result<(), Failed> {
    let (client, server) = (UdpSocket::bind("127.0.0.1:0")?, UdpSocket::bind("127.0.0.1:0")?);
    client.connect(server.local_addr()?)?;
    let ask = |bytes: usize| {
        client.send(&vec![1; bytes])?;
        server.recv(&mut [0; 2000])
    };
    ask(1000)?;
    let mut watch = watch()?;
    ask(300)?;
    ask(30)?;
    let (of_client, of_server) = (client.local_addr()?.port(), server.local_addr()?.port());
    drop((client, server));
    let (lives, _) = follow(&mut watch, 2)?;
    expect(&lives, of_client, 0, [330, 0, 2, 0])?;
    expect(&lives, of_server, 0, [0, 330, 0, 2])
}

/// Looking at a datagram, failing, and being told that the other end is gone take nothing; an empty one is one.
fn untaken() -> Result<(), Failed> {
    let mut watch = watch()?;
    let (client, server) = (UdpSocket::bind("127.0.0.1:0")?, UdpSocket::bind("127.0.0.1:0")?);
    client.connect(server.local_addr()?)?;
    server.connect(client.local_addr()?)?;
    client.send(&[1; 700])?;
    client.send(&[])?;
    for _ in 0..3 {
        server.peek(&mut [0; 2000])?;
    }
    // What does not fit in the buffer is gone: it took what it took.
    server.recv(&mut [0; 500])?;
    server.recv(&mut [0; 500])?;
    server.set_nonblocking(true)?;
    if server.recv(&mut [0; 500]).is_ok() || client.send(&[1; 70_000]).is_ok() {
        return Err("it should have failed".into());
    }
    let (of_client, of_server) = (client.local_addr()?.port(), server.local_addr()?.port());
    drop(server);
    client.send(&[1; 11])?;
    // The port is closed: the first says so, and takes nothing.
    if client.recv(&mut [0; 500]).is_ok()
        || recv(client.as_fd(), &mut [0; 9][..], RecvFlags::DONTWAIT).is_ok()
    {
        return Err("nobody answers".into());
    }
    shutdown(client.as_fd(), Shutdown::Write)?;
    drop(client);
    let (lives, _) = follow(&mut watch, 2)?;
    expect(&lives, of_client, 1, [711, 0, 3, 0])?;
    expect(&lives, of_server, 1, [0, 500, 0, 2])
}

const ASKS: &str = "
import os, socket, sys
client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
client.sendto(b'x' * int(sys.argv[2]), ('127.0.0.1', int(sys.argv[1])))
print(client.getsockname()[1], flush=True)
";

/// A process for each datagram, gone when its socket's end is read.
fn users() -> Result<(), Failed> {
    let python = need::python("socket").ok_or("python")?;
    let server = UdpSocket::bind("127.0.0.1:0")?;
    let at = server.local_addr()?.port().to_string();
    let mut watch = Query::new().udp().watch_source(WatchSource::Bpf).watch()?;
    let mut truth = HashMap::new();
    for bytes in 1..=10_u64 {
        let child = Command::new(&python).args(["-c", ASKS, &at, &bytes.to_string()]).output()?;
        let port: u16 = String::from_utf8_lossy(&child.stdout).trim().parse().map_err(|_| "no port")?;
        truth.insert((port, Some(bytes)), ());
    }
    let mut pids = std::collections::HashSet::new();
    let end = watch.now() + PATIENCE;
    while !truth.is_empty() {
        let event = watch.next_before(end)?.ok_or_else(|| format!("{truth:?} did not end"))?;
        let (EventKind::Closed(ending), Some(socket)) = (event.kind, &event.socket) else { continue };
        let owner = socket.owners.first().ok_or("no owner")?;
        if truth.remove(&(port(socket), ending.sent)).is_none()
            || !owner.process.name.as_bytes().starts_with(b"python")
        {
            return Err(format!("{event:?}").into());
        }
        pids.insert(owner.pid());
    }
    if pids.len() == 10 && !pids.contains(&std::process::id()) {
        Ok(())
    } else {
        Err(format!("{pids:?}").into())
    }
}

/// Nobody reads while more is opened than there is room for: that is told, and what those that remain have moved is not lost.
fn loss() -> Result<(), Failed> {
    let query = Query::new().udp().watch_source(WatchSource::Bpf).watch_stats(TICK).watch_buffer(4096);
    let mut watch = query.watch()?;
    let sockets: Vec<UdpSocket> =
        (0..300).map(|_| UdpSocket::bind("127.0.0.1:0")).collect::<Result<_, _>>()?;
    for socket in &sockets {
        socket.send_to(&[1; 10], socket.local_addr()?)?;
    }
    let (mut lost, mut known) = (0, HashMap::<SocketId, u32>::new());
    let mut moved = 0;
    let end = watch.now() + PATIENCE;
    let mut is_right = false;
    while !is_right || moved < 3000 {
        let event = watch.next_before(end)?.ok_or_else(|| format!("{lost} lost, {moved} bytes"))?;
        match event.kind {
            EventKind::Lost { count } => lost += count.unwrap_or(0),
            EventKind::Resynchronised => is_right = true,
            EventKind::Opened | EventKind::Current => {
                *known
                    .entry(event.socket.as_ref().and_then(|socket| socket.id()).ok_or("no id")?)
                    .or_default() += 1;
            }
            _ => {}
        }
        moved += event.since.and_then(|since| since.moved.sent).unwrap_or(0);
    }
    drop(sockets);
    let once = known.values().all(|times| *times == 1);
    if lost == 0 || watch.lost() != Some(lost) || known.len() != 300 || !once || moved != 3000 {
        return Err(
            format!("{lost} lost, {:?} in all, {} known, {moved} bytes", watch.lost(), known.len()).into()
        );
    }
    let (mut ends, end) = (0, watch.now() + PATIENCE);
    while ends < 300 {
        let event = watch.next_before(end)?.ok_or_else(|| format!("{ends} ends"))?;
        ends += u32::from(matches!(event.kind, EventKind::Closed(_)));
    }
    Ok(())
}

/// Of several network namespaces no end is reported, but found; what is counted is kept until then.
fn everywhere() -> Result<(), Failed> {
    let query = Query::new().udp().watch_source(WatchSource::Bpf).network_namespaces(Namespaces::All);
    let server = UdpSocket::bind("127.0.0.1:0")?;
    let mut watch = query.filter(format!("dport={}", server.local_addr()?.port()).parse()?).watch()?;
    let client = UdpSocket::bind("127.0.0.1:0")?;
    client.connect(server.local_addr()?)?;
    client.send(&[1; 123])?;
    let local = Address::Inet(client.local_addr()?);
    drop(client);
    let end = watch.now() + PATIENCE;
    let mut told = Vec::new();
    while told.last().is_none_or(|(kind, _)| *kind != "closed") {
        let event = watch.next_before(end)?.ok_or_else(|| format!("only {told:?}"))?;
        if event.socket.is_some_and(|socket| socket.local == local) {
            let sent = if let EventKind::Closed(ending) = event.kind { ending.sent } else { None };
            told.push((event.kind.name(), sent));
        }
    }
    let expected = [("opened", None), ("closed", Some(123))];
    if told == expected && watch.coverage().notes().len() == 1 {
        Ok(())
    } else {
        Err(format!("{told:?}").into())
    }
}

/// Without: what stays is told, and what it moved is unknown, not 0.
fn looks() -> Result<(), Failed> {
    let mut watch = Query::new().udp().watch_source(WatchSource::Poll).watch_stats(TICK).watch()?;
    let server = UdpSocket::bind("127.0.0.1:0")?;
    let local = Address::Inet(server.local_addr()?);
    server.send_to(&[1; 10], server.local_addr()?)?;
    let end = watch.now() + PATIENCE;
    let mut server = Some(server);
    loop {
        let event = watch.next_before(end)?.ok_or("its end was not told")?;
        let Some(socket) = event.socket.filter(|socket| socket.local == local) else { continue };
        let moved = event.since.and_then(|since| since.moved.sent);
        if moved.is_some() || counted(&socket).is_some() {
            return Err(format!("{moved:?} of {socket:?}").into());
        }
        match event.kind {
            EventKind::Opened => drop(server.take()),
            EventKind::Closed(ending) if ending.sent.is_none() => return Ok(()),
            EventKind::Closed(ending) => return Err(format!("{ending:?}").into()),
            _ => {}
        }
    }
}
