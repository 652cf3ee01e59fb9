//! How well a connection is doing: pure functions of what the kernel tells.
//!
//! Each definition has a least number of samples, and below it the answer is [`Unknown`] with the reason, never 0 and
//! never a verdict. `limits` has every threshold; `findings` has one detector for each named issue of one socket, `host`
//! one for each that shows only across sockets. A socket is judged by its life so far ([`assess`]) or by what happened
//! between two looks ([`assess_interval`]), and the two are never mixed.

mod buffer;
mod capacity;
mod delay;
mod findings;
mod growth;
mod host;
mod interval;
mod limits;
mod looks;
mod loss;
mod progress;
mod score;
mod shares;
mod turns;
mod unknowns;
mod verdict;

#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::time::Duration;

use crate::model::{Socket, TcpStats};

pub use capacity::Capacity;
pub use delay::QueueDelay;
pub use findings::{DETECTORS, Detector, Evidence, Finding, Severity, Value};
pub use host::{
    About, HOST_DETECTORS, HostAssessment, HostDetector, HostFinding, Peers, assess_host,
    assess_host_interval,
};
pub use interval::{Interval, assess_interval};
pub use looks::Intervals;
pub use score::{Factors, Score};
pub use shares::Shares;
pub use verdict::{Estimate, Unknown, Verdict};

/// What of a connection's life is judged.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[non_exhaustive]
pub enum Basis {
    /// Counters since it began, how long ago that was is not told; and its state now.
    #[default]
    Lifetime,
    /// What happened in this length of time, from the first look to the last.
    Interval(Duration),
}

/// What is known beside the connection itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct Context {
    /// What of its life the statistics are about.
    pub basis: Basis,
    /// The smallest RTT that any other connection to the same peer has seen lately. It finds the queue that a
    /// connection was opened into.
    pub peer_base_rtt: Option<Duration>,
}

/// The judgement of one connection.
///
/// ```
/// use pree::quality::{Context, assess_stats};
///
/// let nothing_known = assess_stats(&pree::TcpStats::default(), &Context::default());
/// assert_eq!(nothing_known.score, None);
/// assert!(nothing_known.loss.is_err());
/// ```
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct Assessment {
    /// What it is about.
    pub basis: Basis,
    /// The product of the factors that are known, `None` when none is.
    pub score: Option<Score>,
    /// The factors.
    pub factors: Factors,
    /// The share of data segments that the path lost.
    pub loss: Result<Estimate, Unknown>,
    /// Whether that is so much that it hurts.
    pub lossy: Verdict,
    /// The share of bytes sent that were not repetitions (RFC 6349).
    pub efficiency: Result<f64, Unknown>,
    /// The share of the path's capacity in use. It takes several looks.
    pub utilisation: Result<f64, Unknown>,
    /// What the path can carry, as far as it was seen in the interval.
    pub capacity: Result<Capacity, Unknown>,
    /// What of the round trip is a queue.
    pub queue_delay: Result<QueueDelay, Unknown>,
    /// Whether the connection fills a queue that is too long.
    pub bloat: Verdict,
    /// Whether it waits in a queue that others fill.
    pub latency_raised: Verdict,
    /// What of the way here is a queue, as this end sees it from what arrives. It takes several looks.
    pub download_delay: Result<QueueDelay, Unknown>,
    /// Whether what arrives fills a queue that is too long.
    pub download_bloat: Verdict,
    /// What sending waited for.
    pub limited_by: Result<Shares, Unknown>,
    /// Whether the peer no longer answers.
    pub peer_silent: Verdict,
    /// The named issues, in the order of [`DETECTORS`].
    pub findings: Vec<Finding>,
    /// It is a connection, and this end has received data.
    is_connection: bool,
    has_received: bool,
}

/// Judges one socket by its life so far; one without statistics is unknown throughout.
pub fn assess(socket: &Socket, context: &Context) -> Assessment {
    match &socket.tcp {
        Some(stats) => judge(&Subject::of(socket, stats), context),
        None => judge(&Subject::of(socket, &TcpStats::default()), context),
    }
}

/// Judges statistics alone. Without the addresses it takes IPv4's lower limit for a small segment size.
pub fn assess_stats(stats: &TcpStats, context: &Context) -> Assessment {
    judge(&Subject { stats, ip: IpVersion::V4, socket: None, interval: None }, context)
}

/// What is judged.
#[derive(Clone, Copy)]
pub(crate) struct Subject<'a> {
    /// Counters of the basis, states of now.
    pub(crate) stats: &'a TcpStats,
    pub(crate) ip: IpVersion,
    /// The socket now; `None` when only its statistics are there.
    pub(crate) socket: Option<&'a Socket>,
    /// The looks, where there were several.
    pub(crate) interval: Option<&'a Interval>,
}

impl<'a> Subject<'a> {
    fn of(socket: &'a Socket, stats: &'a TcpStats) -> Self {
        let ip = IpVersion::of(socket.remote.as_ref().unwrap_or(&socket.local).socket_addr());
        Self { stats, ip, socket: Some(socket), interval: None }
    }

    /// The statistics as they are now, counters since the connection began.
    fn now(&self) -> &'a TcpStats {
        self.interval.and_then(|interval| interval.last().tcp.as_deref()).unwrap_or(self.stats)
    }

    /// How long the interval is; `None` for a life.
    fn length(&self) -> Option<Duration> {
        self.interval.map(Interval::length)
    }

    /// Nothing was sent in the interval. Less than a tick is not counted as busy, so segments count where they are.
    fn is_idle(&self) -> bool {
        let idle = match turns::data_sent_at_least(self.stats) {
            Some(segments) => segments == 0,
            None => self.stats.busy_time == Some(Duration::ZERO),
        };
        idle && self.interval.is_some()
    }

    /// The better reason for too few samples.
    fn or_idle<T>(&self, result: Result<T, Unknown>) -> Result<T, Unknown> {
        match result {
            Err(Unknown::FewSamples) if self.is_idle() => Err(Unknown::Idle),
            other => other,
        }
    }
}

/// What all of them share.
pub(crate) fn judge(subject: &Subject<'_>, context: &Context) -> Assessment {
    let stats = subject.stats;
    let loss = subject.or_idle(loss::estimate(stats));
    let queue_delay = subject.or_idle(delay::queue_delay(subject, context));
    let bloat = delay::bloat(subject, queue_delay);
    let latency_raised = delay::latency_raised(subject, queue_delay);
    let download_delay = delay::download_delay(subject, context);
    let capacity = capacity::capacity(subject);
    let factors = Factors {
        loss: score::loss_worth(loss),
        delay: score::worse(
            score::delay_worth(queue_delay, bloat, latency_raised),
            score::download_worth(download_delay),
        ),
        progress: progress::worth(subject),
    };
    let mut assessment = Assessment {
        basis: context.basis,
        score: factors.score(),
        factors,
        loss,
        lossy: loss::lossy(loss, progress::stalled(stats)),
        efficiency: subject.or_idle(loss::efficiency(stats)),
        utilisation: capacity::utilisation(subject, capacity),
        capacity,
        queue_delay,
        bloat,
        latency_raised,
        download_delay,
        download_bloat: delay::download_bloat(download_delay),
        limited_by: shares::shares(subject),
        peer_silent: progress::peer_silent(subject),
        findings: Vec::new(),
        is_connection: subject.socket.is_none_or(|socket| socket.tcp.is_some()),
        has_received: subject.now().bytes_received > Some(0),
    };
    assessment.findings = findings::find(subject, &assessment);
    assessment
}

/// The IP version on the wire, which for a v4-mapped address is not the socket's family.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum IpVersion {
    V4,
    V6,
}

impl IpVersion {
    /// Of an end of a connection; without one, the version with the lower limits.
    pub(crate) fn of(address: Option<SocketAddr>) -> Self {
        match address {
            Some(SocketAddr::V6(address)) if address.ip().to_ipv4_mapped().is_none() => Self::V6,
            _ => Self::V4,
        }
    }
}
