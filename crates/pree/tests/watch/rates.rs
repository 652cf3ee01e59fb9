//! What the events of a watch with ticks add up to, beside what the programs wrote and read.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use pree::{Address, EventKind, Provenance, Query, Totals, Traffic, WatchSource};
use pree_testkit::{Case, Failed, Need};

use crate::ends::{Way, play};

const TICK: Duration = Duration::from_millis(100);
const PATIENCE: Duration = Duration::from_secs(60);
/// Connections that are younger than a tick.
const SHORT: u64 = 200;

pub fn cases() -> Vec<Case> {
    vec![
        Case::new("rates::sums_are_what_was_written_and_read", sums).lab().needs(Need::Bpf),
        Case::new("rates::looking_says_that_it_only_looks", looking).lab(),
        Case::new("rates::a_filter_by_rates_is_asked_at_each_tick", filtered).lab().needs(Need::Bpf),
    ]
}

fn port(address: &Address) -> u16 {
    address.port().unwrap_or(0)
}

/// A connection that one thread writes to from time to time, and another answers. Both ways, in bytes.
fn talk(mut client: TcpStream, mut server: TcpStream, turns: usize) -> Result<(u64, u64), Failed> {
    let (mut there, mut back) = (0, 0);
    for turn in 0..turns {
        let (out, answer) = (1 + turn * 7919 % 60_000, 1 + turn * 131 % 900);
        client.write_all(&vec![1; out])?;
        server.read_exact(&mut vec![0; out])?;
        server.write_all(&vec![2; answer])?;
        client.read_exact(&mut vec![0; answer])?;
        there += out as u64;
        back += answer as u64;
        thread::sleep(TICK / 7);
    }
    Ok((there, back))
}

fn pair(listener: &TcpListener) -> Result<(TcpStream, TcpStream), Failed> {
    let client = TcpStream::connect(listener.local_addr()?)?;
    Ok((client, listener.accept()?.0))
}

/// What each local address moved, as the events add up, and how that is known.
#[derive(Default)]
struct Sums {
    of: HashMap<u16, Traffic>,
    stats: usize,
    all: Totals,
}

impl Sums {
    fn add(&mut self, event: &pree::Event) -> Result<(), Failed> {
        self.all.add(event);
        let (Some(socket), Some(since)) = (&event.socket, &event.since) else { return Ok(()) };
        if since.provenance != Provenance::Exact {
            return Err(format!("{event:?} is not exact").into());
        }
        self.stats += usize::from(event.kind == EventKind::Stats);
        let sum = self.of.entry(port(&socket.local)).or_default();
        let more =
            |sum: &mut Option<u64>, part: Option<u64>| *sum = Some(sum.unwrap_or(0) + part.unwrap_or(0));
        more(&mut sum.sent, since.moved.sent);
        more(&mut sum.received, since.moved.received);
        Ok(())
    }
}

fn sums() -> Result<(), Failed> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let of_short = TcpListener::bind("[::1]:0")?;
    let old = pair(&listener)?;
    // What passed before the watch is nobody's.
    talk(old.0.try_clone()?, old.1.try_clone()?, 3)?;
    let mut watch = Query::new().watch_source(WatchSource::Bpf).watch_stats(TICK).watch()?;
    let new = pair(&listener)?;
    let address = |stream: &TcpStream| Ok::<_, Failed>(stream.local_addr()?.port());
    let clients = [address(&old.0)?, address(&new.0)?];
    let server = listener.local_addr()?.port();
    let short = of_short.local_addr()?.port();
    let talkers = [old, new].map(|(client, server)| {
        thread::spawn(move || {
            talk(client, server, 40).map_err(|failed| failed.message().unwrap_or_default().to_owned())
        })
    });
    let storm = thread::spawn(move || {
        let of = |turn| if turn % 2 == 0 { Way::FinByClient } else { Way::ResetByServer };
        let ended = (0..SHORT).map(|turn| play(&of_short, of(turn), turn + 1));
        let ended: Result<Vec<(SocketAddr, _, _)>, Failed> = ended.collect();
        ended.map_err(|failed| failed.message().unwrap_or_default().to_owned())
    });
    let mut sums = Sums::default();
    let end = watch.now() + PATIENCE;
    while sums.all.closed < 2 * (SHORT + 2) {
        let event = watch.next_before(end)?.ok_or_else(|| format!("only {:?}", sums.all))?;
        sums.add(&event)?;
    }
    let (mut there, mut back) = (0, 0);
    for (client, talker) in clients.into_iter().zip(talkers) {
        let (out, answer) = talker.join().map_err(|_| "it panicked")??;
        expect(&sums, client, out, answer)?;
        (there, back) = (there + out, back + answer);
    }
    expect(&sums, server, back, there)?;
    let (mut of_clients, mut of_server) = ((0, 0), (0, 0));
    for (client, at_client, at_server) in storm.join().map_err(|_| "it panicked")?? {
        if !sums.of.contains_key(&client.port()) {
            return Err(format!("nothing of {client}").into());
        }
        of_clients = (of_clients.0 + at_client.sent, of_clients.1 + at_client.received);
        of_server = (of_server.0 + at_server.sent, of_server.1 + at_server.received);
    }
    expect(&sums, short, of_server.0, of_server.1)?;
    let sent = there + back + of_clients.0 + of_server.0;
    if (sums.all.moved.sent, sums.all.provenance) != (Some(sent), Provenance::Exact) {
        return Err(format!("{:?}, {sent} were sent", sums.all).into());
    }
    // 40 turns of 14 ms are some ticks of two connections' four ends.
    if sums.stats < 8 || sums.all.opened != 2 * (SHORT + 1) {
        return Err(format!("{} ticks, {:?}", sums.stats, sums.all).into());
    }
    Ok(())
}

fn expect(sums: &Sums, port: u16, sent: u64, received: u64) -> Result<(), Failed> {
    let told = sums.of.get(&port).map(|sum| (sum.sent, sum.received));
    if told == Some((Some(sent), Some(received))) {
        return Ok(());
    }
    Err(format!("{port}: {told:?}, not {sent} and {received}").into())
}

/// What is read from time to time is told as such, and of the end what was read last.
fn looking() -> Result<(), Failed> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let (client, server) = pair(&listener)?;
    let mut watch = Query::new().watch_source(WatchSource::Poll).watch_stats(TICK).watch()?;
    let local = client.local_addr()?.port();
    let talker = thread::spawn(move || {
        let moved = talk(client.try_clone()?, server.try_clone()?, 20)?;
        // Until it was read.
        thread::sleep(TICK * 10);
        drop((client, server));
        Ok::<_, Failed>(moved)
    });
    let mut totals = Totals::new(watch.provenance());
    let end = watch.now() + PATIENCE;
    loop {
        let event = watch.next_before(end)?.ok_or("its end was not told")?;
        let is_it = event.socket.as_ref().is_some_and(|socket| port(&socket.local) == local);
        if !is_it {
            continue;
        }
        if matches!(event.kind, EventKind::Closed(_)) {
            let before = totals.provenance;
            totals.add(&event);
            if (before, totals.provenance) != (Provenance::Counters, Provenance::Partial) {
                return Err(format!("{before:?}, then {totals:?}").into());
            }
            break;
        }
        totals.add(&event);
    }
    let (there, back) = talker.join().map_err(|_| "it panicked")??;
    let told = (totals.moved.sent, totals.moved.received);
    if told == (Some(there), Some(back)) {
        Ok(())
    } else {
        Err(format!("{told:?}, not {there}, {back}").into())
    }
}

/// Only the ticks in which it holds.
fn filtered() -> Result<(), Failed> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let (mut client, mut server) = pair(&listener)?;
    let filter = format!("tx>100KiB sport={}", client.local_addr()?.port()).parse()?;
    let query = Query::new().watch_source(WatchSource::Bpf).filter(filter);
    if query.watch().is_ok() {
        return Err("without ticks no event tells rates".into());
    }
    let mut watch = query.watch_stats(TICK).watch()?;
    let mut pass = |bytes: usize| {
        client.write_all(&vec![1; bytes])?;
        server.read_exact(&mut vec![0; bytes])?;
        Ok::<_, Failed>(())
    };
    let mut told = Vec::new();
    for bytes in [100, 900_000, 100] {
        pass(bytes)?;
        let until = watch.now() + TICK * 4;
        while let Some(event) = watch.next_before(until)? {
            told.extend(event.since.map(|since| (event.kind, since.moved.sent)));
        }
    }
    let of_ticks: u64 = told.iter().filter_map(|(_, sent)| *sent).sum();
    let are_stats = told.iter().all(|(kind, _)| *kind == EventKind::Stats);
    // A tick can fall between what is sent.
    let is_right = are_stats && !told.is_empty() && (800_000..=900_100).contains(&of_ticks);
    if is_right { Ok(()) } else { Err(format!("{told:?}").into()) }
}
