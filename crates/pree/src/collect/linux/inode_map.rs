//! Inode → the descriptors that lead to it: an open-addressing table, because this join is done for every descriptor
//! of the machine.
//!
//! Where an inode is looked for depends on a number that every run draws anew: a process can open and close sockets until it
//! has just those inodes that would crowd in one place.

use std::hash::{BuildHasher, RandomState};

/// One descriptor of one process.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct Holder {
    /// Index of the process in the search's own list.
    pub(super) process: u32,
    pub(super) fd: u32,
    /// Thread id when the descriptor is not in the leader's table, else 0.
    pub(super) thread: u32,
}

/// Almost every socket has one holder, and it lies in the slot: to find it is one cache miss.
#[derive(Clone, Copy)]
struct Slot {
    /// 0: empty. No socket has inode 0.
    inode: u64,
    /// The only holder's process; or, with [`SHARED`], the index of the first of several.
    first: u32,
    /// The only holder's descriptor; or the index of the last of several.
    last: u32,
}

const EMPTY: Slot = Slot { inode: 0, first: 0, last: 0 };
/// The holders are in the list. One in a thread's table is there even when it is the only one.
const SHARED: u32 = 1 << 31;
const NONE: u32 = u32::MAX;
/// Two more must have an index. The system has fewer open files than this.
const MOST_SHARED: usize = SHARED as usize - 2;

/// 2⁶⁴ divided by the golden ratio, odd: the usual factor to spread numbers with.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// One of several holders, and the index of the next one.
struct Shared {
    holder: Holder,
    next: u32,
}

/// The table. Holders of one inode keep the order in which they were added.
pub(super) struct InodeMap {
    slots: Vec<Slot>,
    shared: Vec<Shared>,
    inodes: usize,
    /// Odd.
    factor: u64,
}

impl Default for InodeMap {
    fn default() -> Self {
        let factor = RandomState::new().hash_one(0_u64) | 1;
        Self { slots: Vec::new(), shared: Vec::new(), inodes: 0, factor }
    }
}

impl InodeMap {
    pub(super) fn clear(&mut self) {
        self.slots.clear();
        self.shared.clear();
        self.inodes = 0;
    }

    pub(super) fn add(&mut self, inode: u64, process: u32, fd: u32, thread: u32) {
        if inode == 0 || self.shared.len() >= MOST_SHARED {
            return;
        }
        // At most half full: probe sequences stay short.
        if self.inodes * 2 >= self.slots.len() {
            self.grow();
        }
        let at = self.position(inode);
        let slot = self.slots[at];
        let holder = Holder { process, fd, thread };
        if slot.inode == 0 {
            self.inodes += 1;
            self.slots[at] = if thread == 0 && process < SHARED {
                Slot { inode, first: process, last: fd }
            } else {
                let index = self.share(holder);
                Slot { inode, first: index | SHARED, last: index }
            };
            return;
        }
        let (first, before) = if slot.first & SHARED == 0 {
            let index = self.share(Holder { process: slot.first, fd: slot.last, thread: 0 });
            (index | SHARED, index)
        } else {
            (slot.first, slot.last)
        };
        let last = self.share(holder);
        self.shared[before as usize].next = last;
        self.slots[at] = Slot { inode, first, last };
    }

    /// The index of the holder in the list.
    fn share(&mut self, holder: Holder) -> u32 {
        let index = self.shared.len() as u32;
        self.shared.push(Shared { holder, next: NONE });
        index
    }

    /// The holders of a socket, first found first.
    pub(super) fn holders(&self, inode: u64) -> impl Iterator<Item = Holder> + '_ {
        let slot = if inode == 0 || self.slots.is_empty() { EMPTY } else { self.slots[self.position(inode)] };
        let (only, mut next) = if slot.inode == 0 {
            (None, NONE)
        } else if slot.first & SHARED == 0 {
            (Some(Holder { process: slot.first, fd: slot.last, thread: 0 }), NONE)
        } else {
            (None, slot.first & !SHARED)
        };
        only.into_iter().chain(std::iter::from_fn(move || {
            let shared = self.shared.get(next as usize)?;
            count_step();
            next = shared.next;
            Some(shared.holder)
        }))
    }

    /// Has these looked for soon. To find each is a cache miss; one after another they are waited for, but loads that do
    /// not depend on each other are under way together.
    pub(super) fn announce(&self, inodes: impl Iterator<Item = u64>) {
        if let Some(last) = self.slots.len().checked_sub(1) {
            let touched = inodes.fold(0, |sum, inode| sum ^ self.slots[self.home(inode, last)].inode);
            std::hint::black_box(touched);
        }
    }

    /// How many inodes have a holder.
    pub(super) fn len(&self) -> usize {
        self.inodes
    }

    pub(super) fn is_empty(&self) -> bool {
        self.inodes == 0
    }

    /// Every inode that has a holder.
    pub(super) fn inodes(&self) -> impl Iterator<Item = u64> + '_ {
        self.slots.iter().map(|slot| slot.inode).filter(|inode| *inode != 0)
    }

    /// Where the inode is, or the empty slot where it would be. The table is never full.
    fn position(&self, inode: u64) -> usize {
        let mask = self.slots.len() - 1;
        let mut at = self.home(inode, mask);
        count_step();
        while self.slots[at].inode != 0 && self.slots[at].inode != inode {
            count_step();
            at = (at + 1) & mask;
        }
        at
    }

    /// Where an inode is looked for first, in a table of `mask` + 1 slots, a power of two and at least 2: the high bits of
    /// a product are the good ones. Of one product alone, the homes of numbers that follow each other, as inodes do, lie at the
    /// same distance: with some factors in few places.
    fn home(&self, inode: u64, mask: usize) -> usize {
        let product = inode.wrapping_mul(self.factor);
        let mixed = (product ^ (product >> 32)).wrapping_mul(GOLDEN);
        (mixed >> mask.leading_zeros()) as usize & mask
    }

    fn grow(&mut self) {
        let old = std::mem::take(&mut self.slots);
        self.slots = vec![EMPTY; (old.len() * 2).max(64)];
        for slot in old.into_iter().filter(|slot| slot.inode != 0) {
            let at = self.position(slot.inode);
            self.slots[at] = slot;
        }
    }
}

/// Tests count what a look-up costs.
#[inline]
fn count_step() {
    #[cfg(test)]
    crate::steps::count(1);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_all_holders_in_order_through_growth() {
        let mut map = InodeMap::default();
        for round in 0..3 {
            for inode in 1..=5_000 {
                map.add(inode, round, inode as u32, 0);
            }
        }
        for inode in 1..=5_000_u64 {
            let found: Vec<_> = map.holders(inode).map(|h| (h.process, u64::from(h.fd))).collect();
            assert_eq!(found, [(0, inode), (1, inode), (2, inode)]);
        }
        let mut inodes: Vec<u64> = map.inodes().collect();
        inodes.sort_unstable();
        assert_eq!(inodes, (1..=5_000).collect::<Vec<_>>());
        assert_eq!(map.holders(5_001).count(), 0);
        assert_eq!(map.inodes, 5_000);
    }

    #[test]
    fn a_thread_is_kept_with_one_holder_and_with_several() {
        let mut map = InodeMap::default();
        map.add(7, 1, 3, 70);
        map.add(8, 1, 4, 0);
        map.add(8, 2, 5, 71);
        map.add(8, 3, 6, 0);
        let found = |inode| map.holders(inode).map(|h| (h.process, h.fd, h.thread)).collect::<Vec<_>>();
        assert_eq!(found(7), [(1, 3, 70)]);
        assert_eq!(found(8), [(1, 4, 0), (2, 5, 71), (3, 6, 0)]);
    }

    /// Inodes that a process chose because they crowded in an eighth of the table of another run.
    #[test]
    fn chosen_inodes_do_not_crowd() {
        const CHOSEN: usize = 10_000;
        let other = InodeMap::default();
        let mask = (2 * CHOSEN).next_power_of_two() * 2 - 1;
        let crowded: Vec<u64> =
            (1..).filter(|inode| other.home(*inode, mask) < CHOSEN / 8).take(CHOSEN).collect();
        let steps_of = |mut map: InodeMap| {
            crate::steps::of(|| crowded.iter().for_each(|inode| map.add(*inode, 1, 1, 0)))
        };
        let known = InodeMap { factor: other.factor, ..InodeMap::default() };
        assert!(steps_of(known) > 100 * CHOSEN, "they crowd where the number is known");
        let steps = steps_of(InodeMap::default());
        assert!(steps < 20 * CHOSEN, "{steps} steps");
    }

    /// Whatever the number that was drawn.
    #[test]
    fn inodes_that_follow_each_other_do_not_crowd() {
        for _ in 0..1_000 {
            let mut map = InodeMap::default();
            let steps = crate::steps::of(|| (1..=2_000).for_each(|inode| map.add(inode, 1, 1, 0)));
            assert!(steps < 20_000, "{steps} steps with {:#x}", map.factor);
        }
    }

    #[test]
    fn empty_and_zero() {
        let mut map = InodeMap::default();
        assert_eq!(map.holders(7).count(), 0);
        map.add(0, 1, 1, 0);
        assert_eq!(map.holders(0).count(), 0);
        map.add(u64::MAX, 1, 2, 0);
        assert_eq!(map.holders(u64::MAX).count(), 1);
        map.clear();
        assert_eq!(map.holders(u64::MAX).count(), 0);
    }
}
