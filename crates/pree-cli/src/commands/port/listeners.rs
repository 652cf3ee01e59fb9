//! Which of the listeners of a port a connection came to.
//!
//! Listeners and connections can be many at one port, so they are never compared one by one: listeners are found by what they
//! take, and by who has them.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;

use pree::{Family, Protocol, Socket, State};

use super::group::{Group, is_of_datagrams, pids};

/// What a listener accepts, as far as a connection shows.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Kind {
    protocol: Protocol,
    network_namespace: Option<u64>,
    /// Of any, when there is none.
    interface: Option<u32>,
    family: Family,
    address: At,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum At {
    /// Canonical.
    Address(IpAddr),
    EveryIpv4,
    EveryIpv6,
}

/// The groups of a port that listen, by what they take. Sets of groups go by their places in a list, where each stands once.
#[derive(Default)]
pub(super) struct Listeners {
    sets: Vec<Vec<usize>>,
    all: HashMap<Kind, usize>,
    /// Those of a process among them.
    by_process: HashMap<(Kind, u32), usize>,
}

impl Listeners {
    pub(super) fn of(groups: &[Group]) -> Self {
        let (mut all, mut by_process) = (HashMap::new(), HashMap::new());
        for (at, group) in groups.iter().enumerate() {
            let pids = group.first().map(pids).unwrap_or_default();
            for kind in group.waiting.iter().flat_map(kinds_taken) {
                // Any number of sockets of a group can be of one kind.
                if add(&mut all, kind, at) {
                    for pid in &pids {
                        add(&mut by_process, (kind, *pid), at);
                    }
                }
            }
        }
        let mut listeners = Self::default();
        let mut known = HashMap::new();
        listeners.all = all.into_iter().map(|(key, set)| (key, listeners.place(set, &mut known))).collect();
        listeners.by_process =
            by_process.into_iter().map(|(key, set)| (key, listeners.place(set, &mut known))).collect();
        listeners
    }

    fn place(&mut self, set: Vec<usize>, known: &mut HashMap<Vec<usize>, usize>) -> usize {
        *known.entry(set).or_insert_with_key(|set| {
            self.sets.push(set.clone());
            self.sets.len() - 1
        })
    }

    /// The groups of a set, in their order; never none.
    pub(super) fn groups(&self, set: usize) -> &[usize] {
        self.sets.get(set).map_or(&[], Vec::as_slice)
    }

    /// The set of those that a connection can have come to: those that can take it; of them that of a process which holds
    /// it; then, as the kernel chooses, that of its device, of its family, of its very address. More than one when nothing
    /// reports.
    pub(super) fn that_have(&self, connection: &Socket) -> Option<usize> {
        let kinds = kinds_wanted(connection);
        let holders = pids(connection);
        let held = kinds.iter().find_map(|kind| self.that_these_have(*kind, holders.iter().copied()));
        // Nothing hands over a datagram socket: whoever connected it has it for himself.
        let is_anybodys = !is_of_datagrams(connection.protocol) || connection.owners.is_empty();
        held.or_else(|| kinds.iter().filter(|_| is_anybodys).find_map(|kind| self.all(*kind)))
    }

    /// Of several holders whoever has the fewest listeners says the most; when two say different things, it is unknown.
    fn that_these_have(&self, kind: Kind, holders: impl Iterator<Item = u32>) -> Option<usize> {
        let mut told: Vec<usize> = holders.filter_map(|pid| self.of_process(kind, pid)).collect();
        let fewest = told.iter().map(|set| self.groups(*set).len()).min()?;
        told.retain(|set| self.groups(*set).len() == fewest);
        told.dedup();
        if let [one] = told.as_slice() { Some(*one) } else { self.all(kind) }
    }

    fn all(&self, kind: Kind) -> Option<usize> {
        count_step();
        self.all.get(&kind).copied()
    }

    fn of_process(&self, kind: Kind, pid: u32) -> Option<usize> {
        count_step();
        self.by_process.get(&(kind, pid)).copied()
    }
}

/// Adds a group to a set; false when it was the last that was added.
fn add<K: Hash + Eq>(sets: &mut HashMap<K, Vec<usize>>, key: K, group: usize) -> bool {
    count_step();
    let set = sets.entry(key).or_default();
    let is_new = set.last() != Some(&group);
    if is_new {
        set.push(group);
    }
    is_new
}

/// What a socket takes, if it listens.
fn kinds_taken(listener: &Socket) -> impl Iterator<Item = Kind> + use<> {
    let waits = matches!(listener.state, State::Listen | State::Unconnected);
    let ip = listener.local.ip().filter(|_| waits).map(|ip| ip.to_canonical());
    let every = |ip: IpAddr| match ip {
        ip if !ip.is_unspecified() => [None, None],
        IpAddr::V4(_) => [Some(At::EveryIpv4), None],
        IpAddr::V6(_) if listener.v6only == Some(true) => [Some(At::EveryIpv6), None],
        IpAddr::V6(_) => [Some(At::EveryIpv6), Some(At::EveryIpv4)],
    };
    let every = ip.map_or([None, None], every);
    let kind = kind_of(listener);
    let all = ip.map(At::Address).into_iter().chain(every.into_iter().flatten());
    all.map(move |address| Kind { address, ..kind })
}

/// What a connection wants, the nearest first. Through a listener of IPv6, Linux makes connections of IPv6, with v4-mapped
/// addresses. Where others do not, one of IPv4 is nearer all the same.
fn kinds_wanted(connection: &Socket) -> Vec<Kind> {
    let Some(ip) = connection.local.ip().map(|ip| ip.to_canonical()) else { return Vec::new() };
    let kind = kind_of(connection);
    let interfaces = [Some(kind.interface), kind.interface.map(|_| None)];
    let other = if kind.family == Family::Ipv4 { Family::Ipv6 } else { Family::Ipv4 };
    let every = if ip.is_ipv4() { At::EveryIpv4 } else { At::EveryIpv6 };
    let mut kinds = Vec::new();
    for interface in interfaces.into_iter().flatten() {
        for family in [kind.family, other] {
            kinds.extend([At::Address(ip), every].map(|address| Kind { interface, family, address, ..kind }));
        }
    }
    kinds
}

fn kind_of(socket: &Socket) -> Kind {
    Kind {
        protocol: socket.protocol,
        network_namespace: socket.network_namespace.as_ref().map(|namespace| namespace.inode),
        interface: socket.interface,
        family: socket.family,
        address: At::EveryIpv4,
    }
}

/// Tests count how often listeners are looked for, and noted where they will be.
fn count_step() {
    #[cfg(test)]
    crate::steps::count(1);
}
