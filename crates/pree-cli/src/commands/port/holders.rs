//! The sockets of a port, sorted: who waits there on which addresses, whose connections are whose.

use std::collections::BTreeSet;
use std::net::IpAddr;

use pree::{Owner, Protocol, Socket, State, States};

/// Sockets that the same processes have for the same purpose.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) protocol: Protocol,
    /// What waits (a listener, a datagram socket, one that is only bound); empty where only connections have the port.
    pub(super) waiting: Vec<Socket>,
    /// Connections whose local end is here.
    pub(super) connections: Vec<Socket>,
}

impl Group {
    /// One of the sockets; all of them have the same owners.
    pub(super) fn first(&self) -> Option<&Socket> {
        self.waiting.first().or(self.connections.first())
    }

    /// Connections in one of these states.
    pub(super) fn count(&self, state: impl Fn(State) -> bool) -> usize {
        self.connections.iter().filter(|socket| state(socket.state)).count()
    }

    /// Other ends of connections that are more than a memory or a wish.
    pub(super) fn clients(&self) -> (usize, usize) {
        let mut hosts = BTreeSet::new();
        let mut clients = 0;
        for socket in &self.connections {
            if matches!(socket.state, State::TimeWait | State::SynReceived) {
                continue;
            }
            clients += 1;
            hosts.extend(socket.remote.as_ref().and_then(pree::Address::ip).map(|ip| ip.to_canonical()));
        }
        (clients, hosts.len())
    }
}

/// Everybody who has the port through a socket in one of these states.
pub(super) fn of(sockets: Vec<Socket>, wanted: States) -> Vec<Group> {
    let (connections, waiting): (Vec<_>, Vec<_>) =
        sockets.into_iter().partition(|socket| socket.remote.is_some());
    let mut groups: Vec<Group> = Vec::new();
    for socket in waiting {
        let same = |group: &&mut Group| group.waiting.first().is_some_and(|first| alike(first, &socket));
        match groups.iter_mut().find(same) {
            Some(group) => group.waiting.push(socket),
            None => groups.push(Group {
                protocol: socket.protocol,
                waiting: vec![socket],
                connections: Vec::new(),
            }),
        }
    }
    let listening = groups.len();
    for socket in connections {
        let place = place(&groups[..listening], &socket);
        let same =
            |group: &Group| group.waiting.is_empty() && group.first().is_some_and(|f| alike(f, &socket));
        match place.or_else(|| groups.iter().position(same)).and_then(|at| groups.get_mut(at)) {
            Some(group) => group.connections.push(socket),
            // A memory that belongs to nobody's listener has no line of its own.
            None if socket.state == State::TimeWait => {}
            None => groups.push(Group {
                protocol: socket.protocol,
                waiting: Vec::new(),
                connections: vec![socket],
            }),
        }
    }
    for group in &mut groups {
        group.waiting.sort_by(|a, b| a.local.cmp(&b.local));
    }
    groups.retain(|group| group.first().is_some_and(|socket| wanted.contains(socket.state.set())));
    groups
}

/// Which of the listeners a connection came to: that of its address, else that of all addresses.
fn place(groups: &[Group], connection: &Socket) -> Option<usize> {
    let ip = |socket: &Socket| socket.local.ip().map(|ip| ip.to_canonical());
    let rank = |listener: &Socket| {
        if listener.protocol != connection.protocol || !waits(listener.state) {
            return 0;
        }
        match ip(listener) {
            Some(at) if Some(at) == ip(connection) => 3,
            Some(IpAddr::V4(at)) if at.is_unspecified() && ip(connection).is_some_and(|ip| ip.is_ipv4()) => 2,
            Some(IpAddr::V6(at)) if at.is_unspecified() => 1,
            _ => 0,
        }
    };
    let ranks = groups.iter().map(|group| group.waiting.iter().map(rank).max().unwrap_or(0));
    let (at, best) = ranks.enumerate().max_by_key(|(at, rank)| (*rank, std::cmp::Reverse(*at)))?;
    (best > 0).then_some(at)
}

fn waits(state: State) -> bool {
    matches!(state, State::Listen | State::Unconnected)
}

/// Whether two sockets are one entry: the same processes have them for the same purpose.
fn alike(a: &Socket, b: &Socket) -> bool {
    let connected = |socket: &Socket| socket.remote.is_some();
    a.protocol == b.protocol
        && (connected(a) && connected(b) || a.state == b.state)
        && pids(a) == pids(b)
        && a.unowned == b.unowned
}

fn pids(socket: &Socket) -> BTreeSet<u32> {
    socket.owners.iter().map(Owner::pid).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::sample;

    #[test]
    fn the_same_processes_are_one_entry() {
        // Of all ports at once: both listeners are sshd's, connections come to the listener of their family, and one
        // that is only remembered is no client.
        let groups = of(sample::sockets(), States::all());
        let shown: Vec<_> = groups
            .iter()
            .map(|group| (group.protocol, group.waiting.len(), group.connections.len(), group.clients()))
            .collect();
        assert_eq!(shown.len(), 2);
        assert!(shown.contains(&(Protocol::Tcp, 2, 3, (2, 2))), "{shown:?}");
        assert!(shown.contains(&(Protocol::Udp, 1, 0, (0, 0))), "{shown:?}");
        let listening = of(sample::sockets(), States::LISTENING);
        assert_eq!(listening.iter().map(|group| group.waiting.len()).collect::<Vec<_>>(), [2, 1]);
    }
}
