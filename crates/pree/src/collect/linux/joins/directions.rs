//! Which end of a TCP connection opened it.
//!
//! No table of the kernel says so. Its counters do: who opened a connection has one byte more acknowledged than sent,
//! the SYN. Else there are listeners, which come before connections in every answer, and the ports that the kernel
//! itself chooses from.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::join::{At, Join};
use super::unix_ends;
use crate::collect::collection::Collection;
use crate::collect::linux::host::host_limits;
use crate::model::{Address, Direction, HostLimits, Protocol, Socket, SocketType, State, Text};

/// Where connections come in: address, port, and the interface if it is bound to one. A v4-mapped address is what a
/// connection to an IPv6 socket has when it speaks IPv4.
type Listener = (IpAddr, u16, Option<u32>);

/// `::ffff:0.0.0.0`.
const ANY_MAPPED: Ipv6Addr = Ipv4Addr::UNSPECIFIED.to_ipv6_mapped();

/// What is known of the listeners of one network namespace.
#[derive(Default)]
pub(super) struct Directions {
    listeners: HashSet<Listener>,
    /// Names of Unix listeners, which are of a type: an abstract one can be two sockets'.
    unix: HashSet<(Option<SocketType>, Text)>,
    limits: HostLimits,
}

impl Join for Directions {
    fn begin(&mut self, _: usize, collection: &mut Collection<'_>) {
        self.limits = host_limits(collection.source);
    }

    /// Remembers a listener.
    fn see(&mut self, socket: &mut Socket) {
        if socket.state != State::Listen {
            return;
        }
        match (socket.protocol, &socket.local) {
            (Protocol::Unix, Address::Unix(name)) => {
                self.unix.insert((socket.socket_type, name.clone()));
            }
            (Protocol::Tcp, Address::Inet(address)) => {
                let (ip, port) = (address.ip(), address.port());
                self.listeners.insert((ip, port, socket.interface));
                if ip == IpAddr::from(Ipv6Addr::UNSPECIFIED) && socket.v6only != Some(true) {
                    self.listeners.insert((ANY_MAPPED.into(), port, socket.interface));
                }
            }
            _ => {}
        }
    }

    fn complete(&mut self, socket: &mut Socket, at: &mut At<'_>) -> bool {
        socket.direction = self.of(socket);
        at.is_last() || !unix_ends::waits_for_listeners(socket)
    }
}

impl Directions {
    fn of(&self, socket: &Socket) -> Option<Direction> {
        match socket.protocol {
            Protocol::Unix => unix_ends::direction(socket, &self.unix),
            Protocol::Tcp => self.of_tcp(socket),
            _ => None,
        }
    }

    fn of_tcp(&self, socket: &Socket) -> Option<Direction> {
        match socket.state {
            State::SynSent => return Some(Direction::Out),
            State::SynReceived => return Some(Direction::In),
            State::Listen | State::BoundInactive | State::Closed | State::Unknown | State::Other(_) => {
                return None;
            }
            _ => {}
        }
        if let Some(direction) = by_counters(socket) {
            return Some(direction);
        }
        let address = socket.local.socket_addr()?;
        let (ip, port) = (address.ip(), address.port());
        let any = match ip {
            IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
            IpAddr::V6(ip) if ip.to_ipv4_mapped().is_some() => ANY_MAPPED.into(),
            IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
        };
        // What came to a listener that is bound to an interface is bound to it as well.
        let interfaces = [None, socket.interface];
        let listens =
            |ip| interfaces.iter().any(|interface| self.listeners.contains(&(ip, port, *interface)));
        if listens(ip) || listens(any) {
            return Some(Direction::In);
        }
        // A listener on such a port may be gone; a connection on another one came through a listener that is.
        self.limits.can_choose(port).then_some(Direction::Out)
    }
}

/// Exact where the two numbers are of one moment. Before a FIN: that counts as a byte as well.
fn by_counters(socket: &Socket) -> Option<Direction> {
    if !matches!(socket.state, State::Established | State::CloseWait) {
        return None;
    }
    let tcp = socket.tcp.as_ref()?;
    let in_flight = u64::from(socket.send_queue?).checked_sub(tcp.notsent_bytes?.into())?;
    let sent_once = tcp.bytes_sent?.checked_sub(tcp.bytes_retrans?)?;
    match tcp.bytes_acked?.checked_add(in_flight)?.checked_sub(sent_once)? {
        0 => Some(Direction::In),
        1 => Some(Direction::Out),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Family;

    fn tcp(state: State, local: &str, interface: u32) -> Socket {
        let mut socket = Socket::tcp(state, local, "");
        socket.interface = (interface != 0).then_some(interface);
        socket
    }

    /// A listener that is bound to an address, a version of IP or an interface says nothing of other connections, however
    /// alike they look; the numbers are interfaces.
    #[test]
    fn a_connection_came_in_through_a_listener_that_can_have_taken_it() {
        for (listener, connection, came_in) in [
            (("0.0.0.0:80", 0), ("10.0.0.1:80", 0), true),
            (("0.0.0.0:80", 0), ("10.0.0.1:80", 2), true),
            (("0.0.0.0:80", 2), ("10.0.0.1:80", 2), true),
            (("0.0.0.0:80", 2), ("10.0.0.1:80", 3), false),
            (("0.0.0.0:80", 2), ("10.0.0.1:80", 0), false),
            (("0.0.0.0:80", 0), ("10.0.0.1:81", 0), false),
            (("10.0.0.1:80", 0), ("10.0.0.1:80", 2), true),
            (("127.0.0.1:80", 0), ("[7f00:1::]:80", 0), false),
            (("0.0.0.0:80", 0), ("[::ffff:10.0.0.1]:80", 0), false),
            (("0.0.0.0:80", 0), ("[2001:db8::1]:80", 0), false),
            (("[::]:80", 0), ("[2001:db8::1]:80", 0), true),
            (("[::]:80", 0), ("[::ffff:10.0.0.1]:80", 2), true),
            (("[::ffff:0.0.0.0]:80", 0), ("[::ffff:10.0.0.1]:80", 0), true),
            (("[::ffff:0.0.0.0]:80", 0), ("[2001:db8::1]:80", 0), false),
            (("[fe80::1]:80", 2), ("[fe80::1]:80", 2), true),
            (("[fe80::1]:80", 2), ("[fe80::1]:80", 3), false),
        ] {
            let mut directions = Directions::default();
            directions.see(&mut tcp(State::Listen, listener.0, listener.1));
            let connection = tcp(State::Established, connection.0, connection.1);
            let expected = came_in.then_some(Direction::In);
            assert_eq!(directions.of(&connection), expected, "{listener:?} {connection:?}");
        }
        let mut directions = Directions::default();
        let mut only_v6 = tcp(State::Listen, "[::]:80", 0);
        only_v6.v6only = Some(true);
        directions.see(&mut only_v6);
        for (local, expected) in [("[2001:db8::1]:80", Some(Direction::In)), ("[::ffff:10.0.0.1]:80", None)] {
            let connection = tcp(State::Established, local, 0);
            assert_eq!(directions.of(&connection), expected, "{local}");
        }
    }

    /// Two abstract sockets of one name and two types: only one of them listens.
    #[test]
    fn a_name_of_a_unix_socket_is_one_of_its_type() {
        let named = |kind, state, local: &[u8], remote: &[u8]| {
            let local = Address::Unix(Text::from(local));
            let mut socket = Socket::new(Protocol::Unix, Family::Unix, state, local);
            socket.socket_type = Some(kind);
            socket.remote = (!remote.is_empty()).then(|| Address::Unix(Text::from(remote)));
            socket
        };
        for (kind, expected) in [(SocketType::Seqpacket, Some(Direction::In)), (SocketType::Stream, None)] {
            let mut directions = Directions::default();
            directions.see(&mut named(SocketType::Seqpacket, State::Listen, b"\0one", b""));
            let end = named(kind, State::Established, b"\0one", b"\0two");
            assert_eq!(directions.of(&end), expected, "{kind:?}");
        }
    }
}
