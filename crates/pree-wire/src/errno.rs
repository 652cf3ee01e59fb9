//! Error numbers of Linux, macOS and Windows, as they travel in netlink messages, system calls and recordings.
//!
//! Own constants instead of the building system's: a recording from one system is read on the others too, where the
//! same names have other numbers. So a number knows whose it is. What an error means for a query is left to the caller.

pub mod apple;
mod linux;
mod number;
pub mod windows;

use core::fmt;

pub use number::Errno;
use number::Numbering;

impl Errno {
    /// The system's own name, e.g. `ENOENT` or `ERROR_ACCESS_DENIED`, where this number has one here.
    pub const fn name(self) -> Option<&'static str> {
        match self.numbering {
            Numbering::Linux => linux::name(self.number),
            Numbering::Apple => apple::name(self.number),
            Numbering::Windows => windows::name(self.code()),
        }
    }
}

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "{name} ({})", self.number),
            None if self.numbering == Numbering::Windows => {
                write!(f, "Windows error {}", self.code())
            }
            None => write!(f, "errno {}", self.number),
        }
    }
}

impl core::error::Error for Errno {}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::string::ToString;

    #[test]
    fn shown_by_name_or_number() {
        for (errno, text) in [
            (Errno::ENOENT, "ENOENT (2)"),
            (Errno::linux(4711), "errno 4711"),
            (Errno::linux(0), "errno 0"),
            (Errno::linux(-1), "errno -1"),
            (Errno::ESTALE, "ESTALE (116)"),
            (Errno::apple(35), "EAGAIN (35)"),
            (Errno::apple(4711), "errno 4711"),
            (Errno::windows(5), "ERROR_ACCESS_DENIED (5)"),
            (Errno::windows(4711), "Windows error 4711"),
            (Errno::windows(u32::MAX), "Windows error 4294967295"),
        ] {
            assert_eq!(errno.to_string(), text);
        }
    }

    #[test]
    fn one_number_is_not_the_same_error_everywhere() {
        assert_ne!(Errno::linux(35), Errno::apple(35));
        assert_ne!(Errno::linux(2), Errno::windows(2));
        assert!(Errno::ENOENT.is_numbered_as(Errno::EPERM));
        assert!(!Errno::ENOENT.is_numbered_as(apple::ENOENT));
    }
}
