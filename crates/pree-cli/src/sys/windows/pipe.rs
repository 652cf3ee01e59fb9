//! How writing into a pipe fails when nobody reads from it any more.

use std::io;

use windows_sys::Win32::Foundation::ERROR_PIPE_NOT_CONNECTED;

/// True when whoever read has closed the pipe, or, being its server, disconnected it.
pub(crate) fn reader_is_gone(error: &io::Error) -> bool {
    let is_disconnected = error.raw_os_error().map(i32::cast_unsigned) == Some(ERROR_PIPE_NOT_CONNECTED);
    is_disconnected || error.kind() == io::ErrorKind::BrokenPipe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pipes_whose_reader_is_gone() {
        // ERROR_BROKEN_PIPE, ERROR_NO_DATA, ERROR_PIPE_NOT_CONNECTED; ERROR_DISK_FULL, ERROR_ACCESS_DENIED.
        for (code, is_gone) in [(109, true), (232, true), (233, true), (112, false), (5, false)] {
            assert_eq!(reader_is_gone(&io::Error::from_raw_os_error(code)), is_gone, "{code}");
        }
    }
}
