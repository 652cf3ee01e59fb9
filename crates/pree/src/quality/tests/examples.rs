//! Connections as they were seen, and what must be said about them.

use super::super::{Score, Unknown, Verdict};
use super::{TcpStats, healthy, judge, names, with_delay, with_loss};

/// The expected words; `None` in `loss`: not looked at.
struct Expected<'a> {
    loss_percent: Option<(f64, f64)>,
    lossy: Verdict,
    bloat: Verdict,
    score: Option<f64>,
    findings: &'a [&'a str],
}

const UNDECIDED: Verdict = Verdict::Unknown(Unknown::Undecided);
const FEW: Verdict = Verdict::Unknown(Unknown::FewSamples);
const NOT_LOADING: Verdict = Verdict::Unknown(Unknown::NotLoading);
const NOT_TOLD: Verdict = Verdict::Unknown(Unknown::NotTold);

#[track_caller]
fn check(name: &str, stats: &TcpStats, expected: &Expected<'_>) {
    let judged = judge(stats);
    assert_eq!(judged.lossy, expected.lossy, "{name}: lossy, {:?}", judged.loss);
    assert_eq!(judged.bloat, expected.bloat, "{name}: bloat, {:?}", judged.queue_delay);
    let rounded = |score: Score| (score.get() * 100.0 + 1e-6).round() / 100.0;
    assert_eq!(judged.score.map(rounded), expected.score, "{name}: score, {:?}", judged.factors);
    assert_eq!(names(&judged), expected.findings, "{name}: findings");
    if let Some((low, high)) = expected.loss_percent {
        let loss = judged.loss.unwrap();
        let near = |share: f64, percent: f64| (share * 100.0 - percent).abs() < 0.055;
        assert!(near(loss.low, low) && near(loss.high, high), "{name}: {loss:?}");
    }
}

#[track_caller]
fn bulk(name: &str, lost: (u32, u32), rtt: (f64, f64), expected: &Expected<'_>) {
    check(name, &with_delay(with_loss(lost.0, lost.1), rtt.0, rtt.1, true), expected);
}

const WELL: Expected<'static> =
    Expected { loss_percent: None, lossy: Verdict::No, bloat: Verdict::No, score: Some(1.0), findings: &[] };

#[test]
fn loading_the_path() {
    let bloated = &["buffer_bloat"];
    bulk("clean", (0, 100_000), (20.0, 20.5), &Expected { loss_percent: Some((0.0, 0.004)), ..WELL });
    bulk(
        "short queue",
        (20, 6700),
        (20.0, 32.0),
        &Expected { loss_percent: Some((0.19, 0.46)), score: Some(0.88), ..WELL },
    );
    bulk("little loss", (10, 10_000), (20.0, 21.0), &WELL);
    bulk("far", (0, 3000), (200.0, 201.0), &WELL);
    bulk(
        "1 %",
        (100, 10_000),
        (20.0, 21.0),
        &Expected {
            loss_percent: Some((0.82, 1.21)),
            lossy: Verdict::Yes,
            score: Some(0.75),
            findings: &["lossy"],
            ..WELL
        },
    );
    bulk(
        "5 %",
        (500, 10_000),
        (20.0, 23.0),
        &Expected {
            loss_percent: Some((4.6, 5.4)),
            lossy: Verdict::Yes,
            score: Some(0.25),
            findings: &["lossy"],
            ..WELL
        },
    );
    let queue = |bloat, score| Expected { bloat, score: Some(score), findings: bloated, ..WELL };
    bulk("e 50", (0, 7000), (20.0, 90.0), &queue(Verdict::Mild, 0.78));
    bulk("e 70", (0, 7000), (20.0, 110.0), &queue(Verdict::Yes, 0.67));
    bulk("half a second", (0, 7000), (20.0, 500.0), &queue(Verdict::Severe, 0.1));
    bulk(
        "loss and queue",
        (100, 10_000),
        (20.0, 240.0),
        &Expected {
            loss_percent: None,
            lossy: Verdict::Yes,
            bloat: Verdict::Severe,
            score: Some(0.24),
            findings: &["lossy", "buffer_bloat"],
        },
    );
    bulk("far, one buffer", (0, 3000), (200.0, 280.0), &WELL);
    bulk("LAN", (0, 5300), (0.1, 15.0), &WELL);
}

#[test]
fn not_loading() {
    check(
        "delayed acknowledgements",
        &with_delay(with_loss(0, 60), 0.05, 40.0, false),
        &Expected {
            loss_percent: None,
            lossy: FEW,
            bloat: NOT_LOADING,
            score: None,
            findings: &["app_limited"],
        },
    );
    check(
        "victim",
        &with_delay(with_loss(0, 150), 20.0, 370.0, false),
        &Expected {
            loss_percent: None,
            lossy: UNDECIDED,
            bloat: NOT_LOADING,
            score: Some(0.16),
            findings: &["latency_raised", "app_limited"],
        },
    );
    let mut spurious = with_delay(with_loss(44, 2000), 20.0, 21.0, false);
    spurious.dsack_dups = Some(44);
    check(
        "all spurious",
        &spurious,
        &Expected {
            loss_percent: Some((0.0, 0.19)),
            lossy: Verdict::No,
            bloat: NOT_LOADING,
            score: Some(1.0),
            findings: &["spurious_retransmissions", "app_limited"],
        },
    );
}

#[test]
fn little_is_known() {
    let untimed = |count, samples| TcpStats { rtt: None, rttvar: None, ..with_loss(count, samples) };
    let nothing = Expected { loss_percent: None, lossy: FEW, bloat: NOT_TOLD, score: None, findings: &[] };
    check("1 of 30", &untimed(1, 30), &nothing);
    check("1 of 300", &untimed(1, 300), &Expected { lossy: UNDECIDED, score: Some(1.0), ..nothing });
    let dead = TcpStats { ca_state: Some(4), backoff: Some(4), unacked: Some(1), ..untimed(5, 135) };
    check(
        "path dead",
        &dead,
        &Expected {
            // What the timeouts repeated says nothing about the share.
            lossy: UNDECIDED,
            score: Some(0.04),
            findings: &["path_dead"],
            loss_percent: None,
            bloat: NOT_TOLD,
        },
    );
}

#[test]
fn a_handshake_that_was_lost_is_no_loss() {
    let stats = TcpStats { total_retrans: Some(2), ..healthy() };
    check("SYN twice", &stats, &Expected { findings: &["syn_retransmitted"], ..WELL });
}
