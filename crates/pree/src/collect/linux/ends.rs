//! Both ends of TCP connections within this machine: which row is the other end of which.
//!
//! The kernel does not tell it, but it tells both rows: the other end of a connection from A to B is the one from B to A.
//! That can be known only when every row was seen.

use std::collections::HashMap;
use std::net::IpAddr;

use crate::model::{Address, Peer, Protocol, Socket};

/// Address and port; IPv4 whichever family the socket was made with.
type End = (IpAddr, u16);

/// The connections that were seen, by their ends.
#[derive(Default)]
pub(super) struct Ends {
    inodes: HashMap<(End, End), Option<u64>>,
}

impl Ends {
    /// Remembers a connection whose other end is here; false for any other socket.
    pub(super) fn note(&mut self, socket: &Socket) -> bool {
        let Some(ends) = ends_here(socket) else { return false };
        self.inodes.insert(ends, socket.inode);
        true
    }

    /// Gives a connection its other end, when that was seen.
    pub(super) fn join(&self, socket: &mut Socket) {
        let Some((local, remote)) = ends_here(socket) else { return };
        if let Some(inode) = self.inodes.get(&(remote, local)) {
            socket.peer = Some(Box::new(Peer { inode: *inode, owners: Vec::new() }));
        }
    }
}

/// The ends of a TCP connection that does not leave the machine: between loopback addresses, or from an address to
/// itself. From one address of the machine to another of it is not seen to be such.
fn ends_here(socket: &Socket) -> Option<(End, End)> {
    if socket.protocol != Protocol::Tcp {
        return None;
    }
    let end = |address: &Address| Some((address.ip()?.to_canonical(), address.port()?));
    let (local, remote) = (end(&socket.local)?, end(socket.remote.as_ref()?)?);
    (remote.0.is_loopback() || remote.0 == local.0).then_some((local, remote))
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
        let mut ends = Ends::default();
        ends.note(&socket("[::ffff:127.0.0.1]:80", "[::ffff:127.0.0.1]:5000", 7));
        ends.note(&socket("10.0.0.1:80", "10.0.0.1:5000", 0));
        ends.note(&socket("10.0.0.1:80", "10.0.0.2:5000", 8));
        ends.note(&socket(b, "", 9));
        for (local, remote, expected) in [
            (a, b, Some(Some(7))),
            ("10.0.0.1:5000", "10.0.0.1:80", Some(None)),
            ("10.0.0.2:5000", "10.0.0.1:80", None),
            (b, a, None),
            (b, "", None),
        ] {
            let mut one = socket(local, remote, 1);
            ends.join(&mut one);
            assert_eq!(one.peer.map(|peer| peer.inode), expected, "{local} {remote}");
        }
    }
}
