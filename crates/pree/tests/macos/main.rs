//! Collections from a Mac that the tests play, on every system: rows, owners, statistics, and what is said where some of it is
//! kept back, refused, damaged or gone.
#![allow(clippy::pedantic, clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "test code")]
// Structures and recordings are of little-endian machines.
#![cfg(target_endian = "little")]

#[path = "../scripted/clocked.rs"]
mod clocked;
#[path = "../../../pree-testkit/src/every.rs"]
mod every;
#[path = "../scripted/fail_nth.rs"]
mod fail_nth;
mod golden;
mod mac;
mod rows;
mod trouble;
