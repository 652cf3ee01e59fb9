//! The library on the running kernel, beside sockets made on purpose: every row, every owner, every number that another
//! program knows too.
//!
//! Each case has a laboratory of its own, where no other sockets are.
#![allow(
    clippy::pedantic,
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    unreachable_pub,
    reason = "test code"
)]

mod acts;
mod answers;
mod compare;
mod conversations;
mod ends;
#[path = "../scripted/fail_nth.rs"]
mod fail_nth;
mod families;
mod meddling;
mod others;
mod owners;
mod repeats;
mod rows;
mod ss;
mod still;
#[allow(unsafe_code, reason = "system calls that no library has")]
mod sys;

use std::process::ExitCode;

fn main() -> ExitCode {
    let cases = [
        acts::cases(),
        rows::cases(),
        ss::cases(),
        others::cases(),
        owners::cases(),
        repeats::cases(),
        answers::cases(),
        still::cases(),
        families::cases(),
        ends::cases(),
    ];
    pree_testkit::main(cases.into_iter().flatten().collect())
}
