//! Error numbers of Linux, macOS and Windows, as they travel in netlink messages, system calls and recordings.
//!
//! Own constants instead of the building system's: a recording from one system is read on the others too, where the
//! same names have other numbers. So a number knows whose it is. What an error means for a query is left to the caller.

pub mod apple;
pub mod windows;

use core::fmt;

/// An error number and the system whose it is. An open set: numbers without a name here stay what they are.
///
/// Linux's have their names as constants of this type, those of the others stand in [`apple`] and [`windows`].
#[derive(Copy, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Errno {
    numbering: Numbering,
    number: i32,
}

/// Whose numbers they are.
#[derive(Copy, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
enum Numbering {
    Linux,
    Apple,
    Windows,
}

impl Errno {
    /// One of Linux, positive.
    pub const fn linux(number: i32) -> Self {
        Self { numbering: Numbering::Linux, number }
    }

    /// One of macOS and its kin, positive.
    pub const fn apple(number: i32) -> Self {
        Self { numbering: Numbering::Apple, number }
    }

    /// A Win32 error code, `ERROR_*`.
    pub const fn windows(code: u32) -> Self {
        Self { numbering: Numbering::Windows, number: i32::from_ne_bytes(code.to_ne_bytes()) }
    }

    /// The number; of a Windows code its 32 bits.
    pub const fn number(self) -> i32 {
        self.number
    }

    /// A Windows code is not a signed number.
    const fn code(self) -> u32 {
        u32::from_ne_bytes(self.number.to_ne_bytes())
    }

    /// True when both numbers are of one system.
    pub const fn is_numbered_as(self, other: Self) -> bool {
        self.numbering as u8 == other.numbering as u8
    }

    /// The system's own name, e.g. `ENOENT` or `ERROR_ACCESS_DENIED`, where this number has one here.
    pub const fn name(self) -> Option<&'static str> {
        match self.numbering {
            Numbering::Linux => linux_name(self.number),
            Numbering::Apple => apple::name(self.number),
            Numbering::Windows => windows::name(self.code()),
        }
    }
}

macro_rules! errnos {
    ($($(#[$doc:meta])* $name:ident = $number:literal,)*) => {
        impl Errno {
            $($(#[$doc])* pub const $name: Self = Self::linux($number);)*
        }

        const fn linux_name(number: i32) -> Option<&'static str> {
            match number {
                $($number => Some(stringify!($name)),)*
                _ => None,
            }
        }
    };
}

/// The same for a system whose names are constants of their own, made by the function `$of`.
macro_rules! named_numbers {
    ($of:ident($type:ty): $($(#[$doc:meta])* $name:ident = $number:literal,)*) => {
        $($(#[$doc])* pub const $name: $crate::errno::Errno = $crate::errno::Errno::$of($number);)*

        pub(super) const fn name(number: $type) -> Option<&'static str> {
            match number {
                $($number => Some(stringify!($name)),)*
                _ => None,
            }
        }
    };
}
use named_numbers;

// Numbers of include/uapi/asm-generic/errno*.h; MIPS, PA-RISC, SPARC and Alpha differ above 34 and are not supported.
errnos! {
    /// Operation not permitted: a right (capability) is missing.
    EPERM = 1,
    /// No such socket, or no module that can answer for the protocol.
    ENOENT = 2,
    /// The process has ended.
    ESRCH = 3,
    /// Interrupted; for a dump: the table changed while it was read.
    EINTR = 4,
    /// Input/output error.
    EIO = 5,
    /// The argument list is too long.
    E2BIG = 7,
    /// No such device or address.
    ENXIO = 6,
    /// Bad file descriptor.
    EBADF = 9,
    /// Nothing there yet.
    EAGAIN = 11,
    /// Out of memory.
    ENOMEM = 12,
    /// Permission denied by file mode or a security module.
    EACCES = 13,
    /// The device or resource is busy; for netlink: another dump is running on this socket.
    EBUSY = 16,
    /// No such device.
    ENODEV = 19,
    /// Not a directory.
    ENOTDIR = 20,
    /// Invalid argument; for `sock_diag` also: unknown to this kernel.
    EINVAL = 22,
    /// The system's table of open files is full.
    ENFILE = 23,
    /// This process has too many open files.
    EMFILE = 24,
    /// No space left.
    ENOSPC = 28,
    /// The other end is gone.
    EPIPE = 32,
    /// File name too long.
    ENAMETOOLONG = 36,
    /// This kernel does not have the call.
    ENOSYS = 38,
    /// No data available.
    ENODATA = 61,
    /// Protocol error.
    EPROTO = 71,
    /// Not a message of the expected kind.
    EBADMSG = 74,
    /// The protocol is not supported.
    EPROTONOSUPPORT = 93,
    /// The operation is not supported here.
    EOPNOTSUPP = 95,
    /// The address family is not supported.
    EAFNOSUPPORT = 97,
    /// The receive buffer overflowed: messages were lost.
    ENOBUFS = 105,
    /// Timed out.
    ETIMEDOUT = 110,
    /// The peer refused the connection.
    ECONNREFUSED = 111,
    /// The cookie in the request is not the cookie of the socket found.
    ESTALE = 116,
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
