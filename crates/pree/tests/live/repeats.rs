//! The same answer in other ways: recorded and replayed, asked of the socket itself, streamed, and through calls that
//! fail.

use std::collections::HashSet;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::ops::ControlFlow;

use pree::source::{Errno, Failure, Recorder, Recording};
use pree::{Family as Inet, Protocol, Protocols, Query, Snapshot, SourceChoice, State, States, TcpStats};
use pree_testkit::churn::{ChurnSpec, Churner};
use pree_testkit::{Case, Failed, Family, Need, Population, Socket, every, population};

use crate::compare::{self, View, differences};
use crate::conversations::{pair, talk};
use crate::fail_nth::FailNth;
use crate::rows;

pub fn cases() -> Vec<Case> {
    let lab = |name: &str, run: fn() -> Result<(), Failed>| Case::new(name, run).lab().needs(Need::Ipv6);
    vec![
        rows::needs_of_everything(lab("a_recording_replays", a_recording_replays)),
        Case::new("a_recording_beside_churn_replays", beside_churn)
            .lab_with_child_ehash(64)
            .needs(Need::Ipv6),
        lab("own_statistics", own_statistics),
        // In a small table, which /proc walks in no time: this collects more than a thousand times.
        Case::new("each_call_fails", each_call_fails).lab_with_child_ehash(64).needs(Need::Ipv6),
        Case::new("each_socket_is_visited_once", visited_once).lab_with_child_ehash(64).needs(Need::Ipv6),
    ]
}

fn record() -> Result<(Snapshot, Recording), Failed> {
    let mut recorder = Recorder::new(pree::source::live()?);
    let snapshot = everything_asked().collect_from(&mut recorder)?;
    Ok((snapshot, Recording::from_bytes(&recorder.finish().to_bytes())?))
}

fn everything_asked() -> Query {
    Query::new().stats().needs(pree::Needs::all()).owners()
}

fn a_recording_replays() -> Result<(), Failed> {
    let population = rows::everything()?;
    let (live, recording) = record()?;
    compare::check(population.truth(), live.sockets(), View::Diag)?;
    drop(population);
    for _ in 0..2 {
        assert_eq!(everything_asked().collect_from(&mut recording.replay())?, live);
    }
    // Narrower questions are answered from the same bytes.
    let replay = |query: Query| query.collect_from(&mut recording.replay());
    let listeners = replay(Query::new().tcp().states(States::LISTEN))?;
    assert!(listeners.coverage().is_complete());
    let count = |wanted: &dyn Fn(&pree::Socket) -> bool| live.iter().filter(|s| wanted(s)).count();
    assert_eq!(listeners.sockets().len(), count(&|socket| socket.state == State::Listen));
    every(&listeners, |socket| socket.state == State::Listen && socket.owners.is_empty());
    for (protocol, flag) in [(Protocol::Tcp, Protocols::TCP), (Protocol::Udp, Protocols::UDP)] {
        for family in [Inet::Ipv4, Inet::Ipv6] {
            let some = replay(Query::new().protocols(flag).family(family).owners())?;
            assert!(some.coverage().is_complete());
            let ids = |snapshot: &Snapshot| -> Vec<_> {
                let same = |socket: &&pree::Socket| socket.protocol == protocol && socket.family == family;
                let same = snapshot.iter().filter(same);
                let mut ids: Vec<_> =
                    same.map(|socket| (socket.kernel_id, compare::owners(socket))).collect();
                // Connections that wait for their other end come last.
                ids.sort();
                ids
            };
            assert_eq!(ids(&some), ids(&live));
            assert_eq!(some.sockets().len(), ids(&some).len());
            assert!(ids(&some).len() > 10);
        }
    }
    Ok(())
}

/// With second passes and exact questions.
fn beside_churn() -> Result<(), Failed> {
    let _population = many_connections()?;
    let _churner = Churner::start(ChurnSpec { resets: u32::MAX, udp: u32::MAX, ..ChurnSpec::MIXED })?;
    for _ in 0..10 {
        let (live, recording) = record()?;
        for _ in 0..2 {
            assert_eq!(everything_asked().collect_from(&mut recording.replay())?, live);
        }
    }
    Ok(())
}

fn many_connections() -> Result<Population, Failed> {
    let mut all = Population::new();
    for _ in 0..200 {
        for socket in <[Socket; 2]>::from(pair(&mut all, Family::V4, None)?) {
            all.add("connection", socket, "established")?;
        }
    }
    Ok(all)
}

/// `TcpStats::of` beside the row of the same socket: all numbers alike, but for the time since something.
fn own_statistics() -> Result<(), Failed> {
    let mut all = Population::new();
    for family in [Family::V4, Family::V6] {
        let ends = <[Socket; 2]>::from(pair(&mut all, family, None)?);
        talk(&ends[0], &ends[1], 10)?;
        for end in &ends {
            let before = TcpStats::of(end)?;
            let snapshot = Query::new().tcp().stats().collect()?;
            let after = TcpStats::of(end)?;
            agree(&before, &snapshot, end.cookie()?, &after)?;
        }
    }
    // And of a stream of the standard library.
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let stream = TcpStream::connect(listener.local_addr()?)?;
    let _server = listener.accept()?;
    let before = TcpStats::of(&stream)?;
    let snapshot = Query::new().tcp().stats().collect()?;
    let local = stream.local_addr()?;
    let row = snapshot.iter().find(|s| s.local.socket_addr() == Some(local) && s.remote.is_some());
    let cookie = row.and_then(|row| row.kernel_id).ok_or("the stream's row")?.cookie;
    agree(&before, &snapshot, cookie, &TcpStats::of(&stream)?)?;
    assert!(TcpStats::of(std::fs::File::open("/dev/null")?).is_err());
    Ok(())
}

fn agree(before: &TcpStats, snapshot: &Snapshot, cookie: u64, after: &TcpStats) -> Result<(), Failed> {
    let row = snapshot.iter().find(|s| s.kernel_id.is_some_and(|id| id.cookie == cookie)).ok_or("a row")?;
    let tcp = row.tcp.as_deref().ok_or("statistics")?;
    assert!(tcp.rtt.is_some() && tcp.snd_mss.is_some() && tcp.snd_cwnd.is_some());
    assert!(tcp.bytes_acked.is_some() && tcp.bytes_received.is_some() && tcp.congestion_algorithm.is_some());
    for (what, get) in [
        ("sent", (|tcp| tcp.last_data_sent) as fn(&TcpStats) -> Option<std::time::Duration>),
        ("received", |tcp| tcp.last_data_recv),
        ("acknowledged", |tcp| tcp.last_ack_recv),
    ] {
        let [before, between, after] = [before, tcp, after].map(get);
        assert!(before <= between && between <= after, "{what}: {before:?} {between:?} {after:?}");
    }
    assert_eq!(still(before), still(tcp));
    assert_eq!(still(tcp), still(after));
    Ok(())
}

/// Without what moves with time, and what the socket itself does not tell.
fn still(tcp: &TcpStats) -> TcpStats {
    let mut still = tcp.clone();
    (still.last_data_sent, still.last_data_recv, still.last_ack_recv) = (None, None, None);
    (still.recv_queue_bytes, still.send_queue_bytes, still.congestion_detail) = (None, None, None);
    still
}

/// Whatever call to the running system fails: no panic, no row twice, none that nobody made, no wrong owner; and an
/// answer that calls itself complete is.
fn each_call_fails() -> Result<(), Failed> {
    let mut all = population::shared()?;
    all.merge(population::in_flight(Family::V4)?);
    all.merge(population::accept_queue(Family::V6)?);
    all.merge(population::udp()?);
    for (source, view) in [
        (SourceChoice::Auto, View::Diag),
        (SourceChoice::Diag, View::Diag),
        (SourceChoice::Proc, View::Proc),
        (SourceChoice::Procfs, View::Procfs),
    ] {
        for errno in [Errno::ENOMEM, Errno::EINTR, Errno::EACCES] {
            for n in 1.. {
                let mut failing =
                    FailNth { inner: pree::source::live()?, n, failure: Failure::Transport(errno), calls: 0 };
                let result = Query::new().stats().owners().source(source).collect_from(&mut failing);
                let what = format!("{source:?}, {errno}, call {n} of {}", failing.calls);
                match &result {
                    Ok(snapshot) => failed_call(&all, snapshot, view, errno)
                        .map_err(|failed| format!("{what}: {}", failed.message().unwrap_or_default()))?,
                    Err(error) => assert_eq!(error.errno(), Some(errno.number()), "{what}: {error}"),
                }
                if failing.calls < n {
                    let snapshot = result?;
                    compare::check(all.truth(), snapshot.sockets(), view)?;
                    assert!(n > 30, "{what}");
                    break;
                }
            }
        }
    }
    Ok(())
}

fn failed_call(all: &Population, snapshot: &Snapshot, view: View, errno: Errno) -> Result<(), Failed> {
    let coverage = snapshot.coverage();
    // A table that /proc had to give is as /proc sees it, statistics and owners may be unknown: nothing else may differ.
    let mut left: Vec<_> = all.truth().iter().collect();
    for row in snapshot {
        let fits = |truth: &pree_testkit::Truth| {
            let own = [view, View::Proc].into_iter().any(|view| {
                let known = pree_testkit::Truth {
                    owners: compare::owners(row),
                    unowned: row.unowned.map(|reason| reason.name()),
                    ..truth.clone()
                };
                differences(&known, row, view).is_empty()
            });
            own && compare::owners(row).iter().all(|owner| truth.owners.contains(owner))
        };
        let at =
            left.iter().position(|truth| fits(truth)).ok_or_else(|| format!("wrong or repeated: {row:?}"))?;
        let truth = left.swap_remove(at);
        let whole =
            compare::owners(row) == truth.owners && row.unowned.map(|reason| reason.name()) == truth.unowned;
        // Where one process was refused, that is noted: an owner beside those that were found may be missing.
        let noted =
            errno == Errno::EACCES && coverage.notes().iter().any(|note| note.contains("more owners"));
        if !whole && coverage.is_complete() && !(noted && row.unowned.is_none()) {
            return Err(format!("complete, with a wrong owner: {row:?}").into());
        }
    }
    if !left.is_empty() && !coverage.lacks_rows() {
        return Err(format!("{coverage}, but there is no {left:?}").into());
    }
    Ok(())
}

/// The rule of streaming: a row is never taken back and never told again.
fn visited_once() -> Result<(), Failed> {
    let population = many_connections()?;
    let _churner = Churner::start(ChurnSpec { resets: u32::MAX, udp: u32::MAX, ..ChurnSpec::MIXED })?;
    for run in 0..20 {
        let query = if run % 2 == 0 { Query::new().stats().owners() } else { Query::new().stats() };
        let mut seen = HashSet::new();
        let coverage = query.visit(|socket| {
            assert!(seen.insert(socket.kernel_id.unwrap().cookie), "twice: {socket:?}");
            ControlFlow::Continue(())
        })?;
        assert!(coverage.is_complete(), "{coverage}");
        for truth in population.truth() {
            assert!(seen.contains(&truth.cookie.unwrap()), "not visited: {truth}");
        }
        // And no longer than it is wanted.
        let mut calls = 0;
        query.visit(|_| {
            calls += 1;
            if calls == 100 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        assert_eq!(calls, 100);
    }
    Ok(())
}
