//! The addresses of a machine, over `NETLINK_ROUTE`: `struct ifaddrmsg` of `include/uapi/linux/if_addr.h` and its
//! attributes.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::malformed::Malformed;
use crate::netlink::attributes;

/// `RTM_NEWADDR`, the type of each message of the answer.
pub const ADDRESS: u16 = 20;
/// Bytes of `struct ifaddrmsg`.
const FIXED: usize = 8;
/// The interface's address; on a point-to-point link the other end's (`IFA_ADDRESS`).
const IFA_ADDRESS: u16 = 1;
/// On a point-to-point link this end's (`IFA_LOCAL`).
const IFA_LOCAL: u16 = 2;

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
}
