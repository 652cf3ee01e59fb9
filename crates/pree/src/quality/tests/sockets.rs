//! What shows without statistics: listeners, datagrams, handshakes, timers, and programs that do not read.

use super::super::{Context, Interval, Severity, Unknown, Value, Verdict, assess, assess_interval};
use super::{TcpStats, healthy, ms, names, severity, tcp};
use crate::model::{Address, Family, ListenQueue, Protocol, Socket, SocketMemory, State, Timer, TimerKind};
use Severity::{Critical, Info, Warning};

fn socket(protocol: Protocol, state: State) -> Socket {
    Socket::new(protocol, Family::Ipv4, state, Address::Inet("192.0.2.1:53".parse().unwrap()))
}

pub(super) fn listener(queue: u32, limit: u32, drops: Option<u32>) -> Socket {
    let listen = Some(ListenQueue { queue, limit });
    Socket { listen, drops, ..socket(Protocol::Tcp, State::Listen) }
}

pub(super) fn datagrams(queued: u32, limit: u32, drops: Option<u32>) -> Socket {
    let memory = SocketMemory {
        receive_alloc_bytes: Some(queued),
        receive_buffer_bytes: Some(limit),
        ..SocketMemory::default()
    };
    let udp = socket(Protocol::Udp, State::Unconnected);
    Socket { recv_queue: Some(queued), memory: Some(memory), drops, ..udp }
}

/// Data in the receive queue, the last of which came so many ms ago.
pub(super) fn unread(bytes: u32, ago: f64, share: f64) -> TcpStats {
    let memory = SocketMemory {
        receive_alloc_bytes: Some((share * 1e6) as u32),
        receive_buffer_bytes: Some(1_000_000),
        ..SocketMemory::default()
    };
    TcpStats {
        recv_queue_bytes: Some(bytes),
        last_data_recv: Some(ms(ago)),
        memory: Some(memory),
        ..healthy()
    }
}

#[track_caller]
fn check(name: &str, socket: &Socket, expected: Option<Severity>) {
    let judged = assess(socket, &Context::default());
    assert_eq!(severity(&judged, name), expected, "{name}: {:?}", judged.findings);
    if socket.tcp.is_none() {
        assert_eq!((judged.score, judged.unknowns().count()), (None, 0), "{name}");
    }
}

/// Two looks a second apart.
#[track_caller]
fn check_two(name: &str, first: &Socket, second: &Socket, expected: Option<Severity>) {
    let mut interval = Interval::new(ms(0.0), first);
    assert!(interval.add(ms(1000.0), second));
    let judged = assess_interval(&interval, &Context::default());
    assert_eq!(severity(&judged, name), expected, "{name}: {:?}", judged.findings);
}

#[test]
fn accept_overflow() {
    check("accept_overflow", &listener(129, 128, Some(7)), Some(Warning));
    check("accept_overflow", &listener(129, 128, None), Some(Warning));
    // The kernel lets in one more than the limit.
    check("accept_overflow", &listener(128, 128, Some(0)), None);
    // What is dropped may be a scan, a health check, a client that waits before it sends.
    check("accept_overflow", &listener(0, 128, Some(7)), None);
    check("accept_overflow", &datagrams(129, 128, Some(7)), None);

    let check_two = |first: (u32, u32), second: (u32, u32), overflows, expected| {
        let [first, second] = [first, second].map(|(queue, drops)| listener(queue, 128, Some(drops)));
        let mut interval = Interval::new(ms(0.0), &first);
        assert!(interval.add(ms(1000.0), &second));
        let context = Context { accept_overflows: overflows, ..Context::default() };
        let judged = assess_interval(&interval, &context);
        assert_eq!(severity(&judged, "accept_overflow"), expected, "{overflows:?}: {:?}", judged.findings);
    };
    check_two((0, 7), (0, 8), Some(1), Some(Warning));
    check_two((0, 7), (129, 8), Some(1), Some(Critical));
    check_two((129, 7), (0, 8), Some(0), Some(Warning));
    check_two((129, 7), (129, 7), None, Some(Warning));
    check_two((0, 7), (0, 8), Some(0), None);
    check_two((0, 7), (0, 8), None, None);
    check_two((0, 7), (0, 9), Some(2), Some(Warning));
    check_two((0, 7), (0, 10), Some(2), None);
    // Another listener's.
    check_two((0, 7), (0, 7), Some(1), None);
    check_two((0, 7), (0, 6), Some(1), None);
}

#[test]
fn udp_drops() {
    let with = |drops| datagrams(0, 200_000, drops);
    check("udp_drops", &with(Some(1)), Some(Info));
    check("udp_drops", &datagrams(160_000, 200_000, Some(1)), Some(Warning));
    check("udp_drops", &datagrams(159_999, 200_000, Some(1)), Some(Info));
    check("udp_drops", &with(Some(0)), None);
    check("udp_drops", &with(None), None);
    check("udp_drops", &listener(0, 1, Some(1)), None);
    check_two("udp_drops", &with(Some(1)), &with(Some(484)), Some(Warning));
    check_two("udp_drops", &with(Some(1)), &with(Some(1)), None);
    check_two("udp_drops", &with(Some(1)), &with(Some(0)), None);
}

#[test]
fn unread_data() {
    let established = |stats| tcp(stats);
    check("unread_data", &established(unread(1, 1000.0, 0.1)), Some(Info));
    check("unread_data", &established(unread(1, 999.0, 0.9)), None);
    check("unread_data", &established(unread(0, 1000.0, 0.9)), None);
    check("unread_data", &established(unread(1, 1000.0, 0.8)), Some(Warning));
    check("unread_data", &established(unread(1, 60_000.0, 0.1)), Some(Warning));
    check("unread_data", &established(TcpStats { last_data_recv: None, ..unread(1, 0.0, 0.9) }), None);
    // The end of the stream is no data.
    let ended = |bytes| TcpStats { state: Some(8), ..unread(bytes, 1000.0, 0.0) };
    check("unread_data", &established(ended(1)), None);
    check("unread_data", &established(ended(2)), Some(Info));

    check("unread_data", &datagrams(80, 100, None), Some(Info));
    check("unread_data", &datagrams(79, 100, None), None);
    check("unread_data", &listener(80, 100, None), None);
}

#[test]
fn slow_readers() {
    let full = |share| tcp(unread(1000, 5.0, share));
    check_two("unread_data", &full(0.8), &full(1.0), Some(Warning));
    check_two("unread_data", &full(0.8), &full(0.7), None);
    check_two("unread_data", &datagrams(90, 100, None), &datagrams(80, 100, None), Some(Warning));
    check_two("unread_data", &datagrams(10, 100, None), &datagrams(20, 100, None), None);

    // It takes some of what came, and is the slower of the two.
    let reads = |received, step: f64| {
        let look = |bytes_received, bytes| tcp(TcpStats { bytes_received, ..unread(bytes, 5.0, 1.0) });
        let mut interval = Interval::new(ms(0.0), &look(Some(5000), 1000));
        assert!(interval.add(ms(step), &look(received, 0)));
        let judged = assess_interval(&interval, &Context::default());
        let finding = judged.findings.into_iter().find(|it| it.name == "unread_data")?;
        let told = finding.evidence.iter().find(|it| it.name == "recv_queue").map(|it| it.value);
        assert_eq!(told, Some(Value::Bytes(1000)), "what waited, though nothing does now");
        Some(finding.severity)
    };
    assert_eq!(reads(Some(5001), 1000.0), Some(Info));
    assert_eq!(reads(Some(5001), 999.0), None);
    assert_eq!(reads(None, 1000.0), Some(Warning), "not told");

    let grows = |bytes: [u32; 5], step: f64| {
        let look = |bytes| tcp(unread(bytes, 5.0, 0.1));
        let mut interval = Interval::new(ms(0.0), &look(bytes[0]));
        for (index, bytes) in bytes.into_iter().enumerate().skip(1) {
            interval.add(ms(step * index as f64), &look(bytes));
        }
        severity(&assess_interval(&interval, &Context::default()), "unread_data")
    };
    assert_eq!(grows([1, 2, 2, 3, 9], 250.0), Some(Warning));
    assert_eq!(grows([1, 2, 2, 3, 9], 200.0), None);
    assert_eq!(grows([1, 2, 1, 3, 9], 250.0), None);
    assert_eq!(grows([9, 9, 9, 9, 9], 250.0), None);
    // It caught up in between.
    assert_eq!(grows([0, 2, 2, 3, 9], 250.0), None);
}

fn timer(kind: TimerKind, retransmits: u8) -> Timer {
    Timer { kind, expires: ms(100.0), retransmits }
}

#[test]
fn answers_to_a_handshake() {
    let asked = |retransmits| Socket {
        timer: Some(timer(TimerKind::Retransmit, retransmits)),
        ..socket(Protocol::Tcp, State::SynReceived)
    };
    check("syn_stuck", &asked(2), Some(Info));
    check("syn_stuck", &asked(1), None);
    check("syn_stuck", &Socket { state: State::Established, ..asked(2) }, None);
}

#[test]
fn is_the_peer_there() {
    let quiet = TcpStats {
        unacked: Some(0),
        notsent_bytes: Some(0),
        last_data_recv: Some(ms(9000.0)),
        last_ack_recv: Some(ms(5000.0)),
        ..healthy()
    };
    let with = |stats: TcpStats, timer| {
        let judged = assess(&Socket { timer, ..tcp(stats) }, &Context::default());
        (judged.peer_silent, severity(&judged, "silent_peer"))
    };
    let probed = |probes| TcpStats { probes: Some(probes), ..quiet.clone() };
    let keepalive = Some(timer(TimerKind::Keepalive, 0));
    assert_eq!(with(probed(1), keepalive), (Verdict::Yes, Some(Warning)));
    assert_eq!(with(probed(3), keepalive), (Verdict::Severe, Some(Critical)));
    assert_eq!(with(probed(0), keepalive), (Verdict::No, None));
    // Those of another timer are no keepalives.
    assert_eq!(with(probed(3), Some(timer(TimerKind::Persist, 3))).1, None);

    let no_keepalive = Verdict::Unknown(Unknown::NoKeepalive);
    assert_eq!(with(quiet.clone(), None), (no_keepalive, None));
    let heard = TcpStats { last_ack_recv: Some(ms(999.0)), ..quiet.clone() };
    assert_eq!(with(heard, None), (Verdict::No, None));
    // Timeouts will show it, and do.
    assert_eq!(with(TcpStats { unacked: Some(1), ..quiet.clone() }, None).0, Verdict::No);
    let stalled = TcpStats { unacked: Some(1), ca_state: Some(4), backoff: Some(2), ..quiet.clone() };
    assert_eq!(with(stalled, None).0, Verdict::Yes);
    assert_eq!(with(TcpStats { unacked: None, ..quiet }, None).0, Verdict::Unknown(Unknown::NotTold));
}

#[test]
fn a_socket_without_anything_has_no_issue() {
    for state in [State::Listen, State::BoundInactive, State::TimeWait, State::SynReceived] {
        let judged = assess(&socket(Protocol::Tcp, state), &Context::default());
        assert_eq!((names(&judged), judged.score), (vec![], None), "{state:?}");
    }
}
