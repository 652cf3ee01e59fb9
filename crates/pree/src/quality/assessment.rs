//! The judgement of one socket, as data.

use super::{Basis, Capacity, Estimate, Factors, Finding, QueueDelay, Score, Shares, Unknown, Verdict};

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
    /// What was judged: the lifetime or an interval.
    pub basis: Basis,
    /// The product of the factors that are known, `None` when none is.
    pub score: Option<Score>,
    /// The factors.
    pub factors: Factors,
    /// The share of data segments that the path lost.
    pub loss: Result<Estimate, Unknown>,
    /// Whether the loss is enough to hurt.
    pub lossy: Verdict,
    /// The share of bytes sent that were not repetitions (RFC 6349).
    pub efficiency: Result<f64, Unknown>,
    /// The share of the path's capacity in use. Takes several looks.
    pub utilisation: Result<f64, Unknown>,
    /// What the path can carry, as far as it was seen in the interval.
    pub capacity: Result<Capacity, Unknown>,
    /// How much of the round trip is queueing.
    pub queue_delay: Result<QueueDelay, Unknown>,
    /// Whether the connection fills a queue that is too long.
    pub bloat: Verdict,
    /// Whether it waits in a queue that other connections fill.
    pub latency_raised: Verdict,
    /// How much of the incoming path is queueing, measured at this end from what arrives. Takes several looks.
    pub download_delay: Result<QueueDelay, Unknown>,
    /// Whether what arrives fills a queue that is too long.
    pub download_bloat: Verdict,
    /// What sending waited for.
    pub limited_by: Result<Shares, Unknown>,
    /// Whether the peer no longer answers.
    pub peer_silent: Verdict,
    /// The named issues, in the order of [`DETECTORS`](super::DETECTORS).
    pub findings: Vec<Finding>,
    /// True for a connection whose end here has received data.
    pub(super) is_connection: bool,
    pub(super) has_received: bool,
}
