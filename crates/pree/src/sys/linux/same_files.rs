//! Which threads share a table of descriptors: kcmp(2), which says it in one call instead of a walk.

use std::cmp::Ordering;

use super::numbering::OwnId;
use crate::source::{Errno, Failure};

/// `KCMP_FILES` of `include/uapi/linux/kcmp.h`.
const KCMP_FILES: libc::c_int = 2;

/// Tables in a part of the list, at most twice as many.
const PART: usize = 256;

/// Descriptors of threads of one process that may still be read where it cannot be said which threads share a table.
pub(super) struct Unsorted(usize);

impl Default for Unsorted {
    fn default() -> Self {
        Self(1 << 20)
    }
}

impl Unsorted {
    #[cfg(test)]
    pub(super) fn at_most(most: usize) -> Self {
        Self(most)
    }

    /// One is read.
    pub(super) fn take(&mut self) -> Result<(), Failure> {
        self.0 = self.0.checked_sub(1).ok_or(Failure::Transport(Errno::ENOBUFS))?;
        Ok(())
    }
}

/// The tables of descriptors that were met, each by one of the threads that have it.
///
/// A process can have any number of threads, and of tables that some of them share: so the kernel's order of tables is
/// kept, in which each thread is compared with a few.
#[derive(Default)]
pub(super) struct Tables {
    /// One after the other they are in order; none is empty. Parts, because a place in a long list takes long to make.
    parts: Vec<Vec<OwnId>>,
}

/// What is known of a thread's table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Met {
    Before,
    /// Not yet: it belongs at this place.
    New(usize, usize),
    /// The kernel does not say: it is not permitted or not built in, or a thread is gone.
    Unknown,
}

impl Tables {
    /// Whether this thread's table was met before.
    pub(super) fn find(&self, thread: OwnId) -> Met {
        self.find_by(|known| order(known, thread))
    }

    /// Remembers a table, at the place where it was not found.
    pub(super) fn add(&mut self, thread: OwnId, part: usize, at: usize) {
        match self.parts.get_mut(part) {
            Some(tables) => {
                tables.insert(at.min(tables.len()), thread);
                if tables.len() > 2 * PART {
                    let rest = tables.split_off(PART);
                    self.parts.insert(part + 1, rest);
                }
            }
            None => self.parts.push(vec![thread]),
        }
    }

    /// `order` compares a known table with the one that is looked for.
    fn find_by(&self, order: impl Fn(OwnId) -> Option<Ordering>) -> Met {
        let mut refused = false;
        let mut order = |known: &OwnId| {
            order(*known).unwrap_or_else(|| {
                refused = true;
                Ordering::Less
            })
        };
        let after = self.parts.partition_point(|part| part.first().is_some_and(|first| order(first).is_le()));
        let part = after.saturating_sub(1);
        let found = self.parts.get(part).map_or(Err(0), |tables| tables.binary_search_by(&mut order));
        match found {
            _ if refused => Met::Unknown,
            Ok(_) => Met::Before,
            Err(at) => Met::New(part, at),
        }
    }
}

/// How the kernel orders the tables of two threads.
fn order(one: OwnId, other: OwnId) -> Option<Ordering> {
    // SAFETY: kcmp takes numbers only and touches no memory of ours.
    match unsafe { libc::syscall(libc::SYS_kcmp, one.get(), other.get(), KCMP_FILES, 0_usize, 0_usize) } {
        0 => Some(Ordering::Equal),
        1 => Some(Ordering::Less),
        2 => Some(Ordering::Greater),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::sync::mpsc;

    use super::*;
    use crate::sys::linux::numbering::Numbering;

    fn own(id: u32) -> OwnId {
        Numbering::of_proc().own(id).unwrap()
    }

    fn this_thread() -> OwnId {
        let link = std::fs::read_link("/proc/thread-self").unwrap();
        own(link.file_name().unwrap().to_str().unwrap().parse().unwrap())
    }

    /// A thread that stays, in a table of its own if it parts.
    fn thread(parts: bool) -> (OwnId, mpsc::Sender<()>) {
        let (tell, told) = mpsc::channel();
        let (stay, end) = mpsc::channel::<()>();
        std::thread::spawn(move || {
            if parts {
                // SAFETY: this thread owns no descriptors that others rely on to stay shared.
                assert_eq!(unsafe { libc::unshare(libc::CLONE_FILES) }, 0);
            }
            tell.send(this_thread()).unwrap();
            let _ = end.recv();
        });
        (told.recv().unwrap(), stay)
    }

    #[test]
    fn threads_share_unless_they_part() {
        let mut tables = Tables::default();
        let mut meet = |thread| {
            let met = tables.find(thread);
            if let Met::New(part, at) = met {
                tables.add(thread, part, at);
            }
            met
        };
        let pid = own(std::process::id());
        assert_eq!(meet(pid), Met::New(0, 0));
        let (shared, _stays) = thread(false);
        assert_eq!(meet(shared), Met::Before);
        let parted: Vec<_> = (0..20).map(|_| thread(true)).collect();
        for again in [false, true] {
            for (thread, _stays) in &parted {
                assert_eq!(matches!(meet(*thread), Met::Before), again);
            }
        }
        // No such process.
        assert_eq!(meet(own(i32::MAX as u32)), Met::Unknown);
        for no_id in [0, u32::MAX] {
            assert_eq!(Numbering::of_proc().own(no_id), None);
        }
    }

    /// As many as it takes to find a place among the tables, whether threads share them or not.
    #[test]
    fn each_thread_is_compared_with_a_few() {
        let numbering = Numbering::of_proc();
        for (threads, per_table) in [(16_000, 1), (16_000, 2), (16_000, 1000), (100, 1)] {
            let table = |id: OwnId| (id.get().unsigned_abs() / per_table).wrapping_mul(0x9e37_79b9);
            let (compared, mut tables) = (Cell::new(0), Tables::default());
            let mut met = 0;
            for id in (per_table..threads).filter_map(|id| numbering.own(id)) {
                let order = |known| {
                    compared.set(compared.get() + 1);
                    Some(table(known).cmp(&table(id)))
                };
                match tables.find_by(order) {
                    Met::New(part, at) => {
                        tables.add(id, part, at);
                        met += 1;
                    }
                    known => assert_eq!(known, Met::Before),
                }
            }
            assert_eq!(met, threads / per_table - 1);
            assert!(tables.parts.iter().all(|part| !part.is_empty() && part.len() <= 2 * PART));
            let most = threads * (met.ilog2() + 4);
            assert!(
                (threads..most).contains(&compared.get()),
                "{threads} threads, {met} tables: {compared:?}"
            );
        }
    }
}
