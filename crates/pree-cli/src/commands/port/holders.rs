//! The sockets of a port, sorted: who waits there on which addresses, whose connections are whose.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::net::IpAddr;

use pree::model::Detail;
use pree::{Address, Owner, Protocol, Socket, State, States, Unowned};

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
    // By what they have in common: a process can have any number of sockets at one port.
    let mut places: HashMap<Entry, usize> = HashMap::new();
    for socket in waiting {
        let at = *places.entry(Entry::of(&socket)).or_insert(groups.len());
        match groups.get_mut(at) {
            Some(group) => group.waiting.push(socket),
            None => groups.extend(Group::new(vec![socket], Vec::new())),
        }
    }
    let listeners: Vec<Listeners> = groups.iter().map(Listeners::of).collect();
    let mut shared: Vec<(Vec<usize>, Connections)> = Vec::new();
    let mut shared_at: HashMap<Vec<usize>, usize> = HashMap::new();
    for socket in connections {
        let fitting = listeners_of(&listeners, &socket);
        if let [only] = fitting.as_slice() {
            groups.get_mut(*only).into_iter().for_each(|group| group.connections.0.push(socket.clone()));
        } else if fitting.is_empty() {
            let entry = Entry::of(&socket);
            match places.get(&entry).and_then(|at| groups.get_mut(*at)) {
                Some(group) => group.connections.0.push(socket),
                // A memory that belongs to nobody's listener has no line of its own.
                None if socket.state == State::TimeWait => {}
                None => {
                    places.insert(entry, groups.len());
                    groups.extend(Group::new(Vec::new(), vec![socket]));
                }
            }
        } else if let Some((_, connections)) = shared_at.get(&fitting).and_then(|at| shared.get_mut(*at)) {
            connections.0.push(socket);
        } else {
            shared_at.insert(fitting.clone(), shared.len());
            shared.push((fitting, Connections(vec![socket])));
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

/// The sockets of a group as a connection sees them.
struct Listeners {
    pids: BTreeSet<u32>,
    /// One of each kind: any number of them can have the same address.
    kinds: Vec<Socket>,
}

impl Listeners {
    fn of(group: &Group) -> Self {
        let mut known = HashSet::new();
        let kind = |socket: &Socket| {
            (socket.interface, socket.family, socket.v6only, socket.local.ip().map(|ip| ip.to_canonical()))
        };
        let kinds = group.waiting.iter().filter(|socket| known.insert(kind(socket))).cloned().collect();
        Self { pids: group.first().map(pids).unwrap_or_default(), kinds }
    }
}

/// Which of the listeners a connection came to: those that can take it; of them that of a process which holds it; then,
/// as the kernel chooses, that of its device, of its family, of its very address. More than one when nothing tells.
fn listeners_of(listeners: &[Listeners], connection: &Socket) -> Vec<usize> {
    let holders = pids(connection);
    let rank = |it: &Listeners| it.kinds.iter().filter_map(|socket| fit(socket, connection)).max();
    let held = |it: &Listeners| holders.iter().any(|pid| it.pids.contains(pid));
    let mut fitting: Vec<_> = listeners
        .iter()
        .enumerate()
        .filter_map(|(at, listeners)| Some((at, rank(listeners)?, held(listeners))))
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
    #[cfg(test)]
    tests::count_step();
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

/// What the sockets of one entry have in common: the same processes have them for the same purpose.
#[derive(PartialEq, Eq, Hash)]
struct Entry {
    protocol: Protocol,
    network_namespace: Option<u64>,
    /// Of what waits; connections are one entry whatever their state.
    state: Option<State>,
    pids: BTreeSet<u32>,
    unowned: Option<Unowned>,
}

impl Entry {
    fn of(socket: &Socket) -> Self {
        Self {
            protocol: socket.protocol,
            network_namespace: socket.network_namespace.as_ref().map(|namespace| namespace.inode),
            state: socket.remote.is_none().then_some(socket.state),
            pids: pids(socket),
            unowned: socket.unowned,
        }
    }
}

fn pids(socket: &Socket) -> BTreeSet<u32> {
    socket.owners.iter().map(Owner::pid).collect()
}

#[cfg(test)]
mod tests;
