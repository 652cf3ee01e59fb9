//! The machine as a whole: each socket judged with what the others know, and what shows only across sockets.
//! [`HOST_DETECTORS`] is the table of those issues: a new one is a file (or a place in one) and a line there.

mod peers;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use super::{Assessment, Basis, Evidence, Intervals, Severity, assess, assess_interval};
use crate::model::{Process, Socket};
use crate::snapshot::Snapshot;

pub use peers::Peers;

/// The judgement of everything in one snapshot.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct HostAssessment {
    /// What was judged: lives so far, or the time between looks.
    pub basis: Basis,
    /// One for each socket of the snapshot, in its order; `None` for what has no statistics and no issue.
    pub sockets: Vec<Option<Assessment>>,
    /// What shows only across sockets, the worst first.
    pub findings: Vec<HostFinding>,
}

/// A named issue of several sockets together, or of the machine.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct HostFinding {
    /// Stable name: `close_wait_leak`, `ports_exhausted`, …
    pub name: &'static str,
    /// How much it matters here.
    pub severity: Severity,
    /// What of the sockets' lives it is about.
    pub basis: Basis,
    /// Whose it is.
    pub about: About,
    /// The sockets it rests on: their places in the snapshot, in order.
    pub sockets: Vec<usize>,
    /// The numbers it rests on.
    pub evidence: Vec<Evidence>,
    /// What to do about it, in one sentence.
    pub advice: &'static str,
    /// Where to read more: a standard, a manual page.
    pub more: &'static str,
}

/// What an issue across sockets is about.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub enum About {
    /// The machine, or this network namespace of it.
    Host,
    /// The sockets of one process.
    Process(Arc<Process>),
    /// Connections to one remote address, whatever the port.
    Remote(IpAddr),
    /// Connections to one remote address and port.
    Destination(SocketAddr),
    /// What arrives at one local address and port.
    Local(SocketAddr),
}

/// What finds one kind of issue across sockets.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct HostDetector {
    /// The name its findings have.
    pub name: &'static str,
    /// What to do about them.
    pub advice: &'static str,
    /// Where to read more: a standard, a manual page.
    pub more: &'static str,
    check: fn(&View<'_>) -> Vec<Hit>,
}

/// What these detectors look at.
#[expect(dead_code, reason = "the detectors come next")]
struct View<'a> {
    snapshot: &'a Snapshot,
    /// One for each socket of the snapshot.
    sockets: &'a [Option<Assessment>],
    intervals: Option<&'a Intervals>,
}

/// What such a detector found.
struct Hit {
    severity: Severity,
    about: About,
    sockets: Vec<usize>,
    evidence: Vec<Evidence>,
}

/// Every issue that shows only across sockets.
pub const HOST_DETECTORS: &[HostDetector] = &[];

/// Judges every socket of a snapshot by its life so far, and the machine.
pub fn assess_host(snapshot: &Snapshot) -> HostAssessment {
    judge(snapshot, None)
}

/// Judges what happened between the looks, the last of which is this snapshot. What was not seen before it is unknown.
pub fn assess_host_interval(snapshot: &Snapshot, intervals: &Intervals) -> HostAssessment {
    judge(snapshot, Some(intervals))
}

fn judge(snapshot: &Snapshot, intervals: Option<&Intervals>) -> HostAssessment {
    let peers = Peers::of(snapshot);
    let judge = |socket: &Socket| {
        let context = peers.context(socket);
        let assessment = match intervals {
            None => assess(socket, &context),
            Some(intervals) => assess_interval(intervals.get(socket.id?)?, &context),
        };
        (socket.tcp.is_some() || !assessment.findings.is_empty()).then_some(assessment)
    };
    let sockets: Vec<_> = snapshot.iter().map(judge).collect();
    let basis = intervals.map_or(Basis::Lifetime, |intervals| Basis::Interval(intervals.length()));
    let view = View { snapshot, sockets: &sockets, intervals };
    let ask = |detector: &HostDetector| {
        let HostDetector { name, advice, more, check } = *detector;
        check(&view).into_iter().map(move |Hit { severity, about, sockets, evidence }| HostFinding {
            name,
            severity,
            basis,
            about,
            sockets,
            evidence,
            advice,
            more,
        })
    };
    let mut findings: Vec<_> = HOST_DETECTORS.iter().flat_map(ask).collect();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    HostAssessment { basis, sockets, findings }
}
