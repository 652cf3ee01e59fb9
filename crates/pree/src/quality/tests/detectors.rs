//! Each detector fires where it must and is silent next to it.

use std::net::SocketAddr;
use std::time::Duration;

use super::super::{Assessment, Context, DETECTORS, Severity, Value, assess};
use super::intervals::{bulk, download, looks};
use super::sockets::{datagrams, listener, unread};
use super::{TcpStats, healthy, judge, ms, names, severity, with_delay, with_loss, with_segments};
use crate::model::{Address, Family, Protocol, Socket, SocketMemory, State};
use Severity::{Critical, Info, Warning};

/// `expected` is the severity, `None`: silent.
#[track_caller]
fn check(name: &str, stats: &TcpStats, expected: Option<Severity>) {
    assert!(DETECTORS.iter().any(|detector| detector.name == name), "{name}: no such detector");
    let judged = judge(stats);
    let finding = judged.findings.iter().find(|finding| finding.name == name);
    assert_eq!(finding.map(|finding| finding.severity), expected, "{name}: {:?}", judged.findings);
    if let Some(finding) = finding {
        assert!(!finding.evidence.is_empty(), "{name}");
        let line = finding.to_string();
        assert!(line.starts_with(name) && line.ends_with(finding.advice) && !line.contains('\n'), "{line}");
    }
}

/// With nothing known, nothing is found.
#[test]
fn silent_without_numbers() {
    for detector in DETECTORS {
        check(detector.name, &TcpStats::default(), None);
        assert!(detector.name.contains(detector.short), "{}", detector.name);
    }
    let names: Vec<_> = DETECTORS.iter().map(|detector| detector.name).collect();
    let unique: std::collections::BTreeSet<_> = names.iter().collect();
    assert_eq!(unique.len(), names.len());
}

/// Data waits before an open window with nothing in flight, and tries to send it are not answered: they do not leave this
/// machine, or nothing comes back.
#[test]
fn tries_that_lead_nowhere() {
    for (probes, snd_wnd, finding) in [
        (0, 65_536, None),
        (1, 65_536, None),
        (2, 65_536, Some("rto_stall")),
        (3, 65_536, Some("path_dead")),
        // The peer's fault, and a finding of its own.
        (3, 0, Some("zero_window")),
    ] {
        let stats = TcpStats {
            probes: Some(probes),
            snd_wnd: Some(snd_wnd),
            unacked: Some(0),
            backoff: Some(probes),
            ..healthy()
        };
        let judged = judge(&stats);
        let costs = judged.findings.iter().filter(|finding| finding.severity > Info);
        assert_eq!(costs.map(|finding| finding.name).next(), finding, "{probes} probes, window {snd_wnd}");
        let progress = judged.factors.progress;
        assert_eq!(progress < 1.0, finding.is_some(), "{probes} probes, window {snd_wnd}: {progress}");
    }
}

/// A line for each detector: a case in which it fires, and one next to it in which it is silent.
#[test]
fn each_fires_and_is_silent() {
    let alone = |socket: Socket| assess(&socket, &Context::default());
    let idle =
        |probes| TcpStats { probes: Some(probes), unacked: Some(0), notsent_bytes: Some(0), ..healthy() };
    let backoff = |backoff| judge(&TcpStats { ca_state: Some(4), backoff: Some(backoff), ..healthy() });
    let window =
        |snd_wnd| TcpStats { snd_wnd: Some(snd_wnd), unacked: Some(0), backoff: Some(3), ..healthy() };
    let connecting = |retransmits| TcpStats { state: Some(2), retransmits: Some(retransmits), ..healthy() };
    let storm = |lost: u32| {
        let again =
            TcpStats { total_retrans: Some(50_000 + lost), bytes_retrans: Some(73_000_000), ..bulk(9.0) };
        looks(9000.0, [bulk(0.0), again])
    };
    let download = |rcv_rtt| looks(500.0, (0..10).map(|second| download(second, rcv_rtt, 4.0)));
    let busy = |receiver, send_buffer| {
        let [rwnd_limited, sndbuf_limited] = [receiver, send_buffer].map(|time| Some(ms(time)));
        judge(&TcpStats { rwnd_limited, sndbuf_limited, ..healthy() })
    };
    let cases: Vec<(&str, Assessment, Assessment)> = vec![
        ("path_dead", backoff(3), backoff(2)),
        ("rto_stall", backoff(2), backoff(1)),
        ("silent_peer", judge(&idle(1)), judge(&idle(0))),
        ("zero_window", judge(&window(0)), judge(&window(1448))),
        ("pmtu_black_hole", judge(&black_hole(1447, 1448)), judge(&black_hole(1448, 1448))),
        ("syn_stuck", judge(&connecting(2)), judge(&connecting(1))),
        ("accept_overflow", alone(listener(2, 1, None)), alone(listener(1, 1, None))),
        ("udp_drops", alone(datagrams(0, 1, Some(1))), alone(datagrams(0, 1, Some(0)))),
        ("unread_data", judge(&unread(1, 1000.0, 0.0)), judge(&unread(1, 999.0, 0.0))),
        ("retransmission_storm", storm(900), storm(600)),
        ("lossy", judge(&with_loss(17, 2000)), judge(&with_loss(16, 2000))),
        ("small_cwnd", judge(&small_cwnd(4)), judge(&small_cwnd(5))),
        ("buffer_bloat", judge(&with_delay(healthy(), 20.0, 70.0, true)), judge(&healthy())),
        ("download_bloat", download(75.0), download(60.0)),
        ("latency_raised", judge(&with_delay(healthy(), 20.0, 270.0, false)), judge(&healthy())),
        ("receiver_limited", busy(4500.0, 0.0), busy(4490.0, 0.0)),
        ("send_buffer_limited", busy(0.0, 3000.0), busy(0.0, 2990.0)),
        ("small_mss", judge(&TcpStats { snd_mss: Some(547), ..healthy() }), judge(&healthy())),
        ("spurious_retransmissions", judge(&spurious(5, 25)), judge(&spurious(5, 26))),
        ("reordering", judge(&TcpStats { reord_seen: Some(50), ..healthy() }), judge(&healthy())),
        ("syn_retransmitted", judge(&TcpStats { total_retrans: Some(1), ..healthy() }), judge(&healthy())),
        ("app_limited", judge(&with_delay(healthy(), 20.0, 21.0, false)), judge(&healthy())),
    ];
    let names: Vec<_> = DETECTORS.iter().map(|detector| detector.name).collect();
    assert_eq!(cases.iter().map(|(name, ..)| *name).collect::<Vec<_>>(), names);
    for (name, fires, silent) in &cases {
        let finding = fires.findings.iter().find(|finding| finding.name == *name);
        let finding = finding.unwrap_or_else(|| panic!("{name}: {fires:?}"));
        let detector = DETECTORS.iter().find(|detector| detector.name == *name).unwrap();
        assert_eq!((finding.advice, finding.more), (detector.advice, detector.more));
        assert!(
            !finding.evidence.is_empty() && !finding.more.is_empty() && finding.basis == fires.basis,
            "{name}"
        );
        assert_eq!(severity(silent, name), None, "{name}: {silent:?}");
    }
}

fn spurious(dups: u32, all: u32) -> TcpStats {
    TcpStats { dsack_dups: Some(dups), ..with_loss(all, 2000) }
}

/// Timeouts in a row, with so many bytes ever acknowledged and so many in flight.
fn black_hole(bytes_acked: u64, in_flight: u32) -> TcpStats {
    TcpStats {
        ca_state: Some(4),
        backoff: Some(2),
        total_rto: Some(2),
        bytes_acked: Some(bytes_acked),
        notsent_bytes: Some(5000),
        send_queue_bytes: Some(in_flight + 5000),
        ..healthy()
    }
}

#[test]
fn pmtu_black_hole() {
    check("pmtu_black_hole", &black_hole(1, 1448), Some(Warning));
    check("pmtu_black_hole", &black_hole(1, 1447), None);
    check("pmtu_black_hole", &TcpStats { snd_mss: Some(1220), ..black_hole(1, 1448) }, None);
    check("pmtu_black_hole", &TcpStats { snd_mss: Some(1221), ..black_hole(1, 1448) }, Some(Warning));
    check("pmtu_black_hole", &TcpStats { total_rto: Some(1), ..black_hole(1, 1448) }, None);
    // Before 6.7 the doublings count, and before 4.1 nothing does.
    check("pmtu_black_hole", &TcpStats { total_rto: None, ..black_hole(1, 1448) }, Some(Warning));
    check("pmtu_black_hole", &TcpStats { bytes_acked: None, ..black_hole(1, 1448) }, None);
    check("pmtu_black_hole", &TcpStats { state: Some(2), ..black_hole(1, 1448) }, None);
    // Small segments pass, full ones do not; before the interval they did not either.
    let then = TcpStats { bytes_acked: Some(100), ..black_hole(100, 1448) };
    let judged = looks(1000.0, [then.clone(), TcpStats { bytes_acked: Some(900), ..then }]);
    assert_eq!(severity(&judged, "pmtu_black_hole"), Some(Warning));
    let judged = looks(1000.0, [black_hole(1_000_000, 1448), black_hole(1_000_000, 1448)]);
    assert_eq!(severity(&judged, "pmtu_black_hole"), None);
}

fn small_cwnd(snd_cwnd: u32) -> TcpStats {
    TcpStats { snd_cwnd: Some(snd_cwnd), unacked: Some(4), ..with_loss(3, 300) }
}

#[test]
fn small_cwnd_after_loss() {
    check("small_cwnd", &small_cwnd(4), Some(Info));
    check("small_cwnd", &TcpStats { unacked: Some(3), ..small_cwnd(4) }, None);
    check("small_cwnd", &TcpStats { rwnd_limited: Some(ms(4500.0)), ..small_cwnd(4) }, None);
    check("small_cwnd", &TcpStats { sndbuf_limited: Some(ms(3000.0)), ..small_cwnd(4) }, None);
    check("small_cwnd", &TcpStats { delivery_rate_app_limited: Some(true), ..small_cwnd(4) }, None);
    // BBR measures its path; a path that stands still.
    check("small_cwnd", &TcpStats { snd_cwnd: Some(4), unacked: Some(4), ..healthy() }, None);
    check("small_cwnd", &TcpStats { ca_state: Some(4), backoff: Some(2), ..small_cwnd(4) }, None);
}

#[test]
fn the_end_of_the_stream_is_no_handshake() {
    let closed = |state| TcpStats { state: Some(state), total_retrans: Some(1), ..healthy() };
    for (state, expected) in [(1, Some(Info)), (8, Some(Info)), (4, None), (5, None), (9, None), (11, None)] {
        check("syn_retransmitted", &closed(state), expected);
    }
}

#[test]
fn lossy_beside_timeouts_in_a_row() {
    // Of 17 lost 4 were the same segment again and again: 13 of 1996 are undecided.
    let stalled = |backoff| TcpStats { ca_state: Some(4), backoff: Some(backoff), ..with_loss(17, 2000) };
    check("lossy", &stalled(1), Some(Warning));
    check("lossy", &stalled(4), None);
    check("lossy", &TcpStats { unacked: Some(0), ..stalled(4) }, Some(Warning));
}

#[test]
fn lossy() {
    check("lossy", &with_loss(100, 10_000), Some(Warning));
    check("lossy", &with_loss(3000, 10_000), Some(Critical));
    check("lossy", &with_loss(60, 10_000), None);
    check("lossy", &with_loss(1058, 10_000), Some(Warning));
    check("lossy", &with_loss(1059, 10_000), Some(Critical));
    // 20 %, and yet too few to know.
    check("lossy", &with_loss(3, 15), None);
    // 1.22 · 1448 / (21 ms · √0.01)
    let judged = judge(&with_loss(100, 10_000));
    let limit = judged.findings[0].evidence.iter().find(|evidence| evidence.name == "mathis_limit").unwrap();
    assert_eq!(limit.value, Value::BytesPerS(841_219));
}

#[test]
fn spurious_retransmissions() {
    check("spurious_retransmissions", &spurious(5, 25), Some(Info));
    check("spurious_retransmissions", &spurious(4, 4), None);
    check("spurious_retransmissions", &spurious(5, 26), None);
}

#[test]
fn queues() {
    check("buffer_bloat", &with_delay(healthy(), 20.0, 80.0, true), Some(Info));
    check("buffer_bloat", &with_delay(healthy(), 20.0, 120.0, true), Some(Warning));
    check("buffer_bloat", &with_delay(healthy(), 20.0, 300.0, true), Some(Critical));
    check("buffer_bloat", &with_delay(healthy(), 20.0, 40.0, true), None);
    check("buffer_bloat", &with_delay(healthy(), 20.0, 300.0, false), None);
    check("latency_raised", &with_delay(healthy(), 20.0, 300.0, false), Some(Warning));
    check("latency_raised", &with_delay(healthy(), 20.0, 200.0, false), None);
    check("latency_raised", &with_delay(healthy(), 20.0, 300.0, true), None);
    // One look cannot tell a queue from a longer way, and says so.
    let judged = judge(&with_delay(healthy(), 20.0, 300.0, true));
    let said = judged.findings[0].evidence.iter().find(|evidence| evidence.name == "alternative").unwrap();
    assert!(matches!(said.value, Value::Word(word) if word.contains("route change")), "{said:?}");
}

#[test]
fn reordering() {
    let reordered = |seen, sent| TcpStats { reord_seen: Some(seen), ..with_segments(sent, healthy()) };
    check("reordering", &reordered(50, 10_000), Some(Info));
    check("reordering", &reordered(49, 10_000), None);
    check("reordering", &reordered(10, 100), Some(Info));
    check("reordering", &reordered(9, 100), None);
    check("reordering", &TcpStats { reord_seen: None, ..healthy() }, None);
}

#[test]
fn zero_window() {
    let closed = TcpStats { snd_wnd: Some(0), unacked: Some(0), backoff: Some(3), ..healthy() };
    check("zero_window", &closed, Some(Warning));
    check("zero_window", &TcpStats { snd_wnd: Some(1447), ..closed.clone() }, Some(Warning));
    check("zero_window", &TcpStats { snd_wnd: Some(1448), ..closed.clone() }, None);
    // Nothing to send; not probed yet; something in flight may open it; a kernel that does not tell windows.
    check("zero_window", &TcpStats { notsent_bytes: Some(0), ..closed.clone() }, None);
    check("zero_window", &TcpStats { backoff: Some(2), ..closed.clone() }, None);
    check("zero_window", &TcpStats { unacked: Some(1), ..closed.clone() }, None);
    check("zero_window", &TcpStats { snd_wnd: None, ..closed.clone() }, None);
    assert_eq!(judge(&closed).factors.progress, 0.5);
}

#[test]
fn timeouts() {
    let stalled = |backoff| TcpStats { ca_state: Some(4), backoff: Some(backoff), ..healthy() };
    check("rto_stall", &stalled(1), None);
    check("rto_stall", &stalled(2), Some(Warning));
    check("path_dead", &stalled(2), None);
    check("path_dead", &stalled(3), Some(Critical));
    check("rto_stall", &stalled(3), None);
    // Probes of a closed window; recovered; a handshake.
    check("path_dead", &TcpStats { unacked: Some(0), ..stalled(5) }, None);
    check("path_dead", &TcpStats { ca_state: Some(3), ..stalled(5) }, None);
    check("path_dead", &TcpStats { state: Some(2), ..stalled(5) }, None);
}

#[test]
fn silent_peer() {
    let idle =
        |probes| TcpStats { probes: Some(probes), unacked: Some(0), notsent_bytes: Some(0), ..healthy() };
    check("silent_peer", &idle(1), Some(Warning));
    check("silent_peer", &idle(3), Some(Critical));
    check("silent_peer", &idle(0), None);
    // Probes of a closed window.
    check("silent_peer", &TcpStats { notsent_bytes: Some(1), ..idle(3) }, None);
}

#[test]
fn handshakes() {
    check("syn_retransmitted", &TcpStats { total_retrans: Some(1), ..healthy() }, Some(Info));
    check("syn_retransmitted", &healthy(), None);
    check("syn_retransmitted", &with_loss(1, 1000), None);
    check("syn_retransmitted", &TcpStats { total_retrans: Some(1), bytes_retrans: None, ..healthy() }, None);
    let connecting = |tries| TcpStats {
        state: Some(2),
        retransmits: Some(tries),
        total_retrans: Some(tries.into()),
        ..healthy()
    };
    check("syn_stuck", &connecting(2), Some(Warning));
    check("syn_stuck", &connecting(1), None);
    check("syn_stuck", &TcpStats { state: Some(1), ..connecting(2) }, None);
    check("syn_retransmitted", &connecting(2), None);
}

#[test]
fn receiver_limited() {
    let limited =
        |share: f64| TcpStats { rwnd_limited: Some(Duration::from_secs_f64(15.0 * share)), ..healthy() };
    // Full speed on a path without limits.
    check("receiver_limited", &limited(1.0), Some(Info));
    check("receiver_limited", &limited(0.3), Some(Info));
    check("receiver_limited", &limited(0.29), None);
    // One look at a window is a moment.
    check("receiver_limited", &TcpStats { snd_wnd: Some(100), ..limited(0.5) }, Some(Info));
    check("receiver_limited", &TcpStats { snd_wnd: None, ..limited(0.5) }, Some(Info));
    let short = TcpStats { busy_time: Some(ms(900.0)), rwnd_limited: Some(ms(900.0)), ..healthy() };
    check("receiver_limited", &short, None);
}

#[test]
fn send_buffer_limited() {
    let memory = |queued, limit| {
        let memory = SocketMemory {
            send_queued_bytes: Some(queued),
            send_buffer_bytes: Some(limit),
            ..SocketMemory::default()
        };
        TcpStats { memory: Some(memory), notsent_bytes: Some(0), ..healthy() }
    };
    check("send_buffer_limited", &TcpStats { sndbuf_limited: Some(ms(3000.0)), ..healthy() }, Some(Info));
    check("send_buffer_limited", &TcpStats { sndbuf_limited: Some(ms(2900.0)), ..healthy() }, None);
    check("send_buffer_limited", &memory(16_384, 16_384), Some(Info));
    check("send_buffer_limited", &memory(16_383, 16_384), None);
    // Congestion control would not allow more; or more waits.
    check("send_buffer_limited", &TcpStats { snd_cwnd: Some(20), ..memory(2, 1) }, None);
    check("send_buffer_limited", &TcpStats { notsent_bytes: Some(1), ..memory(2, 1) }, None);
    check("send_buffer_limited", &TcpStats { busy_time: Some(ms(999.0)), ..memory(2, 1) }, None);
}

#[test]
fn app_limited() {
    let sparse = with_delay(healthy(), 20.0, 21.0, false);
    check("app_limited", &sparse, Some(Info));
    check("app_limited", &TcpStats { notsent_bytes: Some(1), ..sparse.clone() }, None);
    check("app_limited", &TcpStats { ca_state: Some(4), backoff: Some(2), ..sparse.clone() }, None);
    check("app_limited", &TcpStats { delivery_rate_app_limited: None, ..sparse }, None);
}

#[test]
fn small_mss() {
    check("small_mss", &TcpStats { snd_mss: Some(547), ..healthy() }, Some(Warning));
    check("small_mss", &TcpStats { snd_mss: Some(548), ..healthy() }, None);
    // Before the handshake it is what the protocol begins with.
    check("small_mss", &TcpStats { snd_mss: Some(536), ..with_segments(0, healthy()) }, None);
    check("small_mss", &TcpStats { snd_mss: Some(0), ..healthy() }, None);

    let found = |remote: &str, mss| {
        let remote: SocketAddr = remote.parse().unwrap();
        let local = Address::Inet("[::]:1".parse().unwrap());
        let mut socket = Socket::new(Protocol::Tcp, Family::Ipv6, State::Established, local);
        socket.remote = Some(Address::Inet(remote));
        socket.tcp = Some(Box::new(TcpStats { snd_mss: Some(mss), ..healthy() }));
        !names(&assess(&socket, &Context::default())).is_empty()
    };
    // IPv6 with its least MTU and timestamps is fine, and a mapped address is IPv4 on the wire.
    assert!(found("[2001:db8::1]:80", 1207) && !found("[2001:db8::1]:80", 1208));
    assert!(found("[::ffff:192.0.2.1]:80", 547) && !found("[::ffff:192.0.2.1]:80", 548));
}
