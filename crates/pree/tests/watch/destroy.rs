//! Ends that the kernel reports, and openings that are looked for: without BPF.

use std::collections::HashMap;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use pree::{Address, EventKind, Missing, Protocols, Query, SocketId, State, Watch, WatchSource};
use pree_testkit::{Case, Failed};

use crate::ends::{End, WAYS, Way, play};
use crate::storm::{EACH, PATIENCE, THREADS, Truth, inet, make};

pub fn cases() -> Vec<Case> {
    vec![
        Case::new("destroy::what_is_known_of_each_way", each_way).lab(),
        Case::new("destroy::each_end_of_a_storm_once", storm).lab(),
        Case::new("destroy::a_loss_is_told_and_put_right", loss).lab(),
        Case::new("destroy::what_was_seen_has_its_owner", seen).lab(),
        Case::new("destroy::what_could_not_be_opened", refused).lab(),
        Case::new("destroy::what_was_never_a_connection_is_not_told", nothing).lab(),
        Case::new("destroy::udp_sockets_that_were_seen", udp).lab(),
    ]
}

fn watch() -> Result<Watch<'static>, Failed> {
    let watch = Query::new().watch_source(WatchSource::Destroy).watch()?;
    if watch.source() == WatchSource::Destroy { Ok(watch) } else { Err("another source is in use".into()) }
}

/// How often a socket was told as opened and as closed, and its end.
#[derive(Default, Debug)]
struct Told {
    opened: u32,
    closed: u32,
    listens: bool,
    ends: Option<(Option<SocketAddr>, Option<SocketAddr>)>,
    how: &'static str,
    sent: Option<u64>,
    received: Option<u64>,
}

/// Adds what happened to one socket.
fn add(lives: &mut HashMap<SocketId, Told>, event: &pree::Event) -> Result<(), Failed> {
    let Some(socket) = &event.socket else { return Ok(()) };
    let told = lives.entry(socket.id().ok_or("no id")?).or_default();
    told.listens |= socket.state == State::Listen;
    match event.kind {
        EventKind::Opened | EventKind::Connecting if told.opened == 0 => told.opened = 1,
        EventKind::Opened if told.ends.is_none() && socket.state == State::Established => {}
        EventKind::Opened | EventKind::Connecting => told.opened += 1,
        EventKind::Closed(ending) => {
            told.closed += 1;
            told.ends = Some((inet(&socket.local), socket.remote.as_ref().and_then(inet)));
            (told.how, told.sent, told.received) = (ending.how.name(), ending.sent, ending.received);
        }
        _ => {}
    }
    Ok(())
}

/// What is told is true; what is unknown may be. How many of these sockets were told with both their ends.
fn compare(lives: &HashMap<SocketId, Told>, truth: &Truth) -> Result<usize, Failed> {
    let mut expected: HashMap<(SocketAddr, SocketAddr), Vec<End>> = HashMap::new();
    for (client, server, of_client, of_server) in truth {
        expected.entry((*client, *server)).or_default().push(*of_client);
        expected.entry((*server, *client)).or_default().push(*of_server);
    }
    let mut known = 0;
    for told in lives.values().filter(|told| !told.listens) {
        let Some((Some(local), Some(remote))) = told.ends else { continue };
        known += 1;
        let all = expected.get(&(local, remote)).ok_or_else(|| format!("{local} {remote} was not made"))?;
        // A port may have been used again.
        let is_right = |end: &End| {
            told.sent.is_none_or(|sent| sent == end.sent)
                && told.received.is_none_or(|received| received == end.received)
                && (told.how == "unknown" || told.how == end.how)
        };
        if !all.iter().any(is_right) {
            return Err(format!("{told:?}, not {all:?}").into());
        }
    }
    Ok(known)
}

/// Reads until so many connections have ended.
fn read(watch: &mut Watch<'_>, lives: &mut HashMap<SocketId, Told>, ends: usize) -> Result<(), Failed> {
    let deadline = watch.now() + PATIENCE;
    let mut closed = 0;
    while closed < ends {
        let Some(event) = watch.next_before(deadline)? else {
            return Err(format!("{closed} of {ends} ends").into());
        };
        add(lives, &event)?;
        let listens = event
            .socket
            .as_ref()
            .and_then(|socket| lives.get(&socket.id()?))
            .is_some_and(|told| told.listens);
        closed += usize::from(matches!(event.kind, EventKind::Closed(_)) && !listens);
    }
    Ok(())
}

/// By hand, of connections that nobody looked at: bytes sent are exact where the program has not taken the connection back.
fn each_way() -> Result<(), Failed> {
    for way in WAYS {
        for host in ["127.0.0.1:0", "[::1]:0"] {
            let mut watch = watch()?;
            let listener = TcpListener::bind(host)?;
            let (client, of_client, of_server) = play(&listener, way, 1000)?;
            let truth = vec![(client, listener.local_addr()?, of_client, of_server)];
            let mut lives = HashMap::new();
            read(&mut watch, &mut lives, 2)?;
            let known = compare(&lives, &truth)?;
            let sent = lives.values().filter(|told| told.sent.is_some()).count();
            // SO_LINGER 0 wipes the peer and the numbers.
            let expected = if way == Way::ResetByClient { 1 } else { 2 };
            if (known, sent) != (expected, expected) {
                return Err(format!("{way:?}: {known} of 2 known, {lives:?}").into());
            }
        }
    }
    Ok(())
}

fn storm() -> Result<(), Failed> {
    let mut watch = watch()?;
    let makers = make(&Arc::default());
    let (mut lives, expected) = (HashMap::new(), THREADS * EACH * 2);
    read(&mut watch, &mut lives, expected)?;
    if watch.lost() != Some(0) {
        return Err(format!("{:?} were lost", watch.lost()).into());
    }
    let of_connections = lives.values().filter(|told| !told.listens);
    let wrong: Vec<_> = of_connections.clone().filter(|told| (told.opened, told.closed) != (1, 1)).collect();
    if !wrong.is_empty() {
        return Err(format!("{} {wrong:?}", of_connections.count()).into());
    }
    let truth: Truth = joined(makers)?;
    if of_connections.count() != expected || truth.len() * 2 != expected {
        return Err("other connections were made".into());
    }
    // One of the two ends of one way in six has forgotten its peer.
    let known = compare(&lives, &truth)?;
    if known >= expected * 11 / 12 { Ok(()) } else { Err(format!("only {known} are known").into()) }
}

fn joined(makers: Vec<thread::JoinHandle<Result<Truth, String>>>) -> Result<Truth, Failed> {
    let mut truth = Vec::new();
    for maker in makers {
        truth.extend(maker.join().map_err(|_| "a maker panicked")??);
    }
    Ok(truth)
}

/// Nobody reads while more happens than there is room for.
fn loss() -> Result<(), Failed> {
    let query = Query::new().watch_source(WatchSource::Destroy).watch_buffer(64 * 1024);
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let client = TcpStream::connect(listener.local_addr()?)?;
    let server = listener.accept()?;
    let mut watch = query.watch()?;
    let truth = joined(make(&Arc::default()))?;
    // Seen at the start, and its end is among those that are lost.
    drop((client, server));
    let (mut lives, mut lost, mut right) = (HashMap::new(), 0, false);
    let end = watch.now() + PATIENCE;
    while !right {
        let event = watch.next_before(end)?.ok_or("it was not put right")?;
        match event.kind {
            EventKind::Lost { count: None } => lost += 1,
            EventKind::Resynchronised => right = true,
            _ => add(&mut lives, &event)?,
        }
    }
    let missed = truth.len() * 2 - lives.values().filter(|told| told.opened == 1).count();
    if missed == 0 || lost == 0 || watch.lost().is_some() {
        return Err(format!("{missed} missed, {lost} told, {:?}", watch.lost()).into());
    }
    let current: Vec<_> = lives.values().filter(|told| told.opened == 0 && !told.listens).collect();
    if current.len() != 2 || current.iter().any(|told| (told.closed, told.how) != (1, "unknown")) {
        return Err(format!("{current:?}").into());
    }
    let gaps = watch.coverage();
    if gaps.gaps().iter().any(|gap| gap.what == Missing::Events) {
        Ok(())
    } else {
        Err(format!("{gaps}").into())
    }
}

/// What stays for a look has its owner to the end.
fn seen() -> Result<(), Failed> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let mut watch = watch()?;
    let client = TcpStream::connect(listener.local_addr()?)?;
    let server = listener.accept()?;
    let (mut opened, mut closed) = (0, 0);
    let end = watch.now() + PATIENCE;
    let mut both = Some((client, server));
    while closed < 2 {
        let event = watch.next_before(end)?.ok_or("an end is missing")?;
        let Some(socket) = event.socket.as_ref().filter(|socket| socket.remote.is_some()) else { continue };
        let is_ours = socket.owners.iter().any(|owner| owner.pid() == std::process::id());
        match event.kind {
            EventKind::Opened if is_ours => opened += 1,
            EventKind::Closed(_) if is_ours => closed += 1,
            EventKind::State { .. } => {}
            _ => return Err(format!("{event:?}").into()),
        }
        if opened == 2 {
            both.take();
        }
    }
    Ok(())
}

/// Nobody listens there: a connection that could not be opened, though not why.
fn refused() -> Result<(), Failed> {
    let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let mut watch = watch()?;
    let refused = TcpStream::connect(address).err().ok_or("it was not refused")?;
    let end = watch.now() + PATIENCE;
    loop {
        let event = watch.next_before(end)?.ok_or("its end is missing")?;
        if let EventKind::Closed(ending) = event.kind {
            return if ending.is_failed_connect() {
                Ok(())
            } else {
                Err(format!("{ending:?} {refused}").into())
            };
        }
    }
}

/// A socket that did nothing, and one that was only bound, end before a connection does.
fn nothing() -> Result<(), Failed> {
    let mut watch = watch()?;
    drop(pree_testkit::Socket::tcp(pree_testkit::Family::V4)?);
    let bound = pree_testkit::Socket::tcp(pree_testkit::Family::V6)?;
    bound.bind((std::net::Ipv6Addr::LOCALHOST, 0))?;
    drop(bound);
    let listener = TcpListener::bind("127.0.0.1:0")?;
    play(&listener, Way::FinByClient, 1)?;
    let mut lives = HashMap::new();
    read(&mut watch, &mut lives, 2)?;
    let wrong = lives.values().find(|told| !told.listens && told.sent.is_none());
    wrong.map_or(Ok(()), |wrong| Err(format!("{wrong:?}").into()))
}

fn udp() -> Result<(), Failed> {
    let mut watch = Query::new().protocols(Protocols::UDP).watch_source(WatchSource::Destroy).watch()?;
    let socket = std::net::UdpSocket::bind("127.0.0.1:0")?;
    let address = Address::Inet(socket.local_addr()?);
    let mut held = Some(socket);
    let end = watch.now() + PATIENCE;
    loop {
        let event = watch.next_before(end)?.ok_or("its end is missing")?;
        let Some(told) = event.socket.filter(|socket| socket.local == address) else { continue };
        match event.kind {
            EventKind::Opened => drop(held.take()),
            EventKind::Closed(_) if told.owners.len() == 1 => return Ok(()),
            other => return Err(format!("{other:?} {told:?}").into()),
        }
    }
}
