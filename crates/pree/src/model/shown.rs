//! Ends of sockets and interfaces as outputs show them, and filters read them.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use super::{Address, Protocol, Socket};

impl Socket {
    /// This end as outputs show it: as ss does, with the interface that the socket is bound to (`0.0.0.0%eth0:80`), and `*`
    /// where it takes IPv4 and IPv6 at every address. [`Address`] alone cannot know either.
    pub fn shown_local(&self) -> ShownEnd<'_> {
        ShownEnd { socket: self, address: &self.local, is_local: true }
    }

    /// The other end in the same way. Only a link-local address has an interface there.
    pub fn shown_remote(&self) -> Option<ShownEnd<'_>> {
        self.remote.as_ref().map(|address| ShownEnd { socket: self, address, is_local: false })
    }

    /// [`Socket::interface`] as outputs show it: its name, or its index where no name is known, or the name could be read as
    /// something else.
    pub fn shown_interface(&self) -> Option<ShownInterface<'_>> {
        self.interface.map(|index| self.zone(index))
    }

    /// An interface that one of its addresses is of.
    pub fn zone(&self, index: u32) -> ShownInterface<'_> {
        let name = self.interface_name.as_ref().filter(|_| self.interface == Some(index));
        ShownInterface { index, name: name.and_then(|name| plain(name.as_bytes())) }
    }

    /// True where the kernel says that IPv4 comes to this IPv6 socket too, at every address.
    fn is_dual_stack(&self) -> bool {
        self.v6only == Some(false)
            && self.protocol != Protocol::Icmp
            && matches!(self.local, Address::Inet(SocketAddr::V6(v6)) if v6.ip().is_unspecified())
    }
}

/// A name that reads as a name wherever an address or a value can stand: an interface can be called nearly anything.
fn plain(name: &[u8]) -> Option<&str> {
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let is_number = name.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(name).ok().filter(|_| name.iter().all(is_word) && !is_number && name != b"gone")
}

/// An interface, by its name or its index.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ShownInterface<'s> {
    index: u32,
    name: Option<&'s str>,
}

impl fmt::Display for ShownInterface<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name {
            Some(name) => f.write_str(name),
            None => self.index.fmt(f),
        }
    }
}

/// An end of a socket as outputs show it; see [`Socket::shown_local`].
#[derive(Clone, Copy, Debug)]
pub struct ShownEnd<'s> {
    socket: &'s Socket,
    address: &'s Address,
    is_local: bool,
}

impl ShownEnd<'_> {
    /// An IP address with its interface: the scope of a link-local one, else the one that the socket is bound to.
    fn ip(&self, f: &mut fmt::Formatter<'_>, ip: IpAddr, scope: u32) -> fmt::Result {
        match ip {
            IpAddr::V4(ip) => write!(f, "{ip}")?,
            IpAddr::V6(Ipv6Addr::UNSPECIFIED) if self.is_local && self.socket.is_dual_stack() => {
                f.write_str("*")?;
            }
            IpAddr::V6(ip) if scope != 0 => return write!(f, "[{ip}%{}]", self.socket.zone(scope)),
            IpAddr::V6(ip) => write!(f, "[{ip}]")?,
        }
        match self.socket.shown_interface() {
            Some(interface) if self.is_local => write!(f, "%{interface}"),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for ShownEnd<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.address {
            Address::Inet(address) => {
                let scope = if let SocketAddr::V6(v6) = address { v6.scope_id() } else { 0 };
                self.ip(f, address.ip(), scope)?;
                write!(f, ":{}", address.port())
            }
            Address::Raw { ip, scope_id, protocol } => {
                self.ip(f, *ip, *scope_id)?;
                f.write_str(":")?;
                super::address::write_ip_protocol(*protocol, f)
            }
            Address::Packet { protocol, interface: Some(index) } if *index != 0 => {
                super::address::write_packet_protocol(*protocol, f)?;
                write!(f, "%{}", self.socket.zone(*index))
            }
            other => other.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Family, State, Text};

    fn shown(local: &str, family: Family, interface: Option<&[u8]>, v6only: Option<bool>) -> String {
        let address = Address::Inet(local.parse().unwrap());
        let mut socket = Socket::new(Protocol::Tcp, family, State::Listen, address);
        socket.interface = interface.map(|_| 3);
        socket.interface_name = interface.filter(|name| !name.is_empty()).map(Text::from);
        socket.v6only = v6only;
        socket.shown_local().to_string()
    }

    #[test]
    fn ends_are_shown_as_ss_shows_them() {
        let four = |local, interface| shown(local, Family::Ipv4, interface, None);
        let six = |local, interface, v6only| shown(local, Family::Ipv6, interface, v6only);
        for (text, expected) in [
            (four("0.0.0.0:80", None), "0.0.0.0:80"),
            (four("0.0.0.0:80", Some(b"eth0")), "0.0.0.0%eth0:80"),
            // The name is not known.
            (four("10.0.0.1:80", Some(b"")), "10.0.0.1%3:80"),
            (six("[::]:80", None, Some(false)), "*:80"),
            (six("[::]:80", None, Some(true)), "[::]:80"),
            (six("[::]:80", None, None), "[::]:80"),
            (six("[::1]:80", None, Some(false)), "[::1]:80"),
            (six("[::]:80", Some(b"br-1.2_x"), Some(false)), "*%br-1.2_x:80"),
            (six("[::]:80", Some(b"eth0"), Some(true)), "[::]%eth0:80"),
            (six("[fe80::1%3]:80", Some(b"eth0"), Some(true)), "[fe80::1%eth0]:80"),
            (six("[fe80::1%4]:80", Some(b"eth0"), Some(true)), "[fe80::1%4]:80"),
        ] {
            assert_eq!(text, expected);
        }
    }

    /// What could be read as something else is shown by its index.
    #[test]
    fn names_that_are_no_words_are_not_shown() {
        for name in
            [&b"7"[..], b"gone", b"a]b", b"a\x1b[1m", b"a/b", b"a,b", b"\xff", b"*", b"a b", b"a\"", b"%"]
        {
            assert_eq!(shown("0.0.0.0:80", Family::Ipv4, Some(name), None), "0.0.0.0%3:80", "{name:?}");
        }
    }

    #[test]
    fn the_other_end_and_other_kinds_of_addresses() {
        let mut socket = Socket::new(
            Protocol::Tcp,
            Family::Ipv6,
            State::Established,
            Address::Inet("[fe80::1%3]:80".parse().unwrap()),
        );
        (socket.interface, socket.interface_name) = (Some(3), Some(Text::from(&b"eth0"[..])));
        for (remote, expected) in [("[fe80::2%3]:9", "[fe80::2%eth0]:9"), ("10.0.0.1:9", "10.0.0.1:9")] {
            socket.remote = Some(Address::Inet(remote.parse().unwrap()));
            assert_eq!(socket.shown_remote().unwrap().to_string(), expected);
        }
        let raw = Address::Inet(([0, 0, 0, 0], 1).into()).of_raw(1);
        for (local, expected) in [
            (raw, "0.0.0.0%eth0:icmp"),
            (Address::Packet { protocol: 0x0800, interface: Some(3) }, "0x0800%eth0"),
            (Address::Packet { protocol: 3, interface: Some(0) }, "*%*"),
            (Address::Packet { protocol: 3, interface: None }, "*%gone"),
        ] {
            socket.local = local;
            assert_eq!(socket.shown_local().to_string(), expected);
        }
    }
}
