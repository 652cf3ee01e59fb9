//! The judgement against its definitions: examples with their expected words, each detector firing and silent, and
//! properties of any input.
// The values are constants of the score, exact; and cases read better when they are made in place.
#![allow(clippy::float_cmp, clippy::needless_pass_by_value)]

mod definitions;
mod detectors;
mod examples;
mod intervals;
mod properties;
mod sockets;
mod turns;
mod unknowns;

use std::time::Duration;

use super::{Assessment, Context, Severity, Verdict, assess_stats};
use crate::model::{Socket, State, TcpStats};

const MSS: u32 = 1448;

fn ms(ms: f64) -> Duration {
    Duration::from_secs_f64(ms / 1e3)
}

fn judge(stats: &TcpStats) -> Assessment {
    assess_stats(stats, &Context::default())
}

fn names(assessment: &Assessment) -> Vec<&'static str> {
    assessment.findings.iter().map(|finding| finding.name).collect()
}

/// How much the finding of this name matters; `None` without one.
fn severity(assessment: &Assessment, name: &str) -> Option<Severity> {
    assessment.findings.iter().find(|finding| finding.name == name).map(|finding| finding.severity)
}

/// A connection with these statistics.
fn tcp(stats: TcpStats) -> Socket {
    Socket { tcp: Some(Box::new(stats)), ..Socket::tcp(State::Established, "192.0.2.1:1", "192.0.2.2:2") }
}

/// An established bulk connection about which nothing is wrong: 20 ms away, 10,000 segments sent.
fn healthy() -> TcpStats {
    TcpStats {
        state: Some(1),
        ca_state: Some(0),
        retransmits: Some(0),
        probes: Some(0),
        backoff: Some(0),
        rto: Some(ms(220.0)),
        snd_mss: Some(MSS),
        rcv_mss: Some(MSS),
        pmtu: Some(1500),
        advmss: Some(MSS),
        unacked: Some(20),
        rtt: Some(ms(21.0)),
        rttvar: Some(ms(1.0)),
        min_rtt: Some(ms(20.0)),
        snd_cwnd: Some(24),
        total_retrans: Some(0),
        segs_out: Some(10_010),
        data_segs_out: Some(10_000),
        bytes_sent: Some(14_480_000),
        bytes_acked: Some(14_450_000),
        bytes_retrans: Some(0),
        dsack_dups: Some(0),
        reord_seen: Some(0),
        reordering: Some(3),
        notsent_bytes: Some(100_000),
        delivery_rate: Some(1_000_000),
        delivery_rate_app_limited: Some(false),
        busy_time: Some(Duration::from_secs(15)),
        rwnd_limited: Some(Duration::ZERO),
        sndbuf_limited: Some(Duration::ZERO),
        snd_wnd: Some(1 << 20),
        total_rto: Some(0),
        ..TcpStats::default()
    }
}

/// `healthy()` with `count` of `samples` segments lost.
fn with_loss(count: u32, samples: u32) -> TcpStats {
    TcpStats {
        total_retrans: Some(count),
        bytes_retrans: Some(u64::from(count) * u64::from(MSS)),
        bytes_sent: Some(u64::from(samples) * u64::from(MSS)),
        data_segs_out: Some(samples),
        ..healthy()
    }
}

/// `stats` after so many segments.
fn with_segments(segments: u32, stats: TcpStats) -> TcpStats {
    let bytes = Some(u64::from(segments) * u64::from(MSS));
    TcpStats { data_segs_out: Some(segments), bytes_sent: bytes, bytes_acked: bytes, ..stats }
}

/// `stats` with these round trips in ms.
fn with_delay(stats: TcpStats, base: f64, rtt: f64, loading: bool) -> TcpStats {
    TcpStats {
        min_rtt: Some(ms(base)),
        rtt: Some(ms(rtt)),
        rttvar: Some(ms(rtt / 20.0)),
        delivery_rate_app_limited: Some(!loading),
        notsent_bytes: Some(if loading { 100_000 } else { 0 }),
        ..stats
    }
}

#[test]
fn healthy_is_healthy() {
    let judged = judge(&healthy());
    assert_eq!(judged.score.map(super::Score::get), Some(1.0));
    assert_eq!((judged.lossy, judged.bloat), (Verdict::No, Verdict::No));
    assert_eq!(names(&judged), [""; 0]);
    assert_eq!(judged.efficiency, Ok(1.0));
}

/// The page for readers has every issue there is.
#[test]
fn the_documents_have_every_issue() {
    const PAGE: &str = include_str!("../../../../../docs/quality.md");
    let of_host = super::HOST_DETECTORS.iter().map(|detector| detector.name);
    for name in super::DETECTORS.iter().map(|detector| detector.name).chain(of_host) {
        assert!(PAGE.contains(&format!("\n| `{name}` |")), "docs/quality.md says nothing of {name}");
    }
}
