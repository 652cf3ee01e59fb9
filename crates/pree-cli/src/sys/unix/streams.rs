//! What the three standard descriptors were open for when the program was started.
//!
//! Before `main` Rust's runtime opens /dev/null in place of closed ones, and then they look as if output was thrown away
//! on purpose. So they are looked at before it, from the list of functions that the loader calls (`sys/mod.rs`). Earlier
//! still is the C library where the program's file lends rights: glibc opens a device there that serves only for what the
//! descriptor is not for (`check_fds.c`). So what counts is for what each is open.

use std::ffi::c_int;
use std::sync::atomic::{AtomicI32, Ordering};

/// Their flags; a closed one has none.
const CLOSED: c_int = -1;
static FLAGS: [AtomicI32; 3] = [const { AtomicI32::new(CLOSED) }; 3];

/// Looks at them. Nothing of Rust is there yet, so this does no more than three calls to the system would.
pub(in crate::sys) extern "C" fn look() {
    for (number, flags) in (0..).zip(&FLAGS) {
        // SAFETY: F_GETFL takes no pointer, and a number that is no descriptor is refused.
        flags.store(unsafe { libc::fcntl(number, libc::F_GETFL) }, Ordering::Relaxed);
    }
}

/// Whether this descriptor was open for reading; of others than the three it is not known, and not the runtime's doing.
pub(crate) fn readable(number: usize) -> bool {
    is_open(number, libc::O_WRONLY)
}

/// Whether it was open for writing.
pub(crate) fn writable(number: usize) -> bool {
    is_open(number, libc::O_RDONLY)
}

fn is_open(number: usize, only_the_other_way: c_int) -> bool {
    let Some(flags) = FLAGS.get(number) else { return true };
    let flags = flags.load(Ordering::Relaxed);
    flags != CLOSED && flags & libc::O_ACCMODE != only_the_other_way
}
