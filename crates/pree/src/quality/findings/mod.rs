//! Named issues, each with its evidence. [`DETECTORS`] is the table: a new issue is a file (or a place in one) and a
//! line here.

mod evidence;

mod black_hole;
mod buffers;
mod congestion_window;
mod delay;
mod drops;
mod loss;
mod reordering;
mod segment_size;
mod silence;
mod syn;
mod unread;

use std::fmt;

use super::{Assessment, Basis, Subject};

pub use evidence::{Evidence, Value};

/// How much an issue matters.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
#[non_exhaustive]
pub enum Severity {
    /// Good to know; healthy connections have it too.
    Info,
    /// It costs time.
    Warning,
    /// Little or nothing gets through.
    Critical,
}

impl Severity {
    /// The name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

/// A named issue of one connection. Its `Display` is one line.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct Finding {
    /// Stable name: `buffer_bloat`, `lossy`, …
    pub name: &'static str,
    /// How much it matters here.
    pub severity: Severity,
    /// What of the connection's life it is about.
    pub basis: Basis,
    /// The numbers it rests on.
    pub evidence: Vec<Evidence>,
    /// What to do about it, in one sentence.
    pub advice: &'static str,
    /// Where to read more: a standard, a manual page.
    pub more: &'static str,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)?;
        for (index, evidence) in self.evidence.iter().enumerate() {
            write!(f, "{} {evidence}", if index == 0 { ":" } else { "," })?;
        }
        write!(f, "; {}", self.advice)
    }
}

/// What finds one kind of issue.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Detector {
    /// The name its findings have.
    pub name: &'static str,
    /// What to do about them.
    pub advice: &'static str,
    /// Where to read more: a standard, a manual page.
    pub more: &'static str,
    check: fn(&Subject<'_>, &Assessment) -> Option<Hit>,
}

/// What a detector found.
struct Hit {
    severity: Severity,
    evidence: Vec<Evidence>,
}

impl Hit {
    /// Evidence that the system does not tell is left out.
    fn new<const N: usize>(severity: Severity, evidence: [(&'static str, Option<Value>); N]) -> Self {
        let mut told = Vec::with_capacity(N);
        told.extend(evidence.into_iter().filter_map(|(name, value)| Some(Evidence { name, value: value? })));
        Self { severity, evidence: told }
    }
}

/// Every issue of one socket. Some show only in an interval.
pub const DETECTORS: &[Detector] = &[
    silence::PATH_DEAD,
    silence::RTO_STALL,
    silence::SILENT_PEER,
    silence::ZERO_WINDOW,
    black_hole::PMTU_BLACK_HOLE,
    syn::SYN_STUCK,
    drops::ACCEPT_OVERFLOW,
    drops::UDP_DROPS,
    unread::UNREAD_DATA,
    loss::RETRANSMISSION_STORM,
    loss::LOSSY,
    congestion_window::SMALL_CWND,
    delay::BUFFER_BLOAT,
    delay::DOWNLOAD_BLOAT,
    delay::LATENCY_RAISED,
    buffers::RECEIVER_LIMITED,
    buffers::SEND_BUFFER_LIMITED,
    segment_size::SMALL_MSS,
    loss::SPURIOUS_RETRANSMISSIONS,
    reordering::REORDERING,
    syn::SYN_RETRANSMITTED,
    buffers::APP_LIMITED,
];

/// Asks every detector; what is judged has no findings yet.
pub(super) fn find(subject: &Subject<'_>, judged: &Assessment) -> Vec<Finding> {
    let ask = |detector: &Detector| {
        let Hit { severity, evidence } = (detector.check)(subject, judged)?;
        let Detector { name, advice, more, .. } = *detector;
        Some(Finding { name, severity, basis: judged.basis, evidence, advice, more })
    };
    DETECTORS.iter().filter_map(ask).collect()
}
