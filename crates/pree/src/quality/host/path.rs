//! Trouble that connections to one remote address share.

use std::collections::HashMap;
use std::net::IpAddr;

use super::detector::{Found, Hit, HostDetector, count, told};
use super::finding::About;
use super::group::group;
use super::overview::Overview;
use crate::model::State;
use crate::quality::limits::{PATH_SHARE, PATH_SOCKETS};
use crate::quality::{Assessment, Finding, Severity, Value};

pub(super) const PATH_TROUBLE: HostDetector = HostDetector {
    name: "path_trouble",
    advice: "look at the path and at the machine at its end, not at these connections: most of those that go there \
             have the same trouble",
    more: "RFC 6298; RFC 8289",
    check: path_trouble,
};

pub(super) const SHARED_QUEUE: HostDetector = HostDetector {
    name: "shared_queue",
    advice: "slow down the connections that fill the queue (a congestion control that does not, such as bbr, or a \
             rate limit), or shorten it with fq_codel or cake where the path is narrowest: others wait in it",
    more: "RFC 8289; bufferbloat.net",
    check: shared_queue,
};

/// Issues of one kind: degrees of it, or what the same cause does to connections that do different things. What the
/// program at this end brings about is none of them.
struct Kind {
    name: &'static str,
    issues: &'static [&'static str],
}

const KINDS: &[Kind] = &[
    Kind { name: "no answer", issues: &["path_dead", "rto_stall", "silent_peer", "syn_stuck"] },
    Kind { name: "loss", issues: &["lossy", "retransmission_storm"] },
    Kind { name: "queue", issues: &["buffer_bloat", "latency_raised", "download_bloat"] },
    Kind { name: "closed window", issues: &["zero_window"] },
    Kind { name: "small segments", issues: &["small_mss", "pmtu_black_hole"] },
];

fn path_trouble(view: &Overview<'_>) -> Found {
    let with_kind = troubled(view).flat_map(|(place, peer, judged)| {
        let has = move |kind: &usize| judged.findings.iter().any(|it| kind_of(it) == Some(*kind));
        (0..KINDS.len()).filter(has).map(move |kind| ((peer, kind), place))
    });
    let mut shared = group(with_kind);
    shared.retain(|(_, places)| places.len() >= PATH_SOCKETS);
    // Of all that go there, those about which anything can be said.
    let mut known: HashMap<u32, usize> = shared.iter().map(|((peer, _), _)| (*peer, 0)).collect();
    if !known.is_empty() {
        for (told, peer) in view.told.iter().zip(view.peer_of) {
            let Some(peer) = peer else { continue };
            known.entry(*peer).and_modify(|known| *known += usize::from(*told));
        }
    }
    let hits = shared.into_iter().filter_map(|((peer, kind), places)| {
        hit(view, view.peers.ip(peer)?, kind, *known.get(&peer)?, places)
    });
    let hits = hits.collect();
    unless_blind(view, hits)
}

fn hit(view: &Overview<'_>, ip: IpAddr, kind: usize, known: usize, places: Vec<usize>) -> Option<Hit> {
    let enough = |number: usize| number >= PATH_SOCKETS && number as f64 >= PATH_SHARE * known as f64;
    // On this machine there is no path.
    let here =
        || view.at(&places).any(|socket| socket.local.ip().is_some_and(|own| own.to_canonical() == ip));
    if !enough(places.len()) || ip.is_loopback() || here() || is_one_closed_port(view, &places) {
        return None;
    }
    let is_critical = |place: &&usize| {
        view.judgement(**place).is_some_and(|judged| {
            let mut same = judged.findings.iter().filter(|it| kind_of(it) == Some(kind));
            same.any(|finding| finding.severity >= Severity::Critical)
        })
    };
    let critical = places.iter().filter(is_critical).count();
    Some(Hit {
        severity: if enough(critical) { Severity::Critical } else { Severity::Warning },
        about: About::Remote(ip),
        evidence: told([
            ("trouble", KINDS.get(kind).map(|kind| Value::Word(kind.name))),
            ("sockets", count(places.len())),
            ("judged", count(known)),
        ]),
        sockets: places,
    })
}

/// Handshakes that one port does not answer: that may be a firewall's rule for it, on a path that is well.
fn is_one_closed_port(view: &Overview<'_>, places: &[usize]) -> bool {
    let all_connect = view.at(places).all(|socket| socket.state == State::SynSent);
    all_connect && view.common(places, |socket| socket.remote.as_ref()?.port()).is_some()
}

/// The judgements of those that are in trouble, with the places of the sockets and the numbers of their peers.
fn troubled<'v>(view: &'v Overview<'_>) -> impl Iterator<Item = (usize, u32, &'v Assessment)> {
    view.troubled.iter().filter_map(|(place, judged)| Some((*place, (*view.peer_of.get(*place)?)?, judged)))
}

/// Where no connection has statistics that could have, nothing was looked at.
fn unless_blind(view: &Overview<'_>, hits: Vec<Hit>) -> Found {
    let blind = view.places.lacks_statistics && !view.places.has_statistics;
    Found { hits, unchecked: blind.then_some("there are no statistics of connections") }
}

/// Index of the kind that a finding is of, if it is one that costs.
fn kind_of(finding: &Finding) -> Option<usize> {
    let costs = finding.severity >= Severity::Warning;
    costs.then(|| KINDS.iter().position(|kind| kind.issues.contains(&finding.name)))?
}

/// Connections that wait in a queue, beside those that fill one on the way to the same address.
fn shared_queue(view: &Overview<'_>) -> Found {
    let places = |wanted: fn(&Assessment) -> bool| {
        troubled(view).filter(move |(_, _, judged)| wanted(judged)).map(|(place, peer, _)| (peer, place))
    };
    let waiting = group(places(|judged| judged.latency_raised.is_yes()));
    if waiting.is_empty() {
        return unless_blind(view, Vec::new());
    }
    let filling: HashMap<u32, Vec<usize>> =
        group(places(|judged| judged.bloat.is_yes())).into_iter().collect();
    let hits = waiting.into_iter().filter_map(|(peer, waiting)| {
        let filling = filling.get(&peer)?;
        let delay = |places: &[usize]| {
            let judged = places.iter().filter_map(|place| view.judgement(*place));
            judged.filter_map(|judged| Some(judged.queue_delay.ok()?.queue)).max()
        };
        let mut sockets = [waiting.as_slice(), filling].concat();
        sockets.sort_unstable();
        Some(Hit {
            severity: Severity::Warning,
            about: About::Remote(view.peers.ip(peer)?),
            evidence: told([
                ("waiting", count(waiting.len())),
                ("queue_delay", delay(&waiting).map(Value::Time)),
                ("filling", count(filling.len())),
                ("their_queue_delay", delay(filling).map(Value::Time)),
            ]),
            sockets,
        })
    });
    let hits = hits.collect();
    unless_blind(view, hits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quality::DETECTORS;

    #[test]
    fn kinds_are_of_issues_that_there_are() {
        for issue in KINDS.iter().flat_map(|kind| kind.issues) {
            assert!(DETECTORS.iter().any(|detector| detector.name == *issue), "{issue}");
        }
    }
}
