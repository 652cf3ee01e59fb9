//! Whether two threads share one table of descriptors: kcmp(2), which says it in one call instead of a walk.

use super::numbering::OwnId;

/// `KCMP_FILES` of `include/uapi/linux/kcmp.h`.
const KCMP_FILES: libc::c_int = 2;

/// True when both threads have the same table; false when they have not, or the kernel does not say.
pub(super) fn same_files(one: OwnId, other: OwnId) -> bool {
    // SAFETY: kcmp takes numbers only and touches no memory of ours.
    let order =
        unsafe { libc::syscall(libc::SYS_kcmp, one.get(), other.get(), KCMP_FILES, 0_usize, 0_usize) };
    // 0: equal. 1, 2, 3: not. -1: not permitted, not built in, or gone.
    order == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::linux::numbering::Numbering;

    fn own(id: u32) -> OwnId {
        Numbering::of_proc().own(id).unwrap()
    }

    fn this_thread() -> OwnId {
        let link = std::fs::read_link("/proc/thread-self").unwrap();
        own(link.file_name().unwrap().to_str().unwrap().parse().unwrap())
    }

    #[test]
    fn threads_share_unless_they_part() {
        let pid = own(std::process::id());
        assert!(same_files(pid, pid));
        let shared = std::thread::spawn(move || same_files(pid, this_thread()));
        assert!(shared.join().unwrap());
        let parted = std::thread::spawn(move || {
            // SAFETY: this thread owns no descriptors that others rely on to stay shared.
            assert_eq!(unsafe { libc::unshare(libc::CLONE_FILES) }, 0);
            same_files(pid, this_thread())
        });
        assert!(!parted.join().unwrap());
        // No such process.
        assert!(!same_files(pid, own(i32::MAX as u32)));
        for no_id in [0, u32::MAX] {
            assert_eq!(Numbering::of_proc().own(no_id), None);
        }
    }
}
