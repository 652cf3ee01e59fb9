//! Generic netlink (`NETLINK_GENERIC`): requests to the families that know tunnels with UDP sockets, whose numbers the kernel
//! chooses when they are loaded, and what their answers say of those. `include/uapi/linux/genetlink.h`, `wireguard.h`, `l2tp.h`, `fou.h`.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::bytes::Native;
use crate::malformed::{BufferTooSmall, Malformed};
use crate::netlink::{Body, DUMP, REQUEST, RequestBuffer, attributes, messages};

/// Bytes of `struct genlmsghdr`.
const FIXED: usize = 4;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Every {
    /// Family that is loaded: [`family`]. For one that is asked for by its name, the kernel would load a module.
    Family,
    /// What there is of this interface; the family `wireguard`: [`listen_port`].
    WireGuard {
        /// The family's number.
        family: u16,
        /// The interface's.
        index: u32,
    },
    /// Tunnel; the family `l2tp`: [`L2tpTunnel`].
    L2tpTunnel {
        /// The family's number.
        family: u16,
    },
    /// Port of FOU; the family `fou`: [`fou_ports`].
    FouPort {
        /// The family's number.
        family: u16,
    },
}

/// Writes the request, and answers its length.
///
/// # Errors
/// The buffer has no room: 28 bytes are enough.
pub fn encode_request(every: Every, buffer: &mut [u8]) -> Result<usize, BufferTooSmall> {
    const WGDEVICE_A_IFINDEX: u16 = 1;
    // `CTRL_CMD_GETFAMILY` of the family `GENL_ID_CTRL`, `WG_CMD_GET_DEVICE`, `L2TP_CMD_TUNNEL_GET`, `FOU_CMD_GET`.
    let (family, command, interface) = match every {
        Every::Family => (16, 3, None),
        Every::WireGuard { family, index } => (family, 0, Some(index)),
        Every::L2tpTunnel { family } => (family, 4, None),
        Every::FouPort { family } => (family, 3, None),
    };
    let mut request = RequestBuffer::new(buffer, family, REQUEST | DUMP, 1)?;
    request.payload(&[command, 1, 0, 0])?;
    if let Some(index) = interface {
        request.attribute(WGDEVICE_A_IFINDEX, &index.to_ne_bytes())?;
    }
    Ok(request.finish().len())
}

/// The number of the family of this name, in an answer to [`Every::Family`].
pub fn family(answer: &[u8], name: &[u8]) -> Option<u16> {
    const CTRL_ATTR_FAMILY_ID: u16 = 1;
    const CTRL_ATTR_FAMILY_NAME: u16 = 2;
    payloads(answer).find_map(|payload| {
        let found = value(payload, CTRL_ATTR_FAMILY_NAME)?;
        let number = value(payload, CTRL_ATTR_FAMILY_ID)?.first_chunk().copied()?;
        (found.strip_suffix(&[0]).unwrap_or(found) == name).then(|| u16::from_ne_bytes(number))
    })
}

/// The UDP port of an interface, in an answer to [`Every::WireGuard`]: in its first message. Keys are in it too.
pub fn listen_port(answer: &[u8]) -> Option<u16> {
    const WGDEVICE_A_LISTEN_PORT: u16 = 6;
    let port = payloads(answer).find_map(|payload| value(payload, WGDEVICE_A_LISTEN_PORT));
    port?.first_chunk().copied().map(u16::from_ne_bytes)
}

/// The ports that are taken at every address, in an answer to [`Every::FouPort`].
pub fn fou_ports(answer: &[u8]) -> impl Iterator<Item = u16> {
    const FOU_ATTR_PORT: u16 = 1;
    // `FOU_ATTR_LOCAL_V4`, `…_LOCAL_V6`, `…_PEER_V4`, `…_PEER_V6`.
    const ADDRESSES: [u16; 4] = [6, 7, 8, 9];
    let is_one = |bytes: &[u8]| bytes.iter().any(|byte| *byte != 0);
    let of_all =
        move |payload: &&[u8]| !ADDRESSES.iter().any(|kind| value(payload, *kind).is_some_and(is_one));
    let port = |payload| value(payload, FOU_ATTR_PORT)?.first_chunk().copied().map(u16::from_be_bytes);
    payloads(answer).filter(of_all).filter_map(port)
}

/// A tunnel of L2TP over UDP, in an answer to [`Every::L2tpTunnel`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct L2tpTunnel {
    /// Its number at this end.
    pub id: u32,
    /// Address and port of its socket.
    pub local: (IpAddr, u16),
    /// To which the socket is connected.
    pub remote: (IpAddr, u16),
}

impl L2tpTunnel {
    /// Those in an answer.
    pub fn all(answer: &[u8]) -> impl Iterator<Item = Self> {
        payloads(answer).filter_map(|payload| Self::parse(payload).ok().flatten())
    }

    /// The tunnel in one message of the answer; `None` for one that is not over UDP.
    ///
    /// # Errors
    /// It is shorter than `struct genlmsghdr`, or its attributes are broken.
    pub fn parse(payload: &[u8]) -> Result<Option<Self>, Malformed> {
        let short = Malformed::new("genlmsghdr (shorter than it is)", 0);
        let (mut id, mut ports, mut ends) = (None, [None; 2], [None; 2]);
        for attribute in attributes(payload.get(FIXED..).ok_or(short)?) {
            let attribute = attribute?;
            let (bytes, number) = (attribute.payload, || u16::at(attribute.payload, 0));
            match attribute.kind {
                // `L2TP_ATTR_CONN_ID`; `…_UDP_SPORT`, `…_DPORT`; `…_IP_SADDR`, `…_DADDR`; `…_IP6_SADDR`, `…_DADDR`.
                9 => id = u32::at(bytes, 0),
                26 => ports[0] = number(),
                27 => ports[1] = number(),
                24 => ends[0] = bytes.first_chunk().map(|ip| Ipv4Addr::from(*ip).into()),
                25 => ends[1] = bytes.first_chunk().map(|ip| Ipv4Addr::from(*ip).into()),
                31 => ends[0] = bytes.first_chunk().map(|ip| Ipv6Addr::from(*ip).into()),
                32 => ends[1] = bytes.first_chunk().map(|ip| Ipv6Addr::from(*ip).into()),
                _ => {}
            }
        }
        let end =
            |which: usize| -> Option<(IpAddr, u16)> { Some(((*ends.get(which)?)?, (*ports.get(which)?)?)) };
        Ok(id.zip(end(0).zip(end(1))).map(|(id, (local, remote))| Self { id, local, remote }))
    }
}

/// What the messages of an answer say.
fn payloads(answer: &[u8]) -> impl Iterator<Item = &[u8]> {
    messages(answer).map_while(Result::ok).filter_map(|message| match message.body() {
        Body::Data(payload) => Some(payload),
        _ => None,
    })
}

/// The value of an attribute of a message.
fn value(payload: &[u8], kind: u16) -> Option<&[u8]> {
    let mut all = attributes(payload.get(FIXED..)?).map_while(Result::ok);
    all.find(|attribute| attribute.kind == kind).map(|attribute| attribute.payload)
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::vec::Vec;

    fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
        let mut bytes = (value.len() as u16 + 4).to_ne_bytes().to_vec();
        bytes.extend(kind.to_ne_bytes());
        bytes.extend(value);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }

    fn message(attributes: &[Vec<u8>]) -> Vec<u8> {
        let payload = [[1, 1, 0, 0].to_vec(), attributes.concat()].concat();
        let mut message = (payload.len() as u32 + 16).to_ne_bytes().to_vec();
        message.extend([30_u16.to_ne_bytes(), 2_u16.to_ne_bytes()].concat());
        message.extend([1_u32, 0].map(u32::to_ne_bytes).concat());
        [message, payload].concat()
    }

    #[test]
    fn requests_are_dumps() {
        let index = attribute(1, &7_u32.to_ne_bytes());
        for (every, kind, command, more) in [
            (Every::Family, 16, 3, &[][..]),
            (Every::WireGuard { family: 40, index: 7 }, 40, 0, &index),
            (Every::L2tpTunnel { family: 41 }, 41, 4, &[]),
            (Every::FouPort { family: 42 }, 42, 3, &[]),
        ] {
            let mut room = [0; 28];
            let length = encode_request(every, &mut room).unwrap();
            let message = messages(&room[..length]).next().unwrap().unwrap();
            assert_eq!((message.kind, message.flags), (kind, 0x301));
            assert_eq!(message.payload, [&[command, 1, 0, 0], more].concat());
            assert!(encode_request(every, &mut room[..length - 1]).is_err());
        }
    }

    #[test]
    fn families_by_name_and_ports_of_interfaces() {
        let named = |number: u16, name: &[u8]| {
            message(&[attribute(2, name), attribute(1, &number.to_ne_bytes()), attribute(3, &[2, 0, 0, 0])])
        };
        let answer = [named(16, b"nlctrl\0"), named(29, b"l2tp\0"), named(30, b"wireguard\0")].concat();
        for (name, number) in [("l2tp", Some(29)), ("wireguard", Some(30)), ("l2t", None), ("", None)] {
            assert_eq!(family(&answer, name.as_bytes()), number, "{name}");
        }
        // A key of 32 bytes, the port, the name; peers follow in further messages.
        let port = attribute(6, &51820_u16.to_ne_bytes());
        let device = message(&[attribute(3, &[9; 32]), port.clone(), attribute(2, b"wg0\0")]);
        let answer = [device, message(&[attribute(2, b"wg0\0")])].concat();
        assert_eq!(listen_port(&answer), Some(51820));
        for none in
            [message(&[]), message(&[attribute(6, &[1])]), [&[36, 0, 0, 0, 2, 0][..], &[255; 30]].concat()]
        {
            assert_eq!((listen_port(&none), family(&none, b"l2tp")), (None, None));
        }
    }

    #[test]
    fn ports_at_every_address() {
        let port = |port: u16| attribute(1, &port.to_be_bytes());
        let answer = [
            message(&[attribute(2, &[2]), port(5555), attribute(6, &[0; 4]), attribute(8, &[0; 4])]),
            message(&[port(5556), attribute(6, &[127, 0, 0, 1])]),
            message(&[port(5557), attribute(9, &[1; 16])]),
            message(&[attribute(1, &[1]), attribute(10, &[0, 0])]),
            message(&[port(5558), attribute(10, &[0, 0])]),
        ];
        assert!(fou_ports(&answer.concat()).eq([5555, 5558]));
    }

    #[test]
    fn tunnels_over_udp() {
        let id = attribute(9, &10_u32.to_ne_bytes());
        let ports = [attribute(26, &5000_u16.to_ne_bytes()), attribute(27, &5001_u16.to_ne_bytes())].concat();
        let v4 = [attribute(24, &[127, 0, 0, 1]), attribute(25, &[127, 0, 0, 2])].concat();
        let (one, two) = (Ipv6Addr::LOCALHOST, Ipv6Addr::from(2));
        let v6 = [attribute(31, &one.octets()), attribute(32, &two.octets())].concat();
        let of = |local: IpAddr, remote: IpAddr| {
            Some(L2tpTunnel { id: 10, local: (local, 5000), remote: (remote, 5001) })
        };
        for (attributes, expected) in [
            ([&id[..], &ports, &v4].concat(), of([127, 0, 0, 1].into(), [127, 0, 0, 2].into())),
            ([&v6[..], &id, &ports].concat(), of(one.into(), two.into())),
            // Over IP, without ports.
            ([&id[..], &v4].concat(), None),
            ([&id[..], &ports, &attribute(24, &[127])].concat(), None),
            ([&ports[..], &v4].concat(), None),
        ] {
            let message = message(&[attributes]);
            assert_eq!(L2tpTunnel::parse(&message[16..]), Ok(expected));
            assert!(
                L2tpTunnel::all(&[&message[..], &message].concat())
                    .eq([expected, expected].into_iter().flatten())
            );
            for length in 0..message.len() {
                let _ = L2tpTunnel::all(&message[..length]).count();
                // What is cut off between two attributes is whole.
                let _ = L2tpTunnel::parse(&message[16.min(length)..length]);
            }
        }
        assert!(L2tpTunnel::parse(&[1, 1, 0]).is_err());
        assert!(L2tpTunnel::parse(&[1, 1, 0, 0, 9, 0, 1, 0, 1]).is_err());
    }
}
