//! The library's one error type, and the reasons it shares with gaps in an answer.

use std::fmt;

use pree_wire::errno::{Errno, apple, windows};

use crate::source::Failure;

/// Why something could not be had. Errors and gaps ([`crate::Gap`]) use the same reasons.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A right is missing.
    NotPermitted,
    /// This system has no such thing: no such table, no /proc, a module that is not loaded.
    Absent,
    /// pree cannot do this on this system, or was built without it.
    Unsupported,
    /// The system lacks memory, descriptors or buffer space.
    Exhausted,
    /// It changed faster than it could be read.
    Unsettled,
    /// The bytes do not make sense.
    Malformed,
    /// What was named in the question is not there: a user, an interface, a cgroup.
    Invalid,
    /// Two parts of the question contradict each other.
    Contradictory,
    /// The recording that is replayed has no answer: it was not asked when it was made.
    NotRecorded,
    /// Anything else: what the system answered, or what failed on the way to an answer.
    Io,
}

impl ErrorKind {
    /// The name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::NotPermitted => "not_permitted",
            Self::Absent => "absent",
            Self::Unsupported => "unsupported",
            Self::Exhausted => "exhausted",
            Self::Unsettled => "unsettled",
            Self::Malformed => "malformed",
            Self::Invalid => "invalid",
            Self::Contradictory => "contradictory",
            Self::NotRecorded => "not_recorded",
            Self::Io => "io",
        }
    }

    /// The kind that an error number belongs to as an answer, whichever system's it is. Only [`Failure::kind`] knows whether
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
            apple::ENOSYS | apple::ENOTSUP | apple::EINVAL => Self::Unsupported,
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

/// What helps where a recording has no answer.
pub(crate) const NOT_RECORDED: &str = "the recording was made for a question that did not need it";

/// What went wrong: what was asked, of whom, and what came back.
#[derive(Clone, Debug)]
pub struct Error(Box<Inner>);

#[derive(Clone, Debug)]
struct Inner {
    kind: ErrorKind,
    operation: &'static str,
    object: String,
    failure: Option<Failure>,
    hint: Option<&'static str>,
}

/// Shorthand for results of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    pub(crate) fn new(kind: ErrorKind, operation: &'static str, object: impl Into<String>) -> Self {
        Self(Box::new(Inner { kind, operation, object: object.into(), failure: None, hint: None }))
    }

    /// With what helps, where the failure itself says that.
    pub(crate) fn of(failure: Failure, operation: &'static str, object: impl Into<String>) -> Self {
        let mut error = Self::new(failure.kind(), operation, object);
        error.0.failure = Some(failure);
        error.0.hint = (failure == Failure::NotRecorded).then_some(NOT_RECORDED);
        error
    }

    pub(crate) fn with_hint(mut self, hint: &'static str) -> Self {
        self.0.hint = Some(hint);
        self
    }

    /// The reason, for decisions.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// What was tried, as a verb: `dump`, `read`.
    pub fn operation(&self) -> &str {
        self.0.operation
    }

    /// What it was tried on: `tcp`, `/proc/net/tcp`.
    pub fn object(&self) -> &str {
        &self.0.object
    }

    /// The system's error number, if it gave one: errno, on Windows the code.
    pub fn errno(&self) -> Option<i32> {
        self.0.failure.and_then(Failure::errno).map(Errno::number)
    }

    /// What the source said.
    pub(crate) fn failure(&self) -> Option<Failure> {
        self.0.failure
    }

    /// What would help, in one sentence.
    pub fn hint(&self) -> Option<&str> {
        self.0.hint
    }

    /// The hint, for a gap.
    pub(crate) fn hint_text(&self) -> &'static str {
        self.0.hint.unwrap_or("")
    }

    /// True when a right is missing.
    pub fn is_permission(&self) -> bool {
        self.0.kind == ErrorKind::NotPermitted
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        write!(f, "cannot {} {}: ", inner.operation, inner.object)?;
        match inner.failure {
            Some(failure) => failure.fmt(f),
            None => f.write_str(match inner.kind {
                ErrorKind::NotPermitted => "not permitted",
                ErrorKind::Absent => "not there",
                ErrorKind::Unsupported => "not supported",
                ErrorKind::Exhausted => "out of memory or descriptors",
                ErrorKind::Unsettled => "it kept changing",
                ErrorKind::Malformed => "the bytes make no sense",
                ErrorKind::Invalid => "there is no such thing",
                ErrorKind::Contradictory => "the two contradict each other",
                ErrorKind::NotRecorded => "not in the recording",
                ErrorKind::Io => "failed",
            }),
        }
    }
}

impl std::error::Error for Error {}
