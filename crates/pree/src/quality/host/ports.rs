//! Local ports that are used up: the next connect(2) to the same destination finds none.

use std::collections::HashMap;

use super::chosen::{chosen_port, is_reusable};
use super::destinations::destinations;
use super::detector::{Found, Hit, HostDetector, count, told};
use super::finding::About;
use super::group::{Network, end_key, network};
use super::overview::Overview;
use crate::model::State;
use crate::quality::limits::{PORTS_SHARED_LEAST, PORTS_USED_SHARE};
use crate::quality::{Severity, Value};

pub(super) const PORTS_EXHAUSTED: HostDetector = HostDetector {
    name: "ports_exhausted",
    advice: "keep connections open and use them again (a pool, keep-alive), widen net.ipv4.ip_local_port_range, and where \
             programs call bind(2) before connect(2), set IP_BIND_ADDRESS_NO_PORT: without a port bind() fails with \
             EADDRINUSE, connect() with EADDRNOTAVAIL",
    more: "man 7 ip, ip_local_port_range; RFC 6056",
    check,
};

fn check(view: &Overview<'_>) -> Found {
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
    if let Some(hit) = taken_by_bind(view, &bound, ports) {
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
    let lacks_bound = view.snapshot.coverage().lacks_bound();
    Found { hits, unchecked: lacks_bound.then_some("sockets that are only bound are not reported") }
}

/// So many are too many.
fn least(ports: u32) -> usize {
    ((f64::from(ports) * PORTS_USED_SHARE).ceil() as usize).max(1)
}

/// Ports that a program took for itself, by bind(2): the kernel passes them over for connections to anywhere.
fn bound_ports(view: &Overview<'_>) -> Vec<u16> {
    let limits = view.snapshot.host();
    let bound = view.at(&view.places.bound).filter_map(|socket| socket.local.port());
    let mut ports: Vec<u16> = bound.filter(|port| limits.can_choose(*port)).collect();
    ports.sort_unstable();
    ports.dedup();
    ports
}

/// Connections whose programs called bind(2) first: the kernel gives their ports to nobody else, wherever he goes. It does
/// not say which these are; but ports that connect(2) chose serve several destinations by chance, so where none does they
/// were bound.
fn taken_by_bind(view: &Overview<'_>, bound: &[u16], ports: u32) -> Option<Hit> {
    let limits = view.snapshot.host();
    if bound.len() + view.places.chosen.len() < least(ports) {
        return None;
    }
    let held = view.each(&view.places.chosen).filter(|(_, socket)| !is_reusable(limits, socket));
    let ends = held.filter_map(|(place, socket)| {
        // At a listener's port many are one.
        let local = socket.local.socket_addr().filter(|local| bound.binary_search(&local.port()).is_err())?;
        Some(((network(socket), end_key(local), end_key(socket.remote.as_ref()?.socket_addr()?)), place))
    });
    let mut ends: Vec<_> = ends.collect();
    ends.sort_unstable();
    let is_shared = |pair: &[(End, usize)]| matches!(pair, [(a, _), (b, _)] if (a.0, a.1) == (b.0, b.1));
    if ends.windows(2).any(is_shared) || expected_shared(&ends, ports) < PORTS_SHARED_LEAST {
        return None;
    }
    let mut taken: Vec<u16> = ends.iter().map(|((_, (_, port), _), _)| *port).collect();
    taken.extend(bound);
    taken.sort_unstable();
    taken.dedup();
    let mut sockets: Vec<usize> = ends.into_iter().map(|(_, place)| place).collect();
    sockets.sort_unstable();
    let enough = taken.len() >= least(ports);
    enough.then(|| hit(About::Host, sockets, &taken, (taken.len(), ports, 0)))
}

/// Network, local end, remote end.
type End = (Network, (u128, u16), (u128, u16));

/// How many pairs of connections from one address to different destinations would share a port if each port had been
/// chosen for its destination only.
fn expected_shared(ends: &[(End, usize)], ports: u32) -> f64 {
    let mut to: HashMap<(Network, u128), HashMap<(u128, u16), u64>> = HashMap::new();
    for ((network, (ip, _), remote), _) in ends {
        *to.entry((*network, *ip)).or_default().entry(*remote).or_default() += 1;
    }
    let pairs = to.values().map(|of| {
        let all: u64 = of.values().sum();
        (all.pow(2) - of.values().map(|count| count.pow(2)).sum::<u64>()) / 2
    });
    pairs.sum::<u64>() as f64 / f64::from(ports)
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
