//! How writing into a pipe fails when nobody reads from it any more, where that is always the same error.

use std::io;

pub(crate) fn reader_is_gone(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::BrokenPipe
}
