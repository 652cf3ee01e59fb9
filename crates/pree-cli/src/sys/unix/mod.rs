//! What Unix systems have in common.

pub(super) mod directory;
pub(crate) mod interrupts;
pub(super) mod memory;
pub(super) mod signals;
pub(super) mod streams;
