//! Each detector fires where it must and is silent next to it, or says that it could not look.
#![allow(clippy::needless_pass_by_value, reason = "cases read better when they are made in place")]

mod networks;
mod ports;
mod steps;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::{About, HOST_DETECTORS, HostAssessment, assess_host, assess_host_interval};
use crate::coverage::Coverage;
use crate::model::{
    Address, BootId, HostLimits, KernelId, ListenQueue, NetworkNamespace, Owner, PortRange, Process,
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

/// Connections from ports `from..from + count` of one address.
fn many(count: u16, from: u16, state: State, remote: &str) -> Vec<Socket> {
    (from..from + count).map(|port| Socket::tcp(state, &format!("192.0.2.1:{port}"), remote)).collect()
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
    let resting = [
        Socket::tcp(State::TimeWait, "192.0.2.1:80", WEB),
        Socket::tcp(State::SynReceived, "192.0.2.1:80", WEB),
    ];
    assert_eq!(assess_host(&snapshot(resting.to_vec(), limits())).unchecked, []);
    let bare = assess_host(&snapshot(vec![Socket::tcp(State::Established, "192.0.2.1:80", WEB)], limits()));
    assert_eq!(of_machine(&bare).len(), 2);
    let told = vec![Socket::tcp(State::Established, "192.0.2.1:80", WEB), connection(WEB, healthy())];
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
    let mut listener = Socket::tcp(State::Listen, "192.0.2.1:80", "");
    let mut datagrams =
        Socket { protocol: Protocol::Udp, ..Socket::tcp(State::Unconnected, "192.0.2.1:53", "") };
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
    let bare = of_sockets(&Socket::tcp(State::Established, "192.0.2.1:80", WEB));
    let others = DETECTORS.iter().map(|detector| detector.name);
    let others: Vec<_> = others.filter(|name| !["accept_overflow", "udp_drops"].contains(name)).collect();
    assert_eq!(bare, others);
    assert_eq!(of_sockets(&Socket::tcp(State::TimeWait, "192.0.2.1:80", WEB)), [""; 0]);
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

/// A connection of this process in `CLOSE_WAIT`, last heard of so many seconds ago.
fn left_open(port: u16, pid: u32, idle: Option<u64>) -> Socket {
    let mut socket = Socket::tcp(State::CloseWait, "192.0.2.1:80", &format!("10.0.0.1:{port}"));
    let last_ack_recv = idle.map(Duration::from_secs);
    socket.tcp = Some(Box::new(TcpStats { last_ack_recv, ..TcpStats::default() }));
    if pid > 0 {
        let process = Process { pid, name: (&b"leaky"[..]).into(), ..Process::default() };
        socket.owners = vec![Owner::new(Arc::new(process), Some(port.into()))];
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
    let mut socket = Socket::tcp(State::SynReceived, local, &format!("203.0.113.5:{port}"));
    let kind = TimerKind::Retransmit;
    socket.timer = Some(Timer { kind, expires: Duration::from_secs(1), retransmits: tries });
    socket
}

fn listening(local: &str, queue: u32, limit: u32) -> Socket {
    let mut socket = Socket::tcp(State::Listen, local, "");
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
    let mut socket = Socket::tcp(State::Established, "192.0.2.1:5000", remote);
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
