//! Sockets that are alike in part, so that whoever compares less than the whole takes them for one: each is told.

use pree::source::{Answer, DiagPass, Errno, Failure, NetTable, Question, Source};
use pree::{Detail, Family, Protocols, Query, Snapshot, SourceChoice, State};

use crate::kernel::{Fake, Kernel, Population, message};
use crate::{ESTABLISHED, SYN_RECV, TIME_WAIT};

/// An address, and the index of the interface that its socket is bound to; 0 for none.
type End = (&'static str, u32);

/// Pairs of connections, the second of which a reader must not take for the first: the first four bytes of an IPv6 address
/// are an IPv4 one; the other way about; v4-mapped; of another interface.
const PAIRS: [(End, End); 6] = [
    (("127.0.0.1", 0), ("[7f00:1::]", 0)),
    (("[7f00:1::]", 0), ("127.0.0.1", 0)),
    (("127.0.0.1", 0), ("[::ffff:127.0.0.1]", 0)),
    (("[::7f00:1]", 0), ("127.0.0.1", 0)),
    (("[fe80::1]", 2), ("[fe80::1]", 3)),
    (("10.0.0.1", 2), ("10.0.0.1", 0)),
];

fn collect(kernel: &mut Kernel, choice: SourceChoice) -> Snapshot {
    Query::new().tcp().source(choice).collect_from(kernel).unwrap()
}

/// State, family and interface of every row, sorted.
fn told(snapshot: &Snapshot) -> Vec<(State, Family, Option<u32>)> {
    let mut told: Vec<_> = snapshot.iter().map(|row| (row.state, row.family, row.interface)).collect();
    told.sort();
    told
}

fn connection(state: u8, (ip, interface): End, inode: u32) -> Fake {
    let mut fake = Fake::tcp(state, &format!("{ip}:5000"), &format!("{ip}:80"), inode);
    (fake.interface, fake.cookie) = (interface, u64::from(state) << 32 | u64::from(inode));
    fake
}

fn family(ip: &str) -> Family {
    if ip.starts_with('[') { Family::Ipv6 } else { Family::Ipv4 }
}

/// A connection in handshake, or one that is over, hides no other one. Told in one pass, and by the second alone.
#[test]
fn a_handshake_or_a_time_wait_hides_nobody_else() {
    for (first, state) in [(SYN_RECV, State::SynReceived), (TIME_WAIT, State::TimeWait)] {
        for (one, other) in PAIRS {
            for late in [false, true] {
                // A dump of one row is not checked.
                let third = connection(ESTABLISHED, ("10.9.9.9", 0), 8);
                let mut sockets = vec![connection(first, one, 0), third];
                let second = connection(ESTABLISHED, other, 7);
                if !late {
                    sockets.push(second.clone());
                }
                let population = Population { sockets, rows_per_message: 1, ..Population::default() };
                let mut kernel = Kernel::new(population).on(move |population, question, _| {
                    let check = matches!(question, Question::Diag { pass: DiagPass::Check, .. });
                    if check && late && !population.sockets.iter().any(|socket| socket.inode == 7) {
                        population.sockets.push(second.clone());
                    }
                    None
                });
                let snapshot = collect(&mut kernel, SourceChoice::Diag);
                let interface = |number: u32| (number != 0).then_some(number);
                let mut expected = vec![
                    (state, family(one.0), interface(one.1)),
                    (State::Established, family(other.0), interface(other.1)),
                    (State::Established, Family::Ipv4, None),
                ];
                expected.sort();
                assert_eq!(told(&snapshot), expected, "{one:?} {other:?} late: {late}");
                assert!(snapshot.coverage().is_complete(), "{}", snapshot.coverage());
            }
        }
    }
}

/// Lines of /proc that are the same, and that differ in the inode only: the files do not tell interfaces.
#[test]
fn lines_of_a_still_file_are_as_many_sockets() {
    let ends = ("10.0.0.1", 0);
    for (states, count) in [
        (&[(TIME_WAIT, 0), (TIME_WAIT, 0), (TIME_WAIT, 0)][..], 3),
        (&[(ESTABLISHED, 7), (TIME_WAIT, 0)], 2),
        (&[(TIME_WAIT, 0), (ESTABLISHED, 7), (ESTABLISHED, 8)], 3),
        // One inode is one socket.
        (&[(ESTABLISHED, 7), (ESTABLISHED, 7)], 1),
    ] {
        let sockets = states.iter().map(|(state, inode)| connection(*state, ends, *inode)).collect();
        let mut kernel = Kernel::new(Population { sockets, ..Population::default() });
        let snapshot = collect(&mut kernel, SourceChoice::Proc);
        assert_eq!(snapshot.sockets().len(), count, "{states:?}");
        assert!(!snapshot.coverage().lacks_rows(), "{}", snapshot.coverage());
    }
    for (one, other) in PAIRS {
        let sockets = vec![connection(TIME_WAIT, one, 0), connection(ESTABLISHED, other, 7)];
        let mut kernel = Kernel::new(Population { sockets, ..Population::default() });
        let snapshot = collect(&mut kernel, SourceChoice::Proc);
        assert_eq!(snapshot.sockets().len(), 2, "{one:?} {other:?}");
    }
}

/// A file in which a line came twice while it changed is read again.
#[test]
fn a_line_that_came_twice_in_passing_is_told_once() {
    let sockets = vec![connection(TIME_WAIT, ("10.0.0.1", 0), 0)];
    let population = Population { sockets, ..Population::default() };
    let mut kernel = Kernel::new(population).on(|population, question, before| {
        if *question == Question::NetTable(NetTable::Tcp) {
            population.sockets.truncate(1);
            if before == 0 {
                population.sockets.push(population.sockets[0].clone());
            }
        }
        None
    });
    let snapshot = collect(&mut kernel, SourceChoice::Proc);
    let reads = kernel.asked.iter().filter(|asked| *asked == "net tcp").count();
    assert_eq!((snapshot.sockets().len(), reads), (1, 3), "{:?}", kernel.asked);
    assert!(!snapshot.coverage().lacks_rows(), "{}", snapshot.coverage());
}

/// Answers the dump of SCTP sockets of IPv6 and nothing else.
struct Sctp(Vec<u8>);

impl Source for Sctp {
    fn ask(&mut self, question: &Question<'_>) -> Result<Answer, Failure> {
        match question {
            Question::Diag { table, .. } if table.protocol == 132 => {
                let rows = if table.family == 10 { self.0.clone() } else { Vec::new() };
                // In two messages, so that a second dump follows.
                Ok(Answer::batches([rows.clone(), rows, message(3, 2, &[0; 4])]))
            }
            _ => Err(Failure::Answer(Errno::ENOENT)),
        }
    }
}

/// Associations of one socket of IPv6 with peers of IPv4: the kernel leaves zeros in the row's own addresses, and only the
/// list of addresses tells them apart.
#[test]
fn associations_that_differ_in_their_peers_alone() {
    let association = |peer: [u8; 4]| {
        let mut row = vec![10, 1, 0, 0];
        row.extend(5000_u16.to_be_bytes());
        row.extend(80_u16.to_be_bytes());
        row.extend([0; 32]);
        for word in [0, 77, 0, 0, 0, 0, 1000, 55_u32] {
            row.extend(word.to_ne_bytes());
        }
        for kind in [12_u16, 13] {
            row.extend(132_u16.to_ne_bytes());
            row.extend(kind.to_ne_bytes());
            row.extend(2_u16.to_ne_bytes());
            row.extend([0, 0]);
            row.extend(peer);
            row.extend([0; 120]);
        }
        message(20, 2, &row)
    };
    let peers = [[10, 0, 0, 2], [10, 0, 0, 3]];
    let mut source = Sctp(peers.map(association).concat());
    let query = Query::new().protocols(Protocols::SCTP).source(SourceChoice::Diag);
    let snapshot = query.collect_from(&mut source).unwrap();
    let remote: Vec<_> = snapshot
        .iter()
        .map(|row| match row.detail.as_deref() {
            Some(Detail::Sctp(detail)) => detail.remote_addresses.clone(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(remote, peers.map(|peer| vec![std::net::IpAddr::from(peer)]));
}
