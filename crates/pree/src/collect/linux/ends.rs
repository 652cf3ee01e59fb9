//! Both ends of TCP connections within this machine: which row is the other end of which.
//!
//! The kernel does not tell it, but it tells both rows: the other end of a connection from A to B is the one from B to A.
//! That can be known only when every row was seen.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

use pree_wire::netlink::{self, Body};
use pree_wire::own_addresses;

use crate::model::{Address, Peer, Protocol, Socket};
use crate::needs::Needs;
use crate::plan::Plan;
use crate::source::{Failure, Question, Source, read_all};

/// Address and port; IPv4 whichever family the socket was made with.
type End = (IpAddr, u16);

/// The connections that were seen, by their ends.
#[derive(Default)]
pub(super) struct Ends {
    inodes: HashMap<(End, End), Option<u64>>,
    /// Addresses of this network namespace.
    own: HashSet<IpAddr>,
}

impl Ends {
    /// Ready for the rows, if other ends are asked for.
    pub(super) fn read(plan: &Plan, source: &mut dyn Source) -> Option<Self> {
        let asked = plan.needs.contains(Needs::PEERS) && plan.reads_tcp();
        // Without its addresses what is between loopback addresses, or from one to itself, is known all the same.
        asked.then(|| Self { inodes: HashMap::new(), own: own_addresses(source).unwrap_or_default() })
    }

    /// Remembers a connection whose other end is here; false for any other socket.
    pub(super) fn note(&mut self, socket: &Socket) -> bool {
        let Some(ends) = self.ends_here(socket) else { return false };
        self.inodes.insert(ends, socket.inode);
        true
    }

    /// Gives a connection its other end, when that was seen.
    pub(super) fn join(&self, socket: &mut Socket) {
        let Some((local, remote)) = self.ends_here(socket) else { return };
        if let Some(inode) = self.inodes.get(&(remote, local)) {
            socket.peer = Some(Box::new(Peer { inode: *inode, owners: Vec::new() }));
        }
    }

    /// The ends of a TCP connection that does not leave the machine: to a loopback address, or to one of its own.
    fn ends_here(&self, socket: &Socket) -> Option<(End, End)> {
        if socket.protocol != Protocol::Tcp {
            return None;
        }
        let end = |address: &Address| Some((address.ip()?.to_canonical(), address.port()?));
        let (local, remote) = (end(&socket.local)?, end(socket.remote.as_ref()?)?);
        let here = remote.0.is_loopback() || remote.0 == local.0 || self.own.contains(&remote.0);
        here.then_some((local, remote))
    }
}

/// The addresses of the network namespace that is asked.
fn own_addresses(source: &mut dyn Source) -> Result<HashSet<IpAddr>, Failure> {
    let answer = read_all(source, &Question::OwnAddresses)?;
    let messages = netlink::messages(&answer).map_while(Result::ok);
    Ok(messages
        .filter_map(|message| match message.body() {
            Body::Data(payload) => own_addresses::address(payload).ok().flatten(),
            _ => None,
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Family, State};

    fn socket(local: &str, remote: &str, inode: u64) -> Socket {
        let address = |text: &str| Address::Inet(text.parse().unwrap());
        let mut socket = Socket::new(Protocol::Tcp, Family::Ipv4, State::Established, address(local));
        socket.remote = (!remote.is_empty()).then(|| address(remote));
        socket.inode = (inode != 0).then_some(inode);
        socket
    }

    #[test]
    fn the_other_end_is_the_one_with_the_ends_exchanged() {
        let (a, b) = ("127.0.0.1:5000", "127.0.0.1:80");
        let own = HashSet::from(["10.0.0.1".parse().unwrap(), "10.0.0.3".parse().unwrap()]);
        let mut ends = Ends { own, ..Ends::default() };
        ends.note(&socket("10.0.0.3:80", "10.0.0.1:6000", 3));
        ends.note(&socket("[::ffff:127.0.0.1]:80", "[::ffff:127.0.0.1]:5000", 7));
        ends.note(&socket("10.0.0.1:80", "10.0.0.1:5000", 0));
        ends.note(&socket("10.0.0.1:80", "10.0.0.2:5000", 8));
        ends.note(&socket(b, "", 9));
        for (local, remote, expected) in [
            (a, b, Some(Some(7))),
            ("10.0.0.1:5000", "10.0.0.1:80", Some(None)),
            ("10.0.0.2:5000", "10.0.0.1:80", None),
            ("10.0.0.1:6000", "10.0.0.3:80", Some(Some(3))),
            ("10.0.0.1:6000", "10.0.0.4:80", None),
            (b, a, None),
            (b, "", None),
        ] {
            let mut one = socket(local, remote, 1);
            ends.join(&mut one);
            assert_eq!(one.peer.map(|peer| peer.inode), expected, "{local} {remote}");
        }
    }
}
