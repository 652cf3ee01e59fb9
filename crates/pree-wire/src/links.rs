//! The interfaces of a network namespace, over `NETLINK_ROUTE`: `struct ifinfomsg` of `include/uapi/linux/if_link.h` and its
//! attributes.

use crate::bytes::Native;
use crate::malformed::Malformed;
use crate::netlink::{Body, attributes, messages};

/// Bytes of `struct ifinfomsg`.
const FIXED: usize = 16;
/// `ifi_flags`: it is up.
const IFF_UP: u32 = 1;
const IFLA_IFNAME: u16 = 3;
const IFLA_LINKINFO: u16 = 18;
/// The namespace that it works in is not the one that it is in, which has this number.
const IFLA_LINK_NETNSID: u16 = 37;
const IFLA_INFO_KIND: u16 = 1;
const IFLA_INFO_DATA: u16 = 2;

/// A kind of tunnel whose port is told over generic netlink only.
const WIREGUARD: &[u8] = b"wireguard";
/// Kinds of tunnels that the kernel holds a UDP socket for, and which attribute of theirs is its port, in network order.
const PORTS: [(&[u8], u16); 3] = [
    // `IFLA_VXLAN_PORT`, `IFLA_GENEVE_PORT`, `IFLA_BAREUDP_PORT`
    (b"vxlan", 15),
    (b"geneve", 5),
    (b"bareudp", 1),
];

/// An interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link<'a> {
    /// Its number.
    pub index: u32,
    /// Its name, without the NUL behind it.
    pub name: &'a [u8],
    /// What the kernel holds a UDP socket for in this namespace: a tunnel that is up.
    pub tunnel: Option<Tunnel>,
}

/// Where the port of a tunnel's UDP socket is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tunnel {
    /// Here.
    Port(u16),
    /// In what generic netlink says of the interface: [`crate::generic_netlink::listen_port`].
    WireGuard,
}

impl<'a> Link<'a> {
    /// Those in an answer.
    pub fn all(answer: &'a [u8]) -> impl Iterator<Item = Self> {
        messages(answer).map_while(Result::ok).filter_map(|message| match message.body() {
            Body::Data(payload) => Self::parse(payload).ok(),
            _ => None,
        })
    }

    /// The interface in one message of the answer.
    ///
    /// # Errors
    /// It is shorter than `struct ifinfomsg`, or its attributes are broken.
    pub fn parse(payload: &'a [u8]) -> Result<Self, Malformed> {
        let short = Malformed::new("ifinfomsg (shorter than its fixed part)", 0);
        let area = payload.get(FIXED..).ok_or(short)?;
        let number = |at| u32::at(payload, at).ok_or(short);
        let mut link = Self { index: number(4)?, name: &[], tunnel: None };
        let is_up = number(8)? & IFF_UP != 0;
        let mut works_elsewhere = false;
        for attribute in attributes(area) {
            let attribute = attribute?;
            match attribute.kind {
                IFLA_IFNAME => link.name = attribute.payload.split(|byte| *byte == 0).next().unwrap_or(&[]),
                IFLA_LINKINFO => link.tunnel = tunnel(attribute.payload)?,
                IFLA_LINK_NETNSID => works_elsewhere = true,
                _ => {}
            }
        }
        link.tunnel = link.tunnel.filter(|_| is_up && !works_elsewhere);
        Ok(link)
    }
}

/// The tunnel that it is, where its port is known.
fn tunnel(info: &[u8]) -> Result<Option<Tunnel>, Malformed> {
    let (mut kind, mut data): (&[u8], &[u8]) = (&[], &[]);
    for attribute in attributes(info) {
        let attribute = attribute?;
        match attribute.kind {
            IFLA_INFO_KIND => kind = attribute.payload.strip_suffix(&[0]).unwrap_or(attribute.payload),
            IFLA_INFO_DATA => data = attribute.payload,
            _ => {}
        }
    }
    if kind == WIREGUARD {
        return Ok(Some(Tunnel::WireGuard));
    }
    let Some((_, wanted)) = PORTS.iter().find(|(known, _)| *known == kind) else { return Ok(None) };
    for attribute in attributes(data) {
        let attribute = attribute?;
        if attribute.kind == *wanted {
            let port = attribute.payload.first_chunk().copied();
            return Ok(port.map(|port| Tunnel::Port(u16::from_be_bytes(port))));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::vec::Vec;

    fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        bytes.extend((value.len() as u16 + 4).to_ne_bytes());
        bytes.extend(kind.to_ne_bytes());
        bytes.extend(value);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }

    fn message(flags: u32, kind: &[u8], port: &[u8], more: &[u8]) -> Vec<u8> {
        let info = [attribute(IFLA_INFO_KIND, kind), attribute(0x8000 | IFLA_INFO_DATA, port)].concat();
        let fixed = [[0; 4], 7_u32.to_ne_bytes(), flags.to_ne_bytes(), [0; 4]].concat();
        [&fixed[..], &attribute(IFLA_IFNAME, b"tun0\0"), &attribute(IFLA_LINKINFO, &info), more].concat()
    }

    #[test]
    fn ports_of_tunnels_that_are_up_and_work_here() {
        let port = |kind| attribute(kind, &4789_u16.to_be_bytes());
        let here = Some(Tunnel::Port(4789));
        let elsewhere = attribute(IFLA_LINK_NETNSID, &[0; 4]);
        for (flags, kind, port, more, expected) in [
            (1, &b"vxlan\0"[..], port(15), &[][..], here),
            (1, b"vxlan", port(15), &[], here),
            (1, b"geneve\0", port(5), &[], here),
            (1, b"bareudp\0", port(1), &[], here),
            (1, b"wireguard\0", Vec::new(), &[], Some(Tunnel::WireGuard)),
            (2, b"wireguard\0", Vec::new(), &[], None),
            (1, b"geneve\0", port(15), &[], None),
            (1, b"bridge\0", port(1), &[], None),
            (1, b"vxlan\0", attribute(15, &[1]), &[], None),
            (1, b"vxlan\0", Vec::new(), &[], None),
            (2, b"vxlan\0", port(15), &[], None),
            (1, b"vxlan\0", port(15), &elsewhere, None),
        ] {
            let message = message(flags, kind, &port, more);
            let expected = Link { index: 7, name: b"tun0", tunnel: expected };
            assert_eq!(Link::parse(&message), Ok(expected), "{kind:?} {port:?}");
            for length in 0..message.len() {
                // What is cut off between two attributes is whole.
                let _ = Link::parse(&message[..length]);
            }
            assert!(Link::parse(&message[..FIXED - 1]).is_err());
        }
        assert!(Link::parse(&[&[0; FIXED][..], &[9, 0, 1, 0, 1]].concat()).is_err());
        assert!(Link::parse(&message(1, b"vxlan", &[9, 0, 1, 0, 1], &[])).is_err());
    }
}
