//! What Unix systems have in common.

pub(super) mod directory;
pub(super) mod memory;
pub(super) mod streams;
