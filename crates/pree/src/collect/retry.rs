//! What failed in passing is tried again.

use crate::source::Failure;

/// How often something that failed in passing is tried.
pub(super) const TRIES: usize = 3;

/// Tries, and again if it fails in passing.
pub(super) fn with_retries<T>(
    is_passing: impl Fn(Failure) -> bool,
    mut once: impl FnMut() -> Result<T, Failure>,
) -> Result<T, Failure> {
    let mut tries = 0;
    loop {
        tries += 1;
        match once() {
            Err(failure) if tries < TRIES && is_passing(failure) => {}
            result => return result,
        }
    }
}
