//! Unix and MPTCP sockets from a kernel that tears, refuses and damages its answers.

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;

use pree::source::{Answer, DiagPass, Errno, Failure, NetTable, ProcessPart, Question, Source};
use pree::{Detail, ErrorKind, Missing, Needs, Origin, Protocols, Query, SourceChoice, State};

use super::kernel::Kernel;
use super::population;

/// What a question about sockets is answered with, in the order of asking; the last one from then on.
type Answers = VecDeque<Result<Vec<Vec<u8>>, Failure>>;

/// A kernel that knows nothing but these answers, and counts what it was asked.
#[derive(Default)]
struct Played {
    diag: HashMap<(u8, u16), Answers>,
    unix_text: Option<&'static str>,
    /// /proc/net/protocols.
    protocols: Option<&'static str>,
    /// Descriptors of process 1 and their sockets, and what each tells when it is asked.
    fds: Vec<(u32, u64, Result<Vec<u8>, Failure>)>,
    asked: Vec<DiagPass>,
}

impl Played {
    fn unix(answers: impl IntoIterator<Item = Result<Vec<Vec<u8>>, Failure>>) -> Self {
        let diag = HashMap::from([((1, 0), answers.into_iter().collect())]);
        Self { diag, ..Self::default() }
    }
}

impl Source for Played {
    fn ask(&mut self, question: &Question<'_>) -> Result<Answer, Failure> {
        Ok(Answer::batches(match *question {
            Question::Diag { table, pass, .. } => {
                let answers = self
                    .diag
                    .get_mut(&(table.family, table.protocol))
                    .ok_or(Failure::Answer(Errno::ENOENT))?;
                let answer = if answers.len() > 1 { answers.pop_front() } else { answers.front().cloned() };
                self.asked.push(pass);
                answer.ok_or(Failure::Answer(Errno::ENOENT))??
            }
            Question::NetTable(NetTable::Unix) => {
                vec![self.unix_text.ok_or(Failure::Answer(Errno::ENOENT))?.as_bytes().to_vec()]
            }
            Question::Protocols => {
                let text = self.protocols.ok_or(Failure::Answer(Errno::ENOENT))?;
                vec![text.as_bytes().to_vec()]
            }
            Question::Processes => vec![vec![1, 0, 0, 0]],
            Question::OwnStatus => vec![b"NSpid:\t1\nCapEff:\t0\n".to_vec()],
            Question::ProcMount => vec![b"22 1 0:21 / /proc rw - proc proc rw".to_vec()],
            Question::Process { pid: 1, part: ProcessPart::Stat } => {
                let stat = format!("1 (init) S 0{}", " 0".repeat(48));
                vec![stat.into_bytes()]
            }
            Question::Process { pid: 1, part: ProcessPart::Sockets } => {
                let records = self.fds.iter().flat_map(|(fd, inode, _)| {
                    pree_wire::fd_records::FdRecord { fd: *fd, inode: *inode }.encode()
                });
                vec![records.collect()]
            }
            Question::Process { pid: 1, part: ProcessPart::HeldSocket { thread: 0, fd } } => {
                let (_, _, told) =
                    self.fds.iter().find(|one| one.0 == fd).ok_or(Failure::Answer(Errno::ENOENT))?;
                vec![told.clone()?]
            }
            _ => return Err(Failure::Answer(Errno::ENOENT)),
        }))
    }
}

fn message(kind: u16, payload: &[u8]) -> Vec<u8> {
    let mut message = (payload.len() as u32 + 16).to_ne_bytes().to_vec();
    message.extend(kind.to_ne_bytes());
    message.extend(2_u16.to_ne_bytes());
    message.extend(1_u32.to_ne_bytes());
    message.extend([0; 4]);
    message.extend(payload);
    message
}

/// A connected stream of this cookie; its inode is the cookie and 100.
fn row(cookie: u32) -> Vec<u8> {
    let mut payload = vec![1, 1, 1, 0];
    for word in [cookie + 100, cookie, 0] {
        payload.extend(word.to_ne_bytes());
    }
    message(20, &payload)
}

fn rows(cookies: &[u32]) -> Vec<u8> {
    cookies.iter().flat_map(|cookie| row(*cookie)).collect()
}

fn done() -> Vec<u8> {
    message(3, &[0; 4])
}

/// Inodes, sorted, and the passes that were made.
#[track_caller]
fn check(mut kernel: Played, cookies: &[u32], passes: &[DiagPass]) {
    let query = Query::new().protocols(Protocols::UNIX).source(SourceChoice::Diag);
    let snapshot = query.collect_from(&mut kernel).unwrap();
    let mut found: Vec<u64> = snapshot.iter().filter_map(|socket| socket.inode).collect();
    found.sort_unstable();
    let expected: Vec<u64> = cookies.iter().map(|cookie| u64::from(*cookie) + 100).collect();
    assert_eq!(found, expected);
    assert_eq!(kernel.asked, passes);
    assert!(snapshot.coverage().is_complete(), "{}", snapshot.coverage());
}

use DiagPass::{Check, First};

#[test]
fn one_message_is_one_moment() {
    check(Played::unix([Ok(vec![[rows(&[1, 2, 3]), done()].concat()])]), &[1, 2, 3], &[First]);
    check(Played::unix([Ok(vec![rows(&[1, 2, 3]), done()])]), &[1, 2, 3], &[First]);
    check(Played::unix([Ok(vec![done()])]), &[], &[First]);
}

#[test]
fn what_a_torn_dump_passed_over_is_told_by_another() {
    let whole = || Ok(vec![rows(&[1, 2]), rows(&[3, 4]), done()]);
    // Nothing was missed; told twice; passed over, or made since: then the check is not trusted either.
    check(Played::unix([whole()]), &[1, 2, 3, 4], &[First, Check]);
    let twice = Ok(vec![rows(&[1, 2]), rows(&[2, 3, 4]), done()]);
    check(Played::unix([twice, whole()]), &[1, 2, 3, 4], &[First, Check]);
    let torn = Ok(vec![rows(&[1, 2]), rows(&[4]), done()]);
    check(Played::unix([torn, whole()]), &[1, 2, 3, 4], &[First, Check, Check]);
    let newer = || Ok(vec![rows(&[1, 2, 3]), rows(&[4, 5]), done()]);
    check(Played::unix([whole(), newer()]), &[1, 2, 3, 4, 5], &[First, Check, Check]);
    // Passed over twice, by dumps of a table that changes all the time.
    let third = Ok(vec![rows(&[1, 2, 3]), rows(&[4, 5, 6]), done()]);
    check(Played::unix([whole(), newer(), third]), &[1, 2, 3, 4, 5, 6], &[First, Check, Check]);
    // Closed meanwhile: told once, and not taken back.
    let fewer = Ok(vec![rows(&[1, 2]), done()]);
    check(Played::unix([whole(), fewer]), &[1, 2, 3, 4], &[First, Check]);
}

#[test]
fn what_fails_in_passing_is_asked_again() {
    let eintr = vec![4];
    let broken = Ok(vec![rows(&[1, 2]), eintr]);
    let whole = || Ok(vec![[rows(&[1, 2, 3]), done()].concat()]);
    check(Played::unix([broken, whole()]), &[1, 2, 3], &[First, First]);
    // A message that is cut, and a dump without an end.
    let cut = Ok(vec![rows(&[1])[..20].to_vec()]);
    check(Played::unix([cut, whole()]), &[1, 2, 3], &[First, First]);
    let endless = Ok(vec![rows(&[1])]);
    check(Played::unix([endless, whole()]), &[1, 2, 3], &[First, First]);
}

#[test]
fn rows_that_make_no_sense_are_counted() {
    let damaged = [row(1), message(20, &[1, 1, 1, 0]), row(3), done()].concat();
    let mut kernel = Played::unix([Ok(vec![damaged])]);
    let query = Query::new().protocols(Protocols::UNIX).source(SourceChoice::Diag);
    let snapshot = query.collect_from(&mut kernel).unwrap();
    assert_eq!(snapshot.sockets().len(), 2);
    let [gap] = snapshot.coverage().gaps() else { panic!("{}", snapshot.coverage()) };
    assert_eq!((gap.what, gap.why, gap.count), (Missing::Rows, ErrorKind::Malformed, Some(1)));
    assert_eq!(kernel.asked, [First; 3]);
}

const TEXT: &str = "Num       RefCount Protocol Flags    Type St Inode Path\n\
    0: 00000002 00000000 00010000 0001 01   101 @name\n\
    0: 00000003 00000000 00000000 0005 03   102\n\
    0: 00000003 00000000 00000000 0001 02     0 @name\n";

#[test]
fn what_a_refused_table_of_unix_sockets_does_not_tell_is_a_gap_where_it_is_asked_for() {
    for (needs, name) in [
        (Needs::MEMORY, "memory"),
        (Needs::ID, "cookies"),
        (Needs::UID, "users of Unix sockets"),
        (Needs::RECV_QUEUE, "receive queues"),
        (Needs::SEND_QUEUE, "send queues, accept-queue limits"),
        (Needs::PEERS, "peers of Unix sockets"),
        (Needs::REMOTE_NAMES, "peers of Unix sockets"),
        (Needs::OPTIONS, "options"),
        (Needs::DETAIL, "files and rings"),
    ] {
        let played =
            &mut Played { unix_text: Some(TEXT), ..Played::unix([Err(Failure::Answer(Errno::EACCES))]) };
        let snapshot = Query::new().protocols(Protocols::UNIX).needs(needs).collect_from(played).unwrap();
        let coverage = snapshot.coverage();
        assert_eq!(
            (snapshot.sockets().len(), coverage.origins()),
            (2, &[(pree::Protocol::Unix, Origin::Proc)][..])
        );
        let [gap] = coverage.gaps() else { panic!("{name}: {coverage}") };
        assert_eq!((gap.what, gap.why), (Missing::Fields, ErrorKind::NotPermitted));
        assert_eq!(gap.object, format!("/proc/net: {name}"));
    }
}

#[test]
fn a_refused_table_comes_from_proc_or_is_an_error() {
    let refused = || Played { unix_text: Some(TEXT), ..Played::unix([Err(Failure::Answer(Errno::EACCES))]) };
    let query = |choice| Query::new().protocols(Protocols::UNIX).source(choice);
    let snapshot = query(SourceChoice::Auto).collect_from(&mut refused()).unwrap();
    let found: Vec<_> = snapshot.iter().map(|s| (s.inode, s.state, s.local.path())).collect();
    assert_eq!(
        found,
        [(Some(101), State::Listen, Some(&b"\0name"[..])), (Some(102), State::Established, None)]
    );
    assert_eq!(snapshot.coverage().origins(), [(pree::Protocol::Unix, Origin::Proc)]);
    assert!(snapshot.coverage().notes()[0].contains("unix sockets come from /proc/net"));
    let error = query(SourceChoice::Diag).collect_from(&mut refused()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotPermitted);
    // Nowhere: the first refusal says why.
    let nowhere = &mut Played::unix([Err(Failure::Answer(Errno::EACCES))]);
    assert_eq!(query(SourceChoice::Auto).collect_from(nowhere).unwrap_err().kind(), ErrorKind::NotPermitted);
    // Unix sockets are never said to be what a kernel lacks.
    let lacking = &mut Played::default();
    assert_eq!(query(SourceChoice::Auto).collect_from(lacking).unwrap_err().kind(), ErrorKind::Absent);
}

#[test]
fn mptcp_that_is_refused_is_a_gap_beside_other_rows() {
    let mut kernel = Played::unix([Ok(vec![[rows(&[1]), done()].concat()])]);
    for family in [2, 10] {
        kernel.diag.insert((family, 262), [Err(Failure::Answer(Errno::EPERM))].into());
    }
    let query = Query::new().protocols(Protocols::UNIX | Protocols::MPTCP);
    let snapshot = query.collect_from(&mut kernel).unwrap();
    assert_eq!(snapshot.sockets().len(), 1);
    let [gap] = snapshot.coverage().gaps() else { panic!("{}", snapshot.coverage()) };
    assert_eq!((gap.what, gap.why, gap.object.as_str()), (Missing::Rows, ErrorKind::NotPermitted, "mptcp"));
}

#[test]
fn a_family_that_the_kernel_does_not_tell_of_is_a_note() {
    let all = Protocols::MPTCP
        | Protocols::PACKET
        | Protocols::VSOCK
        | Protocols::ICMP
        | Protocols::SCTP
        | Protocols::UNIX;
    let mut kernel = Played::unix([Ok(vec![done()])]);
    let snapshot = Query::new().protocols(all).collect_from(&mut kernel).unwrap();
    assert!(snapshot.coverage().is_complete(), "{}", snapshot.coverage());
    let told = |protocol: &str| format!("this kernel does not report {protocol} sockets");
    assert_eq!(snapshot.coverage().notes(), ["mptcp", "icmp", "sctp", "packet", "vsock"].map(told));
}

#[test]
fn what_is_asked_for_by_name_and_is_not_there_is_said() {
    const KNOWN: &str = "protocol  size sockets\nUNIX 1 2\nTCP 1 0\nUDP 1 0\nXDP 1 0\n";
    const WITH_IPV6: &str = "protocol  size sockets\nUNIX 1 2\nTCP 1 0\nTCPv6 1 0\n";
    let asked = |protocols: Protocols, filter: &str| {
        Query::new().protocols(protocols).filter(filter.parse().unwrap())
    };
    let only_ipv6 = |query: Query| query.family(pree::Family::Ipv6);
    for (query, known, expected) in [
        (asked(Protocols::SCTP, ""), Some(KNOWN), Some(("sctp", "this kernel has no sctp"))),
        (asked(Protocols::empty(), "proto=sctp"), Some(KNOWN), Some(("sctp", "this kernel has no sctp"))),
        (asked(Protocols::SCTP, ""), None, Some(("sctp", "this kernel does not report sctp sockets"))),
        (asked(Protocols::VSOCK, ""), Some(KNOWN), Some(("vsock", "this kernel has no vsock"))),
        (asked(Protocols::OTHER, "proto=tipc"), Some(KNOWN), Some(("tipc", "this kernel has no tipc"))),
        (asked(Protocols::OTHER, "proto=tipc"), None, None),
        (asked(Protocols::OTHER, "proto=xdp"), Some(KNOWN), None),
        (asked(Protocols::OTHER, ""), Some(KNOWN), None),
        (
            only_ipv6(asked(Protocols::UNIX | Protocols::TCP, "")),
            Some(KNOWN),
            Some(("ipv6", "this kernel has no IPv6")),
        ),
        (only_ipv6(asked(Protocols::UNIX | Protocols::TCP, "")), Some(WITH_IPV6), None),
        (
            asked(Protocols::UNIX | Protocols::TCP, "family=ipv6"),
            Some(KNOWN),
            Some(("ipv6", "this kernel has no IPv6")),
        ),
    ] {
        let mut kernel = Played::unix([Ok(vec![done()])]);
        kernel.diag.insert((0, 6), [Ok(vec![done()])].into());
        kernel.diag.insert((10, 6), [Ok(vec![done()])].into());
        kernel.protocols = known;
        let snapshot = query.collect_from(&mut kernel).unwrap();
        let coverage = snapshot.coverage();
        assert_eq!(
            coverage.untold().collect::<Vec<_>>(),
            expected.into_iter().collect::<Vec<_>>(),
            "{query:?}"
        );
        let not_told = expected.filter(|(_, sentence)| !sentence.contains(" has no "));
        assert_eq!(coverage.not_told().next(), not_told.map(|(name, _)| name), "{query:?}");
        let noted = expected.is_none_or(|(_, sentence)| coverage.notes().iter().any(|note| note == sentence));
        assert!(noted && coverage.is_complete(), "{query:?}: {coverage:?}");
    }
}

#[test]
fn descriptors_tell_what_no_table_does_or_it_is_said() {
    let told = |inode: u64, name: &[u8]| {
        Ok([&pree_wire::fd_records::HeldSocket::encode_head(inode, 1000)[..], name].concat())
    };
    let gap = |why| Some((Missing::Rows, why));
    // What the descriptor tells; the protocol of the row; the gap.
    for (answer, name, expected) in [
        (told(9, b"TIPC\0"), Some("tipc"), None),
        (told(9, b"\x1b[2J\0"), Some("?[2j"), None),
        (told(9, b""), Some("other"), None),
        // Has a table, and is not in it: not bound yet, or in another network namespace.
        (told(9, b"TCP\0"), None, None),
        // Another socket by now, none any more, none that may be asked, no answer that makes sense, not recorded.
        (told(10, b"TIPC\0"), None, None),
        (Err(Failure::Answer(Errno::ENOENT)), None, None),
        (Err(Failure::Answer(Errno::EACCES)), None, gap(ErrorKind::NotPermitted)),
        (Ok(vec![1, 2, 3]), None, gap(ErrorKind::Malformed)),
        (Err(Failure::NotRecorded), None, gap(ErrorKind::NotRecorded)),
        (Err(Failure::Transport(Errno::ENOENT)), None, gap(ErrorKind::Io)),
        (Err(Failure::Answer(Errno::EOPNOTSUPP)), None, gap(ErrorKind::Unsupported)),
    ] {
        let mut kernel = Played { fds: vec![(3, 9, answer.clone())], ..Played::default() };
        let query = Query::new().protocols(Protocols::OTHER).owners().owner_source(pree::OwnerSource::Proc);
        let snapshot = query.collect_from(&mut kernel).unwrap();
        let rows: Vec<_> = snapshot.iter().map(|row| (row.protocol.name(), row.inode, row.uid)).collect();
        let row = name.map(|name| (name, Some(9), Some(1000)));
        assert_eq!(rows, row.into_iter().collect::<Vec<_>>(), "{answer:?}");
        let gaps: Vec<_> = snapshot.coverage().gaps().iter().map(|gap| (gap.what, gap.why)).collect();
        assert_eq!(gaps, expected.into_iter().collect::<Vec<_>>(), "{answer:?}");
    }
    // Without /proc there may be others.
    let hidden = Query::new().protocols(Protocols::OTHER).owner_source(pree::OwnerSource::Proc);
    let snapshot = hidden.collect_from(&mut NoProc(Played::default())).unwrap();
    assert_eq!((snapshot.sockets().len(), snapshot.coverage().lacks_rows()), (0, true));
}

/// Nothing tells the state and the ends of a socket without a table, so whether it is in a state, or at an address or port, is
/// undecided either way round.
#[test]
fn whether_a_socket_without_a_table_is_asked_for_is_undecided_and_told() {
    let held =
        |name: &[u8]| Ok([&pree_wire::fd_records::HeldSocket::encode_head(9, 1000)[..], name].concat());
    let of_states = |states| Query::new().states(states);
    let filtered = |text: &str| Query::new().filter(text.parse().unwrap());
    let (shown, undecided, not_meant) = ((1, None), (0, Some(1)), (0, None));
    for (query, expected) in [
        (Query::new(), shown),
        (of_states(pree::States::LISTENING), undecided),
        (of_states(pree::States::OTHER), shown),
        (Query::new().without_states(pree::States::LISTEN), shown),
        (filtered("state listen"), undecided),
        (filtered("not state listen"), undecided),
        (filtered("state other"), shown),
        (filtered("has remote"), undecided),
        (filtered("not has remote"), undecided),
        (filtered("nosuchword"), undecided),
        (filtered("uid = 1000"), shown),
        (filtered("uid = 1000 or state listen"), shown),
        (filtered("uid = 1000 and state listen"), undecided),
        (filtered("uid = 1").states(pree::States::LISTEN), not_meant),
        (filtered("uid = 1 and state listen"), not_meant),
        (filtered("pid = 1 and not state listen"), undecided),
        (filtered("pid = 2 and not state listen"), not_meant),
    ] {
        for (name, protocol) in [(&b"AF_VSOCK\0"[..], Protocols::VSOCK), (b"TIPC\0", Protocols::OTHER)] {
            check_held(query.clone().protocols(protocol), held(name), expected);
        }
    }
    for filter in
        ["sport = 9", "not sport = 9", "port < 9", "dport = 9", "port != 9", "not port > 9", "has remote"]
    {
        let Ok(filter) = filter.parse() else { panic!("{filter}") };
        check_held(Query::new().protocols(Protocols::VSOCK).filter(filter), held(b"AF_VSOCK\0"), undecided);
    }
    for filter in ["src 10.0.0.0/8", "dst 10.0.0.1:80", "not src [::1]:5", "scope = private"] {
        let query = Query::new().protocols(Protocols::SCTP).filter(filter.parse().unwrap());
        check_held(query, held(b"SCTP\0"), undecided);
    }
}

/// Rows, and of how many it is undecided whether they belong to them.
#[track_caller]
fn check_held(query: Query, told: Result<Vec<u8>, Failure>, expected: (usize, Option<u64>)) {
    let mut kernel = Played { fds: vec![(3, 9, told)], ..Played::default() };
    let snapshot = query.clone().owner_source(pree::OwnerSource::Proc).collect_from(&mut kernel).unwrap();
    let gaps: Vec<_> = snapshot.coverage().gaps().iter().map(|gap| (gap.what, gap.why, gap.count)).collect();
    let gap = expected.1.map(|count| (Missing::Rows, ErrorKind::Unsupported, Some(count)));
    assert_eq!(
        (snapshot.sockets().len(), gaps),
        (expected.0, gap.into_iter().collect::<Vec<_>>()),
        "{query:?}: {}",
        snapshot.coverage()
    );
}

/// A kernel without /proc.
struct NoProc(Played);

impl Source for NoProc {
    fn ask(&mut self, question: &Question<'_>) -> Result<Answer, Failure> {
        match question {
            Question::Processes | Question::OwnStatus | Question::ProcMount => {
                Err(Failure::Answer(Errno::ENOENT))
            }
            other => self.0.ask(other),
        }
    }

    fn next(&mut self, answer: &mut Answer, batch: &mut Vec<u8>) -> Result<bool, Failure> {
        self.0.next(answer, batch)
    }
}

macro_rules! recorded_sctp {
    ($($kernel:literal)*) => {
        [$(
            include_bytes!(concat!("../../../pree-wire/tests/golden/linux-", $kernel, "/sctp.bin")).to_vec()
        ),*]
    };
}

/// What `sock_diag` adds on request is asked for where it is wanted.
#[test]
fn sctp_is_asked_for_what_is_wanted_of_it() {
    for (needs, expected) in [
        (Needs::empty(), 0),
        (Needs::MEMORY, 1 << 6),
        // `INET_DIAG_TOS`, `INET_DIAG_TCLASS`.
        (Needs::TRAFFIC_CLASS, 1 << 4 | 1 << 5),
    ] {
        let asked = Rc::new(RefCell::new(Vec::new()));
        let seen = Rc::clone(&asked);
        let mut kernel = Kernel::new(population()).on(move |_, question, _| {
            let Question::Diag { table, request, .. } = question else { return None };
            seen.borrow_mut().push((table.protocol, request[18]));
            Some(Ok(vec![done()]))
        });
        Query::new().protocols(Protocols::SCTP).needs(needs).collect_from(&mut kernel).unwrap();
        assert_eq!(*asked.borrow(), [(132, expected); 2], "{needs:?}");
    }
}

/// A listener and both ends of an association with it, as four kernels told them. Each association comes behind a row of
/// its socket, under the same cookie.
#[test]
fn sctp_is_told_by_association() {
    for bytes in recorded_sctp!["5.10" "6.1" "6.12" "7.3"] {
        // Told again by a second dump: each is shown once.
        let twice = [Ok(vec![bytes.clone(), bytes.clone()])];
        let mut kernel = Played::default();
        kernel.diag.insert((2, 132), twice.into());
        kernel.diag.insert((10, 132), [Ok(vec![done()])].into());
        let snapshot = Query::new().protocols(Protocols::SCTP).collect_from(&mut kernel).unwrap();
        assert!(snapshot.coverage().is_complete(), "{}", snapshot.coverage());
        let rows = snapshot.sockets();
        let [listener, ends @ ..] = rows else { panic!("{rows:?}") };
        assert_eq!((listener.state, &listener.remote), (State::Listen, &None));
        assert_eq!(
            (listener.local.to_string().as_str(), listener.listen.unwrap().limit),
            ("127.0.0.1:18090", 3)
        );
        let [one, other] = ends else { panic!("{rows:?}") };
        assert_eq!((one.state, other.state), (State::Established, State::Established));
        assert_eq!((Some(&one.local), Some(&other.local)), (other.remote.as_ref(), one.remote.as_ref()));
        assert!(one.inode.is_some() && one.inode != other.inode && one.kernel_id != other.kernel_id);
        for row in ends {
            let Some(Detail::Sctp(detail)) = row.detail.as_deref() else { panic!("{row:?}") };
            let loopback = ["127.0.0.1".parse::<std::net::IpAddr>().unwrap()];
            assert_eq!(
                (&detail.local_addresses[..], &detail.remote_addresses[..]),
                (&loopback[..], &loopback[..])
            );
            assert_eq!((row.listen, row.timer), (None, None));
        }
        // States are pree's to choose, for the kernel has numbers of its own.
        for (filter, count) in
            [("state=listen", 1), ("state=established", 2), ("dport=18090", 1), ("sport=1", 0)]
        {
            let query = Query::new().protocols(Protocols::SCTP).filter(filter.parse().unwrap());
            assert_eq!(query.collect_from(&mut kernel).unwrap().sockets().len(), count, "{filter}");
        }
    }
}
