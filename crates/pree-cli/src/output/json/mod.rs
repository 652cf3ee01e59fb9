//! JSON: a writer that escapes, and what is written with it.

pub(crate) mod document;
mod quality;
pub(crate) mod repeated;
pub(crate) mod verdicts;
pub(crate) mod writer;

#[cfg(test)]
mod tests;
