//! Where an end of a socket is.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use super::Text;

/// One end of a socket.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
#[non_exhaustive]
pub enum Address {
    /// An IP address and port; for a link-local IPv6 address the scope is the interface index.
    /// A v4-mapped address (`::ffff:a.b.c.d`) is kept as the socket has it: IPv6.
    /// A socket for ICMP echo has its identifier in place of the port.
    Inet(SocketAddr),
    /// An IP address of a raw socket, which has no port.
    Raw {
        /// The address.
        ip: IpAddr,
        /// Interface index of a link-local IPv6 address, else 0.
        scope_id: u32,
        /// IP protocol of its packets, an `IPPROTO_*`: 1 is ICMP; 255 is any, for sending only.
        protocol: u8,
    },
    /// The name of a Unix socket: a path as it was bound, relative ones too, or an abstract name with the NUL at its
    /// start; empty for a socket without a name.
    Unix(Text),
    /// What a packet socket reads.
    Packet {
        /// Protocol of the packets, an `ETH_P_*`: 0x0003 is all, 0 none.
        protocol: u16,
        /// Index of the interface; 0 is all of them, `None` one that is gone: nothing is read any more.
        interface: Option<u32>,
    },
    /// Where a netlink socket is.
    Netlink {
        /// Netlink protocol: 0 is route, 4 `sock_diag` …
        protocol: u8,
        /// Port id; 0 is the kernel. Many programs take their pid, so that it looks like one.
        port_id: u32,
    },
    /// A vsock end, between virtual machines and their host.
    Vsock {
        /// Context id: 2 is the host; `u32::MAX` any.
        cid: u32,
        /// Port; `u32::MAX` any.
        port: u32,
    },
    /// Unknown.
    Unknown,
}

impl Address {
    /// The IP address and port, if that is what it is.
    pub fn socket_addr(&self) -> Option<SocketAddr> {
        match self {
            Self::Inet(address) => Some(*address),
            _ => None,
        }
    }

    /// The IP address, if it has one.
    pub fn ip(&self) -> Option<IpAddr> {
        match self {
            Self::Raw { ip, .. } => Some(*ip),
            other => other.socket_addr().map(|address| address.ip()),
        }
    }

    /// The same address of a raw socket: what stands in place of the port is the protocol.
    pub(crate) fn of_raw(self, protocol: u8) -> Self {
        match self {
            Self::Inet(SocketAddr::V4(v4)) => Self::Raw { ip: (*v4.ip()).into(), scope_id: 0, protocol },
            Self::Inet(SocketAddr::V6(v6)) => {
                Self::Raw { ip: (*v6.ip()).into(), scope_id: v6.scope_id(), protocol }
            }
            other => other,
        }
    }

    /// The port of an IP address, if it has one.
    pub fn port(&self) -> Option<u16> {
        self.socket_addr().map(|address| address.port())
    }

    /// True for `0.0.0.0` and `::`: any address of this machine.
    pub fn is_wildcard(&self) -> bool {
        self.ip().is_some_and(|ip| ip.is_unspecified())
    }

    /// The name of a Unix socket, an abstract one with the NUL at its start; `None` for a socket without a name.
    pub fn path(&self) -> Option<&[u8]> {
        match self {
            Self::Unix(name) if !name.is_empty() => Some(name.as_bytes()),
            _ => None,
        }
    }

    /// Whether the name of a Unix socket is an abstract one; `None` for a socket without a name.
    pub fn is_abstract(&self) -> Option<bool> {
        self.path().map(|name| name.first() == Some(&0))
    }
}

/// Bytes that are not printable ASCII are shown as escapes, and the NUL of an abstract name as `@`.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// `VMADDR_CID_ANY` and `VMADDR_PORT_ANY`.
        const ANY: u32 = u32::MAX;
        let number_or_star = |f: &mut fmt::Formatter<'_>, number: u32, star: u32| match number {
            _ if number == star => f.write_str("*"),
            _ => number.fmt(f),
        };
        match self {
            Self::Inet(address) => address.fmt(f),
            Self::Unix(name) => match name.as_bytes() {
                [] => f.write_str("*"),
                [0, rest @ ..] => write!(f, "@{}", rest.escape_ascii()),
                path => path.escape_ascii().fmt(f),
            },
            Self::Packet { protocol, interface } => {
                write_packet_protocol(*protocol, f)?;
                f.write_str("%")?;
                match interface {
                    Some(index) => number_or_star(f, *index, 0),
                    None => f.write_str("gone"),
                }
            }
            Self::Raw { ip, scope_id, protocol } => {
                match (ip, scope_id) {
                    (IpAddr::V4(ip), _) => write!(f, "{ip}:")?,
                    (IpAddr::V6(ip), 0) => write!(f, "[{ip}]:")?,
                    (IpAddr::V6(ip), scope) => write!(f, "[{ip}%{scope}]:")?,
                }
                write_ip_protocol(*protocol, f)
            }
            Self::Netlink { protocol, port_id } => {
                match netlink_protocol(*protocol) {
                    Some(name) => f.write_str(name)?,
                    None => protocol.fmt(f)?,
                }
                match port_id {
                    0 => f.write_str(":kernel"),
                    _ => write!(f, ":{port_id}"),
                }
            }
            Self::Vsock { cid, port } => {
                number_or_star(f, *cid, ANY)?;
                f.write_str(":")?;
                number_or_star(f, *port, ANY)
            }
            Self::Unknown => f.write_str("-"),
        }
    }
}

/// What a packet socket reads, without the interface.
pub(super) fn write_packet_protocol(protocol: u16, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    /// `ETH_P_ALL`.
    const ALL: u16 = 3;
    match protocol {
        ALL => f.write_str("*"),
        other => write!(f, "0x{other:04x}"),
    }
}

/// What stands in place of a raw socket's port.
pub(super) fn write_ip_protocol(protocol: u8, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match ip_protocol(protocol) {
        Some(name) => f.write_str(name),
        None => write!(f, "{protocol}"),
    }
}

/// The name of an IP protocol, as IANA has it; `None` for a number that raw sockets seldom have.
pub(crate) fn ip_protocol(number: u8) -> Option<&'static str> {
    Some(match number {
        1 => "icmp",
        2 => "igmp",
        4 => "ipv4",
        6 => "tcp",
        17 => "udp",
        41 => "ipv6",
        46 => "rsvp",
        47 => "gre",
        50 => "esp",
        51 => "ah",
        58 => "ipv6-icmp",
        88 => "eigrp",
        89 => "ospf",
        103 => "pim",
        112 => "vrrp",
        115 => "l2tp",
        132 => "sctp",
        _ => return None,
    })
}

/// The name of a netlink protocol, `NETLINK_*` in include/uapi/linux/netlink.h; `None` for a number without one.
pub(crate) fn netlink_protocol(number: u8) -> Option<&'static str> {
    Some(match number {
        0 => "route",
        2 => "usersock",
        3 => "firewall",
        4 => "sock_diag",
        5 => "nflog",
        6 => "xfrm",
        7 => "selinux",
        8 => "iscsi",
        9 => "audit",
        10 => "fib_lookup",
        11 => "connector",
        12 => "netfilter",
        13 => "ip6_fw",
        14 => "dnrtmsg",
        15 => "kobject_uevent",
        16 => "generic",
        18 => "scsitransport",
        19 => "ecryptfs",
        20 => "rdma",
        21 => "crypto",
        22 => "smc",
        _ => return None,
    })
}

/// The address family the socket was made with (`AF_INET`, `AF_INET6`, …).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
#[non_exhaustive]
pub enum Family {
    /// `AF_INET`.
    Ipv4,
    /// `AF_INET6`, dual-stack sockets and v4-mapped connections included.
    Ipv6,
    /// `AF_UNIX`.
    Unix,
    /// `AF_PACKET`.
    Packet,
    /// `AF_NETLINK`.
    Netlink,
    /// `AF_VSOCK`.
    Vsock,
    /// A family this version has no name for, by the system's own number.
    Other(u16),
    /// Unknown.
    Unknown,
}

impl Family {
    /// Those that have a name.
    pub(crate) const NAMED: [Self; 6] =
        [Self::Ipv4, Self::Ipv6, Self::Unix, Self::Packet, Self::Netlink, Self::Vsock];

    /// The name in JSON and filters; `None` for a number without a name.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Self::Ipv4 => Some("ipv4"),
            Self::Ipv6 => Some("ipv6"),
            Self::Unix => Some("unix"),
            Self::Packet => Some("packet"),
            Self::Netlink => Some("netlink"),
            Self::Vsock => Some("vsock"),
            Self::Other(_) | Self::Unknown => None,
        }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.name(), self) {
            (Some(name), _) => f.pad(name),
            (None, Self::Other(number)) => write!(f, "family{number}"),
            (None, _) => f.pad("-"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_one_line_of_printable_ascii() {
        let unix = |name: &[u8]| Address::Unix(Text::from(name));
        for (address, shown) in [
            (Address::Inet(([127, 0, 0, 1], 80).into()), "127.0.0.1:80"),
            (unix(b""), "*"),
            (unix(b"/run/a b"), "/run/a b"),
            (unix(b"\0name\0\n"), "@name\\x00\\n"),
            (unix(b"@path\xff\x1b"), "@path\\xff\\x1b"),
            (Address::Packet { protocol: 3, interface: Some(0) }, "*%*"),
            (Address::Packet { protocol: 0x0800, interface: Some(2) }, "0x0800%2"),
            (Address::Packet { protocol: 3, interface: None }, "*%gone"),
            (Address::Inet(([0, 0, 0, 0], 1).into()).of_raw(1), "0.0.0.0:icmp"),
            (Address::Inet("[fe80::1%3]:58".parse().unwrap()).of_raw(58), "[fe80::1%3]:ipv6-icmp"),
            (Address::Inet("[::]:253".parse().unwrap()).of_raw(253), "[::]:253"),
            (Address::Netlink { protocol: 0, port_id: 4242 }, "route:4242"),
            (Address::Netlink { protocol: 16, port_id: 0 }, "generic:kernel"),
            (Address::Netlink { protocol: 99, port_id: u32::MAX }, "99:4294967295"),
            (Address::Vsock { cid: 2, port: 1024 }, "2:1024"),
            (Address::Vsock { cid: u32::MAX, port: u32::MAX }, "*:*"),
            (Address::Unknown, "-"),
        ] {
            assert_eq!(address.to_string(), shown);
        }
        assert_eq!(unix(b"\0a").is_abstract(), Some(true));
        assert_eq!(
            (unix(b"a").is_abstract(), unix(b"").is_abstract(), unix(b"").path()),
            (Some(false), None, None)
        );
    }
}
