//! Why descriptors are not seen, and reads of processes that are tried again.

use crate::collect::retry::with_retries;
use crate::error::ErrorKind;
use crate::source::{Failure, Question, Source, read_all};

/// Why some descriptors were not seen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Blind {
    /// Processes of others refused.
    Refused,
    /// /proc may hide processes (`hidepid`).
    Hidden,
    /// /proc does not show all of our pid namespace.
    OtherNamespace,
    /// /proc shows more than our pid namespace, and was not asked.
    BeyondNamespace,
    /// A program alone was asked, which is not told of every process.
    BpfAlone,
    /// /proc is not there.
    NoProc,
    /// The recording was made without owners.
    NotRecorded,
    /// Something failed that was no refusal.
    Failed(Failure),
}

/// True for failures that say nothing about the process: another try can be without.
pub(super) fn is_passing(failure: Failure) -> bool {
    !matches!(failure.kind(), ErrorKind::Absent | ErrorKind::NotPermitted | ErrorKind::NotRecorded)
}

pub(super) fn read_with_retries(
    source: &mut dyn Source,
    question: &Question<'_>,
) -> Result<Vec<u8>, Failure> {
    with_retries(is_passing, || read_all(source, question))
}
