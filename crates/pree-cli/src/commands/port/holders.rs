//! The sockets of a port, sorted: who waits there on which addresses, whose connections are whose.

use std::collections::{BTreeSet, HashMap};

use pree::model::Detail;
use pree::{Address, Owner, Protocol, Socket, State, States, Unowned};

use super::listeners::Listeners;
use super::looked_at::{NAMED, who};

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
    /// Whose listeners these are, the first few, and how many more there are.
    pub(super) named: Vec<String>,
    pub(super) others: usize,
    /// At least one.
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
    let listeners = Listeners::of(&groups);
    let mut shared: Vec<(usize, Vec<Socket>)> = Vec::new();
    let mut shared_at: HashMap<usize, usize> = HashMap::new();
    for socket in connections {
        let between = listeners.that_have(&socket);
        match between.map(|set| (set, listeners.groups(set))) {
            None => {
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
            }
            Some((_, [only])) => {
                groups.get_mut(*only).into_iter().for_each(|group| group.connections.0.push(socket.clone()));
            }
            Some((set, _)) => {
                let at = *shared_at.entry(set).or_insert(shared.len());
                match shared.get_mut(at) {
                    Some((_, connections)) => connections.push(socket),
                    None => shared.push((set, vec![socket])),
                }
            }
        }
    }
    // A group can be in many sets: its name is made once.
    let mut names: HashMap<usize, String> = HashMap::new();
    let mut name = |at: &usize| {
        let made = || groups.get(*at).and_then(Group::first).and_then(|first| who(&[first]));
        names.entry(*at).or_insert_with(|| made().unwrap_or_else(|| "a process not known".to_owned())).clone()
    };
    let shared = shared
        .into_iter()
        .map(|(set, connections)| {
            let between = listeners.groups(set);
            Shared {
                named: between.iter().take(NAMED).map(&mut name).collect(),
                others: between.len().saturating_sub(NAMED),
                connections: Connections(connections),
            }
        })
        .collect();
    for group in &mut groups {
        group.waiting.sort_by(|a, b| (&a.local, a.v6only).cmp(&(&b.local, b.v6only)));
    }
    groups.retain(|group| group.first().is_some_and(|socket| wanted.contains(socket.state.set())));
    Holders { groups, shared }
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

/// Each process that holds it once.
pub(super) fn pids(socket: &Socket) -> BTreeSet<u32> {
    socket.owners.iter().map(Owner::pid).collect()
}

#[cfg(test)]
mod tests;
