//! Counters of 32 bits that went around, or may have: nothing that rests on them is claimed.

use std::time::Duration;

use proptest::prelude::*;

use super::super::turns::{self, Turns};
use super::super::{Interval, Severity, Unknown, Verdict, assess_interval};
use super::intervals::bulk;
use super::{Context, TcpStats, healthy, judge, ms, names, severity, tcp, with_delay};
use crate::model::{Counter, Protocol, State};

const TURN: u64 = 1 << 32;

/// A connection that was busy for days, as the kernel tells of it: what it counts in 32 bits is cut.
fn told(segments: u64, bytes_each: u64, retransmitted: u64) -> TcpStats {
    TcpStats {
        data_segs_out: Some(segments as u32),
        segs_out: Some(segments as u32),
        bytes_sent: Some(segments * bytes_each),
        bytes_acked: Some((segments - retransmitted) * bytes_each),
        total_retrans: Some(retransmitted as u32),
        bytes_retrans: Some(retransmitted * bytes_each),
        busy_time: Some(Duration::from_secs(500_000)),
        ..healthy()
    }
}

#[test]
fn bytes_tell_whether_segments_went_around() {
    const LONG: u64 = 100_000;
    let sent = |segments, bytes, busy| {
        let busy_time = Some(Duration::from_secs(busy));
        turns::of_data_sent(&TcpStats {
            data_segs_out: Some(segments),
            bytes_sent: Some(bytes),
            busy_time,
            ..healthy()
        })
    };
    assert_eq!(sent(1000, 1000 * 65_535, LONG), Turns::None);
    assert_eq!(sent(1000, 1001 * 65_535, LONG), Turns::Certain);
    // Bytes for one turn more, a byte a segment.
    assert_eq!(sent(100_000, TURN + 99_999, LONG), Turns::None);
    assert_eq!(sent(100_000, TURN + 100_000, LONG), Turns::Possible);
    // No connection sends so many segments in so short a time…
    assert_eq!(sent(100_000, TURN + 100_000, 429), Turns::None);
    assert_eq!(sent(100_000, TURN + 100_000, 430), Turns::Possible);
    // …unless what was counted is itself too much for it, and nothing makes so few of so many bytes.
    assert_eq!(sent(2_000_000_000, 2 * TURN, 100), Turns::Possible);
    assert_eq!(sent(1000, TURN, 1), Turns::Certain);
    // Without bytes nothing excludes it.
    let bare = TcpStats { data_segs_out: Some(5), ..TcpStats::default() };
    assert_eq!(turns::of_data_sent(&bare), Turns::Possible);
}

/// The case of the issue: 2³² small segments and some, 500 of them sent again.
#[test]
fn small_segments_that_went_around_are_no_loss() {
    let judged = judge(&told(TURN + 1000, 100, 500));
    assert_eq!(
        (judged.loss, judged.lossy),
        (Err(Unknown::Inconsistent), Verdict::Unknown(Unknown::Inconsistent))
    );
    assert_eq!((judged.factors.loss, names(&judged)), (Err(Unknown::Inconsistent), vec![]));
    // Half a turn more, and the bytes would fit. What was lost is then at most the share of what was counted.
    let judged = judge(&told(TURN + TURN / 2, 100, 30_000_000));
    assert_eq!((judged.lossy, names(&judged)), (Verdict::Unknown(Unknown::UpperBound), vec![]));
    assert!(judged.loss.is_ok_and(|loss| loss.upper_bound));
    let judged = judge(&told(TURN + TURN / 2, 100, 1000));
    assert_eq!((judged.lossy, judged.factors.loss), (Verdict::No, Ok(1.0)));
    // Retransmissions that went around.
    let judged = judge(&told(3 * TURN, 100, TURN + 7));
    assert_eq!(judged.lossy, Verdict::Unknown(Unknown::Inconsistent));
    let judged = judge(&told(3 * TURN + TURN / 2, 100, TURN + TURN / 2));
    assert_eq!(judged.lossy, Verdict::Unknown(Unknown::MayHaveWrapped));
}

#[test]
fn what_counts_segments_besides_loss_is_silent_too() {
    let spurious = |stats| TcpStats { dsack_dups: Some(1000), ..stats };
    assert!(names(&judge(&spurious(told(1_000_000, 100, 2000)))).contains(&"spurious_retransmissions"));
    assert_eq!(names(&judge(&spurious(told(3 * TURN, 100, TURN + 2000)))), [""; 0]);
    let reordered = |stats| TcpStats { reord_seen: Some(100_000), ..stats };
    assert!(names(&judge(&reordered(told(1_000_000, 100, 0)))).contains(&"reordering"));
    assert_eq!(names(&judge(&reordered(told(TURN + 1_000_000, 100, 0)))), [""; 0]);
    // 5 segments are too few to judge by; a whole turn and 5 are not, as the bytes say.
    let queue = |segments| with_delay(told(segments, 1400, 0), 20.0, 100.0, true);
    assert_eq!(judge(&queue(5)).bloat, Verdict::Unknown(Unknown::FewSamples));
    assert_eq!(judge(&queue(TURN + 5)).bloat, Verdict::Yes);
    let small = |segments| TcpStats { snd_mss: Some(500), ..told(segments, 500, 0) };
    assert_eq!(severity(&judge(&small(0)), "small_mss"), None);
    assert_eq!(severity(&judge(&small(TURN)), "small_mss"), Some(Severity::Warning));
}

/// `last_data_sent` is of no use before the first segment. A counter at 0 for the second time is not that.
#[test]
fn zero_for_the_second_time_is_not_the_beginning() {
    let last = |bytes_sent: u64, bytes_received: u64| {
        let mut bytes = [0_u8; 280];
        let mut put = |at: usize, value: &[u8]| bytes[at..at + value.len()].copy_from_slice(value);
        put(44, &7_u32.to_ne_bytes());
        put(52, &8_u32.to_ne_bytes());
        put(128, &bytes_received.to_ne_bytes());
        put(200, &bytes_sent.to_ne_bytes());
        let mut stats = TcpStats::default();
        stats.set_from(
            pree_wire::tcp_info::TcpInfo::new(&bytes),
            pree_wire::tcp_info::AccEcnLayout::TwoFields,
        );
        assert_eq!((stats.data_segs_out, stats.data_segs_in), (Some(0), Some(0)));
        (stats.last_data_sent, stats.last_data_recv)
    };
    // The end of the stream counts as a byte received.
    assert_eq!(last(0, 1), (None, None));
    assert_eq!(last(TURN * 100, TURN * 100), (Some(ms(7.0)), Some(ms(8.0))));
}

#[test]
fn an_interval_counts_across_the_turn() {
    let at = |segments: u64, stats: TcpStats| TcpStats {
        data_segs_out: Some(segments as u32),
        segs_out: Some(segments as u32),
        total_retrans: Some((segments / 100) as u32),
        ..stats
    };
    let (before, after) = (TURN - 3000, TURN + 3000);
    let mut interval = Interval::new(ms(0.0), &tcp(at(before, bulk(0.0))));
    assert!(interval.add(ms(9000.0), &tcp(at(after, bulk(9.0)))), "no other connection");
    let stats = interval.stats().unwrap();
    assert_eq!(
        (stats.data_segs_out, stats.segs_out, stats.total_retrans),
        (Some(6000), Some(6000), Some(60))
    );
    let judged = assess_interval(&interval, &Context::default());
    assert_eq!(judged.loss.map(|loss| loss.samples), Ok(6000));
    // Backwards is another connection still.
    assert!(!interval.add(ms(10_000.0), &tcp(at(after - 1, bulk(10.0)))));
    assert_eq!((5_u32.since(u32::MAX), 5_u32.since(6), 0_u16.since(u16::MAX)), (Some(6), None, Some(1)));
}

/// More than a turn of bytes between two looks cannot be told from less.
#[test]
fn bytes_in_32_bits_are_told_of_short_intervals_only() {
    let told = |acked, delivered| TcpStats {
        bytes_acked: Some(acked),
        delivered_e0_bytes: Some(delivered),
        ..TcpStats::default()
    };
    let between = |acked| told(acked, 100).since(&told(0, u32::MAX)).unwrap().delivered_e0_bytes;
    assert_eq!((between(TURN - 1), between(TURN)), (Some(101), None));
}

#[test]
fn drops_count_across_the_turn() {
    let socket = |drops| {
        let mut socket = tcp(TcpStats::default());
        (socket.protocol, socket.state, socket.remote) = (Protocol::Udp, State::Unconnected, None);
        (socket.tcp, socket.drops) = (None, Some(drops));
        socket
    };
    let mut interval = Interval::new(ms(0.0), &socket(u32::MAX));
    assert!(interval.add(ms(1000.0), &socket(4)));
    let judged = assess_interval(&interval, &Context::default());
    let evidence =
        judged.findings.first().and_then(|finding| finding.evidence.first()).map(ToString::to_string);
    assert_eq!((names(&judged), evidence.as_deref()), (vec!["udp_drops"], Some("sk_drops 5")));
}

proptest! {
    /// Whatever was really sent, lost and cut: a claim is true of it.
    #[test]
    fn no_claim_of_cut_counters_is_wrong(
        segments in prop_oneof![100..1_000_000_u64, 1..20 * TURN, TURN..TURN + 100_000],
        bytes_each in prop_oneof![1..200_u64, 1..=65_535_u64],
        share in prop_oneof![0.0..0.02_f64, 0.0..1.0_f64],
    ) {
        let retransmitted = (segments as f64 * share) as u64;
        let judged = judge(&told(segments, bytes_each, retransmitted));
        let true_share = retransmitted as f64 / segments as f64;
        if judged.lossy.is_yes() {
            prop_assert!(true_share >= 0.005, "{true_share}: {judged:?}");
        }
        if judged.lossy == Verdict::No {
            prop_assert!(true_share <= 0.01, "{true_share}: {judged:?}");
        }
        if let Ok(loss) = judged.loss {
            prop_assert!(loss.low <= true_share && true_share <= loss.high, "{true_share}: {loss:?}");
        }
    }
}
