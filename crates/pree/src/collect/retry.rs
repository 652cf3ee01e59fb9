//! What failed in passing is tried again.

use crate::source::{Failure, Question, Source, read_all};

/// How often something that failed in passing is tried.
pub(super) const TRIES: usize = 3;

/// Reads a whole answer, again if it failed in passing.
pub(super) fn read_with_retries(
    source: &mut dyn Source,
    question: &Question<'_>,
    is_passing: impl Fn(Failure) -> bool,
) -> Result<Vec<u8>, Failure> {
    let mut tries = 0;
    loop {
        tries += 1;
        match read_all(source, question) {
            Err(failure) if tries < TRIES && is_passing(failure) => {}
            result => return result,
        }
    }
}
