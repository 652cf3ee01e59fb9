//! Systems without signals.

/// Nothing is held back.
pub(crate) struct Held;

impl Held {
    pub(crate) fn all() -> Self {
        Self
    }
}
