//! Local ports that are used up: the next connect(2) to the same destination finds none.

use super::chosen::{chosen_port, is_reusable};
use super::destinations::destinations;
use super::detector::{Found, Hit, HostDetector, count, told};
use super::finding::About;
use super::view::View;
use crate::model::State;
use crate::quality::limits::PORTS_USED_SHARE;
use crate::quality::{Severity, Value};

pub(super) const PORTS_EXHAUSTED: HostDetector = HostDetector {
    name: "ports_exhausted",
    advice: "keep connections open and use them again (a pool, keep-alive), or widen net.ipv4.ip_local_port_range: \
             when no port is left, connect() to this destination fails with EADDRNOTAVAIL",
    more: "man 7 ip, ip_local_port_range; RFC 6056",
    check,
};

fn check(view: &View<'_>) -> Found {
    let limits = view.snapshot.host();
    let Some(ports) = limits.choosable_ports() else {
        return Found { unchecked: Some("the range of local ports is not known"), ..Found::default() };
    };
    let bound = bound_ports(view);
    let many = least(ports);
    if bound.len() >= many {
        // Then every destination is short of them, and none is to blame.
        let hit = hit(About::Host, Vec::new(), &bound, (bound.len(), ports, 0));
        return Found { hits: vec![hit], unchecked: None };
    }
    let rest = many - bound.len();
    let hits = destinations(view, &view.places.chosen, rest)
        .into_iter()
        .filter_map(|places| {
            let destination = view.at(&places).next()?.remote.as_ref()?.socket_addr()?;
            let held: Vec<usize> =
                places.into_iter().filter(|at| view.at(&[*at]).all(|s| !is_reusable(limits, s))).collect();
            let mut more: Vec<u16> =
                view.at(&held).filter_map(|socket| chosen_port(limits, socket)).collect();
            more.retain(|port| bound.binary_search(port).is_err());
            more.sort_unstable();
            more.dedup();
            // Destinations are many and bound ports too: these are not counted for each.
            let used = bound.len() + more.len();
            let over = view.at(&held).filter(|socket| socket.state == State::TimeWait).count();
            let enough = used >= many;
            enough.then(|| hit(About::Destination(destination), held, &bound, (used, ports, over)))
        })
        .collect();
    Found { hits, unchecked: None }
}

/// So many are too many.
fn least(ports: u32) -> usize {
    ((f64::from(ports) * PORTS_USED_SHARE).ceil() as usize).max(1)
}

/// Ports that a program took for itself, by bind(2): the kernel passes them over for connections to anywhere.
fn bound_ports(view: &View<'_>) -> Vec<u16> {
    let limits = view.snapshot.host();
    let bound = view.at(&view.places.bound).filter_map(|socket| socket.local.port());
    let mut ports: Vec<u16> = bound.filter(|port| limits.can_choose(*port)).collect();
    ports.sort_unstable();
    ports.dedup();
    ports
}

fn hit(about: About, sockets: Vec<usize>, bound: &[u16], (used, ports, over): (usize, u32, usize)) -> Hit {
    let all = used >= ports as usize;
    Hit {
        severity: if all { Severity::Critical } else { Severity::Warning },
        about,
        evidence: told([
            ("ports_used", count(used)),
            ("ports", count(ports)),
            ("share", Some(Value::Share(used as f64 / f64::from(ports)))),
            ("time_wait", count(over)),
            ("bound", count(bound.len())),
        ]),
        sockets,
    }
}
