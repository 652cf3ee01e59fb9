//! Signals that wait until something is done that must not be left half done.

use std::mem::MaybeUninit;
use std::ptr;

/// While this lives no signal ends the program but those that nobody can hold back.
pub(crate) struct Held(libc::sigset_t);

impl Held {
    pub(crate) fn all() -> Self {
        let mut all = MaybeUninit::uninit();
        let mut before = MaybeUninit::uninit();
        // SAFETY: both sets are this function's own; the first call fills the one, and the second, which reads it, the
        // other: it fails only for an operation that there is not.
        unsafe {
            libc::sigfillset(all.as_mut_ptr());
            libc::pthread_sigmask(libc::SIG_BLOCK, all.as_ptr(), before.as_mut_ptr());
            Self(before.assume_init())
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // SAFETY: the set is the one that was in force; the old one is not asked for.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &self.0, ptr::null_mut()) };
    }
}
