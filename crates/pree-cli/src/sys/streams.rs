//! Systems where nothing is put in the place of a standard descriptor that was closed, so that it fails by itself.

pub(crate) fn readable(_: usize) -> bool {
    true
}

pub(crate) fn writable(_: usize) -> bool {
    true
}
