//! How well a connection is doing: pure functions of what the kernel reports.
//!
//! Each definition has a smallest number of samples; below it the answer is [`Unknown`] with the reason, never 0 and
//! never a verdict. `limits` has every threshold; `findings` has one detector for each named issue of one socket, `host`
//! one for each that shows only across sockets. A socket is judged by its life so far ([`assess`]) or by what happened
//! between two looks ([`assess_interval`]), and the two are never mixed.

mod assessment;
mod basis;
mod buffer;
mod capacity;
mod delay;
mod findings;
mod growth;
mod host;
mod interval;
mod judge;
mod limits;
mod looks;
mod loss;
mod progress;
mod rate;
mod score;
mod shares;
mod subject;
mod turns;
mod unknowns;
mod verdict;

#[cfg(test)]
mod tests;

pub use assessment::Assessment;
pub use basis::{Basis, Context};
pub use capacity::Capacity;
pub use delay::QueueDelay;
pub use findings::{DETECTORS, Detector, Evidence, Finding, Severity, Value};
pub use host::{
    About, HOST_DETECTORS, HostAssessment, HostDetector, HostFinding, LocalPorts, Peers, Unchecked,
    assess_host, assess_host_interval,
};
pub use interval::Interval;
pub(crate) use judge::judge;
pub use judge::{assess, assess_interval, assess_stats};
pub use looks::Intervals;
pub use score::{Factors, Score};
pub use shares::Shares;
pub(crate) use subject::{IpVersion, Subject};
pub use verdict::{Estimate, Unknown, Verdict};
