//! Collections from a Windows that the tests play. The bytes are written here, by code that shares nothing with the
//! decoders.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use pree::source::{Answer, Errno, Failure, Question, Recorder, Recording, Source, System, WindowsQuestion};
use pree::{
    ErrorKind, Family, Missing, Needs, Protocol, Protocols, Query, Snapshot, Socket, SourceChoice, State,
    States, Unowned,
};

use crate::clocked::look_for_a_second;
use crate::every::every;

const ACCESS_DENIED: u32 = 5;
const NOT_SUPPORTED: u32 = 50;
const INVALID_PARAMETER: u32 = 87;
const NOT_FOUND: u32 = 1168;

/// Answers by key; what is not there is not supported.
#[derive(Clone, Default)]
struct Windows {
    answers: BTreeMap<String, Result<Vec<u8>, u32>>,
    /// Those to questions that were asked before.
    later: BTreeMap<String, Result<Vec<u8>, u32>>,
    /// Everything that was asked.
    asked: Vec<String>,
    /// What is switched on, and whether that works.
    on: BTreeMap<String, bool>,
    switches: bool,
}

impl Windows {
    fn says(mut self, key: &str, bytes: Vec<u8>) -> Self {
        self.answers.insert(format!("windows {key}"), Ok(bytes));
        self
    }

    fn refuses(mut self, key: &str, code: u32) -> Self {
        self.answers.insert(format!("windows {key}"), Err(code));
        self
    }

    /// When it is asked again.
    fn says_later(mut self, key: &str, answer: Result<Vec<u8>, u32>) -> Self {
        self.later.insert(format!("windows {key}"), answer);
        self
    }

    fn count(&self, part: &str) -> usize {
        self.asked.iter().filter(|key| key.contains(part)).count()
    }
}

impl Source for Windows {
    fn system(&self) -> System {
        System::Windows
    }

    fn ask(&mut self, question: &Question<'_>) -> Result<Answer, Failure> {
        let key = question.to_string();
        if let (true, Some(answer)) = (self.asked.contains(&key), self.later.get(&key)) {
            self.answers.insert(key.clone(), answer.clone());
        }
        self.asked.push(key.clone());
        if let (true, Question::Windows(WindowsQuestion::SwitchEstats { class, connection, on })) =
            (self.switches, question)
        {
            self.on.insert(format!("{class:?} {connection}"), *on);
            return Ok(Answer::batches([]));
        }
        if matches!(question, Question::Windows(WindowsQuestion::Wait(_))) {
            // Whoever waits is told what was collected meanwhile.
            for answer in self.answers.iter_mut().filter(|(key, _)| key.starts_with("windows estats ")) {
                if let (Ok(bytes), false) = (&mut *answer.1, answer.0.contains("syn_opts")) {
                    bytes[0] = 1;
                }
            }
            return Ok(Answer::batches([]));
        }
        match self.answers.get(&key) {
            Some(Ok(bytes)) if bytes.is_empty() => Ok(Answer::batches([])),
            Some(Ok(bytes)) => Ok(Answer::whole(bytes.clone())),
            Some(Err(code)) => Err(Failure::Answer(Errno::windows(*code))),
            None => Err(Failure::Answer(Errno::windows(NOT_SUPPORTED))),
        }
    }
}

fn port(number: u16) -> [u8; 4] {
    let [high, low] = number.to_be_bytes();
    // The upper half is whatever was in the memory.
    [high, low, 0xaa, 0x55]
}

/// 2022-06-18, in tenths of microseconds since 1601.
const MADE: u64 = 133_000_000_000_000_000;

fn tcp4(state: u32, local: ([u8; 4], u16), remote: ([u8; 4], u16), pid: u32) -> Vec<u8> {
    let mut row = state.to_le_bytes().to_vec();
    row.extend(local.0);
    row.extend(port(local.1));
    row.extend(remote.0);
    row.extend(port(remote.1));
    row.extend(pid.to_le_bytes());
    row.extend(MADE.to_le_bytes());
    row.resize(160, 0);
    row
}

fn tcp6(state: u32, local: (u8, u32, u16), remote: (u8, u32, u16), pid: u32) -> Vec<u8> {
    let mut row = Vec::new();
    for (last, scope, number) in [local, remote] {
        let mut address = [0; 16];
        if scope != 0 {
            address[..2].copy_from_slice(&[0xfe, 0x80]);
        }
        address[15] = last;
        row.extend(address);
        row.extend(scope.to_le_bytes());
        row.extend(port(number));
    }
    row.extend(state.to_le_bytes());
    row.extend(pid.to_le_bytes());
    row.resize(192, 0);
    row
}

fn udp4(local: ([u8; 4], u16), pid: u32) -> Vec<u8> {
    let mut row = local.0.to_vec();
    row.extend(port(local.1));
    row.extend(pid.to_le_bytes());
    row.resize(160, 0);
    row
}

fn table(rows: &[Vec<u8>]) -> Vec<u8> {
    let mut table = (rows.len() as u32).to_le_bytes().to_vec();
    table.extend([0; 4]);
    table.extend(rows.concat());
    table
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// `PROCESSENTRY32W`
fn process(pid: u32, parent: u32, name: &str) -> Vec<u8> {
    let mut entry = 568_u32.to_le_bytes().to_vec();
    entry.resize(568, 0);
    entry[8..12].copy_from_slice(&pid.to_le_bytes());
    entry[32..36].copy_from_slice(&parent.to_le_bytes());
    let name = utf16(name);
    entry[44..44 + name.len()].copy_from_slice(&name);
    entry
}

const LOCAL: [u8; 4] = [10, 0, 0, 1];
const PEER: [u8; 4] = [192, 0, 2, 7];
const ENDS: &str = "10.0.0.1:50000 192.0.2.7:443";

/// A service, a connection, what is left of another one, one over IPv6, and UDP.
fn windows() -> Windows {
    Windows::default()
        .says(
            "table tcp4 module",
            table(&[
                tcp4(2, ([0; 4], 135), ([1, 2, 3, 4], 9), 700),
                tcp4(5, (LOCAL, 50000), (PEER, 443), 1234),
                tcp4(11, (LOCAL, 50001), (PEER, 443), 0),
                tcp4(12, (LOCAL, 50002), (PEER, 443), 1234),
            ]),
        )
        .says("table tcp6 module", table(&[tcp6(8, (1, 9, 22), (2, 9, 1025), 99)]))
        .says("table udp4 module", table(&[udp4(([0; 4], 53), 700)]))
        .says("table udp6 module", table(&[]))
        .says(
            "processes",
            [process(4, 0, "System"), process(700, 600, "svchost.exe"), process(1234, 1, "b\u{fc}ro.exe")]
                .concat(),
        )
        .says("process 1234 start_time", (MADE - 10_000_000).to_le_bytes().to_vec())
        .says("process 700 start_time", (MADE + 10_000_000).to_le_bytes().to_vec())
        .says("process 1234 image_name", utf16("C:\\Programme\\b\u{fc}ro.exe"))
}

fn all() -> Query {
    Query::new().tcp().udp().owners()
}

fn find(snapshot: &Snapshot, port: u16) -> &Socket {
    snapshot.iter().find(|socket| socket.local.port() == Some(port)).unwrap()
}

fn owner(socket: &Socket) -> (u32, String) {
    let owner = socket.owners.first().unwrap();
    (owner.pid(), owner.process.name.to_string_lossy().into_owned())
}

#[test]
fn rows_and_owners() {
    let without_the_listener = table(&[tcp4(5, (LOCAL, 50000), (PEER, 443), 1234)]);
    let mut windows = windows().says_later("table tcp4 module", Ok(without_the_listener));
    let snapshot = all().needs(Needs::PROCESS_EXECUTABLE).collect_from(&mut windows).unwrap();
    assert!(snapshot.coverage().is_complete(), "{}", snapshot.coverage());
    assert_eq!(snapshot.sockets().len(), 6);
    let rpc = find(&snapshot, 135);
    assert_eq!((rpc.state, rpc.remote.as_ref(), rpc.protocol), (State::Listen, None, Protocol::Tcp));
    // Its process started after it was made, and it is gone: the id is another's by now.
    assert_eq!(owner(rpc), (700, String::new()));
    let connection = find(&snapshot, 50000);
    assert_eq!(connection.remote.as_ref().unwrap().to_string(), "192.0.2.7:443");
    assert_eq!(owner(connection), (1234, "b\u{fc}ro.exe".to_owned()));
    assert_eq!(connection.created, Some(Duration::from_secs(1_655_526_400)));
    let mut made_alike = connection.clone();
    made_alike.creator = Some(1235);
    assert!(connection.id().unwrap().may_be_another());
    assert_ne!(connection.id(), made_alike.id(), "another process made it in the same tick");
    let process = &connection.owners[0].process;
    assert_eq!((process.parent, process.uid), (Some(1), None));
    assert_eq!(process.start_time.unwrap().since_unix_epoch(), Some(Duration::from_secs(1_655_526_399)));
    assert_eq!(process.executable.as_ref().unwrap().to_string_lossy(), "C:\\Programme\\b\u{fc}ro.exe");
    let memory = find(&snapshot, 50001);
    assert_eq!((memory.state, memory.unowned), (State::TimeWait, Some(Unowned::TimeWait)));
    assert_eq!(find(&snapshot, 50002).state, State::Closed);
    let six = find(&snapshot, 22);
    assert_eq!((six.local.to_string().as_str(), six.interface), ("[fe80::1%9]:22", Some(9)));
    assert_eq!((six.family, six.state, six.created), (Family::Ipv6, State::CloseWait, None));
    assert_eq!(six.id(), None, "its ends alone are used again");
    let dns = find(&snapshot, 53);
    assert_eq!((dns.protocol, dns.state, dns.remote.as_ref()), (Protocol::Udp, State::Unconnected, None));
    // Of that one nothing says that it is another.
    assert_eq!(owner(dns), (700, "svchost.exe".to_owned()));
}

/// What a table says of two listeners whose process started later than they were made, when it is read again.
#[track_caller]
fn check_younger(again: Result<Vec<u8>, u32>, names: [&str; 2]) {
    let listener = |port, pid| tcp4(2, ([0; 4], port), ([0; 4], 0), pid);
    let rows = [listener(135, 700), listener(136, 700), tcp4(5, (LOCAL, 50000), (PEER, 443), 1234)];
    let mut windows =
        windows().says("table tcp4 module", table(&rows)).says_later("table tcp4 module", again);
    let query = Query::new().tcp().family(Family::Ipv4).owners();
    let snapshot = query.collect_from(&mut windows).unwrap();
    let told = [135, 136].map(|port| owner(find(&snapshot, port)));
    assert_eq!(told, names.map(|name| (700, name.to_owned())));
    // Once for all, and only after every process was seen.
    assert_eq!(windows.count("table tcp4"), 2);
    let last = windows.asked.iter().rposition(|key| key.contains("start_time"));
    assert!(last < windows.asked.iter().rposition(|key| key.contains("table tcp4")));
}

#[test]
fn a_process_that_seems_younger_than_its_socket_is_told_when_the_socket_is_still_there() {
    let listener = |port, pid| tcp4(2, ([0; 4], port), ([9; 4], 9), pid);
    let (both, name) = ([listener(135, 700), listener(136, 700)], "svchost.exe");
    check_younger(Ok(table(&both)), [name; 2]);
    check_younger(Ok(table(&both[..1])), [name, ""]);
    check_younger(Ok(table(&[listener(135, 701), listener(137, 700)])), [""; 2]);
    // Made anew since: its time is another.
    let mut anew = listener(135, 700);
    anew[24] += 1;
    check_younger(Ok(table(&[anew, listener(136, 700)])), ["", name]);
    check_younger(Err(ACCESS_DENIED), [""; 2]);
}

#[test]
fn names_of_programs_have_no_case() {
    let count = |filter: &str| {
        let query = all().needs(Needs::PROCESS_EXECUTABLE).filter(filter.parse().unwrap());
        query.collect_from(&mut windows()).unwrap().sockets().len()
    };
    for filter in ["process = B\u{dc}RO.EXE", "process = B*.Exe", "exe = c:?PROGRAMME*"] {
        assert_eq!(count(filter), 2, "{filter}");
    }
    assert_eq!((count("process = BURO.EXE"), count("process != B\u{dc}RO.EXE and owner ~ SVCHOST")), (0, 2));
}

#[test]
fn only_what_is_asked_for() {
    let count = |query: Query| query.collect_from(&mut windows()).unwrap().sockets().len();
    assert_eq!(count(Query::new().tcp().states(States::LISTEN)), 1);
    assert_eq!(count(Query::new().udp().family(Family::Ipv6)), 0);
    assert_eq!(count(all().filter("dport = 443 and process = b\u{fc}ro.exe".parse().unwrap())), 1);
    assert_eq!(count(all().filter("not dport = 443 and pid = 700".parse().unwrap())), 2);
    // Nobody asked for owners: nobody looks for them.
    let mut windows = windows();
    let snapshot = Query::new().tcp().collect_from(&mut windows).unwrap();
    every(&snapshot, |socket| socket.owners.is_empty() && socket.unowned.is_none());
    assert_eq!((windows.count("process"), windows.count("udp"), windows.count("estats")), (0, 0, 0));
}

#[test]
fn a_recording_says_the_same() {
    let mut recorder = Recorder::new(windows());
    let live = all().collect_from(&mut recorder).unwrap();
    let recording = Recording::from_bytes(&recorder.finish().to_bytes()).unwrap();
    assert_eq!(recording.system(), System::Windows);
    let replayed = all().collect_from(&mut recording.replay()).unwrap();
    assert_eq!(replayed.sockets(), live.sockets());
    assert_eq!(replayed.coverage(), live.coverage());
}

#[test]
fn an_older_windows_tells_ids_alone() {
    let mut table = 1_u32.to_le_bytes().to_vec();
    table.extend(&tcp4(5, (LOCAL, 50000), (PEER, 443), 1234)[..24]);
    for code in [INVALID_PARAMETER, NOT_SUPPORTED] {
        let mut windows = windows().refuses("table tcp4 module", code).says("table tcp4 pid", table.clone());
        let snapshot = Query::new().tcp().family(Family::Ipv4).owners().collect_from(&mut windows).unwrap();
        assert!(snapshot.coverage().is_complete());
        let connection = find(&snapshot, 50000);
        assert_eq!((owner(connection).0, connection.created), (1234, None));
    }
}

#[test]
fn a_table_that_is_refused_is_a_gap_and_all_of_them_an_error() {
    let mut windows = windows().refuses("table tcp6 module", ACCESS_DENIED);
    let snapshot = Query::new().tcp().collect_from(&mut windows).unwrap();
    let gaps = snapshot.coverage().gaps();
    assert_eq!(gaps.len(), 1);
    assert_eq!(
        (gaps[0].what, gaps[0].why, gaps[0].object.as_str()),
        (Missing::Rows, ErrorKind::NotPermitted, "tcp6")
    );
    assert_eq!(snapshot.sockets().len(), 4);
    let mut windows = windows.refuses("table tcp4 module", ACCESS_DENIED);
    let error = Query::new().tcp().collect_from(&mut windows).unwrap_err();
    assert_eq!(error.to_string(), "cannot read table tcp4: ERROR_ACCESS_DENIED (5)");
}

#[test]
fn a_table_that_is_cut_short_keeps_its_rows_and_says_so() {
    let whole = table(&[tcp4(5, (LOCAL, 1), (PEER, 443), 1234), tcp4(5, (LOCAL, 2), (PEER, 443), 1234)]);
    for length in 0..whole.len() {
        let mut windows = windows().says("table tcp4 module", whole[..length].to_vec());
        let snapshot = Query::new().tcp().family(Family::Ipv4).collect_from(&mut windows).unwrap();
        assert_eq!(snapshot.sockets().len(), length.saturating_sub(8) / 160, "{length} bytes");
        assert_eq!(snapshot.coverage().gaps()[0].why, ErrorKind::Malformed);
    }
}

#[test]
fn a_process_that_has_ended_keeps_its_id() {
    let mut windows = windows().refuses("process 99 image_name", INVALID_PARAMETER);
    let snapshot = all().collect_from(&mut windows).unwrap();
    assert_eq!(owner(find(&snapshot, 22)), (99, String::new()));
    // It was looked for once more, and not for each socket.
    assert_eq!(windows.count("processes"), 2);
    assert!(snapshot.coverage().is_complete());
    assert!(snapshot.coverage().notes().iter().any(|note| note.contains("ended")));
}

#[test]
fn without_a_list_of_processes_programs_name_them() {
    let mut windows = windows().refuses("processes", ACCESS_DENIED);
    let snapshot = all().collect_from(&mut windows).unwrap();
    assert_eq!(owner(find(&snapshot, 50000)), (1234, "b\u{fc}ro.exe".to_owned()));
    let gap = &snapshot.coverage().gaps()[0];
    assert_eq!((gap.what, gap.why, gap.count), (Missing::Owners, ErrorKind::NotPermitted, Some(3)));
}

#[test]
fn what_windows_does_not_list_is_missing_and_what_it_does_not_have_is_not() {
    let snapshot = Query::new().protocols(Protocols::all()).collect_from(&mut windows()).unwrap();
    let missing: Vec<_> =
        snapshot.coverage().gaps().iter().map(|gap| (gap.object.as_str(), gap.why)).collect();
    assert_eq!(missing, ["raw", "unix", "vsock", "other"].map(|name| (name, ErrorKind::Unsupported)));
    assert!(snapshot.coverage().notes().iter().any(|note| note == "Windows has no netlink sockets"));
    let error = Query::new().protocols(Protocols::UNIX).collect_from(&mut windows()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    // What every question is about that names nothing.
    assert!(Query::new().collect_from(&mut windows()).unwrap().coverage().is_complete());
}

/// Rows, and for each gap of rows why, what the filter asks for, and of how many.
#[track_caller]
fn check_filter(filter: &str, rows: usize, expected: &[(ErrorKind, &str, u64)]) {
    let snapshot = all().filter(filter.parse().unwrap()).collect_from(&mut windows()).unwrap();
    let of_rows = snapshot.coverage().gaps().iter().filter(|gap| gap.what == Missing::Rows);
    let gaps: Vec<_> = of_rows.map(|gap| (gap.why, gap.object.as_str(), gap.count)).collect();
    let expected: Vec<_> = expected.iter().map(|(why, what, count)| (*why, *what, Some(*count))).collect();
    assert_eq!((snapshot.sockets().len(), gaps), (rows, expected), "{filter}");
}

#[test]
fn a_filter_on_what_windows_does_not_tell_is_undecided() {
    use ErrorKind::{Absent, Unsupported};
    // Of six sockets: one was in TIME_WAIT and has no owner, two are connections whose statistics nobody collects.
    for (filter, what, count) in [
        ("cmd ~ x", "filter by cmd", 5),
        ("not cmd ~ x", "filter by cmd", 5),
        ("puser = me", "filter by puser", 5),
        ("puid = 0", "filter by puid", 5),
        ("fd = 3", "filter by fd", 5),
        ("thread > 0", "filter by thread", 5),
        ("pcgroup = /x", "filter by pcgroup", 5),
        ("uid = 0", "filter by uid", 6),
        ("user != 0", "filter by uid", 6),
        ("inode > 1", "filter by inode", 6),
        ("has inode", "filter by inode", 6),
        ("not has inode", "filter by inode", 6),
        ("fwmark = 1", "filter by fwmark", 6),
        ("drops > 0", "filter by drops", 6),
        ("rcvbuf > 0", "filter by rcvbuf", 6),
        ("dev = 3", "filter by dev", 5),
        ("peer = x", "filter by peer", 3),
        ("timer_expires > 1ms", "filter by timer_expires", 3),
        ("backlog > 0", "filter by backlog", 1),
        ("pmtu > 1400", "filter by pmtu", 2),
        ("inode > 1 and uid = 0", "filter by inode, uid", 6),
        ("inode > 1 and sport = 53", "filter by inode", 1),
    ] {
        let rows = 0;
        check_filter(filter, rows, &[(Unsupported, what, count)]);
    }
    let switched_off = |what, count| (Absent, what, count);
    check_filter("rtt > 1ms", 0, &[switched_off("filter by rtt", 2)]);
    check_filter("loss > 1%", 0, &[switched_off("filter by loss", 2)]);
    let both = [switched_off("filter by recvq", 2), (Unsupported, "filter by recvq", 4)];
    for filter in ["recvq > 0", "not recvq > 0", "has recvq", "not has recvq"] {
        let mut gaps = both;
        gaps.sort_by_key(|gap| gap.0 == Absent);
        check_filter(filter, 0, &gaps);
    }
    // The one without an owner has no thread.
    check_filter("not has thread", 1, &[(Unsupported, "filter by thread", 5)]);
    check_filter("dev = 9", 1, &[(Unsupported, "filter by dev", 5)]);
    check_filter("pid = 1234 or cmd ~ x", 2, &[(Unsupported, "filter by cmd", 3)]);
    // Something else decides, or there is no such thing of any of these sockets.
    for filter in [
        "sport = 9 and cmd ~ x",
        "proto = udp and rtt > 1ms",
        "v6only = yes",
        "dst [fe80::1%3]",
        "fanout > 1",
        "netns_name = blue",
        "has timer and sport = 53",
        "pid = 5",
        "dport = 5",
        "process = nobody",
    ] {
        check_filter(filter, 0, &[]);
    }
}

#[test]
fn what_only_linux_has_is_refused() {
    for query in [
        Query::new().source(SourceChoice::Diag),
        Query::new().source(SourceChoice::Proc),
        Query::new().owner_source(pree::OwnerSource::Bpf),
        Query::new().network_namespaces(pree::Namespaces::All),
        Query::new().filter("autobound".parse().unwrap()),
        Query::new().filter("dev = eth0".parse().unwrap()),
    ] {
        let error = query.collect_from(&mut windows()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
    }
}

/// Bytes of every class, with the switch in front.
fn with_estats(windows: Windows, collected: u8) -> Windows {
    let number = |bytes: &mut Vec<u8>, at: usize, value: u32| {
        bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
    };
    let class = |switch: usize, size: usize, values: &[(usize, u32)]| {
        let mut bytes = vec![0; switch + size];
        if switch > 0 {
            bytes[0] = collected;
        }
        for (at, value) in values {
            number(&mut bytes, switch + at, *value);
        }
        bytes
    };
    windows
        .says(&format!("estats syn_opts {ENDS}"), class(0, 12, &[(0, 1), (4, 1460), (8, 1400)]))
        .says(
            &format!("estats data {ENDS}"),
            class(1, 96, &[(0, 1000), (8, 10), (56, 77), (60, 88), (72, 900), (80, 99), (88, 500)]),
        )
        .says(
            &format!("estats snd_cong {ENDS}"),
            class(1, 88, &[(4, 11), (20, 12), (36, 13), (60, 14600), (72, u32::MAX)]),
        )
        .says(
            &format!("estats path {ENDS}"),
            class(
                1,
                160,
                &[
                    (0, 1),
                    (4, 2),
                    (20, 3),
                    (24, 4000),
                    (108, 21),
                    (112, 5),
                    (132, 300),
                    (144, 1460),
                    (156, 1),
                ],
            ),
        )
        .says(&format!("estats send_buff {ENDS}"), class(1, 32, &[(0, 100), (16, 20)]))
        .says(&format!("estats rec {ENDS}"), class(1, 72, &[(0, 65535), (48, 7), (64, 8)]))
        .says(&format!("estats obs_rec {ENDS}"), class(1, 16, &[(0, 32768), (12, 255)]))
        .says(&format!("estats bandwidth {ENDS}"), class(8, 40, &[(0, 8000)]))
        .says(
            &format!("estats fine_rtt {ENDS}"),
            class(1, 16, &[(0, 400), (4, 25_000), (8, 19_000), (12, 20_500)]),
        )
}

/// One that tells all there is.
pub(super) fn everything() -> impl Source {
    let module = |row: &[u8]| {
        let key: String = row[..24].iter().map(|byte| format!("{byte:02x}")).collect();
        format!("module tcp4 {key}")
    };
    with_estats(windows(), 1)
        .refuses(&module(&tcp4(2, ([0; 4], 135), ([1, 2, 3, 4], 9), 700)), NOT_FOUND)
        .says(&module(&tcp4(5, (LOCAL, 50000), (PEER, 443), 1234)), utf16("Dnscache"))
        .says(&format!("estats rec {ENDS}"), {
            let mut rec = vec![0; 73];
            rec[0] = 1;
            rec[65] = 8;
            rec
        })
        .says(&format!("estats obs_rec {ENDS}"), {
            let mut rec = vec![0; 17];
            rec[0] = 1;
            rec[13] = 7;
            rec
        })
        .says(&format!("estats snd_cong {ENDS}"), {
            let mut congestion = vec![1; 89];
            congestion[76] = 0;
            congestion
        })
        .says(&format!("estats bandwidth {ENDS}"), vec![1; 48])
}

fn stats(windows: &mut Windows, query: &Query) -> Snapshot {
    query.clone().family(Family::Ipv4).collect_from(windows).unwrap()
}

#[test]
fn statistics() {
    let snapshot = stats(&mut with_estats(windows(), 1), &Query::new().tcp().stats());
    assert!(snapshot.coverage().is_complete(), "{}", snapshot.coverage());
    let socket = find(&snapshot, 50000);
    let tcp = socket.tcp.as_ref().unwrap();
    let (us, ms) = (Duration::from_micros, Duration::from_millis);
    assert_eq!((tcp.rtt, tcp.rttvar), (Some(us(20_500)), Some(us(400))));
    assert_eq!((tcp.min_rtt, tcp.max_rtt, tcp.rto), (Some(us(19_000)), Some(us(25_000)), Some(ms(300))));
    // Bytes are told, segments are not.
    assert_eq!((tcp.cwnd_bytes, tcp.snd_cwnd), (Some(14600), None));
    assert_eq!((tcp.ssthresh_bytes, tcp.snd_ssthresh), (None, None));
    assert_eq!((tcp.total_retrans, tcp.bytes_retrans, tcp.fast_retrans), (Some(3), Some(4000), Some(1)));
    assert_eq!((tcp.total_rto, tcp.spurious_rtos, tcp.snd_mss), (Some(2), Some(1), Some(1460)));
    assert_eq!((tcp.bytes_sent, tcp.bytes_acked, tcp.bytes_received), (Some(1000), Some(900), Some(500)));
    assert_eq!(
        (tcp.data_segs_out, tcp.snd_una, tcp.snd_nxt, tcp.rcv_nxt),
        (Some(10), Some(77), Some(88), Some(99))
    );
    assert_eq!((tcp.snd_wnd, tcp.snd_wscale), (Some(32768), None));
    assert_eq!((tcp.rcv_wnd, tcp.rcv_wscale), (Some(65535), Some(8)));
    assert_eq!((socket.send_queue, tcp.notsent_bytes, socket.recv_queue), (Some(120), Some(20), Some(7)));
    assert_eq!(
        (tcp.rwnd_limited, tcp.cwnd_limited, tcp.sender_limited),
        (Some(ms(11)), Some(ms(12)), Some(ms(13)))
    );
    assert_eq!((tcp.outbound_bandwidth, tcp.inbound_bandwidth, tcp.sndbuf_limited), (Some(1000), None, None));
    assert_eq!(tcp.counts_since, Some(pree::CountsSince::SwitchedOn));
    assert_eq!(socket.direction, Some(pree::Direction::Out));
    // A listener and what is only remembered have none.
    assert!(
        snapshot
            .iter()
            .filter(|socket| socket.local.port() != Some(50000))
            .all(|socket| socket.tcp.is_none())
    );
    let slow = Query::new().tcp().filter("rtt > 20ms and cwnd_bytes = 14600".parse().unwrap());
    assert_eq!(stats(&mut with_estats(windows(), 1), &slow).sockets().len(), 1);
}

#[test]
fn statistics_that_nobody_collects_are_missing_and_never_zero() {
    let snapshot = stats(&mut with_estats(windows(), 0), &Query::new().tcp().stats());
    assert!(snapshot.iter().all(|socket| socket.tcp.is_none() && socket.send_queue.is_none()));
    let gap = &snapshot.coverage().gaps()[0];
    assert_eq!((gap.what, gap.why, gap.count), (Missing::Stats, ErrorKind::Absent, Some(1)));
    assert!(gap.hint.contains("--estats"), "{gap}");
}

#[test]
fn statistics_that_are_refused_are_asked_for_once() {
    for (code, why) in [(ACCESS_DENIED, ErrorKind::NotPermitted), (NOT_SUPPORTED, ErrorKind::Unsupported)] {
        let rows: Vec<_> = (0..50).map(|n| tcp4(5, (LOCAL, 50000 + n), (PEER, 443), 4)).collect();
        let mut windows = windows().says("table tcp4 module", table(&rows));
        windows = windows.refuses(&format!("estats syn_opts {ENDS}"), code);
        let snapshot = stats(&mut windows, &Query::new().tcp().stats());
        assert_eq!(snapshot.sockets().len(), 50);
        let gap = &snapshot.coverage().gaps()[0];
        assert_eq!((gap.what, gap.why, gap.count), (Missing::Stats, why, Some(50)));
        assert_eq!(windows.count("estats"), 1);
    }
}

#[test]
fn a_connection_that_ended_meanwhile_has_no_statistics_and_no_gap() {
    let mut windows = with_estats(windows(), 1).refuses(&format!("estats path {ENDS}"), NOT_FOUND);
    let snapshot = stats(&mut windows, &Query::new().tcp().stats());
    assert!(snapshot.coverage().is_complete());
    assert_eq!(snapshot.sockets().len(), 4);
}

#[test]
fn what_is_switched_on_is_switched_off_again() {
    let mut windows = with_estats(windows(), 0);
    windows.switches = true;
    let query = Query::new().tcp().collect_estats(Duration::from_secs(5));
    let snapshot = stats(&mut windows, &query);
    assert!(snapshot.coverage().is_complete(), "{}", snapshot.coverage());
    assert_eq!(find(&snapshot, 50000).tcp.as_ref().unwrap().total_retrans, Some(3));
    // Eight groups of one connection, and every one is off at the end.
    assert_eq!((windows.on.len(), windows.on.values().any(|on| *on)), (8, false));
    assert_eq!(windows.count("wait 5000"), 1);
    assert!(windows.asked.last().unwrap().contains("estats_off"));
}

/// A recording for which statistics were switched on has them, whoever replays it.
#[test]
fn a_recording_has_the_statistics_that_were_switched_on_for_it() {
    let mut windows = with_estats(windows(), 0);
    windows.switches = true;
    let switched = Query::new().tcp().collect_estats(Duration::from_secs(5));
    let mut recorder = Recorder::new(windows);
    switched.clone().stats().family(Family::Ipv4).collect_from(&mut recorder).unwrap();
    let whole = recorder.finish();
    let inodes = HashSet::new();
    for small in [whole.only_about(&inodes), whole.without_processes()] {
        for query in [Query::new().tcp().stats(), switched.clone().stats()] {
            let snapshot = query.family(Family::Ipv4).collect_from(&mut small.replay()).unwrap();
            assert!(snapshot.coverage().is_complete(), "{}", snapshot.coverage());
            assert_eq!(find(&snapshot, 50000).tcp.as_ref().unwrap().total_retrans, Some(3));
        }
    }
}

#[test]
fn what_others_collect_stays_theirs() {
    let mut windows = with_estats(windows(), 1);
    windows.switches = true;
    let snapshot = stats(&mut windows, &Query::new().tcp().collect_estats(Duration::from_secs(5)));
    assert!(snapshot.coverage().is_complete());
    assert_eq!((windows.on.len(), windows.count("wait")), (0, 0));
}

#[test]
fn switching_on_without_the_right_is_an_error() {
    let mut windows = with_estats(windows(), 0).refuses(&format!("estats_on data {ENDS}"), ACCESS_DENIED);
    let query = Query::new().tcp().family(Family::Ipv4).collect_estats(Duration::from_secs(5));
    let error = query.collect_from(&mut windows).unwrap_err();
    assert!(error.is_permission());
    assert_eq!(error.to_string(), "cannot switch on statistics of connections: ERROR_ACCESS_DENIED (5)");
    assert_eq!(windows.count("wait"), 0);
    // Elsewhere there is nothing to switch on.
    let error = query.collect_from(&mut super::systems::Refusing(System::Linux)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
}

/// `MIB_TCPSTATS`, or with segments in 64 bits `MIB_TCPSTATS2`, each number its place.
fn tcp_statistics(wide: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    for place in 0_u32..15 {
        if wide && place == 9 {
            bytes.extend([0; 4]);
        }
        bytes.extend(place.to_le_bytes());
        if wide && (9..=10).contains(&place) {
            bytes.extend(1_u32.to_le_bytes());
        }
    }
    bytes
}

#[test]
fn counters_of_the_host() {
    let query = Query::new().tcp().needs(Needs::HOST);
    let counters = |windows: Windows| query.collect_from(&mut windows.clone()).unwrap().counters().clone();
    let old = windows()
        .says("tcp_statistics 4", tcp_statistics(false))
        .says("tcp_statistics 6", tcp_statistics(false));
    let told = counters(old.clone());
    assert_eq!((told.active_opens, told.established, told.segments_in), (Some(8), Some(16), Some(18)));
    assert_eq!((told.segments_retransmitted, told.resets_sent), (Some(22), Some(26)));
    // The newer one is believed first.
    let told = counters(old.says("tcp_statistics2 4", tcp_statistics(true)));
    assert_eq!((told.segments_in, told.segments_out), (Some((1 << 32) + 18), Some((1 << 32) + 20)));
    assert_eq!(told.segments_retransmitted, Some(22));
    // One family alone is not the host.
    let half = counters(windows().says("tcp_statistics 4", tcp_statistics(false)));
    assert_eq!(half.active_opens, None);
}

#[test]
fn every_question_may_fail() {
    let query = all().stats().needs(Needs::PROCESS_EXECUTABLE | Needs::MODULE).collect_estats(Duration::ZERO);
    let mut whole = with_estats(windows(), 0);
    whole.switches = true;
    query.collect_from(&mut whole).unwrap();
    let questions = whole.asked.clone();
    for question in &questions {
        for code in [ACCESS_DENIED, NOT_SUPPORTED, INVALID_PARAMETER, NOT_FOUND, 4711] {
            let mut windows = with_estats(windows(), 0);
            windows.answers.insert(question.clone(), Err(code));
            // Never a panic, never without an end.
            let _ = query.collect_from(&mut windows);
            assert!(windows.asked.len() < 2 * questions.len() + 100, "{question} {code}");
        }
    }
}

/// A second of it: what the table says the making of is followed; of the rest it is said that nothing joins it.
#[test]
fn looks_are_joined_by_when_and_by_whom_it_was_made() {
    let (last, intervals, _) = look_for_a_second(windows(), &all().stats());
    let mut followed: Vec<_> =
        last.iter().filter(|it| intervals.get(it).is_some()).filter_map(|it| it.local.port()).collect();
    followed.sort_unstable();
    assert_eq!(followed, [135, 50000, 50001, 50002]);
    every(followed, |port| intervals.get(find(&last, *port)).is_some_and(|it| it.looks() == 11));
    let gap = last.coverage().gaps().iter().find(|gap| gap.object == "from look to look").unwrap();
    assert_eq!((gap.what, gap.count), (Missing::Stats, Some(2)), "{gap}");
}
