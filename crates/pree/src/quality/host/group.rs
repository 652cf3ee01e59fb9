//! Sockets by something that they share, in the order in which each group was first met.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hash, Hasher};
use std::net::{IpAddr, SocketAddr};

/// Addresses are chosen by whoever connects, so the hash has a key that they do not know.
pub(super) type Map<K, V> = HashMap<K, V, Keyed>;

/// The places of sockets, grouped.
pub(super) fn group<K: Hash + Eq + Copy>(
    places: impl IntoIterator<Item = (K, usize)>,
) -> Vec<(K, Vec<usize>)> {
    let mut groups: Vec<(K, Vec<usize>)> = Vec::new();
    let mut known: Map<K, usize> = Map::default();
    for (key, place) in places {
        let at = *known.entry(key).or_insert(groups.len());
        match groups.get_mut(at) {
            Some((_, members)) => members.push(place),
            None => groups.push((key, vec![place])),
        }
    }
    groups
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

/// Makes hashers with a key of its own.
#[derive(Clone, Debug)]
pub(super) struct Keyed(u64);

impl Default for Keyed {
    fn default() -> Self {
        Self(RandomState::new().hash_one(0))
    }
}

impl BuildHasher for Keyed {
    type Hasher = Folding;

    fn build_hasher(&self) -> Folding {
        Folding(self.0)
    }
}

/// Multiplies to twice the width and folds the halves: a few cycles a number, where the standard hasher takes dozens.
#[derive(Debug)]
pub(super) struct Folding(u64);

impl Hasher for Folding {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(word));
        }
    }

    fn write_u16(&mut self, number: u16) {
        self.write_u64(number.into());
    }

    fn write_u32(&mut self, number: u32) {
        self.write_u64(number.into());
    }

    fn write_u64(&mut self, number: u64) {
        // 2^64/φ, odd.
        let wide = u128::from(self.0 ^ number) * 0x9e37_79b9_7f4a_7c15;
        self.0 = (wide ^ (wide >> 64)) as u64;
    }

    fn write_u128(&mut self, number: u128) {
        self.write_u64((number >> 64) as u64);
        self.write_u64(number as u64);
    }
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

    /// Neighbouring addresses and ports, as they are met, spread over the low bits and the high ones.
    #[test]
    fn neighbours_spread() {
        let hasher = Keyed::default();
        for shift in [0, 57] {
            let mut buckets = [0_u32; 128];
            for number in 0..12_800_u32 {
                let hash = hasher.hash_one((u128::from(number / 100) << 8, (number % 100) as u16));
                buckets[(hash >> shift) as usize & 127] += 1;
            }
            assert!(buckets.iter().all(|count| (20..300).contains(count)), "{shift}: {buckets:?}");
        }
    }
}
