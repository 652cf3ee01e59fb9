//! Both ends of TCP connections within this machine: which row is the other end of which.
//!
//! The kernel does not report it, but it reports both rows: the other end of a connection from A to B is the one from B to A.
//! That can be known only when every row was seen.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

use pree_wire::netlink::{self, Body};
use pree_wire::own_addresses;

use super::join::{At, Join};
use crate::collect::collection::Collection;
use crate::model::{Address, Peer, Protocol, Socket, State};
use crate::source::{Failure, Question, Source, read_all};

/// Address and port; IPv4 whichever family the socket was made with.
type End = (IpAddr, u16);

/// Which of the connections with the same ends. They are of other interfaces, of which there can be any number, or over.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Which {
    local: End,
    remote: End,
    /// In `TIME_WAIT`: another connection can have its ends by now.
    is_over: bool,
    interface: On,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum On {
    /// Bound to none.
    None,
    This(u32),
    /// Bound to any.
    Any,
}

/// What was seen of them.
enum Seen {
    /// One, with its inode.
    One(Option<u64>),
    Several,
}

/// The connections that were seen.
#[derive(Default)]
pub(super) struct Ends {
    seen: HashMap<Which, Seen>,
    /// Addresses of this network namespace.
    own: HashSet<IpAddr>,
    /// Whether the other end of the row that came by last is here.
    is_here: bool,
}

impl Join for Ends {
    fn begin(&mut self, _: usize, collection: &mut Collection<'_>) {
        if collection.plan.reads_tcp() {
            // Without its addresses what is between loopback addresses, or from one to itself, is known all the same.
            self.own = own_addresses(collection.source).unwrap_or_default();
        }
    }

    /// Remembers a connection whose other end is here.
    fn see(&mut self, socket: &mut Socket) {
        let ends = self.ends_here(socket);
        self.is_here = ends.is_some();
        let Some((local, remote)) = ends else { return };
        let is_over = socket.state == State::TimeWait;
        let bound =
            socket.interface.map_or([Some(On::None), None], |this| [On::This(this), On::Any].map(Some));
        for interface in bound.into_iter().flatten() {
            self.seen
                .entry(Which { local, remote, is_over, interface })
                .and_modify(|seen| *seen = Seen::Several)
                .or_insert(Seen::One(socket.inode));
        }
    }

    fn complete(&mut self, socket: &mut Socket, at: &mut At<'_>) -> bool {
        if !at.is_last() {
            return !self.is_here;
        }
        self.join(socket);
        true
    }
}

impl Ends {
    /// Gives a connection its other end, when that was seen and no other is as likely: first one that is not over, then one
    /// of the same interface. One end may be bound to an interface and the other to none; they are not bound to two.
    fn join(&self, socket: &mut Socket) {
        let Some((local, remote)) = self.ends_here(socket) else { return };
        let bound = socket.interface.map_or([On::None, On::Any], |this| [On::This(this), On::None]);
        let likeliest = [false, true].into_iter().flat_map(|is_over| {
            bound.map(|interface| Which { local: remote, remote: local, is_over, interface })
        });
        let mut seen = likeliest.filter_map(|which| {
            #[cfg(test)]
            crate::steps::count(1);
            self.seen.get(&which)
        });
        if let Some(Seen::One(inode)) = seen.next() {
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
    fn socket(local: &str, remote: &str, inode: u64) -> Socket {
        let inode = (inode != 0).then_some(inode);
        Socket { inode, ..Socket::tcp(State::Established, local, remote) }
    }

    #[test]
    fn the_other_end_is_the_one_with_the_ends_exchanged() {
        let (a, b) = ("127.0.0.1:5000", "127.0.0.1:80");
        let own = HashSet::from(["10.0.0.1".parse().unwrap(), "10.0.0.3".parse().unwrap()]);
        let mut ends = Ends { own, ..Ends::default() };
        ends.see(&mut socket("10.0.0.3:80", "10.0.0.1:6000", 3));
        ends.see(&mut socket("[::ffff:127.0.0.1]:80", "[::ffff:127.0.0.1]:5000", 7));
        ends.see(&mut socket("10.0.0.1:80", "10.0.0.1:5000", 0));
        ends.see(&mut socket("10.0.0.1:80", "10.0.0.2:5000", 8));
        ends.see(&mut socket(b, "", 9));
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

    /// Connections of one pair of ends, on other interfaces or one after another: what the other end is found to be.
    #[test]
    fn of_several_with_the_same_ends_the_one_of_the_interface() {
        let on = |interface: u32, inode: u64, ends: (&str, &str)| {
            let mut socket = socket(ends.0, ends.1, inode);
            socket.interface = (interface != 0).then_some(interface);
            if inode == 0 {
                socket.state = State::TimeWait;
            }
            socket
        };
        for ends in [("127.0.0.1:80", "127.0.0.1:5000"), ("[fe80::1]:80", "[fe80::1]:5000")] {
            for (servers, client, expected) in [
                (&[(2, 7), (3, 8)][..], 2, Some(7)),
                (&[(2, 7), (3, 8)], 3, Some(8)),
                (&[(2, 7), (3, 8)], 4, None),
                // As likely as each other.
                (&[(2, 7), (3, 8)], 0, None),
                (&[(0, 7), (0, 8)], 0, None),
                (&[(0, 7), (3, 8)], 0, Some(7)),
                (&[(0, 7), (3, 8)], 2, Some(7)),
                (&[(0, 7)], 2, Some(7)),
                (&[(2, 7)], 0, Some(7)),
                (&[(2, 7)], 3, None),
                // The ends of one that is over are used again.
                (&[(2, 0), (2, 7)], 2, Some(7)),
                (&[(0, 7), (0, 0)], 0, Some(7)),
            ] {
                let mut all = Ends::default();
                for (interface, inode) in servers {
                    all.see(&mut on(*interface, *inode, ends));
                }
                let mut client = on(client, 1, (ends.1, ends.0));
                all.join(&mut client);
                let found = client.peer.and_then(|peer| peer.inode);
                assert_eq!(found, expected, "{servers:?} {:?}", client.interface);
            }
        }
    }

    /// A process can have as many connections with the same ends as it has interfaces.
    #[test]
    fn twice_as_many_cost_twice_as_many_steps() {
        let steps = |n: u32| {
            let connection = |ends: (&str, &str), interface| {
                let mut socket = socket(ends.0, ends.1, u64::from(interface));
                socket.interface = Some(interface);
                socket
            };
            let (server, client) = (("127.0.0.1:80", "127.0.0.1:5000"), ("127.0.0.1:5000", "127.0.0.1:80"));
            let mut all = Ends::default();
            crate::steps::of(|| {
                (1..=n).for_each(|at| all.see(&mut connection(server, at)));
                for at in 1..=n {
                    let mut client = connection(client, at);
                    all.join(&mut client);
                    assert_eq!(client.peer.and_then(|peer| peer.inode), Some(u64::from(at)));
                }
            })
        };
        let (few, many) = (steps(200), steps(400));
        assert!(few >= 200 && 4 * many <= 9 * few, "{few} steps, {many} for twice as many");
    }
}
