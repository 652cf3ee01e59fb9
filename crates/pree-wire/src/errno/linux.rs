//! Error numbers of Linux.
//!
//! Those of include/uapi/asm-generic/errno*.h; MIPS, PA-RISC, SPARC and Alpha differ above 34 and are not supported.

use super::number::Errno;

macro_rules! errnos {
    ($($(#[$doc:meta])* $name:ident = $number:literal,)*) => {
        impl Errno {
            $($(#[$doc])* pub const $name: Self = Self::linux($number);)*
        }

        pub(super) const fn name(number: i32) -> Option<&'static str> {
            match number {
                $($number => Some(stringify!($name)),)*
                _ => None,
            }
        }
    };
}

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
