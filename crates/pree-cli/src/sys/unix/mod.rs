//! What Unix systems have in common.

pub(super) mod directory;
