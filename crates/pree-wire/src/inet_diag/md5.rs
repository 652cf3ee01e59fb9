//! Keys of TCP-MD5 (RFC 2385): `struct tcp_diag_md5sig`, one after another. Whom they are for is read; the keys, which the kernel
//! adds, are only ever blotted out.

use super::attribute::MD5SIG;
use super::{AF_INET, AF_INET6, SOCK_DIAG_BY_FAMILY, TCPDIAG_GETSOCK};
use crate::bytes::align4;
use crate::netlink::{HEADER, attributes, messages};

/// Bytes of `struct tcp_diag_md5sig`.
const SIZE: usize = 100;
/// Its key begins here, behind its length, which is a secret too.
const KEY_LENGTH: core::ops::Range<usize> = 2..4;
const KEY: core::ops::RangeFrom<usize> = 20..;
/// Bytes of `struct inet_diag_msg`.
const FIXED: usize = 72;

/// Peers that a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Peers {
    /// 2 IPv4, 10 IPv6.
    pub family: u8,
    /// Address in network order; IPv4 in the first 4 bytes, as in rows.
    pub address: [u8; 16],
    /// How many bits of it count.
    pub prefix: u8,
}

/// The peers in the value of a `MD5SIG` attribute; of other families than IP none.
pub fn peers(bytes: &[u8]) -> impl Iterator<Item = Peers> + '_ {
    bytes.chunks_exact(SIZE).filter_map(|key| match key {
        [family @ (AF_INET | AF_INET6), prefix, _, _, rest @ ..] => {
            Some(Peers { family: *family, address: *rest.first_chunk()?, prefix: *prefix })
        }
        _ => None,
    })
}

/// Blots out the keys in a datagram of rows.
pub fn blot_out_keys(datagram: &mut [u8]) {
    let mut offset = 0;
    loop {
        let Some(Ok(message)) = messages(datagram.get(offset..).unwrap_or_default()).next() else { return };
        let end = HEADER + message.payload.len();
        let keys = match message.kind {
            SOCK_DIAG_BY_FAMILY | TCPDIAG_GETSOCK => place_of_keys(message.payload),
            _ => None,
        };
        if let Some((at, length)) = keys {
            let start = offset + HEADER + at;
            let keys = datagram.get_mut(start..start + length).unwrap_or_default();
            for key in keys.chunks_mut(SIZE) {
                key.get_mut(KEY_LENGTH).unwrap_or_default().fill(0);
                key.get_mut(KEY).unwrap_or_default().fill(0);
            }
        }
        offset += align4(end);
    }
}

/// Where the attribute's value lies in a row, and its length.
fn place_of_keys(row: &[u8]) -> Option<(usize, usize)> {
    let mut all = attributes(row.get(FIXED..)?);
    while let Some(Ok((at, attribute))) = all.next_at() {
        if attribute.kind == MD5SIG {
            return Some((FIXED + at, attribute.payload.len()));
        }
    }
    None
}
