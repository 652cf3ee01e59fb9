//! Systems where nothing is put in the place of a standard descriptor that was closed.

/// A closed one fails by itself.
pub(crate) fn was_closed(_: usize) -> bool {
    false
}
