//! Error numbers of failed calls.

use pree_wire::errno::apple::EIO;

use crate::source::Errno;

pub(super) fn errno(error: &std::io::Error) -> Errno {
    error.raw_os_error().map_or(EIO, Errno::apple)
}

/// What the last call of this thread left.
pub(super) fn last_errno() -> Errno {
    errno(&std::io::Error::last_os_error())
}
