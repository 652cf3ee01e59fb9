//! Sockets known only by their descriptors: the kernel's name for the protocol, and the owner.

use pree_wire::fd_records::HeldSocket;

use crate::model::{Address, Family, OtherProtocol, Protocol, Socket, State};

/// The socket that a descriptor leads to. It has no identity: its cookie is not reported.
pub(crate) fn decode_held(held: &HeldSocket<'_>) -> Socket {
    let protocol = protocol_named(held.protocol);
    let family = match protocol {
        Protocol::Other(_) => family(held.protocol),
        known => match known.families() {
            [only] => *only,
            _ if held.protocol.ends_with(b"v6") => Family::Ipv6,
            _ => Family::Ipv4,
        },
    };
    let mut socket = Socket::new(protocol, family, State::Unknown, Address::Unknown);
    socket.inode = Some(held.inode);
    socket.uid = Some(held.uid);
    socket
}

/// The protocol of this name: `proto.name` in the kernel's sources.
pub(crate) fn protocol_named(name: &[u8]) -> Protocol {
    match name {
        b"TCP" | b"TCPv6" => Protocol::Tcp,
        b"UDP" | b"UDPv6" => Protocol::Udp,
        b"UDP-Lite" | b"UDPLITEv6" => Protocol::UdpLite,
        b"MPTCP" | b"MPTCPv6" => Protocol::Mptcp,
        b"RAW" | b"RAWv6" => Protocol::Raw,
        b"PING" | b"PINGv6" => Protocol::Icmp,
        b"SCTP" | b"SCTPv6" => Protocol::Sctp,
        b"UNIX" | b"UNIX-STREAM" => Protocol::Unix,
        b"PACKET" => Protocol::Packet,
        b"NETLINK" => Protocol::Netlink,
        b"AF_VSOCK" => Protocol::Vsock,
        other => Protocol::Other(OtherProtocol::new(other)),
    }
}

/// The family that has this protocol: `AF_*` in include/linux/socket.h, as far as each has names of its own.
fn family(name: &[u8]) -> Family {
    match name {
        b"DCCP" => Family::Ipv4,
        b"DCCPv6" => Family::Ipv6,
        b"KEY" => Family::Other(15),
        b"RDS" => Family::Other(21),
        b"CAN_RAW" | b"CAN_BCM" | b"CAN_ISOTP" | b"CAN_J1939" => Family::Other(29),
        b"TIPC" => Family::Other(30),
        b"HCI" | b"L2CAP" | b"RFCOMM" | b"SCO" | b"ISO" => Family::Other(31),
        b"RXRPC" => Family::Other(33),
        b"ALG" => Family::Other(38),
        b"KCM" => Family::Other(41),
        b"QIPCRTR" => Family::Other(42),
        b"SMC" | b"SMC6" => Family::Other(43),
        b"XDP" => Family::Other(44),
        b"MCTP" => Family::Other(45),
        _ => Family::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_protocol_and_family() {
        let other = |name: &str| Protocol::Other(OtherProtocol::new(name.as_bytes()));
        for (name, expected) in [
            (&b"TCPv6"[..], (Protocol::Tcp, Family::Ipv6)),
            (b"UDP", (Protocol::Udp, Family::Ipv4)),
            (b"UDPLITEv6", (Protocol::UdpLite, Family::Ipv6)),
            (b"UNIX-STREAM", (Protocol::Unix, Family::Unix)),
            (b"AF_VSOCK", (Protocol::Vsock, Family::Vsock)),
            (b"XDP", (other("xdp"), Family::Other(44))),
            (b"SCTPv6", (Protocol::Sctp, Family::Ipv6)),
            (b"\xffnew\n", (other("?new?"), Family::Unknown)),
            (b"", (Protocol::Other(OtherProtocol::ANY), Family::Unknown)),
        ] {
            let held = HeldSocket { inode: 7, uid: 1000, protocol: name };
            let socket = decode_held(&held);
            assert_eq!((socket.protocol, socket.family), expected);
            assert_eq!((socket.inode, socket.uid, socket.kernel_id), (Some(7), Some(1000), None));
            assert_eq!((socket.state, socket.local), (State::Unknown, Address::Unknown));
        }
    }
}
