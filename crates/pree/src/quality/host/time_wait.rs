//! Connections that are over and whose ports rest for a minute: many to one destination, or many at all.

use super::chosen::{chosen_port, is_reusable};
use super::destinations::destinations;
use super::detector::{Found, Hit, HostDetector, count, told};
use super::finding::About;
use super::overview::Overview;
use crate::quality::limits::TIME_WAIT_SHARE;
use crate::quality::{Severity, Value};

pub(super) const TIME_WAIT_PILE: HostDetector = HostDetector {
    name: "time_wait_pile",
    advice: "keep connections open and use them again (a pool, keep-alive), or let the other end close first: each \
             connection that is closed here rests for a minute",
    more: "RFC 9293 section 3.6.1; RFC 6191; man 7 tcp, tcp_max_tw_buckets",
    check,
};

fn check(view: &Overview<'_>) -> Found {
    let limits = view.snapshot.host();
    let mut hits = Vec::new();
    let all = &view.places.time_wait;
    if let Some(limit) = limits.time_wait_limit.filter(|limit| all.len() >= least(*limit)) {
        // At the limit they are forgotten at once: nothing fails, but late segments of the old connection can meet a
        // new one.
        let full = all.len() >= limit as usize;
        let severity = if full { Severity::Warning } else { Severity::Info };
        hits.push(hit(view, (severity, About::Host), all.clone(), ("limit", limit)));
    }
    if let Some(ports) = limits.choosable_ports() {
        let holding = view.each(all).filter(|(_, socket)| chosen_port(limits, socket).is_some());
        let resting: Vec<usize> = holding.map(|(place, _)| place).collect();
        for places in destinations(view, &resting, least(ports)) {
            let Some(first) = view.at(&places).next() else { continue };
            let Some(destination) = first.remote.as_ref().and_then(crate::Address::socket_addr) else {
                continue;
            };
            let severity = if is_reusable(limits, first) { Severity::Info } else { Severity::Warning };
            hits.push(hit(view, (severity, About::Destination(destination)), places, ("ports", ports)));
        }
    }
    let unchecked = match (limits.time_wait_limit, limits.local_ports) {
        (Some(_), Some(_)) => None,
        (None, Some(_)) => Some("how many TIME_WAIT the system keeps is not known"),
        (_, None) => Some("the range of local ports is not known"),
    };
    Found { hits, unchecked }
}

/// So many are a pile.
fn least(of: u32) -> usize {
    ((f64::from(of) * TIME_WAIT_SHARE).ceil() as usize).max(1)
}

fn hit(
    view: &Overview<'_>,
    (severity, about): (Severity, About),
    places: Vec<usize>,
    (name, limit): (&'static str, u32),
) -> Hit {
    Hit {
        severity,
        about,
        evidence: told([
            ("time_wait", count(places.len())),
            (name, count(limit)),
            ("share", Some(Value::Share(places.len() as f64 / f64::from(limit)))),
            ("new", view.new_since_first_look(&places).and_then(count)),
        ]),
        sockets: places,
    }
}
