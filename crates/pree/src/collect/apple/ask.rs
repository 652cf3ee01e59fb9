//! Calls that need a preallocated buffer, grown a bounded number of times.

use crate::collect::retry::with_retries;
use crate::error::ErrorKind;
use crate::source::{Failure, Question, Source, read_all};

/// Asks again what failed in passing.
pub(super) fn ask(source: &mut dyn Source, question: &Question<'_>) -> Result<Vec<u8>, Failure> {
    with_retries(is_passing, || read_all(source, question))
}

/// True for failures that say nothing about what was asked: another try can be without.
fn is_passing(failure: Failure) -> bool {
    failure.kind() == ErrorKind::Unsettled
}

/// Asks with ever more room until the answer leaves some free: one that fills it may be cut. The last one, and whether it left
/// any.
pub(super) fn ask_whole<'q>(
    source: &mut dyn Source,
    first_room: usize,
    most_room: usize,
    question: impl Fn(usize) -> Question<'q>,
) -> Result<(Vec<u8>, bool), Failure> {
    let mut room = first_room;
    loop {
        let bytes = ask(source, &question(room))?;
        let whole = bytes.len() < room;
        if whole || room >= most_room {
            return Ok((bytes, whole));
        }
        room *= 2;
    }
}
