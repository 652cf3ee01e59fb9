//! New inputs from old ones.

/// xorshift64*: small, and good enough to choose where to change what.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// A generator; the same seed gives the same numbers.
    pub fn new(seed: u64) -> Self {
        // The state must not be 0.
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number below `limit`, 0 if that is 0.
    pub fn below(&mut self, limit: usize) -> usize {
        ((u128::from(self.number()) * limit as u128) >> 64) as usize
    }
}

/// Numbers at the edges of their types.
const INTERESTING: [u64; 16] = [
    0,
    1,
    3,
    4,
    0x7f,
    0x80,
    0xff,
    0x100,
    0x7fff,
    0x8000,
    0xffff,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    1 << 63,
    u64::MAX,
];

/// Longest input that is made; what the corpus has may be longer.
const LONGEST: usize = 8192;

/// An input of the corpus with some changes, into `to`.
pub fn mutate(random: &mut Random, corpus: &[Vec<u8>], words: &[&str], to: &mut Vec<u8>) {
    to.clear();
    if !corpus.is_empty() && random.below(64) != 0 {
        to.extend_from_slice(&corpus[random.below(corpus.len())]);
    }
    // Few changes mostly, so that the rest still makes sense.
    let most = 1 << random.below(5);
    for _ in 0..=random.below(most) {
        change(random, corpus, words, to);
    }
    to.truncate(LONGEST.max(corpus.iter().map(Vec::len).max().unwrap_or(0)));
}

fn change(random: &mut Random, corpus: &[Vec<u8>], words: &[&str], to: &mut Vec<u8>) {
    let at = random.below(to.len() + 1);
    match random.below(if words.is_empty() { 10 } else { 14 }) {
        0 => {
            if let Some(byte) = to.get_mut(at) {
                *byte ^= 1 << random.below(8);
            }
        }
        1 => {
            if let Some(byte) = to.get_mut(at) {
                *byte = random.number() as u8;
            }
        }
        2 | 3 => {
            let number = INTERESTING[random.below(INTERESTING.len())];
            overwrite(random, to, at, number);
        }
        // A length that is nearly right.
        4 => {
            let number =
                (to.len().saturating_sub(at) as u64).wrapping_add(random.below(9) as u64).wrapping_sub(4);
            overwrite(random, to, at & !3, number);
        }
        5 => {
            let end = (at + short(random)).min(to.len());
            to.drain(at..end);
        }
        6 => {
            let end = (at + short(random)).min(to.len());
            let part = to[at..end].to_vec();
            let into = random.below(to.len() + 1);
            to.splice(into..into, part);
        }
        7 => {
            let noise: Vec<u8> = (0..short(random)).map(|_| random.number() as u8).collect();
            to.splice(at..at, noise);
        }
        8 => to.truncate(at),
        9 => {
            if corpus.is_empty() {
                return;
            }
            let other = &corpus[random.below(corpus.len())];
            let from = random.below(other.len() + 1);
            let length = if random.below(2) == 0 { other.len() } else { short(random) };
            let part = &other[from..(from + length).min(other.len())];
            let end = if random.below(2) == 0 { at } else { (at + part.len()).min(to.len()) };
            to.splice(at..end, part.iter().copied());
        }
        _ => {
            let word = words[random.below(words.len())].as_bytes();
            let end = if random.below(2) == 0 { at } else { (at + short(random)).min(to.len()) };
            to.splice(at..end, word.iter().copied());
        }
    }
}

/// Mostly small.
fn short(random: &mut Random) -> usize {
    let most = 1 << random.below(7);
    1 + random.below(most)
}

/// One, two, four or eight bytes of a number, in either order.
fn overwrite(random: &mut Random, to: &mut [u8], at: usize, number: u64) {
    let width = 1 << random.below(4);
    let mut bytes = number.to_le_bytes();
    if random.below(2) == 0 {
        bytes[..width].reverse();
    }
    for (to, from) in to.iter_mut().skip(at).zip(&bytes[..width]) {
        *to = *from;
    }
}
