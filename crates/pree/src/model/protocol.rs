//! What a socket speaks.

use std::fmt;

use super::{Family, OtherProtocol};

/// The protocol of a socket; of the families that have no transport protocol, the family.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
#[non_exhaustive]
pub enum Protocol {
    /// TCP, RFC 9293.
    Tcp,
    /// UDP, RFC 768.
    Udp,
    /// UDP-Lite, RFC 3828. Gone from Linux in 7.3.
    UdpLite,
    /// Multipath TCP, RFC 8684: the connection above its subflows, which are TCP sockets of their own.
    Mptcp,
    /// Raw IP: packets of one protocol, whose number stands where others have the local port.
    Raw,
    /// ICMP echo without privilege; the identifier stands where others have the local port.
    Icmp,
    /// SCTP, RFC 9260: a row for each association, and one for a socket that listens or has none.
    Sctp,
    /// Unix sockets of every type.
    Unix,
    /// Packets off the interfaces (`AF_PACKET`).
    Packet,
    /// Netlink: between processes and the kernel.
    Netlink,
    /// Between virtual machines and their host (`AF_VSOCK`).
    Vsock,
    /// One that pree has no table for, by the kernel's name. Such sockets are found through the processes that hold them.
    Other(OtherProtocol),
}

impl Protocol {
    /// Every protocol, in the order of output; the last one stands for all that pree has no table for.
    pub const ALL: [Self; 12] = [
        Self::Tcp,
        Self::Mptcp,
        Self::Udp,
        Self::UdpLite,
        Self::Raw,
        Self::Icmp,
        Self::Sctp,
        Self::Unix,
        Self::Packet,
        Self::Netlink,
        Self::Vsock,
        Self::Other(OtherProtocol::ANY),
    ];

    /// The name in JSON, filters and tables.
    pub fn name(&self) -> &str {
        match self {
            Self::Other(other) => other.name(),
            known => known.table_name(),
        }
    }

    /// The protocol of this name, in capitals or not; `None` for those without a table of their own.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|protocol| protocol.name().eq_ignore_ascii_case(name))
    }

    /// The name of the table that lists it.
    pub(crate) fn table_name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::UdpLite => "udplite",
            Self::Mptcp => "mptcp",
            Self::Raw => "raw",
            Self::Icmp => "icmp",
            Self::Sctp => "sctp",
            Self::Unix => "unix",
            Self::Packet => "packet",
            Self::Netlink => "netlink",
            Self::Vsock => "vsock",
            Self::Other(_) => "other",
        }
    }

    /// The type such a socket has; `None` where there are several.
    pub fn socket_type(self) -> Option<SocketType> {
        match self {
            Self::Tcp | Self::Mptcp => Some(SocketType::Stream),
            Self::Udp | Self::UdpLite | Self::Icmp => Some(SocketType::Dgram),
            Self::Raw => Some(SocketType::Raw),
            Self::Sctp | Self::Unix | Self::Packet | Self::Netlink | Self::Vsock | Self::Other(_) => None,
        }
    }

    /// Families that have it, where pree knows them.
    pub fn families(self) -> &'static [Family] {
        match self {
            Self::Tcp | Self::Udp | Self::UdpLite | Self::Mptcp | Self::Raw | Self::Icmp | Self::Sctp => {
                &[Family::Ipv4, Family::Ipv6]
            }
            Self::Unix => &[Family::Unix],
            Self::Packet => &[Family::Packet],
            Self::Netlink => &[Family::Netlink],
            Self::Vsock => &[Family::Vsock],
            Self::Other(_) => &[],
        }
    }

    /// The set with just this protocol.
    pub fn set(self) -> Protocols {
        match self {
            Self::Tcp => Protocols::TCP,
            Self::Udp => Protocols::UDP,
            Self::UdpLite => Protocols::UDPLITE,
            Self::Mptcp => Protocols::MPTCP,
            Self::Raw => Protocols::RAW,
            Self::Icmp => Protocols::ICMP,
            Self::Sctp => Protocols::SCTP,
            Self::Unix => Protocols::UNIX,
            Self::Packet => Protocols::PACKET,
            Self::Netlink => Protocols::NETLINK,
            Self::Vsock => Protocols::VSOCK,
            Self::Other(_) => Protocols::OTHER,
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
        /// [`Protocol::Mptcp`].
        const MPTCP = 1 << 3;
        /// [`Protocol::Raw`].
        const RAW = 1 << 4;
        /// [`Protocol::Icmp`].
        const ICMP = 1 << 5;
        /// [`Protocol::Unix`].
        const UNIX = 1 << 6;
        /// [`Protocol::Packet`].
        const PACKET = 1 << 7;
        /// [`Protocol::Netlink`].
        const NETLINK = 1 << 8;
        /// [`Protocol::Vsock`].
        const VSOCK = 1 << 9;
        /// Any [`Protocol::Other`]. Finding them means reading every descriptor of every process.
        const OTHER = 1 << 10;
        /// [`Protocol::Sctp`].
        const SCTP = 1 << 11;

        /// The default of a query: TCP, UDP and UDP-Lite.
        const USUAL = Self::TCP.bits() | Self::UDP.bits() | Self::UDPLITE.bits();
        /// What has IP addresses.
        const INET = Self::USUAL.bits()
            | Self::MPTCP.bits()
            | Self::RAW.bits()
            | Self::ICMP.bits()
            | Self::SCTP.bits();
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
    /// `SOCK_RAW`.
    Raw,
    /// `SOCK_RDM`.
    Rdm,
    /// `SOCK_SEQPACKET`.
    Seqpacket,
    /// `SOCK_PACKET`, the old way to packets.
    Packet,
    /// A type this version has no name for, by the system's own number.
    Other(u16),
}

impl SocketType {
    /// The name in JSON and filters; `None` for a number without a name.
    pub fn name(self) -> Option<&'static str> {
        Some(match self {
            Self::Stream => "stream",
            Self::Dgram => "dgram",
            Self::Raw => "raw",
            Self::Rdm => "rdm",
            Self::Seqpacket => "seqpacket",
            Self::Packet => "packet",
            Self::Other(_) => return None,
        })
    }
}
