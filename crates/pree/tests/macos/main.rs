//! Collections from a Mac that the tests play, on every system: rows, owners, statistics, and what is said where some of it is
//! kept back, refused, damaged or gone.
#![allow(clippy::pedantic, clippy::unwrap_used, missing_docs, reason = "test code")]

mod golden;
mod mac;
mod rows;
mod trouble;
