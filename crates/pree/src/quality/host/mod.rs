//! The machine as a whole: each socket judged with what the others know, and what shows only across sockets.
//! [`HOST_DETECTORS`] is the table of those issues: a new one is a file (or a place in one) and a line there. What a
//! single listener or datagram socket shows by itself (a full accept queue, drops) is in `findings`.

mod chosen;
mod close_wait;
mod destinations;
mod detector;
mod finding;
mod group;
mod half_open;
mod local_ports;
mod looked_for;
mod overview;
mod path;
mod peers;
mod places;
mod ports;
mod time_wait;

#[cfg(test)]
mod tests;

use super::findings::Reads;
use super::{Basis, Context, DETECTORS, Intervals, Severity, assess, assess_interval};
use crate::snapshot::Snapshot;

use detector::Hit;
pub use detector::HostDetector;
pub use finding::{About, HostAssessment, HostFinding, Unchecked};
pub use local_ports::LocalPorts;
use overview::Overview;
pub use peers::Peers;
use places::Places;

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
                Some(interval) => assess_interval(interval, &intervals.context(context)),
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
    let view = Overview {
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
            let interface_name = view.common(&sockets, |socket| socket.interface_name.clone());
            HostFinding {
                name,
                severity,
                basis,
                about,
                network_namespace,
                interface,
                interface_name,
                sockets,
                evidence,
                advice,
                more,
            }
        }));
    }
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    unchecked.extend(unchecked_in(snapshot));
    HostAssessment { basis, troubled, judged, scored, findings, unchecked }
}

/// Issues of single sockets that could not be checked on every socket.
fn unchecked_in(snapshot: &Snapshot) -> impl Iterator<Item = Unchecked> {
    let mut known: Vec<(Reads, Option<&'static str>)> = Vec::new();
    DETECTORS.iter().filter_map(move |detector| {
        // Most read the same.
        let told = known.iter().find(|(reads, _)| *reads == detector.reads).map(|(_, why)| *why);
        let why = told.unwrap_or_else(|| {
            let of_socket = snapshot.iter().find_map(|socket| detector.reads.untold(socket));
            let why = of_socket.or_else(|| detector.reads.untold_by_source(snapshot.coverage()));
            known.push((detector.reads, why));
            why
        });
        Some(Unchecked { name: detector.name, why: why? })
    })
}
