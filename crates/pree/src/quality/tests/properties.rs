//! What holds for any input, however odd.

use std::time::Duration;

use proptest::prelude::*;

use super::super::{Assessment, Context, Interval, Value, assess, assess_interval, assess_stats};
use super::intervals::{bulk, looks};
use super::{MSS, TcpStats, healthy, judge, ms, tcp, with_delay, with_loss};
use crate::model::{ListenQueue, Protocol, Socket, SocketMemory, State, Timer, TimerKind};

/// A word of `tcp_info` that means trouble more often than a random one does.
fn word() -> impl Strategy<Value = u32> {
    prop_oneof![Just(0), Just(1), Just(u32::MAX), 0..200u32, 0..2_000_000u32, any::<u32>()]
}

/// Statistics as a kernel of any age, or a broken one, may tell them.
fn any_stats() -> impl Strategy<Value = TcpStats> {
    let memory = proptest::option::of((word(), word())).prop_map(|memory| {
        let (queued, limit) = memory?;
        Some(SocketMemory {
            send_queued_bytes: Some(queued),
            send_buffer_bytes: Some(limit),
            receive_alloc_bytes: Some(limit),
            receive_buffer_bytes: Some(queued),
            ..SocketMemory::default()
        })
    });
    (proptest::collection::vec(word(), 70), 0..=280usize, memory).prop_map(|(words, length, memory)| {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).take(length).collect();
        let mut stats = TcpStats::default();
        stats.set_from(
            pree_wire::tcp_info::TcpInfo::new(&bytes),
            pree_wire::tcp_info::AccEcnLayout::TwoFields,
        );
        stats.memory = memory;
        stats.recv_queue_bytes = words.last().copied();
        stats.send_queue_bytes = words.first().copied();
        stats
    })
}

/// A socket of any kind with them, or without.
fn any_socket() -> impl Strategy<Value = Socket> {
    let states =
        [State::Established, State::Listen, State::SynReceived, State::CloseWait, State::Unconnected];
    let numbers = (word(), word(), word(), any::<u8>());
    let kind = (proptest::sample::select(states.to_vec()), any::<bool>());
    (proptest::option::of(any_stats()), numbers, kind).prop_map(|(stats, numbers, (state, is_tcp))| {
        let (queue, limit, drops, retransmits) = numbers;
        let kind = if drops % 2 == 0 { TimerKind::Keepalive } else { TimerKind::Other(retransmits) };
        Socket {
            state,
            protocol: if is_tcp { Protocol::Tcp } else { Protocol::Udp },
            recv_queue: Some(queue),
            listen: Some(ListenQueue { queue, limit }),
            drops: Some(drops),
            timer: Some(Timer { kind, expires: Duration::ZERO, retransmits }),
            memory: stats.as_ref().and_then(|stats| stats.memory),
            tcp: stats.map(Box::new),
            ..tcp(TcpStats::default())
        }
    })
}

/// These as they would be on top of what was before: counters of 32 bits go around.
fn grown(now: TcpStats, before: &TcpStats) -> TcpStats {
    macro_rules! add {
        (wide: $($name:ident)*; round: $($round:ident)*;) => {
            TcpStats {
                $( $name: match (now.$name, before.$name) {
                    (Some(now), Some(before)) => Some(now.checked_add(before).unwrap_or(before)),
                    (now, _) => now,
                }, )*
                $( $round: match (now.$round, before.$round) {
                    (Some(now), Some(before)) => Some((now / 2).wrapping_add(before)),
                    (now, _) => now,
                }, )*
                ..now
            }
        };
    }
    add!(
        wide: bytes_acked bytes_received busy_time rwnd_limited sndbuf_limited bytes_sent bytes_retrans;
        round: total_retrans segs_out segs_in data_segs_in data_segs_out delivered delivered_ce dsack_dups
            reord_seen rcv_ooopack received_ce;
    )
}

fn any_context() -> impl Strategy<Value = Context> {
    proptest::option::of(any::<Duration>())
        .prop_map(|peer_base_rtt| Context { peer_base_rtt, ..Context::default() })
}

fn assert_sane(judged: &Assessment) -> Result<(), TestCaseError> {
    let share = |name: &str, value: f64| {
        prop_assert!((0.0..=1.0).contains(&value), "{name} {value}");
        Ok(())
    };
    let factors = &judged.factors;
    let numbers = [
        ("score", judged.score.map(super::super::Score::get)),
        ("s_loss", factors.loss.ok()),
        ("s_delay", factors.delay.ok()),
        ("s_progress", Some(factors.progress)),
        ("efficiency", judged.efficiency.ok()),
        ("network", judged.limited_by.ok().map(|shares| shares.network)),
        ("receiver", judged.limited_by.ok().map(|shares| shares.receiver)),
        ("send_buffer", judged.limited_by.ok().map(|shares| shares.send_buffer)),
        ("app", judged.limited_by.ok().and_then(|shares| shares.app)),
        ("utilisation", judged.utilisation.ok()),
    ];
    for (name, value) in numbers {
        value.map_or(Ok(()), |value| share(name, value))?;
    }
    if let Ok(loss) = judged.loss {
        share("loss low", loss.low)?;
        share("loss high", loss.high)?;
        prop_assert!(loss.low <= loss.value && loss.value <= loss.high, "{loss:?}");
    }
    let known = factors.loss.is_ok() || factors.delay.is_ok() || factors.progress < 1.0;
    prop_assert_eq!(judged.score.is_some(), known);
    for evidence in judged.findings.iter().flat_map(|finding| &finding.evidence) {
        if let Value::Share(value) = evidence.value {
            share(evidence.name, value)?;
        }
        if let Value::PerS(rate) = evidence.value {
            prop_assert!(rate.is_finite() && rate >= 0.0, "{rate}");
        }
        prop_assert!(!evidence.to_string().is_empty());
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_sockets_make_sense(
        sockets in proptest::collection::vec(any_socket(), 1..20),
        times in proptest::collection::vec(0..5000u64, 20),
        context in any_context(),
    ) {
        let mut interval: Option<Interval> = None;
        let mut at = Duration::ZERO;
        for (socket, time) in sockets.iter().zip(times) {
            assert_sane(&assess(socket, &context))?;
            at += Duration::from_millis(time);
            match &mut interval {
                None => interval = Some(Interval::new(at, socket)),
                Some(interval) => drop(interval.add(at, socket)),
            }
            let judged = assess_interval(interval.as_ref().unwrap(), &context);
            assert_sane(&judged)?;
            prop_assert!(judged.unknowns().count() <= 10);
        }
    }

    /// One socket whose counters only grow, as fast as they like.
    #[test]
    fn any_interval_makes_sense(first in any_stats(), steps in proptest::collection::vec((any_stats(), 0..3000u64), 2..200)) {
        let mut interval = Interval::new(Duration::ZERO, &tcp(first));
        let mut at = Duration::ZERO;
        for (stats, time) in steps {
            at += Duration::from_millis(time);
            let before = interval.last().tcp.as_deref().unwrap().clone();
            prop_assert!(interval.add(at, &tcp(grown(stats, &before))));
        }
        assert_sane(&assess_interval(&interval, &Context::default()))?;
    }
}

proptest! {
    #[test]
    fn in_an_interval_more_loss_never_scores_more(a in 0..400u32, b in 0..400u32) {
        let score = |lost: u32| {
            looks(1000.0, (0..8_u32).map(|second| {
                let again = 50_000 + lost * second;
                let bytes_retrans = Some(u64::from(again) * u64::from(MSS));
                TcpStats { total_retrans: Some(again), bytes_retrans, ..bulk(second.into()) }
            })).score
        };
        prop_assert!(score(a.max(b)) <= score(a.min(b)), "{a} {b}");
    }

    #[test]
    fn in_an_interval_a_longer_queue_never_scores_more(
        base in 1.0..200.0f64,
        a in 0.0..2000.0f64,
        b in 0.0..2000.0f64,
        grows: bool,
    ) {
        let score = |queue: f64| {
            looks(1000.0, (0..10).map(|second| {
                let rtt = base + if grows { queue * f64::from(second) / 9.0 } else { queue };
                // 1 MB/s.
                let unacked = Some((rtt * 1e3 / f64::from(MSS)) as u32 + 1);
                TcpStats {
                    min_rtt: Some(ms(base)),
                    rtt: Some(ms(rtt)),
                    rttvar: Some(ms(5000.0)),
                    unacked,
                    ..bulk(second.into())
                }
            })).score
        };
        prop_assert!(score(a.max(b)) <= score(a.min(b)), "{base} {a} {b}");
    }

    /// Ten times as far, as long and as much is the same share and the same limit.
    #[test]
    fn shares_do_not_depend_on_the_unit(busy in 1000..100_000u32, receiver in 0.0..1.0f64) {
        let shares = |scale: f64| {
            let busy = f64::from(busy) * scale;
            let stats = TcpStats {
                busy_time: Some(ms(busy)),
                rwnd_limited: Some(ms(busy * receiver)),
                bytes_sent: Some((1e6 * scale) as u64),
                bytes_retrans: Some((1e6 * receiver * scale) as u64 / 2),
                ..healthy()
            };
            let judged = judge(&stats);
            (judged.limited_by.unwrap().receiver, judged.efficiency.unwrap())
        };
        let (one, ten) = (shares(1.0), shares(10.0));
        prop_assert!((one.0 - ten.0).abs() < 1e-5 && (one.1 - ten.1).abs() < 1e-5, "{one:?} {ten:?}");
    }

    #[test]
    fn any_numbers_make_sense(stats in any_stats(), context in any_context()) {
        assert_sane(&assess_stats(&stats, &context))?;
    }

    #[test]
    fn plausible_numbers_make_sense(
        lost in 0..3000u32,
        kept in 0..20_000u32,
        spurious in 0..3000u32,
        base in 0.01..500.0f64,
        queue in 0.0..2000.0f64,
        loading: bool,
    ) {
        let stats = with_delay(with_loss(lost, lost + kept), base, base + queue, loading);
        assert_sane(&judge(&TcpStats { dsack_dups: Some(spurious), ..stats }))?;
    }

    #[test]
    fn more_loss_never_scores_more(samples in 100..1_000_000u32, a in 0.0..1.0f64, b in 0.0..1.0f64) {
        // Most of them small, where the score changes.
        let lost = |x: f64| (x.powi(4) * f64::from(samples)) as u32;
        let (less, more) = (lost(a).min(lost(b)), lost(a).max(lost(b)));
        for exact in [true, false] {
            let score = |count| {
                let stats = with_loss(count, samples);
                judge(&if exact { stats } else { TcpStats { dsack_dups: None, ..stats } }).score
            };
            prop_assert!(score(more) <= score(less), "{less} {more} of {samples}");
        }
    }

    #[test]
    fn a_longer_queue_never_scores_more(base in 0.0..300.0f64, a in 0.0..3000.0f64, b in 0.0..3000.0f64, loading: bool) {
        let score = |queue: f64| {
            let stats = with_delay(healthy(), base, base + queue, loading);
            // Apart from half the RTT, which means a single sample.
            judge(&TcpStats { rttvar: Some(ms(5000.0)), ..stats }).score
        };
        prop_assert!(score(a.max(b)) <= score(a.min(b)), "{base} {a} {b} {loading}");
    }
}
