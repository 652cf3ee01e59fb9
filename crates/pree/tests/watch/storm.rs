//! Many connections as fast as they can be made, each with its own truth.

use std::collections::HashMap;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use pree::{Address, EventKind, Query, SocketId, Watch, WatchSource};
use pree_testkit::{Case, Failed, Need};

use crate::ends::{End, WAYS, play};

/// Threads that make connections, and how many each makes.
pub const THREADS: usize = 4;
pub const EACH: usize = 1500;
/// Nothing hangs for so long.
pub const PATIENCE: Duration = Duration::from_secs(60);

pub fn cases() -> Vec<Case> {
    vec![
        Case::new("storm::each_end_once", each_end_once).lab().needs(Need::Bpf),
        Case::new("storm::a_loss_is_told_and_put_right", loss).lab().needs(Need::Bpf),
        Case::new("storm::polling_sees_what_stays", polling).lab(),
    ]
}

pub fn inet(address: &Address) -> Option<SocketAddr> {
    match address {
        Address::Inet(address) => Some(*address),
        _ => None,
    }
}

/// Ends of the connection between these two, first the one at the first address, as they come.
pub fn ends_of(
    watch: &mut Watch<'_>,
    client: SocketAddr,
    server: SocketAddr,
    count: usize,
) -> Result<Vec<End>, Failed> {
    let end = watch.now() + PATIENCE;
    let mut told = Vec::new();
    while told.len() < count {
        let Some(event) = watch.next_before(end)? else { return Err(format!("only {told:?}").into()) };
        let (EventKind::Closed(ending), Some(socket)) = (event.kind, &event.socket) else { continue };
        let ends = (inet(&socket.local), socket.remote.as_ref().and_then(inet));
        let of_client = ends == (Some(client), Some(server));
        if of_client || ends == (Some(server), Some(client)) {
            let (sent, received) = (ending.sent.unwrap_or(0), ending.received.unwrap_or(0));
            told.push((!of_client, End { how: ending.how.name(), sent, received }));
        }
    }
    told.sort();
    Ok(told.into_iter().map(|(_, end)| end).collect())
}

pub type Truth = Vec<(SocketAddr, SocketAddr, End, End)>;

/// Makes the connections in threads, and says what is known of each.
pub fn make(stop: &Arc<AtomicBool>) -> Vec<thread::JoinHandle<Result<Truth, String>>> {
    let start = |number: usize| {
        let stop = Arc::clone(stop);
        thread::spawn(move || {
            let listener = TcpListener::bind(if number % 2 == 0 { "127.0.0.1:0" } else { "[::1]:0" })
                .map_err(|error| error.to_string())?;
            let server = listener.local_addr().map_err(|error| error.to_string())?;
            let mut truth = Vec::new();
            for turn in 0..EACH {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                let bytes = 1 + (turn as u64 * 97) % 3000;
                let (client, of_client, of_server) = play(&listener, WAYS[turn % WAYS.len()], bytes)
                    .map_err(|failed| failed.message().unwrap_or_default().to_owned())?;
                truth.push((client, server, of_client, of_server));
            }
            Ok(truth)
        })
    };
    (0..THREADS).map(start).collect()
}

/// Nothing is missed that is not told as lost. The kernel does not run a program for what interrupts it; then all is tried again.
fn each_end_once() -> Result<(), Failed> {
    for _ in 0..5 {
        if is_each_told()? {
            return Ok(());
        }
    }
    Err("records are lost each time".into())
}

/// Whether each end was told once and rightly; false where something was told as lost.
fn is_each_told() -> Result<bool, Failed> {
    let mut watch = Query::new().watch_source(WatchSource::Bpf).watch()?;
    let makers = make(&Arc::default());
    let expected = THREADS * EACH * 2;
    let me = std::process::id();
    // How often each was told as opened and closed, and the ends between two addresses: ports are used again.
    let mut lives: HashMap<SocketId, (u32, u32)> = HashMap::new();
    let mut ends: HashMap<(SocketAddr, SocketAddr), Vec<End>> = HashMap::new();
    let mut closed = 0;
    let deadline = watch.now() + PATIENCE * 2;
    while closed < expected {
        let Some(event) = watch.next_before(deadline)? else {
            return Err(format!("{closed} of {expected} ends, {:?} lost", watch.lost()).into());
        };
        if let EventKind::Lost { count: Some(1..) } = event.kind {
            for maker in makers {
                maker.join().map_err(|_| "a maker panicked")??;
            }
            return Ok(false);
        }
        let Some(socket) = &event.socket else { continue };
        let (Some(local), Some(remote)) = (inet(&socket.local), socket.remote.as_ref().and_then(inet)) else {
            continue;
        };
        let life = lives.entry(socket.id().ok_or("no id")?).or_default();
        match event.kind {
            EventKind::Opened => life.0 += 1,
            EventKind::Closed(ending) => {
                closed += 1;
                life.1 += 1;
                let owner = socket.owners.first().map(|owner| owner.pid());
                if owner != Some(me) || event.owner_provisional {
                    return Err(format!("the owner of {local} is {owner:?}").into());
                }
                let (sent, received) = (ending.sent.unwrap_or(0), ending.received.unwrap_or(0));
                ends.entry((local, remote)).or_default().push(End { how: ending.how.name(), sent, received });
            }
            _ => {}
        }
    }
    if watch.lost() != Some(0) {
        return Err(format!("{:?} records were lost", watch.lost()).into());
    }
    if let Some(wrong) = lives.iter().find(|(_, life)| **life != (1, 1)) {
        return Err(format!("{wrong:?}: opened and closed").into());
    }
    let mut truth: HashMap<(SocketAddr, SocketAddr), Vec<End>> = HashMap::new();
    for maker in makers {
        for (client, server, of_client, of_server) in maker.join().map_err(|_| "a maker panicked")?? {
            truth.entry((client, server)).or_default().push(of_client);
            truth.entry((server, client)).or_default().push(of_server);
        }
    }
    // In order, as both are: a port is used again only after its end.
    for (key, expected) in &truth {
        let told = ends.get(key).map_or(&[][..], Vec::as_slice);
        let is_right = |(told, expected): (&End, &End)| {
            // Of data that crosses an end either side may have the last word.
            let how = if expected.how == "unknown" { told.how } else { expected.how };
            *told == End { how, ..*expected }
        };
        if told.len() != expected.len() || !told.iter().zip(expected).all(is_right) {
            return Err(format!("{key:?}: {told:?}, not {expected:?}").into());
        }
    }
    if truth.values().map(Vec::len).sum::<usize>() != expected || ends.len() != truth.len() {
        return Err("other connections were made".into());
    }
    Ok(true)
}

/// Nobody reads while more happens than there is room for: the loss is told, and afterwards every connection that was
/// told as opened has ended once.
fn loss() -> Result<(), Failed> {
    let mut watch = Query::new().watch_source(WatchSource::Bpf).watch()?;
    for maker in make(&Arc::default()) {
        maker.join().map_err(|_| "a maker panicked")??;
    }
    let lasting = TcpListener::bind("127.0.0.1:0")?;
    let (mut lost, mut right) = (0, 0);
    let mut open: HashMap<_, i32> = HashMap::new();
    let end = watch.now() + PATIENCE;
    // The loss stands where it was: what is told after it happened after it.
    let mut latest_before = Duration::ZERO;
    while right == 0 {
        let Some(event) = watch.next_before(end)? else { return Err("it was not put right".into()) };
        let id = event.socket.as_ref().and_then(|socket| socket.id());
        let at = event.at.monotonic.unwrap_or_default();
        if lost == 0 && id.is_some() {
            latest_before = latest_before.max(at);
        } else if id.is_some() && at < latest_before {
            return Err(format!("{event:?} was before the loss, {latest_before:?}").into());
        }
        match event.kind {
            EventKind::Lost { count } => lost += count.unwrap_or(0),
            EventKind::Resynchronised => right += 1,
            EventKind::Opened | EventKind::Current | EventKind::Connecting => {
                open.insert(id.ok_or("no id")?, 1);
            }
            EventKind::Closed(_) => *open.entry(id.ok_or("no id")?).or_default() -= 1,
            _ => {}
        }
    }
    if lost == 0 || watch.lost() != Some(lost) {
        return Err(format!("{lost} are told as lost, in all {:?}", watch.lost()).into());
    }
    let left: Vec<_> = open.values().filter(|open| **open == 1).collect();
    // The lasting listener, and nothing else of this network namespace.
    if left.len() != 1 {
        return Err(format!("{} are still open", left.len()).into());
    }
    drop(lasting);
    let ended = watch.now() + PATIENCE;
    loop {
        let event = watch.next_before(ended)?.ok_or("its end was not told")?;
        if matches!(event.kind, EventKind::Closed(_)) {
            break;
        }
    }
    let coverage = watch.coverage();
    let told = coverage.gaps().iter().any(|gap| gap.what == pree::Missing::Events && gap.count == Some(lost));
    if told { Ok(()) } else { Err(format!("{coverage}").into()) }
}

/// Without any right: what stays for two looks is told with its owner, its change and its end.
fn polling() -> Result<(), Failed> {
    let mut watch = Query::new().watch_source(WatchSource::Poll).watch()?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let end = watch.now() + PATIENCE;
    loop {
        let event = watch.next_before(end)?.ok_or("its opening was not told")?;
        let of = event
            .socket
            .filter(|socket| inet(&socket.local) == Some(address) && event.kind == EventKind::Opened);
        let Some(socket) = of else { continue };
        let owner = socket.owners.first().map(|owner| owner.pid());
        if owner != Some(std::process::id()) {
            return Err(format!("the owner is {owner:?}").into());
        }
        break;
    }
    drop(listener);
    let end = watch.now() + PATIENCE;
    loop {
        let event = watch.next_before(end)?.ok_or("its end was not told")?;
        let is_ours = event.socket.as_ref().is_some_and(|socket| inet(&socket.local) == Some(address));
        if let (true, EventKind::Closed(ending)) = (is_ours, event.kind) {
            return if ending.how == pree::How::Unknown && watch.lost().is_none() {
                Ok(())
            } else {
                Err(format!("{ending:?}").into())
            };
        }
    }
}
