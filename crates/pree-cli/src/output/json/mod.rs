//! JSON: a writer that escapes, and what is written with it.

pub(super) mod document;
mod quality;
pub(super) mod repeated;
pub(crate) mod verdicts;
pub(super) mod writer;
