//! Tables by cookie. The kernel counts cookies up, so nobody chooses them and one multiplication spreads them.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// A table by cookie.
pub(super) type ByCookie<V> = HashMap<u64, V, BuildHasherDefault<Spread>>;

/// See the module.
#[derive(Default)]
pub(super) struct Spread(u64);

impl Hasher for Spread {
    fn write_u64(&mut self, number: u64) {
        // 2^64 by the golden ratio: neighbours come far apart, in the high bits and in the low ones.
        self.0 = (self.0 ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64((*byte).into());
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use std::hash::BuildHasher;

    use super::*;

    #[test]
    fn neighbours_come_apart() {
        let hash = |cookie: u64| BuildHasherDefault::<Spread>::default().hash_one(cookie);
        let distinct = |bits: fn(u64) -> u64| {
            (0..1024).map(|cookie| bits(hash(cookie))).collect::<std::collections::HashSet<_>>().len()
        };
        // The table takes its place from the low bits and tells entries of it apart by the high ones.
        assert_eq!(distinct(|hash| hash & 1023), 1024);
        assert_eq!(distinct(|hash| hash >> 57), 128);
    }
}
