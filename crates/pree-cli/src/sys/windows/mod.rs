//! Windows: interrupts, pipes.

pub(crate) mod interrupts;
pub(super) mod pipe;
