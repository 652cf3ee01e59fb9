//! The library on the running kernel, beside sockets made on purpose: every row, every owner, every number that another
//! program knows too.
//!
//! Each case has a laboratory of its own, where no other sockets are.
#![allow(clippy::pedantic, clippy::unwrap_used, missing_docs, unreachable_pub, reason = "test code")]

mod compare;
mod rows;

use std::process::ExitCode;

fn main() -> ExitCode {
    let cases = [rows::cases()];
    pree_testkit::main(cases.into_iter().flatten().collect())
}
