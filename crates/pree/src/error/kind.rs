//! The reasons that errors and gaps share.

use pree_wire::errno::{Errno, apple, windows};

use crate::named::named;

named! {
    /// Why something could not be had. Errors and gaps ([`crate::Gap`]) use the same reasons.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
    #[non_exhaustive]
    pub enum ErrorKind, name: "The name in JSON." {
        /// A right is missing.
        NotPermitted = "not_permitted",
        /// This system has no such thing: no such table, no /proc, a module that is not loaded.
        Absent = "absent",
        /// pree cannot do this on this system, or was built without it.
        Unsupported = "unsupported",
        /// The system lacks memory, descriptors or buffer space.
        Exhausted = "exhausted",
        /// It changed faster than it could be read.
        Unsettled = "unsettled",
        /// The bytes do not make sense.
        Malformed = "malformed",
        /// What was named in the question is not there: a user, an interface, a cgroup.
        Invalid = "invalid",
        /// Two parts of the question contradict each other.
        Contradictory = "contradictory",
        /// The recording that is replayed has no answer: it was not asked when it was made.
        NotRecorded = "not_recorded",
        /// Anything else: what the system answered, or what failed on the way to an answer.
        Io = "io",
    }
}

impl ErrorKind {
    /// The kind that an error number belongs to as an answer, whichever system's it is. Only [`crate::source::Failure::kind`] knows whether
    /// it is one.
    pub(crate) fn of(errno: Errno) -> Self {
        match errno {
            Errno::EPERM | Errno::EACCES => Self::NotPermitted,
            Errno::ENOENT
            | Errno::ESRCH
            | Errno::ENOTDIR
            | Errno::EAFNOSUPPORT
            | Errno::EPROTONOSUPPORT
            | Errno::ENODEV
            | Errno::ENXIO
            | Errno::ENODATA => Self::Absent,
            Errno::ENOSYS | Errno::EOPNOTSUPP | Errno::EINVAL => Self::Unsupported,
            Errno::ENOMEM | Errno::ENOBUFS | Errno::EMFILE | Errno::ENFILE | Errno::ENOSPC => Self::Exhausted,
            Errno::EINTR | Errno::EAGAIN | Errno::EBUSY | Errno::ETIMEDOUT | Errno::ESTALE => Self::Unsettled,
            Errno::EBADMSG | Errno::EPROTO => Self::Malformed,
            _ if errno.is_numbered_as(apple::EPERM) => Self::of_apple(errno),
            _ if errno.is_numbered_as(windows::ERROR_ACCESS_DENIED) => Self::of_windows(errno),
            _ => Self::Io,
        }
    }

    fn of_apple(errno: Errno) -> Self {
        match errno {
            apple::EPERM | apple::EACCES => Self::NotPermitted,
            apple::ENOENT
            | apple::ESRCH
            | apple::ENXIO
            | apple::EBADF
            | apple::ENOTSOCK
            | apple::EAFNOSUPPORT => Self::Absent,
            apple::ENOSYS | apple::ENOTSUP | apple::EOPNOTSUPP | apple::EINVAL => Self::Unsupported,
            apple::ENOMEM | apple::ENOBUFS | apple::EMFILE | apple::ENFILE | apple::ENOSPC => Self::Exhausted,
            apple::EINTR | apple::EAGAIN | apple::EBUSY | apple::ETIMEDOUT => Self::Unsettled,
            apple::EBADMSG => Self::Malformed,
            _ => Self::Io,
        }
    }

    fn of_windows(code: Errno) -> Self {
        match code {
            windows::ERROR_ACCESS_DENIED => Self::NotPermitted,
            // Of a process: none has this id.
            windows::ERROR_INVALID_PARAMETER
            | windows::ERROR_FILE_NOT_FOUND
            | windows::ERROR_NOT_FOUND
            | windows::ERROR_NO_DATA => Self::Absent,
            windows::ERROR_NOT_SUPPORTED
            | windows::ERROR_INVALID_FUNCTION
            | windows::WSAEINVAL
            | windows::WSAEOPNOTSUPP
            | windows::ERROR_CALL_NOT_IMPLEMENTED
            | windows::ERROR_MOD_NOT_FOUND
            | windows::ERROR_PROC_NOT_FOUND => Self::Unsupported,
            windows::ERROR_NOT_ENOUGH_MEMORY
            | windows::ERROR_OUTOFMEMORY
            | windows::ERROR_NO_SYSTEM_RESOURCES => Self::Exhausted,
            windows::ERROR_INSUFFICIENT_BUFFER | windows::ERROR_MORE_DATA | windows::ERROR_TIMEOUT => {
                Self::Unsettled
            }
            windows::ERROR_INVALID_DATA => Self::Malformed,
            _ => Self::Io,
        }
    }
}
