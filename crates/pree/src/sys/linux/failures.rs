//! Which errors of a system call are the kernel's answer to the question, and which only say that asking failed.
//!
//! An error is an answer only where the kernel gives it as one for that call: everything else, whatever its number, is a
//! failure on the way. ARCHITECTURE.md has the whole table.

use crate::source::{Errno, Failure};

/// A call that only carries the answer: its errors say nothing about what was asked.
pub(super) fn transport(error: rustix::io::Errno) -> Failure {
    Failure::Transport(errno(error))
}

/// A path of the system's own file systems is looked up: it is not there, its process has ended, or it may not be seen.
pub(super) fn lookup(error: rustix::io::Errno) -> Failure {
    Failure::of_call(&[Errno::ENOENT, Errno::ESRCH, Errno::EACCES, Errno::EPERM], errno(error))
}

/// The same for a path that a user named: it may lead anywhere, or nowhere.
pub(super) fn lookup_named(error: rustix::io::Errno) -> Failure {
    const ELOOP: Errno = Errno::linux(40);
    match errno(error) {
        answer @ (Errno::ENOTDIR | Errno::ENAMETOOLONG | ELOOP) => Failure::Answer(answer),
        _ => lookup(error),
    }
}

/// What was opened of a process or a thread is read on: it may have ended since.
pub(super) fn of_process(error: rustix::io::Errno) -> Failure {
    Failure::of_call(&[Errno::ENOENT, Errno::ESRCH], errno(error))
}

pub(super) fn errno(error: rustix::io::Errno) -> Errno {
    Errno::linux(error.raw_os_error())
}
