//! What all connections to one peer show about the path to it.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use super::group::{Network, ip_key, network};
use crate::model::Socket;
use crate::quality::Context;

/// The smallest round trip to each remote address that any connection has seen lately. The same address in another network
/// namespace, or through another interface to which a connection is bound, is another peer.
///
/// A connection that was opened into a full queue never sees its path empty; others to the same address may have.
#[derive(Clone, Debug, Default)]
pub struct Peers {
    /// Numbers in the order in which addresses were first met.
    numbers: HashMap<(Network, u128), u32>,
    peers: Vec<Peer>,
}

#[derive(Clone, Copy, Debug)]
struct Peer {
    ip: IpAddr,
    base_rtt: Option<Duration>,
}

impl Peers {
    /// Looks at all of them.
    pub fn of<'s>(sockets: impl IntoIterator<Item = &'s Socket>) -> Self {
        let mut peers = Self::default();
        for socket in sockets {
            peers.add(socket);
        }
        peers
    }

    /// The context for judging this socket.
    pub fn context(&self, socket: &Socket) -> Context {
        let number = remote(socket).and_then(|ip| self.numbers.get(&(network(socket), ip_key(ip))).copied());
        Context { peer_base_rtt: self.base_rtt(number), ..Context::default() }
    }

    /// Adds a socket; returns the number of its peer, if it has one and statistics.
    pub(super) fn add(&mut self, socket: &Socket) -> Option<u32> {
        let ip = remote(socket)?;
        let rtt = socket.tcp.as_deref()?.min_rtt;
        let next = u32::try_from(self.peers.len()).ok()?;
        let number = *self.numbers.entry((network(socket), ip_key(ip))).or_insert(next);
        match self.peers.get_mut(number as usize) {
            Some(peer) => peer.base_rtt = peer.base_rtt.into_iter().chain(rtt).min(),
            None => self.peers.push(Peer { ip: ip.to_canonical(), base_rtt: rtt }),
        }
        Some(number)
    }

    pub(super) fn base_rtt(&self, number: Option<u32>) -> Option<Duration> {
        self.peers.get(number? as usize)?.base_rtt
    }

    /// The address of a peer, v4-mapped ones as IPv4.
    pub(super) fn ip(&self, number: u32) -> Option<IpAddr> {
        self.peers.get(number as usize).map(|peer| peer.ip)
    }
}

fn remote(socket: &Socket) -> Option<IpAddr> {
    socket.remote.as_ref()?.ip()
}
