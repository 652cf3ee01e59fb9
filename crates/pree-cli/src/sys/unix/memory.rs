//! Memory that the system does not give is reported in a line, where Rust's own way is to abort.
//!
//! What can do without asks the system in another way: the library maps the kernel's types (`bpf/types.rs`).

use std::alloc::{GlobalAlloc, Layout, System};

use crate::exit::FAILED;

/// The system's memory, or the end of the program.
pub(crate) struct Memory;

// SAFETY: everything is passed on to the system's allocator, and its answers are passed back but for a null pointer,
// after which nothing follows.
unsafe impl GlobalAlloc for Memory {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise is the one that is asked for.
        given(unsafe { System.alloc(layout) })
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise is the one that is asked for.
        given(unsafe { System.alloc_zeroed(layout) })
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller's promise is the one that is asked for.
        given(unsafe { System.realloc(memory, layout, size) })
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is the one that is asked for.
        unsafe { System.dealloc(memory, layout) };
    }
}

fn given(memory: *mut u8) -> *mut u8 {
    if memory.is_null() {
        give_up();
    }
    memory
}

#[cold]
fn give_up() -> ! {
    const TEXT: &[u8] = b"pree: the system gives no more memory (see ulimit -v)\n";
    // SAFETY: the text has this length and is only read.
    let _ = unsafe { libc::write(libc::STDERR_FILENO, TEXT.as_ptr().cast(), TEXT.len()) };
    // SAFETY: takes no pointer. It runs nothing that could need memory, or a lock that somebody holds.
    unsafe { libc::_exit(FAILED.into()) }
}
