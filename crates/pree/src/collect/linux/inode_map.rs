//! Inode → the descriptors that lead to it: an open-addressing table, because this join is done for every descriptor
//! of the machine.

/// One descriptor of one process.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Holder {
    /// Index of the process in the search's own list.
    pub(super) process: u32,
    pub(super) fd: u32,
    /// Thread id when the descriptor is not in the leader's table, else 0.
    pub(super) thread: u32,
    next: u32,
}

const NONE: u32 = u32::MAX;

#[derive(Clone, Copy)]
struct Slot {
    /// 0: empty. No socket has inode 0.
    inode: u64,
    first: u32,
    last: u32,
}

const EMPTY: Slot = Slot { inode: 0, first: NONE, last: NONE };

/// The table. Holders of one inode keep the order in which they were added.
#[derive(Default)]
pub(super) struct InodeMap {
    slots: Vec<Slot>,
    holders: Vec<Holder>,
    inodes: usize,
}

impl InodeMap {
    pub(super) fn clear(&mut self) {
        self.slots.clear();
        self.holders.clear();
        self.inodes = 0;
    }

    pub(super) fn add(&mut self, inode: u64, process: u32, fd: u32, thread: u32) {
        if inode == 0 {
            return;
        }
        // At most half full: probe sequences stay short.
        if self.inodes * 2 >= self.slots.len() {
            self.grow();
        }
        let Ok(index) = u32::try_from(self.holders.len()) else { return };
        let at = self.position(inode);
        let slot = &mut self.slots[at];
        if slot.inode == 0 {
            *slot = Slot { inode, first: index, last: index };
            self.inodes += 1;
        } else {
            self.holders[slot.last as usize].next = index;
            slot.last = index;
        }
        self.holders.push(Holder { process, fd, thread, next: NONE });
    }

    /// The holders of a socket, first found first.
    pub(super) fn holders(&self, inode: u64) -> impl Iterator<Item = Holder> + '_ {
        let first =
            if inode == 0 || self.slots.is_empty() { NONE } else { self.slots[self.position(inode)].first };
        let get = |index: u32| self.holders.get(index as usize).copied();
        std::iter::successors(get(first), move |holder| get(holder.next))
    }

    /// Where the inode is, or the empty slot where it would be. The table is never full.
    fn position(&self, inode: u64) -> usize {
        let mask = self.slots.len() - 1;
        // Inodes are counted up: multiplying by 2^64/φ spreads neighbours, and the high bits are the good ones.
        let mut at = (inode.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize & mask;
        while self.slots[at].inode != 0 && self.slots[at].inode != inode {
            at = (at + 1) & mask;
        }
        at
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
        assert_eq!(map.holders(5_001).count(), 0);
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
