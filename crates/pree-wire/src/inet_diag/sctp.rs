//! Addresses of an SCTP association or endpoint, which has several: `struct sockaddr_storage`, one after another.

use super::{AF_INET, AF_INET6};
use crate::bytes::array_at;

/// Bytes of `struct sockaddr_storage`.
const SIZE: usize = 128;

/// One address of an SCTP socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Endpoint {
    /// 2 IPv4, 10 IPv6.
    pub family: u8,
    /// Address in network order; IPv4 in the first 4 bytes, the rest 0, as in rows.
    pub address: [u8; 16],
    /// Port; 0 where the kernel leaves it out because the row tells it.
    pub port: u16,
}

/// The addresses in the value of a `LOCALS` or `PEERS` attribute; of families that SCTP does not have none.
pub fn endpoints(bytes: &[u8]) -> impl Iterator<Item = Endpoint> + '_ {
    bytes.chunks_exact(SIZE).filter_map(|storage| {
        let family = u8::try_from(u16::from_ne_bytes(array_at(storage, 0)?)).ok()?;
        let port = u16::from_be_bytes(array_at(storage, 2)?);
        let address = match family {
            AF_INET => {
                let [a, b, c, d] = array_at(storage, 4)?;
                [a, b, c, d, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
            }
            // The flow label stands between port and address.
            AF_INET6 => array_at(storage, 8)?,
            _ => return None,
        };
        Some(Endpoint { family, address, port })
    })
}
