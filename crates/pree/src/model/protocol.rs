//! What a socket speaks.

use std::fmt;

/// The transport protocol of a socket.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
#[non_exhaustive]
pub enum Protocol {
    /// TCP, RFC 9293.
    Tcp,
    /// UDP, RFC 768.
    Udp,
    /// UDP-Lite, RFC 3828. Gone from Linux in 7.3.
    UdpLite,
}

impl Protocol {
    /// The name in JSON, filters and tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::UdpLite => "udplite",
        }
    }

    /// The type such a socket has.
    pub fn socket_type(self) -> SocketType {
        match self {
            Self::Tcp => SocketType::Stream,
            Self::Udp | Self::UdpLite => SocketType::Dgram,
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

bitflags::bitflags! {
    /// A set of protocols, for a query.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
    pub struct Protocols: u32 {
        /// [`Protocol::Tcp`].
        const TCP = 1;
        /// [`Protocol::Udp`].
        const UDP = 1 << 1;
        /// [`Protocol::UdpLite`].
        const UDPLITE = 1 << 2;
    }
}

/// The socket's type (`SOCK_STREAM`, `SOCK_DGRAM`, …).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
#[non_exhaustive]
pub enum SocketType {
    /// `SOCK_STREAM`.
    Stream,
    /// `SOCK_DGRAM`.
    Dgram,
}

impl SocketType {
    /// The name in JSON and filters.
    pub fn name(self) -> &'static str {
        match self {
            Self::Stream => "stream",
            Self::Dgram => "dgram",
        }
    }
}
