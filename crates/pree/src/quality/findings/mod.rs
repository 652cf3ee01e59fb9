//! Named issues, each with its evidence. [`DETECTORS`] is the table: a new issue is a file (or a place in one) and a
//! line here.

mod detector;
mod evidence;
mod finding;

mod black_hole;
mod buffers;
mod congestion_window;
mod delay;
mod drops;
mod loss;
mod reads;
mod reordering;
mod segment_size;
mod silence;
mod syn;
mod unread;

use super::{Assessment, Subject};

pub use detector::Detector;
use detector::Hit;
pub use evidence::{Evidence, Value};
pub use finding::{Finding, Severity};
pub(super) use reads::{Reads, can_have_statistics};

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
