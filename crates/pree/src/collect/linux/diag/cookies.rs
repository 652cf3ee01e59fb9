//! A set of cookies: one look-up for every row of a dump.
//!
//! Cookies are counted up at the first look at a socket, so the sockets of a dump have cookies that are close together, and
//! in the order of the dump if it was the first. A word of bits for each 64 of them finds the next row where the last one
//! was, and takes a bit for each.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

#[derive(Default)]
pub(super) struct CookieSet {
    words: HashMap<u64, u64, BuildHasherDefault<WordHasher>>,
    count: usize,
}

impl CookieSet {
    /// False when it was there already.
    pub(super) fn insert(&mut self, cookie: u64) -> bool {
        let word = self.words.entry(cookie / 64).or_default();
        let bit = 1 << (cookie % 64);
        let is_new = *word & bit == 0;
        *word |= bit;
        self.count += usize::from(is_new);
        is_new
    }

    pub(super) fn contains(&self, cookie: u64) -> bool {
        self.words.get(&(cookie / 64)).is_some_and(|word| word >> (cookie % 64) & 1 != 0)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    pub(super) fn len(&self) -> usize {
        self.count
    }
}

/// Words are counted up like their cookies: a multiplication spreads them well enough.
#[derive(Default)]
pub(super) struct WordHasher(u64);

impl Hasher for WordHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u64(&mut self, number: u64) {
        // Folded, because the table takes its position from the low bits and its tag from the high ones.
        let wide = u128::from(self.0 ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
        self.0 = (wide >> 64) as u64 ^ wide as u64;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn as_any_set() {
        let (mut set, mut expected) = (CookieSet::default(), HashSet::new());
        let near = (0..200).chain(60..70);
        let far = (0..200_u64).map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        for cookie in near.chain(far).chain([0, u64::MAX, u64::MAX]) {
            assert_eq!(set.contains(cookie), expected.contains(&cookie));
            assert_eq!(set.insert(cookie), expected.insert(cookie));
            assert!(set.contains(cookie));
            assert_eq!((set.len(), set.is_empty()), (expected.len(), false));
        }
    }
}
