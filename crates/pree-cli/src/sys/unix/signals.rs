//! Signals that wait until something is done that must not be left half done.

use std::mem::MaybeUninit;
use std::ptr;

/// While this lives, no signal ends the program except those that cannot be blocked.
pub(crate) struct Held(libc::sigset_t);

impl Held {
    pub(crate) fn all() -> Self {
        let mut all = MaybeUninit::uninit();
        let mut before = MaybeUninit::uninit();
        // SAFETY: the set is this function's own.
        unsafe { libc::sigfillset(all.as_mut_ptr()) };
        // SAFETY: the first set was filled, the second one is this function's own.
        unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, all.as_ptr(), before.as_mut_ptr()) };
        // SAFETY: that fails only for an operation that there is not, so the set was written.
        Self(unsafe { before.assume_init() })
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // SAFETY: the set is the one that was in force; the old one is not asked for.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.0, ptr::null_mut()) };
    }
}
