//! What several looks say: only what happened between them, and what no single look can tell.

use std::time::Duration;

use super::super::{Assessment, Context, Interval, Severity, Unknown, Value, Verdict, assess_interval};
use super::{MSS, TcpStats, healthy, ms, names, severity, tcp};
use crate::model::CongestionDetail;
use pree_wire::inet_diag::Row;

/// Looks so many ms apart.
pub(super) fn looks(step: f64, all: impl IntoIterator<Item = TcpStats>) -> Assessment {
    looks_beside(step, None, all)
}

fn looks_beside(
    step: f64,
    peer_base_rtt: Option<Duration>,
    all: impl IntoIterator<Item = TcpStats>,
) -> Assessment {
    let mut all = all.into_iter().map(tcp);
    let mut interval = Interval::new(ms(0.0), &all.next().unwrap());
    for (index, socket) in all.enumerate() {
        assert!(interval.add(ms(step * (index + 1) as f64), &socket), "look {index}");
    }
    assess_interval(&interval, &Context { peer_base_rtt, ..Context::default() })
}

/// A bulk transfer at 1 MB/s after so many seconds, on the way for long before; always busy.
pub(super) fn bulk(seconds: f64) -> TcpStats {
    let bytes = (seconds * 1e6) as u64;
    let segments = (bytes / u64::from(MSS)) as u32;
    let stats = healthy();
    TcpStats {
        data_segs_out: Some(1_000_000 + segments),
        segs_out: Some(1_000_000 + segments),
        bytes_sent: Some(1_448_000_000 + bytes),
        bytes_acked: Some(1_448_000_000 + bytes),
        total_retrans: Some(50_000),
        bytes_retrans: Some(50_000 * u64::from(MSS)),
        busy_time: Some(ms(seconds * 1e3 + 100_000.0)),
        rwnd_limited: Some(ms(50_000.0)),
        sndbuf_limited: Some(ms(40_000.0)),
        ..stats
    }
}

/// Ten looks in nine seconds.
fn ten(change: impl Fn(usize, TcpStats) -> TcpStats) -> Assessment {
    looks(1000.0, (0..10).map(|second| change(second, bulk(second as f64))))
}

#[test]
fn the_past_is_left_out() {
    let life = super::judge(&bulk(9.0));
    assert_eq!(
        (life.lossy, names(&life)),
        (Verdict::Yes, vec!["lossy", "receiver_limited", "send_buffer_limited"])
    );
    let judged = ten(|_, stats| stats);
    assert_eq!((judged.lossy, names(&judged)), (Verdict::No, vec![]));
    assert_eq!(judged.loss.map(|loss| (loss.count, loss.samples)), Ok((0, 6215)));
    assert_eq!(judged.efficiency, Ok(1.0));
    let shares = judged.limited_by.unwrap();
    assert_eq!((shares.network, shares.receiver, shares.send_buffer, shares.app), (1.0, 0.0, 0.0, Some(0.0)));
    assert_eq!(judged.score.map(super::super::Score::get), Some(1.0));
}

#[test]
fn one_look_is_no_interval() {
    let socket = tcp(TcpStats { ca_state: Some(4), backoff: Some(9), ..bulk(0.0) });
    let judged = assess_interval(&Interval::new(ms(0.0), &socket), &Context::default());
    assert_eq!((judged.score, judged.loss, names(&judged)), (None, Err(Unknown::NotTold), vec![]));
}

#[test]
fn a_counter_that_shrank_is_another_socket() {
    let mut interval = Interval::new(ms(0.0), &tcp(bulk(5.0)));
    assert!(!interval.add(ms(1000.0), &tcp(bulk(4.0))));
    assert_eq!((interval.looks(), interval.length()), (1, Duration::ZERO));
    // A narrow one goes around.
    let wrapped = |total_rto, received| TcpStats {
        total_rto: Some(total_rto),
        received_e0_bytes: Some(received),
        ..bulk(6.0)
    };
    assert!(!interval.add(ms(500.0), &tcp(bulk(5.0))), "time went back");
    assert!(interval.add(ms(1000.0), &tcp(wrapped(u16::MAX, u32::MAX))));
    assert!(interval.add(ms(2000.0), &tcp(wrapped(0, 5))));
    let between = wrapped(0, 5).since(&wrapped(1, 6)).unwrap();
    assert_eq!((between.total_rto, between.received_e0_bytes, between.bytes_acked), (None, None, Some(0)));
}

#[test]
fn nothing_sent_is_idle() {
    let idle = |_| TcpStats { unacked: Some(0), notsent_bytes: Some(0), ..bulk(0.0) };
    let judged = looks(1000.0, (0..6).map(idle));
    let all =
        (judged.loss.err(), judged.queue_delay.err(), judged.efficiency.err(), judged.utilisation.err());
    let why = Some(Unknown::Idle);
    assert_eq!(all, (why, why, why, why));
    assert_eq!((judged.bloat, judged.score), (Verdict::Unknown(Unknown::Idle), None));
    assert_eq!(judged.limited_by.map(|shares| (shares.network, shares.app)), Ok((0.0, Some(1.0))));
    assert_eq!(names(&judged), ["app_limited"]);
}

#[test]
fn shares_are_of_the_interval() {
    // Of each second 200 ms nothing to send, 300 the peer's window, 100 the buffer.
    let part = |second: usize, part: f64, start: f64| Some(ms(second as f64 * part + start));
    let judged = ten(|second, stats| TcpStats {
        busy_time: part(second, 800.0, 1e5),
        rwnd_limited: part(second, 300.0, 2e4),
        sndbuf_limited: part(second, 100.0, 1e4),
        ..stats
    });
    let shares = judged.limited_by.unwrap();
    let near = |share: f64, expected: f64| (share - expected).abs() < 1e-9;
    assert!(near(shares.network, 0.4) && near(shares.receiver, 0.3), "{shares:?}");
    assert!(near(shares.send_buffer, 0.1) && shares.app.is_some_and(|app| near(app, 0.2)), "{shares:?}");
    let short = looks(400.0, (0..3).map(|look| bulk(f64::from(look) * 0.4)));
    assert_eq!(short.limited_by, Err(Unknown::FewSamples));
}

#[test]
fn loading_is_busy_and_not_limited_by_the_program() {
    let bloated = |busy: f64, app_limited: usize| {
        let judged = ten(|second, stats| TcpStats {
            rtt: Some(ms(300.0)),
            busy_time: Some(ms(busy * 1e3 * second as f64)),
            delivery_rate_app_limited: Some(second < app_limited),
            notsent_bytes: Some(0),
            ..stats
        });
        judged.bloat
    };
    assert_eq!(bloated(0.8, 4), Verdict::Severe);
    assert_eq!(bloated(0.79, 4), Verdict::Unknown(Unknown::NotLoading));
    assert_eq!(bloated(0.8, 5), Verdict::Unknown(Unknown::NotLoading));
}

#[test]
fn the_round_trip_is_the_median() {
    let judged =
        ten(|second, stats| TcpStats { rtt: Some(ms(if second < 3 { 500.0 } else { 25.0 })), ..stats });
    assert_eq!(judged.queue_delay.map(|delay| delay.rtt), Ok(ms(25.0)));
    // Whether there ever was a second sample, the last look tells.
    let judged = ten(|second, stats| TcpStats {
        rtt: Some(ms(30.0 + second as f64)),
        rttvar: Some(ms(17.5)),
        ..stats
    });
    assert_eq!(judged.queue_delay.map(|delay| delay.rtt), Ok(ms(35.0)));
}

/// RTT in ms and segments in flight at each second.
fn moved(all: [(f64, u32); 10]) -> Assessment {
    ten(|second, stats| TcpStats { rtt: Some(ms(all[second].0)), unacked: Some(all[second].1), ..stats })
}

#[test]
fn a_queue_grows_with_what_is_in_flight() {
    // 1 MB/s: what is in flight takes that long.
    let queue =
        moved([83, 130, 180, 230, 280, 330, 380, 430, 480, 513].map(|ms| (f64::from(ms), ms * 1000 / MSS)));
    assert_eq!(queue.bloat, Verdict::Severe);
    let evidence = &queue.findings[0].evidence;
    let alternative = evidence.iter().find(|evidence| evidence.name == "alternative").unwrap();
    assert_eq!(alternative.value, Value::Word("a full path for acknowledgements"));
}

#[test]
fn a_longer_way_does_not() {
    let before = (20.0, 80);
    let after = (120.0, 80);
    let [b, a] = [before, after];
    let judged = moved([b, b, b, a, a, a, a, a, a, a]);
    assert_eq!((judged.bloat, judged.queue_delay), (Verdict::No, Err(Unknown::PathChanged)));
    assert_eq!((judged.factors.delay, names(&judged)), (Err(Unknown::PathChanged), vec![]));
    // The window opens to what the longer way takes; or a queue of 1 MB/s grows.
    let opens = |second: usize, rtt: f64| {
        let in_flight = if second < 4 { 20 } else { 20 * second as u32 };
        TcpStats { rtt: Some(ms(rtt)), unacked: Some(in_flight), ..bulk(second as f64) }
    };
    let way = looks(1000.0, (0..16).map(|second| opens(second, if second < 4 { 20.0 } else { 120.0 })));
    assert_eq!(way.bloat, Verdict::No);
    let queue = looks(1000.0, (0..16).map(|second| opens(second, 29.0 * second.max(1) as f64)));
    // Half the time it was above 232 ms.
    assert_eq!(queue.bloat, Verdict::Yes);
    // With BBR a queue of others looks the same: it is named, and the longer way as the alternative.
    let bbr = ten(|second, stats| {
        let (rtt, unacked) = if second < 3 { before } else { (165.0, 80) };
        TcpStats {
            rtt: Some(ms(rtt)),
            unacked: Some(unacked),
            congestion_algorithm: Some(b"bbr"[..].into()),
            ..stats
        }
    });
    assert_eq!((bbr.bloat, names(&bbr)), (Verdict::No, vec!["latency_raised"]));
    // After it nothing moves any more: then the numbers do not tell, and the finding says so.
    let judged = moved([a; 10]);
    assert_eq!(judged.bloat, Verdict::Yes);
    let alternative =
        judged.findings[0].evidence.iter().find(|evidence| evidence.name == "alternative").unwrap();
    assert!(matches!(alternative.value, Value::Word(word) if word.contains("route change")));
    // A flow that does not fill its path waits for others.
    let victim = ten(|second, stats| TcpStats {
        rtt: Some(ms(if second < 3 { 20.0 } else { 400.0 })),
        delivery_rate_app_limited: Some(true),
        notsent_bytes: Some(0),
        ..stats
    });
    assert_eq!(victim.latency_raised, Verdict::Yes);
}

/// Half of a path of 2 MB/s.
fn half_used(second: usize, stats: TcpStats) -> TcpStats {
    TcpStats { delivery_rate: Some(1_990_000 + second as u64), notsent_bytes: Some(0), ..stats }
}

#[test]
fn utilisation_is_of_what_the_path_was_seen_to_carry() {
    let judged = ten(half_used);
    assert!(judged.utilisation.is_ok_and(|share| (share - 1e6 / 1_990_009.0).abs() < 1e-6), "{judged:?}");
    let capacity = judged.capacity.unwrap();
    assert_eq!(
        (capacity.bytes_per_s, capacity.seen_ago, capacity.is_lower_bound),
        (1_990_009, ms(0.0), false)
    );

    let unknown = |change: &dyn Fn(usize, TcpStats) -> TcpStats| {
        let judged = ten(|second, stats| change(second, half_used(second, stats)));
        (judged.utilisation.err(), judged.capacity.map(|seen| seen.is_lower_bound))
    };
    let no_capacity = Some(Unknown::CapacityUnknown);
    let limited = |second: usize| Some(ms(60_000.0 + 100.0 * second as f64));
    assert_eq!(
        unknown(&|_, stats| TcpStats { delivery_rate_app_limited: Some(true), ..stats }),
        (no_capacity, Ok(true))
    );
    // The rate of a window, of a buffer; and one that may be from before.
    let window = |second, stats| TcpStats { rwnd_limited: limited(second), ..stats };
    assert_eq!(unknown(&window), (no_capacity, Ok(true)));
    let buffer = |second, stats| TcpStats { sndbuf_limited: limited(second), ..stats };
    assert_eq!(unknown(&buffer), (no_capacity, Ok(true)));
    let old = |_, stats| TcpStats { delivery_rate: Some(2_000_000), ..stats };
    assert_eq!(unknown(&old), (no_capacity, Err(Unknown::CapacityUnknown)));
    let four = looks(1000.0, (0..4).map(|second| half_used(second, bulk(second as f64))));
    assert_eq!(four.utilisation, Err(Unknown::FewSamples));
    // A minute later the path may be another one.
    let later = looks(1000.0, (0..70).map(|second: usize| half_used(second.min(5), bulk(second as f64))));
    assert_eq!(later.utilisation, Err(Unknown::CapacityUnknown));
}

#[test]
fn bbr_knows_the_bandwidth() {
    // A row with nothing but INET_DIAG_BBRINFO: 2.5 MB/s.
    let mut row = vec![0; 72];
    row.extend_from_slice(&24_u16.to_ne_bytes());
    row.extend_from_slice(&16_u16.to_ne_bytes());
    row.extend([2_500_000_u32, 0, 0, 0, 0].into_iter().flat_map(u32::to_ne_bytes));
    let bbr = Row::parse(&row).unwrap().bbr().map(CongestionDetail::Bbr);
    assert!(bbr.is_some());
    let judged = ten(|second, stats| TcpStats { congestion_detail: bbr, ..half_used(second, stats) });
    assert_eq!(judged.utilisation, Ok(0.4));
}

/// What arrives at 1 MB/s, and the receiver's RTT.
pub(super) fn download(second: usize, rcv_rtt: f64, pause: f64) -> TcpStats {
    TcpStats {
        data_segs_out: Some(1),
        data_segs_in: Some(700 * second as u32),
        bytes_received: Some(1_000_000 * second as u64),
        rcv_rtt: Some(ms(rcv_rtt)),
        last_data_recv: Some(ms(pause)),
        ..TcpStats { busy_time: Some(ms(1.0)), delivery_rate: None, rttvar: Some(ms(10.5)), ..healthy() }
    }
}

#[test]
fn a_download_is_judged_from_the_receiving_end() {
    let judged =
        |looks_: usize, rcv_rtt, pause| looks(500.0, (0..looks_).map(|n| download(n, rcv_rtt, pause)));
    for (rcv_rtt, bloat, found) in [
        (60.0, Verdict::No, None),
        (75.0, Verdict::Mild, Some(Severity::Info)),
        (101.0, Verdict::Yes, Some(Severity::Warning)),
        (445.0, Verdict::Severe, Some(Severity::Critical)),
    ] {
        let judged = judged(10, rcv_rtt, 10.0);
        assert_eq!((judged.download_bloat, severity(&judged, "download_bloat")), (bloat, found), "{rcv_rtt}");
        assert!(judged.score.is_some() && judged.loss.is_err());
    }
    // It counts in the score, like a queue of what is sent.
    assert!(judged(10, 445.0, 4.0).score.is_some_and(|score| score.get() == 0.1));
    let why = |judged: Assessment| judged.download_bloat;
    assert_eq!(why(judged(9, 445.0, 4.0)), Verdict::Unknown(Unknown::FewSamples));
    assert_eq!(why(judged(10, 445.0, 11.0)), Verdict::Unknown(Unknown::NotLoading));
    assert_eq!(why(super::judge(&download(9, 445.0, 4.0))), Verdict::Unknown(Unknown::NeedsInterval));
    // Requests: a window of them takes seconds, though each is answered at once. Kernels begin with full segments of 536.
    let requests = |bytes: u64| {
        let one = move |second: usize| TcpStats {
            bytes_received: Some(700 * bytes * second as u64),
            rcv_mss: Some(536),
            ..download(second, 1543.0, 4.0)
        };
        looks(500.0, (0..10).map(one))
    };
    assert_eq!(why(requests(267)), Verdict::Unknown(Unknown::NotLoading));
    assert_eq!(why(requests(268)), Verdict::Severe);
    let untold = |second| TcpStats { rcv_mss: None, ..download(second, 445.0, 4.0) };
    assert_eq!(why(looks(500.0, (0..10).map(untold))), Verdict::Unknown(Unknown::NotTold));
    let shorter = looks_beside(500.0, Some(ms(5.0)), (0..10).map(|n| download(n, 70.0, 4.0)));
    assert_eq!(shorter.download_bloat, Verdict::Yes, "another connection knows a shorter base");
}

#[test]
fn a_storm_is_of_now() {
    let storm = |lost: u32| {
        let again = move |second: usize| lost * second as u32 / 9;
        ten(|second, stats| TcpStats {
            total_retrans: Some(50_000 + again(second)),
            bytes_retrans: Some(u64::from(50_000 + again(second)) * u64::from(MSS)),
            ..stats
        })
    };
    // Wilson's lower end of 668 of 6215 is 10.003 %.
    assert_eq!(severity(&storm(668), "retransmission_storm"), Some(Severity::Critical));
    assert_eq!(severity(&storm(667), "retransmission_storm"), None);
    let found = storm(900);
    let storm = found.findings.iter().find(|finding| finding.name == "retransmission_storm").unwrap();
    assert_eq!(storm.evidence[0].value, Value::PerS(100.0));
    // Ever so many in a life are none.
    let life = TcpStats { total_retrans: Some(500_000), bytes_retrans: Some(1 << 40), ..bulk(0.0) };
    assert_eq!(
        severity(&super::judge(&TcpStats { bytes_sent: Some(1 << 41), ..life }), "retransmission_storm"),
        None
    );
}

#[test]
fn a_moment_is_told_from_what_lasts() {
    let small = |looks_: usize, seen: usize| {
        let lost = |second: usize| Some(50_000 + 5 * second as u32);
        looks(
            500.0,
            (0..looks_).map(|n| TcpStats {
                snd_cwnd: Some(if n >= looks_ - seen { 4 } else { 40 }),
                unacked: Some(4),
                total_retrans: lost(n),
                bytes_retrans: Some(u64::from(lost(n).unwrap()) * u64::from(MSS)),
                ..bulk(n as f64 * 0.5)
            }),
        )
    };
    assert_eq!(severity(&small(6, 3), "small_cwnd"), Some(Severity::Warning));
    assert_eq!(severity(&small(6, 2), "small_cwnd"), None);
    assert_eq!(severity(&small(3, 2), "small_cwnd"), None, "half a second");

    let window = |closed: &'static [usize]| {
        let limited = |second: usize| Some(ms(50_000.0 + 400.0 * second as f64));
        ten(|second, stats| TcpStats {
            rwnd_limited: limited(second),
            snd_wnd: Some(if closed.contains(&second) { 2 * MSS - 1 } else { 1 << 20 }),
            ..stats
        })
    };
    let reads_slowly = |judged: Assessment| {
        let finding = judged.findings.into_iter().find(|it| it.name == "receiver_limited").unwrap();
        assert_eq!(finding.severity, Severity::Info);
        finding.evidence.iter().any(|it| it.value == Value::Word("reads slowly"))
    };
    assert!(reads_slowly(window(&[2, 4, 7])));
    assert!(!reads_slowly(window(&[4])), "a reader without a processor");
    assert!(!reads_slowly(window(&[])));
}

#[test]
fn a_handshake_is_of_the_interval_it_was_in() {
    let looks = |state| {
        let then =
            TcpStats { state: Some(state), total_retrans: Some(0), data_segs_out: Some(0), ..healthy() };
        looks(1000.0, [then, TcpStats { total_retrans: Some(1), ..healthy() }])
    };
    assert_eq!(severity(&looks(2), "syn_retransmitted"), Some(Severity::Info));
    assert_eq!(severity(&looks(1), "syn_retransmitted"), None);
}
