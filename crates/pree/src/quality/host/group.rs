//! Sockets by something that they share, in the order in which each group was first met.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, SocketAddr};

use crate::model::Socket;

/// The places of sockets, grouped.
pub(super) fn group<K: Hash + Eq + Copy>(
    places: impl IntoIterator<Item = (K, usize)>,
) -> Vec<(K, Vec<usize>)> {
    let mut groups: Vec<(K, Vec<usize>)> = Vec::new();
    let mut known: HashMap<K, usize> = HashMap::new();
    for (key, place) in places {
        let at = *known.entry(key).or_insert(groups.len());
        match groups.get_mut(at) {
            Some((_, members)) => members.push(place),
            None => groups.push((key, vec![place])),
        }
    }
    groups
}

/// Where an address is one host and a port one port: the network namespace, and the interface that the socket is bound to
/// or whose link its addresses are of.
pub(super) type Network = (Option<u64>, Option<u32>);

pub(super) fn network(socket: &Socket) -> Network {
    let link = || match socket.remote.as_ref()?.socket_addr()? {
        SocketAddr::V6(remote) if remote.scope_id() != 0 => Some(remote.scope_id()),
        _ => None,
    };
    (socket.namespace_inode(), socket.interface.or_else(link))
}

/// An address as a number; one of IPv4 and its v4-mapped form are the same.
pub(super) fn ip_key(ip: IpAddr) -> u128 {
    match ip {
        IpAddr::V4(ip) => ip.to_ipv6_mapped().to_bits(),
        IpAddr::V6(ip) => ip.to_bits(),
    }
}

/// The address and port that go by this key, and without IPv6's other parts.
pub(super) fn end_key(end: SocketAddr) -> (u128, u16) {
    (ip_key(end.ip()), end.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_keep_their_order() {
        let groups = group([(7_u64, 0), (1, 1), (7, 2), (9, 3), (1, 4)]);
        assert_eq!(groups, [(7, vec![0, 2]), (1, vec![1, 4]), (9, vec![3])]);
    }

    #[test]
    fn mapped_addresses_are_ipv4() {
        let key = |text: &str| end_key(text.parse().unwrap());
        assert_eq!(key("[::ffff:192.0.2.1]:80"), key("192.0.2.1:80"));
        assert_ne!(key("192.0.2.1:80"), key("192.0.2.1:81"));
        assert_ne!(key("[::1]:80"), key("[::2]:80"));
    }
}
