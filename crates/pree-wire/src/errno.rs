//! Error numbers of Linux, as they travel in netlink messages and recordings.
//!
//! Own constants instead of the building system's: a recording from Linux is read on macOS and Windows too, where the
//! same names have other numbers. What an error means for a query is left to the caller.

use core::fmt;

/// A Linux error number, positive. An open set: numbers without a name here stay what they are.
#[derive(Copy, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Errno(pub i32);

macro_rules! errnos {
    ($($(#[$doc:meta])* $name:ident = $number:literal,)*) => {
        impl Errno {
            $($(#[$doc])* pub const $name: Self = Self($number);)*

            /// The kernel's name, e.g. `ENOENT`, where this number has one here.
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($number => Some(stringify!($name)),)*
                    _ => None,
                }
            }
        }
    };
}

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
            Some(name) => write!(f, "{name} ({})", self.0),
            None => write!(f, "errno {}", self.0),
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
            (Errno(4711), "errno 4711"),
            (Errno(0), "errno 0"),
            (Errno(-1), "errno -1"),
            (Errno::ESTALE, "ESTALE (116)"),
        ] {
            assert_eq!(errno.to_string(), text);
        }
    }
}
