//! Requests of `NETLINK_ROUTE` for everything of a kind in a network namespace, and where their answers end.

use crate::malformed::BufferTooSmall;
use crate::netlink::{Body, DUMP, REQUEST, RequestBuffer, messages};

const IFLA_EXT_MASK: u16 = 29;
const RTEXT_FILTER_SKIP_STATS: u32 = 8;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Every {
    /// Address of an interface: [`crate::own_addresses`].
    Address,
    /// Interface: [`crate::links`].
    Link,
}

/// Writes the request, and answers its length.
///
/// # Errors
/// The buffer has no room: 40 bytes are enough.
pub fn encode_request(every: Every, buffer: &mut [u8]) -> Result<usize, BufferTooSmall> {
    // `RTM_GETADDR` with `struct ifaddrmsg`, `RTM_GETLINK` with `struct ifinfomsg`.
    let (kind, fixed): (u16, &[u8]) = match every {
        Every::Address => (22, &[0; 8]),
        Every::Link => (18, &[0; 16]),
    };
    let mut request = RequestBuffer::new(buffer, kind, REQUEST | DUMP, 1)?;
    request.payload(fixed)?;
    if every == Every::Link {
        // Counters are half of each message.
        request.attribute(IFLA_EXT_MASK, &RTEXT_FILTER_SKIP_STATS.to_ne_bytes())?;
    }
    Ok(request.finish().len())
}

/// Whether the answer ends in this datagram, well or with an error.
pub fn ends(datagram: &[u8]) -> bool {
    messages(datagram).any(|message| match message {
        Ok(message) => matches!(message.body(), Body::Done(_) | Body::Error(_)),
        Err(_) => true,
    })
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::vec::Vec;

    #[test]
    fn the_request_is_a_dump() {
        let mask = [[8_u16, 29].map(u16::to_ne_bytes).concat(), 8_u32.to_ne_bytes().to_vec()].concat();
        for (every, kind, payload) in
            [(Every::Address, 22, [0; 8].to_vec()), (Every::Link, 18, [&[0; 16][..], &mask].concat())]
        {
            let mut room = [0; 40];
            let length = encode_request(every, &mut room).unwrap();
            assert_eq!(length, 16 + payload.len());
            let buffer = &mut room[..length];
            let message = messages(buffer).next().unwrap().unwrap();
            assert!(!ends(buffer) && ends(&buffer[..20]));
            let done = [20_u32, 3 << if cfg!(target_endian = "big") { 16 } else { 0 }, 1, 0, 0];
            let done: Vec<u8> = done.into_iter().flat_map(u32::to_ne_bytes).collect();
            assert!(ends(&[&buffer[..], &done].concat()));
            assert_eq!((message.kind, message.flags, message.payload), (kind, 0x301, &payload[..]));
            assert!(encode_request(every, &mut buffer[..length - 1]).is_err());
        }
    }
}
