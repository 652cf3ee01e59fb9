//! What is said not to be known, and why.

use super::super::{Context, Unknown, assess, assess_stats};
use super::{TcpStats, healthy, ms, tcp, with_delay, with_loss};

#[track_caller]
fn check(stats: TcpStats, expected: &[(&str, Unknown)]) {
    let judged = assess(&tcp(stats), &Context::default());
    assert_eq!(judged.unknowns().collect::<Vec<_>>(), expected, "{judged:?}");
}

const UTILISATION: (&str, Unknown) = ("utilisation", Unknown::NeedsInterval);

#[test]
fn a_healthy_connection() {
    check(healthy(), &[UTILISATION]);
}

#[test]
fn each_has_its_reason() {
    check(with_loss(12, 2000), &[("whether the loss matters", Unknown::Undecided), UTILISATION]);
    check(
        with_loss(0, 20),
        &[
            ("loss", Unknown::FewSamples),
            ("queue", Unknown::FewSamples),
            ("efficiency", Unknown::FewSamples),
            UTILISATION,
        ],
    );
    // Which of two questions there is depends on whether it fills its path.
    check(with_delay(healthy(), 20.0, 25.0, false), &[UTILISATION]);
    check(with_delay(healthy(), 20.0, 100.0, false), &[("queue", Unknown::Undecided), UTILISATION]);
    check(with_delay(healthy(), 20.0, 500.0, true), &[UTILISATION]);
    let receiver = TcpStats { bytes_received: Some(1), rttvar: Some(ms(10.5)), ..healthy() };
    check(
        receiver,
        &[("loss of what is received", Unknown::OtherEnd), ("queue", Unknown::OneSample), UTILISATION],
    );
    let quiet = TcpStats {
        unacked: Some(0),
        notsent_bytes: Some(0),
        delivery_rate_app_limited: Some(true),
        ..healthy()
    };
    check(quiet, &[UTILISATION, ("whether the peer is there", Unknown::NoKeepalive)]);
    check(TcpStats { busy_time: None, ..healthy() }, &[UTILISATION, ("what limits it", Unknown::NotTold)]);
}

#[test]
fn a_queue_from_before_its_start() {
    let far = with_delay(healthy(), 60.0, 61.0, true);
    let hidden = ("queue from before its start", Unknown::OwnBase);
    check(far.clone(), &[hidden, UTILISATION]);
    // A shorter one could hide no queue that matters.
    check(with_delay(healthy(), 59.9, 61.0, true), &[UTILISATION]);
    let context = Context { peer_base_rtt: Some(ms(59.0)), ..Context::default() };
    assert!(!assess_stats(&far, &context).unknowns().any(|unknown| unknown == hidden));
}
