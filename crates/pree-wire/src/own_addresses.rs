//! The addresses of a machine, over `NETLINK_ROUTE`: `struct ifaddrmsg` of `include/uapi/linux/if_addr.h` and its
//! attributes.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::malformed::{BufferTooSmall, Malformed};
use crate::netlink::{Body, DUMP, REQUEST, RequestBuffer, attributes, messages};

/// `RTM_GETADDR`.
const GET: u16 = 22;
/// `RTM_NEWADDR`, the type of each message of the answer.
pub const ADDRESS: u16 = 20;
/// Bytes of `struct ifaddrmsg`.
const FIXED: usize = 8;
/// The interface's address; on a point-to-point link the other end's (`IFA_ADDRESS`).
const IFA_ADDRESS: u16 = 1;
/// On a point-to-point link this end's (`IFA_LOCAL`).
const IFA_LOCAL: u16 = 2;

/// Writes the request for every address of every interface of the network namespace, and answers its length.
///
/// # Errors
/// The buffer has no room: 24 bytes are enough.
pub fn encode_request(buffer: &mut [u8]) -> Result<usize, BufferTooSmall> {
    let mut request = RequestBuffer::new(buffer, GET, REQUEST | DUMP, 1)?;
    request.payload(&[0; FIXED])?;
    Ok(request.finish().len())
}

/// The address in one message of the answer; `None` for a message without one.
///
/// # Errors
/// It is shorter than `struct ifaddrmsg`, or its attributes are broken.
pub fn address(payload: &[u8]) -> Result<Option<IpAddr>, Malformed> {
    let area = payload.get(FIXED..).ok_or(Malformed::new("ifaddrmsg (shorter than its fixed part)", 0))?;
    let (mut local, mut address) = (None, None);
    for attribute in attributes(area) {
        let attribute = attribute?;
        match attribute.kind {
            IFA_LOCAL => local = ip(attribute.payload),
            IFA_ADDRESS => address = ip(attribute.payload),
            _ => {}
        }
    }
    Ok(local.or(address))
}

/// Whether the answer ends in this datagram, well or with an error.
pub fn ends(datagram: &[u8]) -> bool {
    messages(datagram).any(|message| match message {
        Ok(message) => matches!(message.body(), Body::Done(_) | Body::Error(_)),
        Err(_) => true,
    })
}

fn ip(bytes: &[u8]) -> Option<IpAddr> {
    if let Ok(octets) = <[u8; 4]>::try_from(bytes) {
        return Some(IpAddr::V4(Ipv4Addr::from(octets)));
    }
    <[u8; 16]>::try_from(bytes).ok().map(|octets| IpAddr::V6(Ipv6Addr::from(octets)))
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
        bytes
    }

    #[test]
    fn addresses() {
        let v6 = Ipv6Addr::LOCALHOST.octets();
        for (attributes, expected) in [
            (Vec::new(), None),
            (attribute(1, &[10, 0, 0, 1]), Some("10.0.0.1")),
            // The other end of a tunnel comes first.
            ([attribute(1, &[10, 0, 0, 1]), attribute(2, &[10, 0, 0, 2])].concat(), Some("10.0.0.2")),
            (attribute(1, &v6), Some("::1")),
            (attribute(1, &[1, 2, 3]), None),
            (attribute(9, &[10, 0, 0, 1]), None),
        ] {
            let message = [&[2, 8, 0, 0, 1, 0, 0, 0][..], &attributes].concat();
            assert_eq!(address(&message), Ok(expected.map(|ip| ip.parse().unwrap())));
            for length in 0..FIXED {
                assert!(address(&message[..length]).is_err());
            }
        }
        assert!(address(&[0, 0, 0, 0, 0, 0, 0, 0, 9, 0, 1, 0, 1]).is_err());
    }

    #[test]
    fn the_request_is_a_dump() {
        let mut buffer = [0; 24];
        assert_eq!(encode_request(&mut buffer), Ok(24));
        let message = messages(&buffer).next().unwrap().unwrap();
        assert!(!ends(&buffer) && ends(&buffer[..20]));
        let done = [20_u32, 3 << if cfg!(target_endian = "big") { 16 } else { 0 }, 1, 0, 0];
        let done: Vec<u8> = done.into_iter().flat_map(u32::to_ne_bytes).collect();
        assert!(ends(&[&buffer[..], &done].concat()));
        assert_eq!((message.kind, message.flags, message.payload), (22, 0x301, &[0; 8][..]));
        assert!(encode_request(&mut buffer[..23]).is_err());
    }
}
