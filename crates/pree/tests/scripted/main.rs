//! Collections from a kernel that the tests play: torn dumps, refusals, damage, and the n-th call that fails.
#![allow(clippy::pedantic, clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "test code")]

mod alike;
mod belongs;
mod clocked;
#[path = "../../../pree-testkit/src/every.rs"]
mod every;
mod fail_nth;
mod failures;
mod families;
mod host;
mod kernel;
mod looks;
mod named;
mod platform;
mod recorded;
mod replays;
mod searched;
mod systems;
mod tunnels;
mod unread;
mod untold;
mod windows;

use std::collections::{BTreeMap, BTreeSet, HashSet};

use every::every;
use kernel::{Fake, Kernel, Population, Process, TCP, UDP, done, error, message};
use pree::source::{DiagPass, Errno, Failure, NetTable, ProcessPart, Question, Recorder, Recording};
use pree::{
    ErrorKind, Family, Missing, Origin, OwnerLookup, OwnerSource, Protocol, Query, Snapshot, Socket,
    SocketId, SourceChoice, State, States, Unowned,
};

const ESTABLISHED: u8 = 1;
const LISTEN: u8 = 10;
const CLOSE: u8 = 7;
const TIME_WAIT: u8 = 6;
const SYN_RECV: u8 = 12;
const FIN_WAIT_1: u8 = 4;
const CLOSE_WAIT: u8 = 8;

/// 60 connections, listeners that share a port, and the rest of a machine.
fn population() -> Population {
    let mut sockets = Vec::new();
    for n in 0..60_u32 {
        sockets.push(Fake::tcp(ESTABLISHED, &format!("10.0.0.1:{}", 2000 + n), "10.9.9.9:443", 1000 + n));
    }
    for n in 0..8 {
        sockets.push(Fake::tcp(LISTEN, "0.0.0.0:80", "", 2000 + n));
    }
    sockets.push(Fake::tcp(LISTEN, "[::]:443", "", 2100));
    sockets.push(Fake::tcp(CLOSE, "127.0.0.1:7777", "", 2200));
    let mut mini = Fake::tcp(TIME_WAIT, "10.0.0.1:1999", "10.9.9.9:443", 0);
    mini.cookie = 77;
    sockets.push(mini);
    let mut handshake = Fake::tcp(SYN_RECV, "10.0.0.1:80", "10.1.1.1:5000", 0);
    handshake.cookie = 78;
    sockets.push(handshake);
    let mut orphan = Fake::tcp(FIN_WAIT_1, "10.0.0.1:80", "10.1.1.1:5001", 0);
    orphan.cookie = 79;
    sockets.push(orphan);
    let mut waiting = Fake::tcp(CLOSE_WAIT, "10.0.0.1:80", "10.1.1.1:5002", 0);
    waiting.cookie = 80;
    sockets.push(waiting);
    for n in 0..4 {
        sockets.push(Fake::udp(CLOSE, "0.0.0.0:53", "", 3000 + n));
    }
    sockets.push(Fake::udp(ESTABLISHED, "[::1]:5353", "[::1]:53", 3100));
    let mut processes = BTreeMap::new();
    let holds =
        |inodes: &[u32]| inodes.iter().enumerate().map(|(fd, i)| (fd as u32 + 3, u64::from(*i))).collect();
    let owned: Vec<u32> = sockets.iter().map(|s| s.inode).filter(|inode| *inode != 0).collect();
    processes.insert(1, Process { name: b"init".to_vec(), ..Process::default() });
    processes
        .insert(40, Process { name: b"web (a) b".to_vec(), sockets: holds(&owned), ..Process::default() });
    processes.insert(
        41,
        Process { name: b"helper\n".to_vec(), sockets: holds(&[2000, 2000]), ..Process::default() },
    );
    Population { sockets, processes, rows_per_message: 7 }
}

fn all() -> Query {
    Query::new().stats().owners()
}

fn collect(kernel: &mut Kernel) -> Snapshot {
    all().collect_from(kernel).unwrap()
}

/// What identifies a row for the tests.
type Row = (Protocol, State, String, String, u64);

fn row(s: &Socket) -> Row {
    (
        s.protocol,
        s.state,
        s.local.to_string(),
        s.remote.as_ref().map_or(String::new(), ToString::to_string),
        s.inode.unwrap_or(0),
    )
}

fn rows(snapshot: &Snapshot) -> Vec<Row> {
    let mut rows: Vec<Row> = snapshot.iter().map(row).collect();
    rows.sort();
    rows
}

fn truth(population: &Population) -> Vec<Row> {
    let state = |s: &Fake| match (s.state, s.protocol) {
        (1, _) => State::Established,
        (4, _) => State::FinWait1,
        (6, _) => State::TimeWait,
        (7, TCP) => State::BoundInactive,
        (7, _) => State::Unconnected,
        (8, _) => State::CloseWait,
        (10, _) => State::Listen,
        (12, _) => State::SynReceived,
        _ => unreachable!(),
    };
    let mut rows: Vec<Row> = population
        .sockets
        .iter()
        .map(|s| {
            let name = if s.protocol == TCP { Protocol::Tcp } else { Protocol::Udp };
            (
                name,
                state(s),
                s.local.to_string(),
                s.remote.as_ref().map_or(String::new(), ToString::to_string),
                s.inode.into(),
            )
        })
        .collect();
    rows.sort();
    rows
}

#[track_caller]
fn assert_whole(snapshot: &Snapshot, population: &Population) {
    assert_eq!(rows(snapshot), truth(population));
    assert!(snapshot.coverage().is_complete(), "{}", snapshot.coverage());
}

fn find(snapshot: &Snapshot, inode: u64) -> &Socket {
    snapshot.iter().find(|s| s.inode == Some(inode)).unwrap()
}

#[test]
fn every_row_once_with_its_owners() {
    let mut kernel = Kernel::new(population());
    let snapshot = collect(&mut kernel);
    assert_whole(&snapshot, &kernel.population);
    let shared = find(&snapshot, 2000);
    let owners: Vec<_> =
        shared.owners.iter().map(|o| (o.pid(), o.process.name.as_bytes().to_vec(), o.fd)).collect();
    assert_eq!(
        owners,
        [
            (40, b"web (a) b".to_vec(), Some(63)),
            (41, b"helper\n".to_vec(), Some(3)),
            (41, b"helper\n".to_vec(), Some(4)),
        ]
    );
    let started = shared.owners[0].process.start_time.unwrap();
    assert_eq!(started.since_boot().unwrap().as_millis(), 123_450);
    assert_eq!(started.since_unix_epoch().unwrap().as_millis(), 1_000_000_123_450);
    assert_eq!(find(&snapshot, 1003).tcp.as_ref().unwrap().rtt.unwrap().as_micros(), 10_030);
    assert_eq!(find(&snapshot, 2000).tcp, None);
    let unowned: BTreeSet<_> = snapshot.iter().filter_map(|s| Some((s.state, s.unowned?))).collect();
    let expected = [
        (State::TimeWait, Unowned::TimeWait),
        (State::SynReceived, Unowned::Handshake),
        (State::FinWait1, Unowned::Orphaned),
        (State::CloseWait, Unowned::AcceptQueue),
    ];
    assert_eq!(unowned, expected.into());
    let uid_known = |s: &Socket| s.uid == s.inode.map(|_| 1000);
    every(&snapshot, |socket| uid_known(socket));
}

#[test]
fn identities_are_whole() {
    let snapshot = collect(&mut Kernel::new(population()));
    let ids: HashSet<_> = snapshot.iter().map(|s| s.kernel_id.unwrap()).collect();
    assert_eq!(ids.len(), snapshot.sockets().len());
    let id = find(&snapshot, 1000).kernel_id.unwrap();
    assert_eq!(id.boot.as_u128(), 0x0011_2233_4455_6677_8899_aabb_ccdd_eeff);
    assert_eq!(id.network_namespace, 4_026_531_840);
}

/// Two looks are joined by what the source gives, and it says where that is not for certain.
#[test]
fn looks_are_joined_through_either_source() {
    for (source, is_exact, nameless) in [(SourceChoice::Diag, true, 0), (SourceChoice::Proc, false, 4)] {
        let look = || all().source(source).collect_from(&mut Kernel::new(population())).unwrap();
        let (first, then) = (look(), look());
        let once = |id: &SocketId| then.iter().filter(|other| other.id().as_ref() == Some(id)).count() == 1;
        every(first.iter().filter_map(Socket::id), |id| once(id) && id.may_be_another() != is_exact);
        assert_eq!(first.iter().filter(|socket| socket.id().is_none()).count(), nameless, "{source:?}");
    }
}

#[test]
fn a_small_table_is_read_once_and_a_large_one_twice() {
    for (sockets, rows_per_message, passes) in [(15, 100, 1), (16, 100, 2), (15, 8, 2)] {
        let mut population = population();
        population.sockets.truncate(sockets);
        population.rows_per_message = rows_per_message;
        let mut kernel = Kernel::new(population);
        Query::new().tcp().collect_from(&mut kernel).unwrap();
        let asked = kernel.asked.iter().filter(|asked| asked.starts_with("diag")).count();
        assert_eq!(asked, passes, "{sockets} sockets, {rows_per_message} a message");
    }
    // Listeners are told a whole chain under one lock.
    let mut population = population();
    population.rows_per_message = 100;
    population.sockets.retain(|s| s.state == LISTEN);
    population
        .sockets
        .extend((0..30).map(|n| Fake::tcp(LISTEN, &format!("0.0.0.0:{}", 9000 + n), "", 9000 + n)));
    let mut kernel = Kernel::new(population);
    Query::new().tcp().states(States::LISTEN).collect_from(&mut kernel).unwrap();
    assert_eq!(kernel.asked.iter().filter(|asked| asked.starts_with("diag")).count(), 1);
}

/// The first dump loses a connection, a listener of a group and a bound socket, and tells another connection twice.
#[test]
fn what_a_torn_dump_lost_is_found() {
    let whole = population();
    let lost = [1010, 2003, 2200];
    let mut kernel = Kernel::new(whole.clone()).on(move |population, question, _| {
        if let Question::Diag { table, pass, .. } = question {
            if table.protocol == TCP {
                *population = whole.clone();
                if *pass == DiagPass::First {
                    let twice = population.sockets[5].clone();
                    population.sockets.insert(20, twice);
                    population.sockets.retain(|s| !lost.contains(&s.inode));
                }
            }
        }
        None
    });
    let snapshot = collect(&mut kernel);
    assert_whole(&snapshot, &population());
    let stats = find(&snapshot, 1010).tcp.as_ref().unwrap();
    assert_eq!(stats.rtt.unwrap().as_micros(), 10_100, "a row found later has its statistics too");
    assert!(find(&snapshot, 2003).memory.is_some());
    assert!(kernel.asked.iter().any(|asked| asked.contains("exact")));
    assert!(kernel.asked.iter().any(|asked| asked.contains("settle")));
}

/// Where few rows are expected they come first, and then only their owners are looked for.
#[test]
fn owners_of_few_rows_are_looked_for_last() {
    let mut kernel = Kernel::new(population());
    let query = Query::new().tcp().states(States::LISTEN).owners();
    let snapshot = query.collect_from(&mut kernel).unwrap();
    assert_eq!(snapshot.sockets().len(), 9);
    assert!(snapshot.iter().all(|socket| !socket.owners.is_empty()));
    let at = |key: &str| kernel.asked.iter().position(|asked| asked.starts_with(key)).unwrap();
    assert!(at("diag") < at("processes"));

    // One owner each is enough: after the first process that holds them all, nobody is asked.
    let mut kernel = Kernel::new(population());
    let first = Query::new().tcp().states(States::LISTEN).owner_lookup(OwnerLookup::First);
    first.collect_from(&mut kernel).unwrap();
    assert!(kernel.asked.iter().any(|asked| asked == "process 40 sockets"));
    assert!(!kernel.asked.iter().any(|asked| asked == "process 41 sockets"));

    // Without rows nobody is asked at all.
    let mut kernel = Kernel::new(Population::default());
    query.collect_from(&mut kernel).unwrap();
    assert!(!kernel.asked.iter().any(|asked| asked == "processes"));
}

#[test]
fn more_rows_than_expected_are_each_told_once() {
    let mut population = population();
    for n in 0..5000_u32 {
        let address = format!("10.1.{}.{}:80", n / 250, n % 250);
        population.sockets.push(Fake::tcp(LISTEN, &address, "", 100_000 + n));
    }
    population.rows_per_message = 100;
    let mut kernel = Kernel::new(population);
    let snapshot = Query::new().tcp().states(States::LISTEN).owners().collect_from(&mut kernel).unwrap();
    let cookies: HashSet<_> = snapshot.iter().map(|socket| socket.kernel_id.unwrap().cookie).collect();
    assert_eq!((snapshot.sockets().len(), cookies.len()), (5009, 5009));
    assert_eq!(find(&snapshot, 2003).owners[0].pid(), 40);
}

/// Counters as the kernel writes them, with this many sockets in the table.
fn counters(inuse: usize) -> Vec<Vec<u8>> {
    let text = format!(
        "TCP: inuse {inuse} orphan 0 tw 0 alloc 9 mem 1\n\
         Tcp: ActiveOpens PassiveOpens AttemptFails EstabResets CurrEstab\nTcp: 1 2 3 4 5\n"
    );
    vec![text.into_bytes()]
}

/// The passes over the TCP table when the counters are these before and after the first, and the table also has this row.
#[track_caller]
fn check_passes(before: Option<usize>, after: Option<usize>, row: Option<Fake>, expected: &[&str]) {
    let mut population = population();
    population.sockets.retain(|s| s.state == ESTABLISHED || s.state == LISTEN || s.protocol == UDP);
    population.sockets.extend(row);
    let mut kernel = Kernel::new(population).on(move |_, question, asked| {
        let inuse = if asked == 0 { before } else { after };
        (*question == Question::TcpCounters)
            .then(|| inuse.map(counters).ok_or(Failure::Answer(Errno::EACCES)))
    });
    Query::new().tcp().stats().collect_from(&mut kernel).unwrap();
    let passes: Vec<_> = kernel.asked.iter().filter_map(|asked| asked.strip_prefix("diag 0 6 ")).collect();
    assert_eq!(passes, expected);
}

#[test]
fn a_table_that_nothing_left_is_read_once() {
    check_passes(Some(7), Some(7), None, &["first"]);
    check_passes(Some(7), Some(6), None, &["first", "check"]);
    check_passes(Some(7), None, None, &["first", "check"]);
    check_passes(None, None, None, &["first", "check"]);
    // That these leave is not counted.
    let handshake = Fake::tcp(12, "10.0.0.1:80", "10.0.0.9:5", 0);
    check_passes(Some(7), Some(7), Some(handshake), &["first", "check"]);
    let bound = Fake::tcp(CLOSE, "10.0.0.1:81", "", 8100);
    check_passes(Some(7), Some(7), Some(bound), &["first", "check"]);
}

#[test]
fn what_only_the_check_saw_and_is_gone_is_left_out() {
    let whole = population();
    let mut kernel = Kernel::new(whole.clone()).on(move |population, question, _| {
        if let Question::Diag { table, pass, .. } = question {
            if table.protocol == TCP {
                *population = whole.clone();
                if *pass == DiagPass::Check {
                    population.sockets.push(Fake::tcp(ESTABLISHED, "10.0.0.1:9", "10.9.9.9:1", 9999));
                }
            }
        }
        None
    });
    assert_whole(&collect(&mut kernel), &population());
}

/// A connection that goes to TIME_WAIT between two dumps keeps its cookie.
#[test]
fn a_connection_is_told_once() {
    let whole = population();
    let mut kernel = Kernel::new(whole.clone()).on(move |population, question, _| {
        if let Question::Diag { table, pass: DiagPass::Check, .. } = question {
            if table.protocol == TCP {
                let socket = &mut population.sockets[3];
                (socket.state, socket.inode) = (TIME_WAIT, 0);
            }
        }
        None
    });
    assert_eq!(rows(&collect(&mut kernel)), truth(&whole));
}

#[test]
fn failures_in_passing_are_tried_again() {
    let row = population().sockets[0].clone();
    let half = |last: Vec<u8>| vec![message(20, 2, &kernel_row(&row)), last];
    let truncated = {
        let mut datagram = message(20, 2, &kernel_row(&row));
        datagram.truncate(60);
        vec![datagram]
    };
    type Answer = Result<Vec<Vec<u8>>, Failure>;
    let cases: Vec<(&str, Answer)> = vec![
        ("refused at once", Err(Failure::Answer(Errno::ENOBUFS))),
        ("interrupted", Err(Failure::Answer(Errno::EINTR))),
        ("error in the middle", Ok(half(error(105)))),
        ("end with an error", Ok(half(done(12)))),
        ("overrun", Ok(half(message(4, 0, &[])))),
        ("no end", Ok(vec![message(20, 2, &kernel_row(&row))])),
        ("cut off", Ok(truncated)),
        ("row too short", Ok(vec![message(20, 2, &[2, 1, 0, 0]), done(0)])),
        ("nothing", Ok(vec![])),
    ];
    for (what, answer) in cases {
        for pass in [DiagPass::First, DiagPass::Check] {
            let answer = answer.clone();
            let mut kernel = Kernel::new(population()).on(move |_, question, before| match question {
                Question::Diag { table, pass: asked, .. }
                    if table.protocol == TCP && *asked == pass && before < 2 =>
                {
                    Some(answer.clone())
                }
                _ => None,
            });
            let snapshot = collect(&mut kernel);
            assert_eq!(rows(&snapshot), truth(&kernel.population), "{what} in {pass:?}");
            assert!(snapshot.coverage().is_complete(), "{what}: {}", snapshot.coverage());
        }
    }
}

fn kernel_row(fake: &Fake) -> Vec<u8> {
    // With all that can be asked for.
    fake.row(u8::MAX)
}

/// Statistics of other kernels: shorter and longer than any known.
#[test]
fn tcp_info_of_any_length() {
    for length in [0, 71, 72, 104, 232, 279, 280, 400] {
        let mut population = population();
        population.sockets.iter_mut().for_each(|s| s.tcp_info.resize(length, 0));
        let mut kernel = Kernel::new(population);
        let snapshot = collect(&mut kernel);
        assert_whole(&snapshot, &kernel.population);
        let stats = find(&snapshot, 1000).tcp.as_ref().unwrap();
        assert_eq!(stats.rtt.is_some(), length >= 72, "{length}");
        assert_eq!(stats.total_rto_time.is_some(), length >= 248, "{length}");
    }
}

#[test]
fn what_never_passes_is_said() {
    // Rows came, then every dump fails.
    let one = message(20, 2, &kernel_row(&population().sockets[0]));
    let broken = vec![one, error(105)];
    let mut kernel = Kernel::new(population()).on(move |_, question, _| match question {
        Question::Diag { table, .. } if table.protocol == TCP => Some(Ok(broken.clone())),
        _ => None,
    });
    let snapshot = collect(&mut kernel);
    assert!(snapshot.coverage().lacks_rows());
    let gap = &snapshot.coverage().gaps()[0];
    assert_eq!((gap.what, gap.why), (Missing::Rows, ErrorKind::Exhausted));
    assert_eq!(snapshot.iter().filter(|s| s.protocol == Protocol::Tcp).count(), 1);
}

#[test]
fn refused_means_proc_and_never_nothing() {
    for errno in [
        Errno::EPERM,
        Errno::EACCES,
        Errno::ENOENT,
        Errno::EPROTONOSUPPORT,
        Errno::EAFNOSUPPORT,
        Errno::ENOBUFS,
    ] {
        let mut kernel = Kernel::new(population()).on(move |_, question, _| {
            matches!(question, Question::Diag { .. }).then_some(Err(Failure::Answer(errno)))
        });
        let snapshot = collect(&mut kernel);
        // /proc has no bound sockets.
        let expected: Vec<_> =
            truth(&kernel.population).into_iter().filter(|r| r.1 != State::BoundInactive).collect();
        assert_eq!(rows(&snapshot), expected, "{errno}");
        assert!(snapshot.coverage().origins().iter().all(|(_, origin)| *origin == Origin::Proc));
        let missing: Vec<_> = snapshot.coverage().gaps().iter().map(|gap| gap.what).collect();
        assert!(missing.contains(&Missing::Stats) && missing.contains(&Missing::Fields), "{missing:?}");
        assert!(!snapshot.coverage().notes().is_empty());

        let mut forced = Kernel::new(population()).on(move |_, question, _| {
            matches!(question, Question::Diag { .. }).then_some(Err(Failure::Answer(errno)))
        });
        let error = all().source(SourceChoice::Diag).collect_from(&mut forced).unwrap_err();
        assert_eq!(error.errno(), Some(errno.number()));
    }
}

#[test]
fn no_way_at_all_is_an_error() {
    let mut kernel = Kernel::new(population()).on(|_, question, _| {
        matches!(question, Question::Diag { .. } | Question::NetTable(_))
            .then_some(Err(Failure::Answer(Errno::EACCES)))
    });
    let error = all().collect_from(&mut kernel).unwrap_err();
    assert!(error.is_permission());
}

#[test]
fn sources_agree() {
    let mut expected = None;
    // A build without the parser of the `procfs` crates reads with ours, and says so.
    let procfs = if cfg!(feature = "linux-procfs") { Origin::Procfs } else { Origin::Proc };
    for (source, origin) in [
        (SourceChoice::Diag, Origin::Diag),
        (SourceChoice::Proc, Origin::Proc),
        (SourceChoice::Procfs, procfs),
    ] {
        let mut kernel = Kernel::new(population());
        let query = Query::new().owners().source(source).states(States::all() - States::BOUND_INACTIVE);
        // UDP-Lite is not on this kernel: the file is absent, and the dump empty.
        let snapshot = query.collect_from(&mut kernel).unwrap();
        assert!(snapshot.coverage().is_complete(), "{}", snapshot.coverage());
        let of_tcp: Vec<_> =
            snapshot.coverage().origins().iter().filter(|(table, _)| *table == Protocol::Tcp).collect();
        assert_eq!(of_tcp, [&(Protocol::Tcp, origin)], "{source:?}");
        let told = snapshot.coverage().notes().iter().any(|note| note.contains("without the feature"));
        assert_eq!(told, source == SourceChoice::Procfs && origin == Origin::Proc, "{source:?}");
        let expected = expected.get_or_insert_with(|| rows(&snapshot));
        assert!(expected.len() > 10, "{expected:?}");
        assert_eq!(rows(&snapshot), *expected, "{source:?}");
    }
}

/// A file that changes under the reader is read until it stands still, else the union is told as what it is.
#[test]
fn proc_is_read_until_it_settles() {
    for changes in [1, 3, 1000] {
        let mut kernel = Kernel::new(population()).on(move |population, question, before| {
            if matches!(question, Question::NetTable(_)) && before < changes {
                let n = population.sockets.len() as u32;
                population.sockets.push(Fake::tcp(
                    ESTABLISHED,
                    &format!("10.3.0.1:{}", 10 + n),
                    "10.9.9.9:443",
                    5000 + n,
                ));
            }
            None
        });
        let snapshot = Query::new().tcp().source(SourceChoice::Proc).collect_from(&mut kernel).unwrap();
        let got: HashSet<_> = rows(&snapshot).into_iter().collect();
        assert_eq!(got.len(), snapshot.sockets().len(), "repeated");
        assert!(
            truth(&population())
                .iter()
                .filter(|r| r.0 == Protocol::Tcp && r.1 != State::BoundInactive)
                .all(|r| got.contains(r))
        );
        assert_eq!(snapshot.coverage().is_complete(), changes < 4, "{changes}");
    }
}

#[test]
fn owners_that_cannot_be_seen_are_told() {
    // Refused.
    let mut kernel = Kernel::new(population());
    kernel.population.processes.get_mut(&40).unwrap().refused = true;
    let snapshot = collect(&mut kernel);
    assert_eq!(find(&snapshot, 1000).unowned, Some(Unowned::NotPermitted));
    assert_eq!(find(&snapshot, 2000).owners.len(), 2);
    let gap = &snapshot.coverage().gaps()[0];
    assert_eq!((gap.what, gap.why), (Missing::Owners, ErrorKind::NotPermitted));
    let unknown = snapshot.iter().filter(|s| s.unowned == Some(Unowned::NotPermitted)).count();
    assert_eq!(gap.count, Some(unknown as u64));
    assert_eq!(rows(&snapshot), truth(&kernel.population));

    // Hidden: no process 1.
    let mut kernel = Kernel::new(population());
    kernel.population.processes.remove(&1);
    kernel.population.processes.remove(&40);
    let snapshot = collect(&mut kernel);
    assert_eq!(find(&snapshot, 1000).unowned, Some(Unowned::NotPermitted));
    assert!(snapshot.coverage().to_string().contains("hidepid"));

    // No /proc.
    let mut kernel = Kernel::new(population()).on(|_, question, _| {
        matches!(question, Question::Processes).then_some(Err(Failure::Answer(Errno::ENOENT)))
    });
    let snapshot = collect(&mut kernel);
    assert_eq!(find(&snapshot, 1000).unowned, Some(Unowned::NotLookedUp));
    assert!(snapshot.coverage().to_string().contains("mount"));

    // For every reason the word is of permission only where that was the reason.
    for number in 1..=133 {
        let failure = Failure::Answer(Errno::linux(number));
        let mut kernel = Kernel::new(population())
            .on(move |_, question, _| matches!(question, Question::Processes).then_some(Err(failure)));
        let snapshot = collect(&mut kernel);
        let gap = snapshot.coverage().gaps().iter().find(|gap| gap.what == Missing::Owners).unwrap();
        let other = gap.why != ErrorKind::NotPermitted;
        let expected = if other { Unowned::NotLookedUp } else { Unowned::NotPermitted };
        assert_eq!(find(&snapshot, 1000).unowned, Some(expected), "errno {number}: {gap}");
    }

    // Everybody was looked at, and nobody has it.
    let mut kernel = Kernel::new(population());
    kernel.population.processes.get_mut(&40).unwrap().sockets.retain(|(_, inode)| *inode != 1000);
    let snapshot = collect(&mut kernel);
    assert_eq!(find(&snapshot, 1000).unowned, Some(Unowned::NoVisibleHolder));
    assert!(snapshot.coverage().is_complete());
}

/// A row tells what was there when it was read. What is gone by the time that processes were looked into again is not held by
/// nobody that can be seen, whoever else cannot be seen, and wherever rows and owners come from.
#[test]
fn a_socket_that_is_closed_during_the_looks_is_told_to_be() {
    for (source, owners, refused, states) in [
        (SourceChoice::Auto, OwnerSource::Auto, false, States::all()),
        (SourceChoice::Auto, OwnerSource::Auto, true, States::all()),
        (SourceChoice::Auto, OwnerSource::Bpf, false, States::all()),
        (SourceChoice::Proc, OwnerSource::Proc, false, States::all() - States::BOUND_INACTIVE),
        (SourceChoice::Proc, OwnerSource::Proc, true, States::all()),
    ] {
        let mut is_read = false;
        let mut kernel = Kernel::new(population()).on(move |population, question, _| {
            is_read |= matches!(question, Question::Diag { .. } | Question::NetTable(_));
            let looks = matches!(question, Question::Processes | Question::Holders { .. });
            if is_read && looks {
                population.sockets.retain(|socket| socket.inode != 1000);
            }
            matches!(question, Question::Holders { .. }).then(|| Ok(Vec::new()))
        });
        let held = &mut kernel.population.processes;
        held.get_mut(&40).unwrap().sockets.retain(|(_, inode)| ![1000, 1001].contains(inode));
        held.get_mut(&41).unwrap().refused = refused;
        let query = all().source(source).owner_source(owners).states(states);
        let snapshot = query.collect_from(&mut kernel).unwrap();
        let what = format!("{source:?} {owners:?} {refused}");
        assert_eq!(find(&snapshot, 1000).unowned, Some(Unowned::ClosedSince), "{what}");
        let (other, is_known) = match owners {
            OwnerSource::Bpf => (Unowned::NotLookedUp, false),
            _ if refused => (Unowned::NotPermitted, false),
            _ => (Unowned::NoVisibleHolder, true),
        };
        assert_eq!(find(&snapshot, 1001).unowned, Some(other), "{what}");
        let lacks_owners = snapshot.coverage().gaps().iter().any(|gap| gap.what == Missing::Owners);
        assert_eq!(!lacks_owners, is_known, "{what}");
    }
}

/// A process that began after the processes were listed took the socket over from one that was not read yet.
#[test]
fn a_socket_that_goes_to_a_process_younger_than_the_look_gets_its_owner() {
    let mut kernel = Kernel::new(population()).on(|population, question, before| {
        if matches!(question, Question::Process { pid: 40, part: ProcessPart::Sockets }) && before > 0 {
            let young = population.processes.entry(60).or_default();
            (young.name, young.sockets) = (b"young".to_vec(), vec![(9, 1000)]);
        }
        None
    });
    kernel.population.processes.get_mut(&40).unwrap().sockets.retain(|(_, inode)| *inode != 1000);
    let snapshot = collect(&mut kernel);
    assert_eq!(find(&snapshot, 1000).owners[0].pid(), 60);
}

#[test]
fn a_socket_younger_than_the_first_look_gets_its_owner() {
    let mut kernel = Kernel::new(population()).on(|population, question, before| {
        if matches!(question, Question::Diag { .. }) && before == 0 {
            let young = population.processes.entry(50).or_default();
            young.name = b"young".to_vec();
            if young.sockets.is_empty() {
                young.sockets.push((9, 8000));
                population.sockets.push(Fake::tcp(ESTABLISHED, "10.0.0.1:8", "10.9.9.9:8", 8000));
            }
        }
        None
    });
    let snapshot = collect(&mut kernel);
    assert_eq!(find(&snapshot, 8000).owners[0].pid(), 50);
}

#[test]
fn tables_private_to_a_thread_are_found() {
    let mut kernel = Kernel::new(population());
    let web = kernel.population.processes.get_mut(&40).unwrap();
    web.sockets.retain(|(_, inode)| *inode != 1000);
    web.threads = vec![(44, vec![(5, 1000)]), (45, vec![])];
    let snapshot = collect(&mut kernel);
    let owner = &find(&snapshot, 1000).owners[0];
    assert_eq!((owner.pid(), owner.thread, owner.fd), (40, Some(44), Some(5)));
}

/// Whoever else refuses: the file of the ring tells of its own socket. Nor does it matter whether its table can be read again,
/// and what is closed in another table is told to be.
#[test]
fn a_socket_in_a_ring_has_its_owner_though_another_process_or_its_table_is_closed() {
    let mut looks_again = false;
    let mut kernel = Kernel::new(population()).on(move |population, question, before| {
        looks_again |= matches!(question, Question::Processes) && before > 0;
        let of_tcp = match question {
            Question::Diag { table, .. } => table.protocol == TCP,
            question => matches!(question, Question::NetTable(NetTable::Tcp | NetTable::Tcp6)),
        };
        if looks_again {
            population.sockets.retain(|socket| socket.inode != 3000);
        }
        (of_tcp && looks_again).then_some(Err(Failure::Answer(Errno::EACCES)))
    });
    kernel.population.processes.get_mut(&1).unwrap().refused = true;
    let web = kernel.population.processes.get_mut(&40).unwrap();
    web.sockets.retain(|(_, inode)| ![1000, 1001, 3000].contains(inode));
    web.rings = vec![(5, 1000)];
    let snapshot = collect(&mut kernel);
    let owners = &find(&snapshot, 1000).owners;
    assert_eq!((owners.len(), owners[0].pid(), owners[0].fd, owners[0].io_uring), (1, 40, Some(5), true));
    assert_eq!(find(&snapshot, 1001).unowned, Some(Unowned::NotPermitted));
    assert_eq!(find(&snapshot, 3000).unowned, Some(Unowned::ClosedSince));
}

#[test]
fn one_owner_or_none() {
    let first =
        Query::new().owner_lookup(OwnerLookup::First).collect_from(&mut Kernel::new(population())).unwrap();
    assert_eq!(find(&first, 2000).owners.len(), 1);
    let mut kernel = Kernel::new(population());
    let none = Query::new().collect_from(&mut kernel).unwrap();
    every(&none, |s| s.owners.is_empty() && s.unowned.is_none());
    assert!(!kernel.asked.iter().any(|asked| asked.starts_with("process")));
}

#[test]
fn a_recording_replays_to_the_same_answer() {
    let mut recorder = Recorder::new(Kernel::new(population()));
    let live = all().collect_from(&mut recorder).unwrap();
    let bytes = recorder.finish().to_bytes();
    let recording = Recording::from_bytes(&bytes).unwrap();
    for _ in 0..2 {
        assert_eq!(all().collect_from(&mut recording.replay()).unwrap(), live);
    }
    // A narrower question is answered from the same bytes.
    let listeners = Query::new().tcp().states(States::LISTEN).collect_from(&mut recording.replay()).unwrap();
    assert_eq!(listeners.sockets().len(), 9);
    assert!(listeners.iter().all(|s| s.state == State::Listen));
    // Of one family, though the kernel was asked about both at once.
    for family in [Family::Ipv4, Family::Ipv6] {
        let query = Query::new().owners().family(family);
        let of_one = query.collect_from(&mut recording.replay()).unwrap();
        let expected = live.iter().filter(|socket| socket.family == family).count();
        assert_eq!(of_one.sockets().len(), expected, "{family}");
        assert!(of_one.iter().all(|socket| socket.family == family));
        assert!(of_one.coverage().gaps().iter().all(|gap| gap.what != Missing::Rows));
    }
}

#[test]
fn the_visitor_stops_when_it_has_enough() {
    let mut seen = 0;
    let result = all().visit_from(&mut Kernel::new(population()), |_| {
        seen += 1;
        if seen == 3 { std::ops::ControlFlow::Break(()) } else { std::ops::ControlFlow::Continue(()) }
    });
    assert!(result.is_ok());
    assert_eq!(seen, 3);
}

#[test]
fn only_what_is_asked_for_is_asked_for() {
    let mut kernel = Kernel::new(population());
    let udp = Query::new().udp().collect_from(&mut kernel).unwrap();
    every(&udp, |s| s.protocol == Protocol::Udp);
    let diag: Vec<_> = kernel.asked.iter().filter(|asked| asked.starts_with("diag")).collect();
    assert_eq!(diag, [&format!("diag 2 {UDP} first"), &format!("diag 10 {UDP} first")]);
}
