//! Where an end of a socket is.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

/// One end of a socket.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
#[non_exhaustive]
pub enum Address {
    /// An IP address and port; for a link-local IPv6 address the scope is the interface index.
    /// A v4-mapped address (`::ffff:a.b.c.d`) is kept as the socket has it: IPv6.
    Inet(SocketAddr),
}

impl Address {
    /// The IP address and port, if that is what it is.
    pub fn socket_addr(&self) -> Option<SocketAddr> {
        match self {
            Self::Inet(address) => Some(*address),
        }
    }

    /// The IP address, if it has one.
    pub fn ip(&self) -> Option<IpAddr> {
        self.socket_addr().map(|address| address.ip())
    }

    /// The port, if it has one.
    pub fn port(&self) -> Option<u16> {
        self.socket_addr().map(|address| address.port())
    }

    /// True for `0.0.0.0` and `::`: any address of this machine.
    pub fn is_wildcard(&self) -> bool {
        self.ip().is_some_and(|ip| ip.is_unspecified())
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inet(address) => address.fmt(f),
        }
    }
}

/// The address family the socket was made with (`AF_INET`, `AF_INET6`, …).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
#[non_exhaustive]
pub enum Family {
    /// `AF_INET`.
    Ipv4,
    /// `AF_INET6`, dual-stack sockets and v4-mapped connections included.
    Ipv6,
    /// A family this version has no name for, by the system's own number.
    Other(u16),
}

impl Family {
    /// The name in JSON and filters; `None` for a number without a name.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Self::Ipv4 => Some("ipv4"),
            Self::Ipv6 => Some("ipv6"),
            Self::Other(_) => None,
        }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.name(), self) {
            (Some(name), _) => f.pad(name),
            (None, Self::Other(number)) => write!(f, "family{number}"),
            (None, _) => Ok(()),
        }
    }
}
