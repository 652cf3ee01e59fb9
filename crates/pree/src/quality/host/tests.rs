//! Each detector fires where it must and is silent next to it, or says that it could not look.
#![allow(clippy::needless_pass_by_value, reason = "cases read better when they are made in place")]

mod steps;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::{About, HOST_DETECTORS, HostAssessment, assess_host, assess_host_interval};
use crate::coverage::Coverage;
use crate::model::{
    Address, BootId, Family, HostLimits, KernelId, ListenQueue, NetworkNamespace, Owner, PortRange, Process,
    Protocol, Socket, SocketMemory, State, TcpStats, TimeWaitReuse, Timer, TimerKind, Unowned,
};
use crate::quality::{DETECTORS, Evidence, Intervals, Severity, Value};
use crate::snapshot::Snapshot;
use Severity::{Critical, Info, Warning};

/// What is sought in an assessment: severity, about, number of sockets.
type Said = Option<(Severity, About, usize)>;

fn end(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn tcp(state: State, local: &str, remote: &str) -> Socket {
    let mut socket = Socket::new(Protocol::Tcp, Family::Ipv4, state, Address::Inet(end(local)));
    socket.remote = (!remote.is_empty()).then(|| Address::Inet(end(remote)));
    socket
}

/// Connections from ports `from..from + count` of one address.
fn many(count: u16, from: u16, state: State, remote: &str) -> Vec<Socket> {
    (from..from + count).map(|port| tcp(state, &format!("192.0.2.1:{port}"), remote)).collect()
}

/// 40 ports that the system chooses from; room for 100 in `TIME_WAIT`.
fn limits() -> HostLimits {
    HostLimits {
        local_ports: PortRange::new(40_000, 40_039),
        reserved_ports: Some(Vec::new()),
        time_wait_limit: Some(100),
        time_wait_reuse: Some(TimeWaitReuse::Never),
        syn_backlog: Some(4096),
        syn_cookies: Some(true),
    }
}

fn snapshot(sockets: Vec<Socket>, limits: HostLimits) -> Snapshot {
    Snapshot::new(sockets, Coverage::default(), limits)
}

fn said(host: &HostAssessment, name: &str) -> Said {
    assert!(HOST_DETECTORS.iter().any(|detector| detector.name == name), "{name}: no such detector");
    let finding = host.findings.iter().find(|finding| finding.name == name)?;
    assert!(!finding.evidence.is_empty() && finding.sockets.is_sorted(), "{finding:?}");
    let line = finding.to_string();
    assert!(line.starts_with(name) && line.ends_with(finding.advice) && !line.contains('\n'), "{line}");
    Some((finding.severity, finding.about.clone(), finding.sockets.len()))
}

#[track_caller]
fn check_with(name: &str, sockets: Vec<Socket>, limits: HostLimits, expected: Said) {
    let host = assess_host(&snapshot(sockets, limits));
    assert_eq!(said(&host, name), expected, "{:?} {:?}", host.findings, host.unchecked);
    if expected.is_some() {
        assert!(host.unchecked.iter().all(|unchecked| unchecked.name != name), "{:?}", host.unchecked);
    }
}

#[track_caller]
fn check(name: &str, sockets: Vec<Socket>, expected: Said) {
    check_with(name, sockets, limits(), expected);
}

fn evidence(host: &HostAssessment, name: &str, of: &str) -> Option<Value> {
    let finding = host.findings.iter().find(|finding| finding.name == name)?;
    finding.evidence.iter().find(|Evidence { name, .. }| *name == of).map(|evidence| evidence.value)
}

fn to(remote: &str) -> About {
    About::Destination(end(remote))
}

const WEB: &str = "198.51.100.7:443";

#[test]
fn an_empty_machine_is_well() {
    let host = assess_host(&snapshot(Vec::new(), limits()));
    assert_eq!((host.findings, host.unchecked, host.troubled), (Vec::new(), Vec::new(), Vec::new()));
    let names: std::collections::BTreeSet<_> = HOST_DETECTORS.iter().map(|it| it.name).collect();
    assert_eq!(names.len(), HOST_DETECTORS.len());
}

/// What never has statistics lacks none.
#[test]
fn memories_need_no_statistics() {
    let resting = [tcp(State::TimeWait, "192.0.2.1:80", WEB), tcp(State::SynReceived, "192.0.2.1:80", WEB)];
    assert_eq!(assess_host(&snapshot(resting.to_vec(), limits())).unchecked, []);
    let bare = assess_host(&snapshot(vec![tcp(State::Established, "192.0.2.1:80", WEB)], limits()));
    assert_eq!(of_machine(&bare).len(), 2);
    let told = vec![tcp(State::Established, "192.0.2.1:80", WEB), connection(WEB, healthy())];
    assert_eq!(of_machine(&assess_host(&snapshot(told, limits()))), [""; 0]);
}

/// What could not be looked for among what shows only across sockets.
fn of_machine(host: &HostAssessment) -> Vec<&'static str> {
    let names = host.unchecked.iter().map(|unchecked| unchecked.name);
    names.filter(|name| HOST_DETECTORS.iter().any(|detector| detector.name == *name)).collect()
}

/// Of each kind of socket what its detectors read, and those that cannot look where it is not told.
#[test]
fn what_is_not_told_of_sockets_was_not_looked_for() {
    let mut listener = tcp(State::Listen, "192.0.2.1:80", "");
    let mut datagrams = Socket { protocol: Protocol::Udp, ..tcp(State::Unconnected, "192.0.2.1:53", "") };
    let of_sockets = |socket: &Socket| -> Vec<&str> {
        let host = assess_host(&snapshot(vec![socket.clone(), connection(WEB, healthy())], limits()));
        assert_eq!(of_machine(&host), [""; 0]);
        host.unchecked.iter().map(|unchecked| unchecked.name).collect()
    };
    assert_eq!(of_sockets(&listener), ["accept_overflow"]);
    listener.listen = Some(ListenQueue { queue: 0, limit: 0 });
    assert_eq!(of_sockets(&listener), [""; 0]);
    assert_eq!(of_sockets(&datagrams), ["udp_drops", "unread_data"]);
    datagrams.drops = Some(0);
    assert_eq!(of_sockets(&datagrams), ["unread_data"]);
    (datagrams.recv_queue, datagrams.memory) = (Some(0), Some(SocketMemory::default()));
    assert_eq!(of_sockets(&datagrams), [""; 0]);
    let bare = of_sockets(&tcp(State::Established, "192.0.2.1:80", WEB));
    let others = DETECTORS.iter().map(|detector| detector.name);
    let others: Vec<_> = others.filter(|name| !["accept_overflow", "udp_drops"].contains(name)).collect();
    assert_eq!(bare, others);
    assert_eq!(of_sockets(&tcp(State::TimeWait, "192.0.2.1:80", WEB)), [""; 0]);
}

/// Nothing is known of the machine, and of connections only that they are there.
#[test]
fn what_is_not_known_is_said() {
    let close_wait = many(20, 1, State::CloseWait, WEB);
    let host = assess_host(&snapshot(close_wait, HostLimits::default()));
    let unchecked = of_machine(&host);
    let expected = ["ports_exhausted", "path_trouble", "shared_queue", "close_wait_leak", "time_wait_pile"];
    assert_eq!((unchecked.as_slice(), host.findings.len()), (&expected[..], 0));
}

#[test]
fn ports_exhausted() {
    let name = "ports_exhausted";
    let used = |count| many(count, 40_000, State::Established, WEB);
    check(name, used(31), None);
    check(name, used(32), Some((Warning, to(WEB), 32)));
    check(name, used(39), Some((Warning, to(WEB), 39)));
    check(name, used(40), Some((Critical, to(WEB), 40)));
    // Ports outside the range; to other destinations; from another address; a handshake from outside.
    check(name, many(40, 50_000, State::Established, WEB), None);
    let split = |a: &str, b: &str| {
        [many(20, 40_000, State::Established, a), many(20, 40_020, State::Established, b)].concat()
    };
    check(name, split(WEB, "198.51.100.8:443"), None);
    check(name, split(WEB, "198.51.100.7:80"), None);
    let moved = |mut socket: Socket| {
        socket.local = Address::Inet(SocketAddr::new([192, 0, 2, 9].into(), socket.local.port().unwrap()));
        socket
    };
    check(name, used(20).into_iter().chain(used(40).into_iter().skip(20).map(moved)).collect(), None);
    check(name, many(40, 40_000, State::SynReceived, WEB), None);
    // v4-mapped ends are the same ends.
    let mapped = (40_000..40_016).map(|port| {
        tcp(State::Established, &format!("[::ffff:192.0.2.1]:{port}"), "[::ffff:198.51.100.7]:443")
    });
    let both = many(16, 40_016, State::SynSent, WEB).into_iter().chain(mapped).collect();
    check(name, both, Some((Warning, to(WEB), 32)));
    // A listener keeps its port from every destination; two of them at one port keep one.
    let listener = |port: u16| tcp(State::Listen, &format!("[::]:{port}"), "");
    check(name, [used(31), vec![listener(40_035)]].concat(), Some((Warning, to(WEB), 31)));
    check(name, [used(30), vec![listener(40_035), listener(40_035)]].concat(), None);
    check(name, [used(31), vec![listener(40_005)]].concat(), None);
    check(name, (40_000..40_032).map(listener).collect(), Some((Warning, About::Host, 0)));
    // Reserved ports are no choice.
    let reserved =
        HostLimits { reserved_ports: Some(vec![PortRange::new(40_010, 40_029).unwrap()]), ..limits() };
    check_with(name, used(10), reserved.clone(), None);
    check_with(name, used(40), reserved, Some((Critical, to(WEB), 20)));
    check_with(name, used(40), HostLimits { local_ports: None, ..limits() }, None);
}

/// What connect(2) chose serves several destinations by chance; where no port does, bind(2) took them all.
#[test]
fn ports_taken_by_bind() {
    let name = "ports_exhausted";
    let hundred = HostLimits { local_ports: PortRange::new(40_000, 40_099), ..limits() };
    let spread = |count: u16, port: fn(u16) -> u16| -> Vec<Socket> {
        let to = |at: u16| format!("198.51.100.{}:443", at % 50 + 1);
        (0..count).map(|at| tcp(State::Established, &format!("192.0.2.1:{}", port(at)), &to(at))).collect()
    };
    let bound = |at| 40_000 + at;
    check_with(name, spread(79, bound), hundred.clone(), None);
    check_with(name, spread(80, bound), hundred.clone(), Some((Warning, About::Host, 80)));
    check_with(name, spread(100, bound), hundred.clone(), Some((Critical, About::Host, 100)));
    // One port serves two.
    let shared = [spread(100, bound), spread(1, |_| 40_001)].concat();
    check_with(name, shared, hundred.clone(), None);
    // Who comes to a listener shares its port.
    let listener = tcp(State::Listen, "0.0.0.0:40099", "");
    let clients = spread(10, |_| 40_099);
    let served = [spread(79, bound), vec![listener], clients].concat();
    check_with(name, served, hundred.clone(), Some((Warning, About::Host, 79)));
    // To few destinations it may be chance.
    let two: Vec<_> = [("198.51.100.1:443", 40_000), ("198.51.100.2:443", 40_040)].into_iter().collect();
    let two = two.into_iter().flat_map(|(to, first)| many(40, first, State::Established, to)).collect();
    check_with(name, two, hundred, None);
}

#[test]
fn ports_in_time_wait() {
    let name = "ports_exhausted";
    let reuse = |time_wait_reuse| HostLimits { time_wait_reuse, ..limits() };
    let resting = |count, remote| many(count, 40_000, State::TimeWait, remote);
    let expected = Some((Critical, to(WEB), 40));
    check_with(name, resting(40, WEB), reuse(Some(TimeWaitReuse::Never)), expected.clone());
    check_with(name, resting(40, WEB), reuse(Some(TimeWaitReuse::Loopback)), expected);
    check_with(name, resting(40, WEB), reuse(Some(TimeWaitReuse::Always)), None);
    check_with(name, resting(40, WEB), reuse(None), None);
    check_with(name, resting(40, "127.0.0.1:80"), reuse(Some(TimeWaitReuse::Loopback)), None);
    let mixed = [resting(20, WEB), many(20, 40_020, State::FinWait1, WEB)].concat();
    let host = assess_host(&snapshot(mixed, limits()));
    assert_eq!(evidence(&host, name, "time_wait"), Some(Value::Count(20)));
    assert_eq!(evidence(&host, name, "share"), Some(Value::Share(1.0)));
}

#[test]
fn time_wait_pile() {
    let name = "time_wait_pile";
    let resting = |count| many(count, 40_000, State::TimeWait, WEB);
    check(name, resting(19), None);
    check(name, resting(20), Some((Warning, to(WEB), 20)));
    let always = HostLimits { time_wait_reuse: Some(TimeWaitReuse::Always), ..limits() };
    check_with(name, resting(20), always, Some((Info, to(WEB), 20)));
    check(name, many(40, 40_000, State::Established, WEB), None);
    // At a service of ours they hold no port that is chosen, but a place.
    let served =
        |count: u16| (1..=count).map(|n| tcp(State::TimeWait, "192.0.2.1:80", &format!("10.0.0.1:{n}")));
    check(name, served(49).collect(), None);
    check(name, served(50).collect(), Some((Info, About::Host, 50)));
    check(name, served(100).collect(), Some((Warning, About::Host, 100)));
    check_with(name, served(100).collect(), HostLimits { time_wait_limit: None, ..limits() }, None);
}

/// A connection of this process in `CLOSE_WAIT`, last heard of so many seconds ago.
fn left_open(port: u16, pid: u32, idle: Option<u64>) -> Socket {
    let mut socket = tcp(State::CloseWait, "192.0.2.1:80", &format!("10.0.0.1:{port}"));
    let last_ack_recv = idle.map(Duration::from_secs);
    socket.tcp = Some(Box::new(TcpStats { last_ack_recv, ..TcpStats::default() }));
    if pid > 0 {
        let process = Process { pid, name: (&b"leaky"[..]).into(), ..Process::default() };
        socket.owners = vec![Owner { process: Arc::new(process), fd: Some(port.into()), thread: None }];
    }
    socket
}

#[test]
fn close_wait_leak() {
    let name = "close_wait_leak";
    let leak = |count: u16, pid, idle| (1..=count).map(|port| left_open(port, pid, idle)).collect::<Vec<_>>();
    let by = |pid| About::Process(Arc::clone(&left_open(1, pid, None).owners[0].process));
    check(name, leak(9, 7, Some(1000)), None);
    check(name, leak(10, 7, Some(60)), Some((Info, by(7), 10)));
    check(name, leak(10, 7, Some(61)), Some((Warning, by(7), 10)));
    check(name, leak(10, 7, None), Some((Info, by(7), 10)));
    // One that is young, or of which it is not known.
    check(name, [leak(10, 7, Some(61)), leak(1, 7, Some(1))].concat(), Some((Info, by(7), 11)));
    check(name, [leak(10, 7, Some(61)), leak(1, 7, None)].concat(), Some((Info, by(7), 11)));
    // Two processes with half of them each; one of two has many.
    check(name, [leak(9, 7, Some(61)), leak(9, 8, Some(61))].concat(), None);
    check(name, [leak(9, 7, Some(61)), leak(10, 8, Some(61))].concat(), Some((Warning, by(8), 10)));
    // Not accepted yet; open ones.
    let queue = |socket| Socket { unowned: Some(Unowned::AcceptQueue), ..socket };
    let queued: Vec<_> = leak(20, 0, Some(61)).into_iter().map(queue).collect();
    check(name, queued.clone(), None);
    assert_eq!(assess_host(&snapshot(queued, limits())).unchecked, []);
    let reopen = |socket| Socket { state: State::Established, ..socket };
    check(name, leak(20, 7, Some(61)).into_iter().map(reopen).collect(), None);
    let unchecked = assess_host(&snapshot(leak(20, 0, Some(61)), limits())).unchecked;
    assert_eq!(unchecked.iter().map(|it| it.name).collect::<Vec<_>>(), [name]);
}

/// Live: new ones come while the others stay.
#[test]
fn close_wait_leak_grows() {
    let with_id = |port: u16| {
        let network_namespace = 1;
        let id = KernelId { boot: BootId::default(), network_namespace, cookie: port.into() };
        Socket { kernel_id: Some(id), ..left_open(port, 7, Some(1)) }
    };
    let look = |ports: std::ops::RangeInclusive<u16>| ports.map(with_id).collect::<Vec<_>>();
    let judge = |first: Vec<Socket>, last: Vec<Socket>| {
        let (first, last) = (snapshot(first, limits()), snapshot(last, limits()));
        let mut intervals = Intervals::default();
        intervals.add(Duration::from_secs(100), &first);
        intervals.add(Duration::from_secs(110), &last);
        let host = assess_host_interval(&last, &intervals);
        (said(&host, "close_wait_leak").map(|said| said.0), evidence(&host, "close_wait_leak", "new"))
    };
    let new = |count| Some(Value::Count(count));
    assert_eq!(judge(look(1..=10), look(1..=11)), (Some(Warning), new(1)));
    assert_eq!(judge(look(1..=11), look(1..=11)), (Some(Info), new(0)));
    // They come and go.
    assert_eq!(judge(look(1..=20), look(12..=31)), (Some(Info), new(11)));
    assert_eq!(judge(look(1..=20), look(11..=30)), (Some(Warning), new(10)));
    // They were open at the first look.
    let mut open = look(1..=11);
    open[10].state = State::Established;
    assert_eq!(judge(open, look(1..=11)), (Some(Warning), new(1)));
}

fn handshake(local: &str, port: u16, tries: u8) -> Socket {
    let mut socket = tcp(State::SynReceived, local, &format!("203.0.113.5:{port}"));
    let kind = TimerKind::Retransmit;
    socket.timer = Some(Timer { kind, expires: Duration::from_secs(1), retransmits: tries });
    socket
}

fn listening(local: &str, queue: u32, limit: u32) -> Socket {
    let mut socket = tcp(State::Listen, local, "");
    socket.listen = Some(ListenQueue { queue, limit });
    socket
}

#[test]
fn half_open() {
    let name = "half_open";
    let half = |count: u16, tries| (1..=count).map(move |port| handshake("192.0.2.1:80", port, tries));
    let with = |listener: Socket, count, tries| half(count, tries).chain([listener]).collect::<Vec<_>>();
    let at = |local: &str| About::Local(end(local));
    check(name, half(9, 1).collect(), None);
    check(name, half(10, 1).collect(), Some((Warning, at("192.0.2.1:80"), 10)));
    // Young ones are a busy server.
    check(name, half(1000, 0).collect(), None);
    check(name, with(listening("0.0.0.0:80", 0, 16), 16, 0), None);
    // A small queue is full with few; a larger one is not.
    for local in ["192.0.2.1:80", "0.0.0.0:80", "[::]:80"] {
        check(name, with(listening(local, 0, 4), 4, 1), Some((Warning, at(local), 4)));
        check(name, with(listening(local, 0, 5), 4, 1), None);
    }
    check(name, with(listening("192.0.2.1:81", 0, 1), 4, 1), None);
    check(name, with(listening("[2001:db8::1]:80", 0, 1), 4, 1), None);
    // Two listeners that share a port share the work.
    let shared = |count| [with(listening("0.0.0.0:80", 0, 3), count, 2), vec![listening("0.0.0.0:80", 0, 3)]];
    check(name, shared(5).concat(), None);
    check(name, shared(6).concat(), Some((Warning, at("0.0.0.0:80"), 6)));
    // Without cookies a full queue answers nobody.
    let bare = |backlog| HostLimits { syn_cookies: Some(false), syn_backlog: Some(backlog), ..limits() };
    let full = |count| with(listening("0.0.0.0:80", 0, 4), count, 1);
    check_with(name, full(4), bare(4096), Some((Critical, at("0.0.0.0:80"), 4)));
    check_with(name, full(3), bare(4096), None);
    let large = |count| with(listening("0.0.0.0:80", 0, 4096), count, 1);
    check_with(name, large(7), bare(8), Some((Critical, at("0.0.0.0:80"), 7)));
    check_with(name, large(6), bare(8), None);

    let host = assess_host(&snapshot(with(listening("0.0.0.0:80", 9, 8), 12, 3), limits()));
    assert_eq!(evidence(&host, name, "most_repeats"), Some(Value::Count(3)));
    assert_eq!(evidence(&host, name, "backlog"), Some(Value::Count(8)));
    assert_eq!(evidence(&host, name, "accept_queue"), Some(Value::Word("full")));
}

/// An established connection about which nothing is wrong, 20 ms away.
fn healthy() -> TcpStats {
    let ms = Duration::from_millis;
    TcpStats {
        state: Some(1),
        ca_state: Some(0),
        backoff: Some(0),
        probes: Some(0),
        snd_mss: Some(1448),
        snd_wnd: Some(1 << 20),
        unacked: Some(20),
        notsent_bytes: Some(100_000),
        rtt: Some(ms(21)),
        rttvar: Some(ms(1)),
        min_rtt: Some(ms(20)),
        total_retrans: Some(0),
        bytes_retrans: Some(0),
        dsack_dups: Some(0),
        data_segs_out: Some(10_000),
        delivery_rate: Some(1_000_000),
        delivery_rate_app_limited: Some(false),
        ..TcpStats::default()
    }
}

fn connection(remote: &str, stats: TcpStats) -> Socket {
    let mut socket = tcp(State::Established, "192.0.2.1:5000", remote);
    socket.tcp = Some(Box::new(stats));
    socket
}

#[test]
fn path_trouble() {
    let name = "path_trouble";
    let stalled = |backoff| TcpStats { ca_state: Some(4), backoff: Some(backoff), ..healthy() };
    let some = |number: usize, stats: TcpStats| vec![connection(WEB, stats); number];
    let of = |ip: &str| About::Remote(ip.parse().unwrap());
    let web = || of("198.51.100.7");
    check(name, some(2, stalled(2)), None);
    check(name, some(3, stalled(2)), Some((Warning, web(), 3)));
    check(name, some(3, stalled(3)), Some((Critical, web(), 3)));
    // Degrees of one thing; half of them are well; more than half.
    check(name, [some(2, stalled(3)), some(1, stalled(2))].concat(), Some((Warning, web(), 3)));
    check(name, [some(3, stalled(2)), some(3, healthy())].concat(), Some((Warning, web(), 3)));
    check(name, [some(3, stalled(2)), some(4, healthy())].concat(), None);
    // Others about which nothing can be said do not count; nor others elsewhere.
    check(name, [some(3, stalled(2)), some(9, TcpStats::default())].concat(), Some((Warning, web(), 3)));
    let elsewhere = vec![connection("198.51.100.8:443", healthy()); 9];
    check(name, [some(3, stalled(2)), elsewhere].concat(), Some((Warning, web(), 3)));
    // Different ports are one address; different troubles are not one.
    let ports = ["198.51.100.7:1", "198.51.100.7:2", "[::ffff:198.51.100.7]:3"];
    check(name, ports.map(|remote| connection(remote, stalled(2))).to_vec(), Some((Warning, web(), 3)));
    let closed = TcpStats { snd_wnd: Some(0), unacked: Some(0), backoff: Some(3), ..healthy() };
    check(name, [some(2, stalled(2)), some(2, closed.clone())].concat(), None);
    check(name, some(3, closed), Some((Warning, web(), 3)));
    // What is info is no trouble.
    let info = TcpStats { delivery_rate_app_limited: Some(true), notsent_bytes: Some(0), ..healthy() };
    check(name, some(9, info), None);
    // On this machine there is no path.
    check(name, vec![connection("127.0.0.1:80", stalled(3)); 5], None);
    check(name, vec![connection("192.0.2.1:80", stalled(3)); 5], None);
    check(name, vec![connection("[2001:db8::5]:80", stalled(3)); 5], Some((Critical, of("2001:db8::5"), 5)));
}

#[test]
fn shared_queue() {
    let name = "shared_queue";
    let waits = |loading: bool, rtt| TcpStats {
        rtt: Some(Duration::from_millis(rtt)),
        delivery_rate_app_limited: Some(!loading),
        notsent_bytes: Some(if loading { 100_000 } else { 0 }),
        ..healthy()
    };
    let (bulk, victim) = (|| connection(WEB, waits(true, 420)), || connection(WEB, waits(false, 380)));
    let about = About::Remote(end(WEB).ip());
    check(name, vec![victim(), bulk()], Some((Warning, about.clone(), 2)));
    check(name, vec![bulk(), victim(), victim()], Some((Warning, about, 3)));
    check(name, vec![victim(), victim()], None);
    check(name, vec![bulk(), bulk()], None);
    check(name, vec![victim(), connection("198.51.100.8:443", waits(true, 420))], None);
    check(name, vec![bulk(), connection(WEB, waits(false, 21))], None);
    let host = assess_host(&snapshot(vec![victim(), bulk()], limits()));
    assert_eq!(evidence(&host, name, "queue_delay"), Some(Value::Time(Duration::from_millis(360))));
    assert_eq!(evidence(&host, name, "their_queue_delay"), Some(Value::Time(Duration::from_millis(400))));
}

/// One that was opened into a full queue knows of it through another.
#[test]
fn base_rtt_comes_from_others() {
    let late = TcpStats {
        rtt: Some(Duration::from_millis(420)),
        min_rtt: Some(Duration::from_millis(400)),
        ..healthy()
    };
    let alone = assess_host(&snapshot(vec![connection(WEB, late.clone())], limits()));
    assert!(alone.troubled.is_empty());
    let sockets = vec![connection(WEB, late), connection("198.51.100.7:22", healthy())];
    let host = assess_host(&snapshot(sockets.clone(), limits()));
    assert!(host.troubled[0].1.bloat.is_yes());
    let context = super::Peers::of(&sockets).context(&sockets[0]);
    assert_eq!(context.peer_base_rtt, Some(Duration::from_millis(20)));
}

/// The same socket of another network namespace, or bound to an interface.
fn elsewhere(socket: Socket, (namespace, interface): (u64, u32)) -> Socket {
    Socket {
        network_namespace: (namespace > 0).then(|| Arc::new(NetworkNamespace::new(namespace, None))),
        interface: (interface > 0).then_some(interface),
        ..socket
    }
}

/// One address is as many hosts as there are network namespaces and links that it is of: what is known of one is not said of
/// another, and what they use up is not added up.
#[test]
fn an_address_is_a_host_within_its_network_only() {
    let ms = Duration::from_millis;
    let late = TcpStats { rtt: Some(ms(420)), min_rtt: Some(ms(400)), ..healthy() };
    let stalled = TcpStats { ca_state: Some(4), backoff: Some(2), ..healthy() };
    for (remote, one, other) in [
        (WEB, (1, 0), (2, 0)),
        (WEB, (0, 2), (0, 3)),
        (WEB, (0, 0), (0, 3)),
        ("[fe80::1]:443", (0, 2), (0, 3)),
        ("[fe80::1%2]:443", (0, 0), (0, 3)),
    ] {
        let at = |stats: &TcpStats, place| elsewhere(connection(remote, stats.clone()), place);
        let base = |sockets: [Socket; 2]| super::Peers::of(&sockets).context(&sockets[0]).peer_base_rtt;
        assert_eq!(base([at(&late, one), at(&healthy(), one)]), Some(ms(20)), "{remote} {one:?}");
        assert_eq!(base([at(&late, one), at(&healthy(), other)]), Some(ms(400)), "{remote} {other:?}");

        let said = |name, sockets: Vec<Socket>| said(&assess_host(&snapshot(sockets, limits())), name);
        let troubled = |places: [_; 3]| places.map(|place| at(&stalled, place)).to_vec();
        assert!(said("path_trouble", troubled([one, one, one])).is_some(), "{remote} {one:?}");
        assert_eq!(said("path_trouble", troubled([one, one, other])), None, "{remote} {other:?}");

        let used = |places: [_; 2]| -> Vec<Socket> {
            let ports =
                [many(20, 40_000, State::FinWait1, remote), many(20, 40_020, State::FinWait1, remote)];
            let there = |(sockets, place): (Vec<Socket>, _)| {
                sockets.into_iter().map(move |socket| elsewhere(socket, place))
            };
            ports.into_iter().zip(places).flat_map(there).collect()
        };
        assert!(said("ports_exhausted", used([one, one])).is_some(), "{remote} {one:?}");
        assert_eq!(said("ports_exhausted", used([one, other])), None, "{remote} {other:?}");
    }
}

/// Every detector has a case that fires and one that is silent.
#[test]
fn each_fires_and_is_silent() {
    let stalled = |backoff| TcpStats { ca_state: Some(4), backoff: Some(backoff), ..healthy() };
    let delayed = |loading: bool| TcpStats {
        rtt: Some(Duration::from_millis(500)),
        delivery_rate_app_limited: Some(!loading),
        notsent_bytes: Some(if loading { 100_000 } else { 0 }),
        ..healthy()
    };
    let web = |stats| connection(WEB, stats);
    let (fires, silent): (Vec<_>, Vec<_>) = [
        (many(40, 40_000, State::SynSent, WEB), many(31, 40_000, State::SynSent, WEB)),
        (vec![web(stalled(2)); 3], vec![web(stalled(1)); 3]),
        (vec![web(delayed(true)), web(delayed(false))], vec![web(delayed(true)), web(healthy())]),
        (vec![handshake("192.0.2.1:80", 1, 1); 10], vec![handshake("192.0.2.1:80", 1, 0); 10]),
        (vec![left_open(1, 7, None); 10], vec![left_open(1, 7, None); 9]),
        (many(20, 40_000, State::TimeWait, WEB), many(19, 40_000, State::TimeWait, WEB)),
    ]
    .into_iter()
    .unzip();
    assert_eq!(fires.len(), HOST_DETECTORS.len());
    for ((detector, fires), silent) in HOST_DETECTORS.iter().zip(fires).zip(silent) {
        let found = |sockets| said(&assess_host(&snapshot(sockets, limits())), detector.name).is_some();
        assert!(found(fires), "{} does not fire", detector.name);
        assert!(!found(silent), "{} is not silent", detector.name);
    }
}

/// The worst comes first.
#[test]
fn findings_are_sorted() {
    let leak = (1..=10).map(|port| left_open(port, 7, Some(61)));
    let sockets = leak.chain(many(40, 40_000, State::TimeWait, WEB)).collect();
    let host = assess_host(&snapshot(sockets, limits()));
    let found: Vec<_> = host.findings.iter().map(|finding| (finding.name, finding.severity)).collect();
    let expected = [("ports_exhausted", Critical), ("close_wait_leak", Warning), ("time_wait_pile", Warning)];
    assert_eq!(found, expected);
}

fn on(device: u32, mut socket: Socket) -> Socket {
    socket.interface = Some(device);
    socket
}

/// A listener for each device, as in VRFs: the queue that is full is that of the handshakes' own device.
#[test]
fn half_open_by_device() {
    let name = "half_open";
    let listeners = [on(1, listening("0.0.0.0:80", 0, 4)), on(2, listening("0.0.0.0:80", 0, 4))];
    let half =
        |device, count: u16| (1..=count).map(move |port| on(device, handshake("192.0.2.1:80", port, 1)));
    let with = |half: Vec<Socket>| [half, listeners.to_vec()].concat();
    let at = Some((Warning, About::Local(end("0.0.0.0:80")), 4));
    check(name, with(half(1, 4).collect()), at);
    check(name, with(half(1, 3).chain(half(2, 3)).collect()), None);
    let host = assess_host(&snapshot(with(half(2, 4).collect()), limits()));
    let finding = host.findings.iter().find(|finding| finding.name == name).unwrap();
    assert_eq!(finding.interface, Some(2));
    // One without a device takes what comes through any, and not what a device has a listener of its own for.
    let any = listening("0.0.0.0:80", 0, 4);
    check(
        name,
        half(3, 4).chain([any.clone()]).collect(),
        Some((Warning, About::Local(end("0.0.0.0:80")), 4)),
    );
    let both = half(1, 2).chain(half(3, 2)).chain([any, listeners[0].clone()]);
    check(name, both.collect(), None);
    // One for IPv6 alone has no part in handshakes of IPv4.
    let mut v6only = listening("[::]:80", 0, 4);
    v6only.v6only = Some(true);
    let handshakes = |local| (1..=4).map(move |port| handshake(local, port, 1)).collect::<Vec<_>>();
    check(name, [handshakes("192.0.2.1:80"), vec![v6only.clone()]].concat(), None);
    let six = Some((Warning, About::Local(end("[::]:80")), 4));
    check(name, [handshakes("[2001:db8::1]:80"), vec![v6only]].concat(), six);
}

fn of_namespace(inode: u64, mut socket: Socket) -> Socket {
    socket.network_namespace = Some(Arc::new(NetworkNamespace::new(inode, None)));
    socket
}

/// The same address is another one in another network namespace or of another device.
#[test]
fn networks_are_not_mixed() {
    let used = |device, range: std::ops::Range<u16>| {
        range.map(move |port| on(device, tcp(State::Established, &format!("192.0.2.1:{port}"), WEB)))
    };
    check("ports_exhausted", used(1, 40_000..40_016).chain(used(2, 40_016..40_032)).collect(), None);
    check("ports_exhausted", used(1, 40_000..40_032).collect(), Some((Warning, to(WEB), 32)));

    // Handshakes of two namespaces: each namespace has its own listeners.
    let half = |inode, count: u16| {
        (1..=count).map(move |port| of_namespace(inode, handshake("192.0.2.1:80", port, 1)))
    };
    let listener = |inode| of_namespace(inode, listening("0.0.0.0:80", 0, 4));
    let sockets = |a, b| half(7, a).chain(half(8, b)).chain([listener(7), listener(8)]).collect::<Vec<_>>();
    check("half_open", sockets(3, 3), None);
    check("half_open", sockets(1, 4), Some((Warning, About::Local(end("0.0.0.0:80")), 4)));
    let host = assess_host(&snapshot(sockets(1, 4), limits()));
    let finding = host.findings.iter().find(|finding| finding.name == "half_open").unwrap();
    assert_eq!(finding.network_namespace.as_ref().map(|namespace| namespace.inode), Some(8));

    // A shorter round trip in another network says nothing of this one.
    let base = |ms| TcpStats { min_rtt: Some(Duration::from_millis(ms)), ..healthy() };
    let (near, far) = (of_namespace(7, connection(WEB, base(1))), of_namespace(8, connection(WEB, base(50))));
    let peers = super::Peers::of([&near, &far]);
    let known = |socket| peers.context(socket).peer_base_rtt.map(|rtt| rtt.as_millis());
    assert_eq!((known(&near), known(&far)), (Some(1), Some(50)));
    let (near, far) = (on(1, connection(WEB, base(1))), on(2, connection(WEB, base(50))));
    let peers = super::Peers::of([&near, &far]);
    let known = |socket| peers.context(socket).peer_base_rtt.map(|rtt| rtt.as_millis());
    assert_eq!((known(&near), known(&far)), (Some(1), Some(50)));
}
