//! Each definition at its limits, and where its numbers are missing or make no sense.

use std::time::Duration;

use super::super::{Assessment, Context, Unknown, Verdict, assess_stats};
use super::{MSS, TcpStats, healthy, judge, ms, with_delay, with_loss, with_segments};

#[track_caller]
fn check<T: PartialEq + std::fmt::Debug>(stats: &TcpStats, get: fn(&Assessment) -> T, expected: T) {
    assert_eq!(get(&judge(stats)), expected, "{stats:?}");
}

#[test]
fn loss_needs_samples() {
    let known = |judged: &Assessment| judged.loss.map(|loss| (loss.count, loss.samples));
    check(&with_loss(0, 99), known, Err(Unknown::FewSamples));
    check(&with_loss(0, 100), known, Ok((0, 100)));
    check(&with_loss(4, 99), known, Err(Unknown::FewSamples));
    check(&with_loss(5, 20), known, Ok((5, 20)));
    check(&with_loss(5, 19), known, Err(Unknown::FewSamples));
    check(&TcpStats { total_retrans: None, ..healthy() }, known, Err(Unknown::NotTold));
    // More duplicates than repetitions: the network made them.
    check(&TcpStats { dsack_dups: Some(9), ..with_loss(3, 1000) }, known, Ok((0, 1000)));
}

#[test]
fn lossy_by_the_ends_of_the_interval() {
    for (count, samples, expected) in [
        (11, 2000, Verdict::No),
        (12, 2000, Verdict::Unknown(Unknown::Undecided)),
        (16, 2000, Verdict::Unknown(Unknown::Undecided)),
        (17, 2000, Verdict::Yes),
        (543, 100_000, Verdict::No),
        // Where an interval is short enough for both, that it is lossy counts.
        (544, 100_000, Verdict::Yes),
    ] {
        check(&with_loss(count, samples), |judged| judged.lossy, expected);
    }
}

#[test]
fn a_share_counts_from_the_third_loss() {
    let worth = |count| judge(&with_loss(count, 300)).factors.loss.unwrap();
    // The interval of 2 begins at 0.18 %, the value of 3 is 1 %.
    assert!(worth(2) > 0.9 && (worth(3) - 0.75).abs() < 1e-9);
}

#[test]
fn loss_of_a_wrapped_counter_is_unknown() {
    let known = |judged: &Assessment| judged.loss.map(|loss| loss.count);
    check(&with_loss(500, 400), known, Err(Unknown::Inconsistent));
    let wrapped = TcpStats { bytes_sent: Some(u64::from(MSS) << 33), ..healthy() };
    check(&wrapped, known, Err(Unknown::Inconsistent));
}

#[test]
fn old_kernels_tell_an_upper_bound() {
    let judged = |count, samples| {
        // 4.6 to 4.18
        let stats = TcpStats { dsack_dups: None, bytes_retrans: None, ..with_loss(count, samples) };
        let judged = judge(&TcpStats { rtt: None, ..stats });
        let loss = judged.loss.unwrap();
        assert!(loss.upper_bound && loss.low == 0.0, "{loss:?}");
        (judged.lossy, judged.factors.loss)
    };
    assert_eq!(judged(1, 10_000), (Verdict::No, Ok(1.0)));
    // It clears a path, and never blames one.
    assert_eq!(judged(500, 10_000), (Verdict::Unknown(Unknown::UpperBound), Err(Unknown::UpperBound)));

    // 4.2 to 4.5: acknowledgements are among the segments, so the bytes say how much was data.
    let receiver = TcpStats {
        data_segs_out: None,
        bytes_retrans: None,
        dsack_dups: None,
        segs_out: Some(1_000_000),
        bytes_acked: Some(50 * u64::from(MSS)),
        total_retrans: Some(50),
        ..healthy()
    };
    check(&receiver, |judged| judged.loss.map(|loss| (loss.count, loss.samples)), Ok((50, 100)));
    // Before, nothing.
    check(&TcpStats { segs_out: None, ..receiver }, |judged| judged.loss.err(), Some(Unknown::NotTold));
}

#[test]
fn efficiency_counts_bytes() {
    let efficiency = |sent, again| {
        judge(&TcpStats { bytes_sent: Some(sent), bytes_retrans: Some(again), ..healthy() }).efficiency
    };
    assert_eq!(efficiency(1_000_000, 250_000), Ok(0.75));
    assert_eq!(efficiency(100_000, 0), Ok(1.0));
    assert_eq!(efficiency(99_999, 0), Err(Unknown::FewSamples));
    assert_eq!(efficiency(100_000, 100_001), Err(Unknown::Inconsistent));
    check(&TcpStats { bytes_retrans: None, ..healthy() }, |judged| judged.efficiency, Err(Unknown::NotTold));
}

#[test]
fn queue_delay_needs_a_base_and_samples() {
    let queue = |judged: &Assessment| judged.queue_delay.map(|delay| (delay.queue, delay.excess));
    let stats = with_delay(healthy(), 20.0, 100.0, true);
    check(&stats, queue, Ok((ms(80.0), ms(60.0))));
    check(&with_delay(healthy(), 200.0, 310.0, true), queue, Ok((ms(110.0), ms(10.0))));
    // A route that became shorter.
    check(&with_delay(healthy(), 20.0, 10.0, true), queue, Ok((ms(0.0), ms(0.0))));
    check(&TcpStats { min_rtt: None, ..stats.clone() }, queue, Err(Unknown::NotTold));
    check(&TcpStats { rtt: None, ..stats.clone() }, queue, Err(Unknown::NotTold));
    check(&with_segments(20, stats.clone()), queue, Ok((ms(80.0), ms(60.0))));
    check(&with_segments(19, stats.clone()), queue, Err(Unknown::FewSamples));
    // A pure receiver: the handshake's sample, for ever. 100.001 ms: the kernel halves whole microseconds.
    let handshake = TcpStats { rtt: Some(Duration::from_micros(100_001)), rttvar: Some(ms(50.0)), ..stats };
    check(&handshake, queue, Err(Unknown::OneSample));
}

#[test]
fn a_peers_base_rtt_finds_the_queue_one_was_opened_into() {
    let stats = with_delay(healthy(), 336.0, 340.0, true);
    assert_eq!(judge(&stats).bloat, Verdict::No, "alone it cannot be seen");
    let mut context = Context { peer_base_rtt: Some(ms(20.0)), ..Context::default() };
    assert_eq!(assess_stats(&stats, &context).bloat, Verdict::Severe);
    // Another connection's queue is no reason to take a longer base than one's own.
    context.peer_base_rtt = Some(ms(900.0));
    assert_eq!(assess_stats(&stats, &context).bloat, Verdict::No);
}

#[test]
fn bloat_at_its_limits() {
    // base 20: queue - 20 is the excess
    for (rtt, expected) in [
        (69.9, Verdict::No),
        (70.0, Verdict::Mild),
        (99.9, Verdict::Mild),
        (100.0, Verdict::Yes),
        (239.9, Verdict::Yes),
        (240.0, Verdict::Severe),
    ] {
        check(&with_delay(healthy(), 20.0, rtt, true), |judged| judged.bloat, expected);
    }
    let bloated = with_delay(healthy(), 20.0, 500.0, true);
    check(
        &with_segments(99, bloated.clone()),
        |judged| (judged.bloat, judged.factors.delay),
        (Verdict::Unknown(Unknown::FewSamples), Err(Unknown::FewSamples)),
    );
    check(&with_segments(100, bloated.clone()), |judged| judged.bloat, Verdict::Severe);
    // The rate's word is old: nothing waits to be sent.
    check(
        &TcpStats { notsent_bytes: Some(0), ..bloated.clone() },
        |judged| judged.bloat,
        Verdict::Unknown(Unknown::NotLoading),
    );
    check(
        &TcpStats { delivery_rate_app_limited: None, ..bloated },
        |judged| judged.bloat,
        Verdict::Unknown(Unknown::NotTold),
    );
}

/// What BBR has in flight makes no queue of more than two round trips: a longer one is filled by others.
#[test]
fn a_queue_that_bbr_does_not_make_is_somebody_elses() {
    let with = |algorithm: &[u8], base: f64, rtt: f64| {
        let stats = with_delay(healthy(), base, rtt, true);
        let judged = judge(&TcpStats { congestion_algorithm: Some(algorithm.into()), ..stats });
        let names: Vec<&str> = judged.findings.iter().map(|finding| finding.name).collect();
        (
            judged.bloat,
            judged.latency_raised,
            names.contains(&"latency_raised"),
            judged.score.unwrap().get() < 0.7,
        )
    };
    let loading = Verdict::Unknown(Unknown::Loading);
    let undecided = Verdict::Unknown(Unknown::Undecided);
    for (algorithm, base, rtt, expected) in [
        (&b"bbr"[..], 20.0, 165.0, (Verdict::No, Verdict::Yes, true, true)),
        (b"bbr2", 20.0, 165.0, (Verdict::No, Verdict::Yes, true, true)),
        (b"cubic", 20.0, 165.0, (Verdict::Yes, loading, false, true)),
        // As long as it can make it itself.
        (b"bbr", 100.0, 300.0, (Verdict::Yes, loading, false, true)),
        (b"bbr", 20.0, 60.1, (Verdict::No, Verdict::No, false, false)),
        (b"bbr", 20.0, 80.0, (Verdict::No, undecided, false, false)),
    ] {
        let said = with(algorithm, base, rtt);
        // What is undecided has a score of loss alone, or the worth of a mild excess.
        assert_eq!((said.0, said.1, said.2), (expected.0, expected.1, expected.2), "{base} {rtt}");
        assert_eq!(said.3, expected.3, "{base} {rtt}");
    }
}

#[test]
fn raised_latency_is_more_than_a_delayed_acknowledgement() {
    for (base, rtt, expected) in [
        (20.0, 69.9, Verdict::No),
        (20.0, 70.0, Verdict::Unknown(Unknown::Undecided)),
        (20.0, 269.9, Verdict::Unknown(Unknown::Undecided)),
        (20.0, 270.0, Verdict::Yes),
    ] {
        check(&with_delay(healthy(), base, rtt, false), |judged| judged.latency_raised, expected);
    }
    check(
        &with_delay(healthy(), 20.0, 500.0, true),
        |judged| judged.latency_raised,
        Verdict::Unknown(Unknown::Loading),
    );
}

#[test]
fn shares_are_of_a_second_or_more() {
    let shares = |busy, receiver, send_buffer| {
        let stats = TcpStats {
            busy_time: Some(ms(busy)),
            rwnd_limited: Some(ms(receiver)),
            sndbuf_limited: Some(ms(send_buffer)),
            ..healthy()
        };
        judge(&stats).limited_by.map(|shares| [shares.network, shares.receiver, shares.send_buffer])
    };
    assert_eq!(shares(999.0, 0.0, 0.0), Err(Unknown::FewSamples));
    assert_eq!(shares(1000.0, 500.0, 250.0), Ok([0.25, 0.5, 0.25]));
    // The parts are read a tick later than the whole.
    assert_eq!(shares(1000.0, 1004.0, 4.0), Ok([0.0, 1.0, 0.0]));
    check(&TcpStats { busy_time: None, ..healthy() }, |judged| judged.limited_by, Err(Unknown::NotTold));
}

#[test]
fn score_falls_with_each_timeout_and_probe() {
    let progress = |stats: &TcpStats| judge(stats).factors.progress;
    let stalled = |backoff| TcpStats { ca_state: Some(4), backoff: Some(backoff), ..healthy() };
    assert_eq!([0, 1, 2, 3, 4].map(|backoff| progress(&stalled(backoff))), [1.0, 1.0, 0.5, 0.25, 0.125]);
    let idle =
        |probes| TcpStats { probes: Some(probes), unacked: Some(0), notsent_bytes: Some(0), ..healthy() };
    assert_eq!([0, 1, 2, 3, 9].map(|probes| progress(&idle(probes))), [1.0, 0.5, 0.5, 0.1, 0.1]);
    // A sign is enough for a score, its absence is not.
    let unknown =
        TcpStats { probes: Some(3), unacked: Some(0), notsent_bytes: Some(0), ..TcpStats::default() };
    check(&unknown, |judged| judged.score.map(super::super::Score::get), Some(0.1));
    check(&TcpStats::default(), |judged| judged.score, None);
}

#[test]
fn utilisation_takes_two_looks() {
    check(&healthy(), |judged| judged.utilisation, Err(Unknown::NeedsInterval));
}
