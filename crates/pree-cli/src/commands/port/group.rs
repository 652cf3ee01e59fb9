//! Sockets of a port that belong together.

use std::collections::BTreeSet;

use pree::model::Detail;
use pree::{Address, Owner, Protocol, Socket, State};

/// Sockets that the same processes have for the same purpose.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) protocol: Protocol,
    /// What waits (a listener, a datagram socket, one that is only bound); empty where only connections have the port.
    pub(super) waiting: Vec<Socket>,
    /// Connections whose local end is here.
    pub(super) connections: Connections,
    /// More connections came to one of these or to another group's: they are [`Shared`].
    pub(super) shares_clients: bool,
}

/// Whether a protocol has no connections that a listener could hand over.
pub(super) fn is_of_datagrams(protocol: Protocol) -> bool {
    matches!(protocol, Protocol::Udp | Protocol::UdpLite)
}

/// Connections that came to one of several listeners, it is unknown which.
#[derive(Debug)]
pub(super) struct Shared {
    /// Whose listeners these are, the first few, and how many more there are.
    pub(super) named: Vec<String>,
    pub(super) others: usize,
    /// At least one.
    pub(super) connections: Connections,
}

impl Group {
    pub(super) fn new(waiting: Vec<Socket>, connections: Vec<Socket>) -> Option<Self> {
        let protocol = waiting.first().or(connections.first())?.protocol;
        Some(Self { protocol, waiting, connections: Connections(connections), shares_clients: false })
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

/// What all subflows of an MPTCP connection have in common: its token, which takes rights, or the inode.
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

/// Each process that holds it once.
pub(super) fn pids(socket: &Socket) -> BTreeSet<u32> {
    socket.owners.iter().map(Owner::pid).collect()
}
