//! What holds for any input, however odd.

use std::time::Duration;

use proptest::prelude::*;

use super::super::{Assessment, Context, Value, assess_stats};
use super::{TcpStats, healthy, judge, ms, with_delay, with_loss};
use crate::model::SocketMemory;

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
        stats
    })
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
        prop_assert!(!evidence.to_string().is_empty());
    }
    Ok(())
}

proptest! {
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
