//! Handshakes that do not end: the peers do not answer, or never meant to.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};

use super::detector::{Found, Hit, HostDetector, count, told};
use super::finding::About;
use super::group::{Network, end_key, group, network};
use super::overview::Overview;
use crate::model::{HostLimits, Socket, State};
use crate::quality::limits::HALF_OPEN_LEAST;
use crate::quality::{Severity, Value};

pub(super) const HALF_OPEN: HostDetector = HostDetector {
    name: "half_open",
    advice: "see where they come from: from all over it is a SYN flood (keep net.ipv4.tcp_syncookies on), from a few \
             the way back to them is broken; if the accept queue is full, the program must accept faster",
    more: "RFC 4987; man 7 tcp, tcp_syncookies",
    check,
};

/// All listeners of one address, port and device.
#[derive(Clone, Copy)]
struct Listeners {
    address: SocketAddr,
    /// It takes no connections of IPv4, though it is bound to every address.
    v6only: bool,
    /// Handshakes that they may have: each as many as its accept queue.
    limit: Option<u64>,
    /// The accept queue of one of them is full, so that handshakes cannot end.
    full: bool,
}

fn check(view: &Overview<'_>) -> Found {
    let handshakes = view.each(&view.places.handshakes);
    let tried = |socket: &Socket| socket.timer.map_or(0, |timer| timer.retransmits);
    // Almost always so: a handshake takes no longer than a round trip.
    if handshakes.clone().all(|(_, socket)| tried(socket) == 0) {
        return Found::default();
    }
    let listeners = listeners(view);
    let at_listeners = handshakes.filter_map(|(place, socket)| {
        let local = socket.local.socket_addr()?;
        let own = (network(socket), end_key(local));
        Some((serving(&listeners, own.0, local).unwrap_or(own), place))
    });
    let hits = group(at_listeners).into_iter().filter_map(|(key, places)| {
        let listener = listeners.get(&key);
        let about = match listener {
            Some(listener) => listener.address,
            None => view.at(&places).next()?.local.socket_addr()?,
        };
        let repeated = view.at(&places).filter(|socket| tried(socket) > 0).count();
        let limit = listener.and_then(|listener| listener.limit);
        let full = is_full(view.snapshot.host(), places.len() as u64, limit);
        if repeated < HALF_OPEN_LEAST && !(full && repeated > 0) {
            return None;
        }
        let lost = full && view.snapshot.host().syn_cookies == Some(false);
        let waits = listener.filter(|listener| listener.full).map(|_| Value::Word("full"));
        Some(Hit {
            severity: if lost { Severity::Critical } else { Severity::Warning },
            about: About::Local(about),
            evidence: told([
                ("syn_received", count(places.len())),
                ("backlog", limit.and_then(count)),
                ("repeated", count(repeated)),
                ("most_repeats", view.at(&places).map(tried).max().and_then(count)),
                ("accept_queue", waits),
                ("new", view.new_since_first_look(&places).and_then(count)),
            ]),
            sockets: places,
        })
    });
    Found { hits: hits.collect(), unchecked: None }
}

/// Whether the next SYN finds no room (`tcp_conn_request()`): as many as the listener's backlog (newer kernels let in one
/// more), or without cookies three quarters of `tcp_max_syn_backlog`.
fn is_full(limits: &HostLimits, handshakes: u64, backlog: Option<u64>) -> bool {
    let few_left = |most: u32| u64::from(most).saturating_sub(handshakes) < u64::from(most / 4);
    backlog.is_some_and(|backlog| handshakes >= backlog)
        || limits.syn_cookies == Some(false) && limits.syn_backlog.is_some_and(few_left)
}

type Key = (Network, (u128, u16));

fn listeners(view: &Overview<'_>) -> HashMap<Key, Listeners> {
    let mut all: HashMap<Key, Listeners> = HashMap::new();
    for socket in view.at(&view.places.bound).filter(|socket| socket.state == State::Listen) {
        let Some(address) = socket.local.socket_addr() else { continue };
        let limit = socket.listen.map(|listen| u64::from(listen.limit));
        let full = socket.listen.is_some_and(|listen| listen.queue > listen.limit);
        let v6only = socket.v6only == Some(true);
        all.entry((network(socket), end_key(address)))
            .and_modify(|known| {
                known.v6only &= v6only;
                known.limit = known.limit.zip(limit).map(|(known, more)| known + more);
                known.full |= full;
            })
            .or_insert(Listeners { address, v6only, limit, full });
    }
    all
}

/// The listeners that a handshake at this address is for: those of its device, then those of all; and of each at the very
/// address, or at all of its version, or at all.
fn serving(all: &HashMap<Key, Listeners>, network: Network, local: SocketAddr) -> Option<Key> {
    let is_v4 = local.ip().to_canonical().is_ipv4();
    let any = |ip: [u16; 8]| end_key(SocketAddr::new(IpAddr::from(ip), local.port()));
    let (any_v4, any_v6) = (any([0, 0, 0, 0, 0, 0xffff, 0, 0]), any([0; 8]));
    let ends = [Some(end_key(local)), is_v4.then_some(any_v4), Some(any_v6)];
    let takes = |key: &Key| all.get(key).is_some_and(|it| !(is_v4 && it.v6only && key.1 == any_v6));
    let at = |network| ends.into_iter().flatten().map(move |end| (network, end)).find(takes);
    at(network).or_else(|| at((network.0, None)))
}
