//! Which end of a TCP connection opened it.
//!
//! No table of the kernel says so. Its counters do: who opened a connection has one byte more acknowledged than sent,
//! the SYN. Else there are listeners, which come before connections in every answer, and the ports that the kernel
//! itself chooses from.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::model::{Address, Direction, HostLimits, Protocol, Socket, SocketType, State, Text};
use crate::needs::Needs;
use crate::plan::Plan;
use crate::source::Source;

use super::{host_limits, unix_ends};

/// Where connections come in: address, port, and the interface if it is bound to one. A v4-mapped address is what a
/// connection to an IPv6 socket has when it speaks IPv4.
type Listener = (IpAddr, u16, Option<u32>);

/// `::ffff:0.0.0.0`.
const ANY_MAPPED: Ipv6Addr = Ipv4Addr::UNSPECIFIED.to_ipv6_mapped();

/// What is known of the listeners of one network namespace.
pub(super) struct Directions {
    listeners: HashSet<Listener>,
    /// Names of Unix listeners, which are of a type: an abstract one can be two sockets'.
    unix: HashSet<(Option<SocketType>, Text)>,
    limits: HostLimits,
}

impl Directions {
    /// Ready for the rows, if directions are asked for.
    pub(super) fn read(plan: &Plan, source: &mut dyn Source) -> Option<Self> {
        plan.needs.contains(Needs::DIRECTION).then(|| Self {
            listeners: HashSet::new(),
            unix: HashSet::new(),
            limits: host_limits(source),
        })
    }

    /// Remembers a listener, and gives a connection its direction. True when that is known only at the end.
    pub(super) fn tell(&mut self, socket: &mut Socket) -> bool {
        match socket.protocol {
            Protocol::Unix => {
                if let (State::Listen, Address::Unix(name)) = (socket.state, &socket.local) {
                    self.unix.insert((socket.socket_type, name.clone()));
                }
                socket.direction = unix_ends::direction(socket, &self.unix);
                return unix_ends::waits_for_listeners(socket);
            }
            Protocol::Tcp if socket.state == State::Listen => {
                if let Some(address) = socket.local.socket_addr() {
                    let (ip, port) = (address.ip(), address.port());
                    self.listeners.insert((ip, port, socket.interface));
                    if ip == IpAddr::from(Ipv6Addr::UNSPECIFIED) && socket.v6only != Some(true) {
                        self.listeners.insert((ANY_MAPPED.into(), port, socket.interface));
                    }
                }
            }
            Protocol::Tcp => socket.direction = self.of(socket),
            _ => {}
        }
        false
    }

    fn of(&self, socket: &Socket) -> Option<Direction> {
        match socket.state {
            State::SynSent => return Some(Direction::Out),
            State::SynReceived => return Some(Direction::In),
            State::BoundInactive | State::Closed | State::Unknown | State::Other(_) => return None,
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
        let local = Address::Inet(local.parse().unwrap());
        let family = if local.ip().is_some_and(|ip| ip.is_ipv4()) { Family::Ipv4 } else { Family::Ipv6 };
        let mut socket = Socket::new(Protocol::Tcp, family, state, local);
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
            let mut directions =
                Directions { listeners: HashSet::new(), unix: HashSet::new(), limits: HostLimits::default() };
            directions.tell(&mut tcp(State::Listen, listener.0, listener.1));
            let mut connection = tcp(State::Established, connection.0, connection.1);
            directions.tell(&mut connection);
            let expected = came_in.then_some(Direction::In);
            assert_eq!(connection.direction, expected, "{listener:?} {connection:?}");
        }
        let mut directions =
            Directions { listeners: HashSet::new(), unix: HashSet::new(), limits: HostLimits::default() };
        let mut only_v6 = tcp(State::Listen, "[::]:80", 0);
        only_v6.v6only = Some(true);
        directions.tell(&mut only_v6);
        for (local, expected) in [("[2001:db8::1]:80", Some(Direction::In)), ("[::ffff:10.0.0.1]:80", None)] {
            let mut connection = tcp(State::Established, local, 0);
            directions.tell(&mut connection);
            assert_eq!(connection.direction, expected, "{local}");
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
            let mut directions =
                Directions { listeners: HashSet::new(), unix: HashSet::new(), limits: HostLimits::default() };
            directions.tell(&mut named(SocketType::Seqpacket, State::Listen, b"\0one", b""));
            let mut end = named(kind, State::Established, b"\0one", b"\0two");
            directions.tell(&mut end);
            assert_eq!(end.direction, expected, "{kind:?}");
        }
    }
}
