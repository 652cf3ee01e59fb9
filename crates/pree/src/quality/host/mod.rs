//! The machine as a whole: each socket judged with what the others know, and what shows only across sockets.
//! [`HOST_DETECTORS`] is the table of those issues: a new one is a file (or a place in one) and a line there. What a
//! single listener or datagram socket shows by itself (a full accept queue, drops) is in `findings`.

mod close_wait;
mod destinations;
mod group;
mod half_open;
mod path;
mod peers;
mod places;
mod ports;
mod time_wait;

#[cfg(test)]
mod tests;

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use super::{Assessment, Basis, Context, Evidence, Intervals, Severity, Value, assess, assess_interval};
use crate::model::{NetworkNamespace, Process, Socket};
use crate::snapshot::Snapshot;

pub use peers::Peers;
use places::Places;

/// The judgement of everything in one snapshot.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct HostAssessment {
    /// What was judged: lives so far, or the time between looks.
    pub basis: Basis,
    /// The sockets with an issue of their own that costs (warning or worse), by their places in the snapshot, in order.
    pub troubled: Vec<(usize, Assessment)>,
    /// How many connections have statistics.
    pub judged: usize,
    /// How many of those have a score.
    pub scored: usize,
    /// What shows only across sockets, the worst first.
    pub findings: Vec<HostFinding>,
    /// What could not be looked at, or not wholly. All else in [`HOST_DETECTORS`] was, so that no finding means no issue.
    pub unchecked: Vec<Unchecked>,
}

/// A named issue of several sockets together, or of the machine. Its `Display` is one line, without whose it is.
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
    /// The network namespace of all its sockets, where that was asked for.
    pub network_namespace: Option<Arc<NetworkNamespace>>,
    /// Index of the interface that all its sockets are bound to; `None` where they are not bound to one.
    pub interface: Option<u32>,
    /// The sockets it rests on: their places in the snapshot, in order.
    pub sockets: Vec<usize>,
    /// The numbers it rests on.
    pub evidence: Vec<Evidence>,
    /// What to do about it, in one sentence.
    pub advice: &'static str,
    /// Where to read more: a standard, a manual page.
    pub more: &'static str,
}

impl fmt::Display for HostFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)?;
        for (index, evidence) in self.evidence.iter().enumerate() {
            write!(f, "{} {evidence}", if index == 0 { ":" } else { "," })?;
        }
        write!(f, "; {}", self.advice)
    }
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

/// An issue that was not looked for everywhere.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Unchecked {
    /// The name its findings would have.
    pub name: &'static str,
    /// What is missing, in a few words.
    pub why: &'static str,
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
    check: fn(&View<'_>) -> Found,
}

/// What these detectors look at.
struct View<'a> {
    snapshot: &'a Snapshot,
    places: &'a Places,
    /// Those that have an issue of their own that costs, by place.
    troubled: &'a [(usize, Assessment)],
    /// For each socket of the snapshot whether anything can be said of how well it does.
    told: &'a [bool],
    peers: &'a Peers,
    /// For each socket of the snapshot the number of its peer.
    peer_of: &'a [Option<u32>],
    intervals: Option<&'a Intervals>,
}

impl<'a> View<'a> {
    /// These sockets with their places.
    fn each<'p>(
        &self,
        places: &'p [usize],
    ) -> impl Iterator<Item = (usize, &'a Socket)> + Clone + use<'a, 'p> {
        let sockets = self.snapshot.sockets();
        places.iter().filter_map(move |place| Some((*place, sockets.get(*place)?)))
    }

    fn at(&self, places: &[usize]) -> impl Iterator<Item = &'a Socket> {
        places.iter().filter_map(|place| self.snapshot.sockets().get(*place))
    }

    /// What is the same of all of these.
    fn common<T: PartialEq>(&self, places: &[usize], get: impl Fn(&Socket) -> Option<T>) -> Option<T> {
        let mut all = self.at(places).map(get);
        let first = all.next()??;
        all.all(|other| other.as_ref() == Some(&first)).then_some(first)
    }

    /// The judgement of the socket at this place, if it is in trouble.
    fn judgement(&self, place: usize) -> Option<&'a Assessment> {
        let at = self.troubled.binary_search_by_key(&place, |(place, _)| *place).ok()?;
        self.troubled.get(at).map(|(_, judged)| judged)
    }

    /// How many of these have come to their state since the first look; `None` with one look only, and where it is not
    /// known of all.
    fn new_since_first_look(&self, places: &[usize]) -> Option<usize> {
        let intervals = self.intervals?;
        self.at(places).map(|socket| intervals.is_new(socket).map(usize::from)).sum()
    }
}

/// What such a detector found, and what kept it from looking at all.
#[derive(Default)]
struct Found {
    hits: Vec<Hit>,
    unchecked: Option<&'static str>,
}

struct Hit {
    severity: Severity,
    about: About,
    sockets: Vec<usize>,
    evidence: Vec<Evidence>,
}

/// Evidence that the system does not tell is left out.
fn told<const N: usize>(evidence: [(&'static str, Option<Value>); N]) -> Vec<Evidence> {
    let told = |(name, value): (_, Option<Value>)| Some(Evidence { name, value: value? });
    evidence.into_iter().filter_map(told).collect()
}

/// How many there are, as evidence.
fn count(number: impl TryInto<u64>) -> Option<Value> {
    number.try_into().ok().map(Value::Count)
}

/// Every issue that shows only across sockets.
pub const HOST_DETECTORS: &[HostDetector] = &[
    ports::PORTS_EXHAUSTED,
    path::PATH_TROUBLE,
    path::SHARED_QUEUE,
    half_open::HALF_OPEN,
    close_wait::CLOSE_WAIT_LEAK,
    time_wait::TIME_WAIT_PILE,
];

/// Judges every socket of a snapshot by its life so far, and the machine. Ask the snapshot's query for
/// [`Needs::HOST`](crate::Needs::HOST), statistics and owners: what is not there is in [`HostAssessment::unchecked`].
pub fn assess_host(snapshot: &Snapshot) -> HostAssessment {
    judge(snapshot, None)
}

/// Judges what happened between the looks, the last of which is this snapshot. What was not seen before it is unknown.
pub fn assess_host_interval(snapshot: &Snapshot, intervals: &Intervals) -> HostAssessment {
    judge(snapshot, Some(intervals))
}

fn judge(snapshot: &Snapshot, intervals: Option<&Intervals>) -> HostAssessment {
    let (mut peers, mut places) = (Peers::default(), Places::default());
    let mut peer_of = Vec::with_capacity(snapshot.sockets().len());
    for (place, socket) in snapshot.iter().enumerate() {
        peer_of.push(peers.add(socket));
        places.add(place, socket, snapshot);
    }
    let (mut judged, mut scored) = (0, 0);
    let mut told = vec![false; snapshot.sockets().len()];
    // Those without trouble are many, and nobody asks for more of them than this.
    let mut troubled = Vec::new();
    for (place, ((socket, peer), told)) in snapshot.iter().zip(&peer_of).zip(&mut told).enumerate() {
        let context = Context { peer_base_rtt: peers.base_rtt(*peer), ..Context::default() };
        let assessment = match intervals {
            None => assess(socket, &context),
            Some(intervals) => match intervals.get(socket) {
                Some(interval) => assess_interval(interval, &context),
                None => continue,
            },
        };
        let costs = assessment.findings.iter().any(|finding| finding.severity >= Severity::Warning);
        judged += usize::from(socket.tcp.is_some());
        scored += usize::from(assessment.score.is_some());
        *told = costs || assessment.score.is_some();
        if costs {
            troubled.push((place, assessment));
        }
    }
    let basis = intervals.map_or(Basis::Lifetime, |intervals| Basis::Interval(intervals.length()));
    let view = View {
        snapshot,
        places: &places,
        troubled: &troubled,
        told: &told,
        peers: &peers,
        peer_of: &peer_of,
        intervals,
    };
    let (mut findings, mut unchecked) = (Vec::new(), Vec::new());
    for HostDetector { name, advice, more, check } in HOST_DETECTORS.iter().copied() {
        let found = check(&view);
        unchecked.extend(found.unchecked.map(|why| Unchecked { name, why }));
        findings.extend(found.hits.into_iter().map(|Hit { severity, about, sockets, evidence }| {
            let network_namespace = view.common(&sockets, |socket| socket.network_namespace.clone());
            let interface = view.common(&sockets, |socket| socket.interface);
            HostFinding {
                name,
                severity,
                basis,
                about,
                network_namespace,
                interface,
                sockets,
                evidence,
                advice,
                more,
            }
        }));
    }
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    HostAssessment { basis, troubled, judged, scored, findings, unchecked }
}
