//! The library's one error type.

mod kind;

use std::fmt;

use pree_wire::errno::Errno;

pub use kind::ErrorKind;

use crate::source::Failure;

/// What helps where a recording has no answer.
pub(crate) const NOT_RECORDED: &str = "the recording was made for a question that did not need it";

/// What went wrong: what was tried, on what, and what came back.
#[derive(Clone, Debug)]
pub struct Error(Box<Inner>);

#[derive(Clone, Debug)]
struct Inner {
    kind: ErrorKind,
    operation: &'static str,
    object: String,
    failure: Option<Failure>,
    /// What came back, where neither the failure nor the kind says it.
    reason: Option<&'static str>,
    hint: Option<&'static str>,
}

/// Shorthand for results of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    pub(crate) fn new(kind: ErrorKind, operation: &'static str, object: impl Into<String>) -> Self {
        let object = object.into();
        Self(Box::new(Inner { kind, operation, object, failure: None, reason: None, hint: None }))
    }

    /// With what helps, where the failure itself says that.
    pub(crate) fn of(failure: Failure, operation: &'static str, object: impl Into<String>) -> Self {
        let mut error = Self::new(failure.kind(), operation, object);
        error.0.failure = Some(failure);
        error.0.hint = (failure == Failure::NotRecorded).then_some(NOT_RECORDED);
        error
    }

    /// True for an error that another look can be without.
    pub(crate) fn passes(&self) -> bool {
        use ErrorKind::{Exhausted, Io, Malformed, Unsettled};
        matches!(self.kind(), Exhausted | Io | Malformed | Unsettled)
    }

    pub(crate) fn because(mut self, reason: &'static str) -> Self {
        self.0.reason = Some(reason);
        self
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
        if inner.kind == ErrorKind::Invalid && inner.reason.is_none() {
            return write!(f, "no {}", inner.object);
        }
        write!(f, "cannot {} {}: ", inner.operation, inner.object)?;
        match (inner.reason, inner.failure) {
            (Some(reason), _) => f.write_str(reason),
            (None, Some(failure)) => failure.fmt(f),
            (None, None) => f.write_str(match inner.kind {
                ErrorKind::NotPermitted => "not permitted",
                ErrorKind::Absent => "not available",
                ErrorKind::Unsupported => "not supported",
                ErrorKind::Exhausted => "out of memory or descriptors",
                ErrorKind::Unsettled => "it kept changing",
                ErrorKind::Malformed => "the answer cannot be decoded",
                ErrorKind::Invalid => "it does not exist",
                ErrorKind::Contradictory => "the two contradict each other",
                ErrorKind::NotRecorded => "not in the recording",
                ErrorKind::Io => "failed",
            }),
        }
    }
}

impl std::error::Error for Error {}
