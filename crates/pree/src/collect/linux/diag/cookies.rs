//! A set of cookies: one look-up for every row of a dump.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};

pub(super) type CookieSet = HashSet<u64, BuildHasherDefault<CookieHasher>>;

/// Cookies are counted up: a multiplication spreads them well enough.
#[derive(Default)]
pub(super) struct CookieHasher(u64);

impl Hasher for CookieHasher {
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
