//! The sockets of a port, sorted: who waits there on which addresses, whose connections are whose.

use std::collections::BTreeSet;
use std::net::IpAddr;

use pree::model::Detail;
use pree::{Address, Owner, Protocol, Socket, State, States};

/// Everybody who has the port.
#[derive(Debug, Default)]
pub(super) struct Holders {
    pub(super) groups: Vec<Group>,
    pub(super) shared: Vec<Shared>,
}

/// Sockets that the same processes have for the same purpose.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) protocol: Protocol,
    /// What waits (a listener, a datagram socket, one that is only bound); empty where only connections have the port.
    pub(super) waiting: Vec<Socket>,
    /// Connections whose local end is here.
    pub(super) connections: Connections,
}

/// Connections that came to one of several listeners, and nothing tells to which.
#[derive(Debug)]
pub(super) struct Shared {
    /// One socket of each listener's group.
    pub(super) between: Vec<Socket>,
    pub(super) connections: Connections,
}

impl Group {
    fn new(waiting: Vec<Socket>, connections: Vec<Socket>) -> Option<Self> {
        let protocol = waiting.first().or(connections.first())?.protocol;
        Some(Self { protocol, waiting, connections: Connections(connections) })
    }

    /// One of the sockets; all of them have the same owners.
    pub(super) fn first(&self) -> Option<&Socket> {
        self.waiting.first().or(self.connections.0.first())
    }
}

#[derive(Debug, Default)]
pub(super) struct Connections(pub(super) Vec<Socket>);

impl Connections {
    /// Those in this state.
    pub(super) fn count(&self, state: State) -> usize {
        self.0.iter().filter(|socket| socket.state == state).count()
    }

    /// Other ends of connections that are more than a memory or a wish, and from how many hosts. Subflows of one MPTCP
    /// connection are one.
    pub(super) fn clients(&self) -> (usize, usize) {
        let (mut hosts, mut multipath) = (BTreeSet::new(), BTreeSet::new());
        let mut clients = 0;
        for socket in &self.0 {
            let over = matches!(socket.state, State::TimeWait | State::SynReceived);
            if over || mptcp_connection(socket).is_some_and(|connection| !multipath.insert(connection)) {
                continue;
            }
            clients += 1;
            hosts.extend(socket.remote.as_ref().and_then(Address::ip).map(|ip| ip.to_canonical()));
        }
        (clients, hosts.len())
    }
}

/// What all subflows of an MPTCP connection have in common: its token, which not everybody is told, or the inode.
fn mptcp_connection(socket: &Socket) -> Option<(Option<u32>, Option<u64>)> {
    let is_subflow = socket.upper_layer.as_ref().is_some_and(|name| name.as_bytes() == b"mptcp");
    let token = match socket.detail.as_deref() {
        Some(Detail::Subflow(subflow)) => subflow.token,
        _ => None,
    };
    match (is_subflow, token, socket.inode) {
        (true, Some(token), _) => Some((Some(token), None)),
        (true, None, Some(inode)) => Some((None, Some(inode))),
        _ => None,
    }
}

/// Everybody who has the port through a socket in one of these states.
pub(super) fn of(sockets: Vec<Socket>, wanted: States) -> Holders {
    let (connections, waiting): (Vec<_>, Vec<_>) =
        sockets.into_iter().partition(|socket| socket.remote.is_some());
    let mut groups: Vec<Group> = Vec::new();
    for socket in waiting {
        match groups.iter_mut().find(|group| group.waiting.first().is_some_and(|it| alike(it, &socket))) {
            Some(group) => group.waiting.push(socket),
            None => groups.extend(Group::new(vec![socket], Vec::new())),
        }
    }
    let listening = groups.len();
    let mut shared: Vec<(Vec<usize>, Connections)> = Vec::new();
    for socket in connections {
        let own =
            |group: &Group| group.waiting.is_empty() && group.first().is_some_and(|it| alike(it, &socket));
        match listeners_of(groups.get(..listening).unwrap_or_default(), &socket).as_slice() {
            [] => match groups.iter().position(own).and_then(|at| groups.get_mut(at)) {
                Some(group) => group.connections.0.push(socket),
                // A memory that belongs to nobody's listener has no line of its own.
                None if socket.state == State::TimeWait => {}
                None => groups.extend(Group::new(Vec::new(), vec![socket])),
            },
            [only] => groups.get_mut(*only).into_iter().for_each(|it| it.connections.0.push(socket.clone())),
            several => match shared.iter_mut().find(|(between, _)| between == several) {
                Some((_, connections)) => connections.0.push(socket),
                None => shared.push((several.to_vec(), Connections(vec![socket]))),
            },
        }
    }
    let first = |at: usize| groups.get(at).and_then(Group::first).cloned();
    let shared = shared
        .into_iter()
        .map(|(between, connections)| Shared {
            between: between.into_iter().filter_map(first).collect(),
            connections,
        })
        .collect();
    for group in &mut groups {
        group.waiting.sort_by(|a, b| a.local.cmp(&b.local));
    }
    groups.retain(|group| group.first().is_some_and(|socket| wanted.contains(socket.state.set())));
    Holders { groups, shared }
}

/// Which of the listeners a connection came to: those that can take it; of them that of a process which holds it; then,
/// as the kernel chooses, that of its device, of its family, of its very address. More than one when nothing tells.
fn listeners_of(groups: &[Group], connection: &Socket) -> Vec<usize> {
    let rank = |group: &Group| group.waiting.iter().filter_map(|socket| fit(socket, connection)).max();
    let mut fitting: Vec<_> = groups
        .iter()
        .enumerate()
        .filter_map(|(at, group)| {
            Some((at, rank(group)?, group.first().is_some_and(|it| share(it, connection))))
        })
        .collect();
    if fitting.iter().any(|(.., held)| *held) {
        fitting.retain(|(.., held)| *held);
    } else if connection.protocol != Protocol::Tcp && !connection.owners.is_empty() {
        // Nothing hands over a datagram socket: whoever connected it has it for himself.
        return Vec::new();
    }
    let best = fitting.iter().map(|(_, rank, _)| *rank).max();
    fitting.iter().filter(|(_, rank, _)| Some(*rank) == best).map(|(at, ..)| *at).collect()
}

/// How well a listener fits a connection: the same device, family, address; `None` when it cannot have come to it.
fn fit(listener: &Socket, connection: &Socket) -> Option<(bool, bool, bool)> {
    let same_device = listener.interface == connection.interface;
    let takes = listener.protocol == connection.protocol
        && matches!(listener.state, State::Listen | State::Unconnected)
        && listener.network_namespace == connection.network_namespace
        && (same_device || listener.interface.is_none());
    let (at, to) = (listener.local.ip()?.to_canonical(), connection.local.ip()?.to_canonical());
    let every = match at {
        IpAddr::V4(at) => at.is_unspecified() && to.is_ipv4(),
        IpAddr::V6(at) => at.is_unspecified() && !(to.is_ipv4() && listener.v6only == Some(true)),
    };
    // Through a listener of IPv6, Linux makes connections of IPv6, with v4-mapped addresses. Where others do not, one of
    // IPv4 is nearer all the same.
    (takes && (at == to || every)).then(|| (same_device, listener.family == connection.family, at == to))
}

/// Whether a process holds both.
fn share(a: &Socket, b: &Socket) -> bool {
    !pids(a).is_disjoint(&pids(b))
}

/// Whether two sockets are one entry: the same processes have them for the same purpose.
fn alike(a: &Socket, b: &Socket) -> bool {
    let connected = |socket: &Socket| socket.remote.is_some();
    a.protocol == b.protocol
        && a.network_namespace == b.network_namespace
        && (connected(a) && connected(b) || a.state == b.state)
        && pids(a) == pids(b)
        && a.unowned == b.unowned
}

fn pids(socket: &Socket) -> BTreeSet<u32> {
    socket.owners.iter().map(Owner::pid).collect()
}

#[cfg(test)]
mod tests;
