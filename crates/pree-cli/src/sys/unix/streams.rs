//! Which of the three standard descriptors were closed when the program was started.
//!
//! Before `main` Rust's runtime opens /dev/null in their place, and then they look as if output was thrown away on
//! purpose. So they are looked at before it, from the list of functions that the loader calls (`sys/mod.rs`).

use std::sync::atomic::{AtomicBool, Ordering};

static CLOSED: [AtomicBool; 3] = [const { AtomicBool::new(false) }; 3];

/// Looks at them. Nothing of Rust is there yet, so this does no more than two calls to the system would.
pub(in crate::sys) extern "C" fn look() {
    for (number, closed) in (0..).zip(&CLOSED) {
        // SAFETY: F_GETFD takes no pointer, and a number that is no descriptor is refused.
        let flags = unsafe { libc::fcntl(number, libc::F_GETFD) };
        closed.store(flags == -1, Ordering::Relaxed);
    }
}

/// Whether this descriptor was closed; of others than the three that is not known, and not the runtime's doing.
pub(crate) fn was_closed(number: usize) -> bool {
    CLOSED.get(number).is_some_and(|closed| closed.load(Ordering::Relaxed))
}
