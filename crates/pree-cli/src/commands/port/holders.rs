//! The sockets of a port, sorted: who waits there on which addresses, whose connections are whose.

use std::collections::{BTreeSet, HashMap};

use pree::{Protocol, Socket, State, States, Unowned};

use super::group::{Connections, Group, Shared, pids};
use super::listeners::Listeners;
use super::looked_at::{NAMED, who};

/// Everybody who has the port.
#[derive(Debug, Default)]
pub(super) struct Holders {
    pub(super) groups: Vec<Group>,
    pub(super) shared: Vec<Shared>,
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
    let sharing: Vec<usize> = shared.iter().flat_map(|(set, _)| listeners.groups(*set)).copied().collect();
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
    for at in sharing {
        groups.get_mut(at).into_iter().for_each(|group| group.shares_clients = true);
    }
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

#[cfg(test)]
pub(super) mod tests;
