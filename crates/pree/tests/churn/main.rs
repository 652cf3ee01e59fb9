//! Sockets that stay, beside sockets that come and go as fast as the machine can make them: whatever the churn does to a
//! dump, nothing that stays is missed, nothing is told twice, and nobody gets another's socket.
//!
//! `PREE_CHURN_RUNS` sets how often each case collects; what a case saw is printed, and appended to the file that
//! `PREE_CHURN_REPORT` names, for a case that passes is silent.
#![allow(
    clippy::pedantic,
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    unreachable_pub,
    reason = "test code"
)]
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a test program with its own environment"
)]

mod counting;
#[path = "../scripted/kernel.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod kernel;
mod lasting;
mod runs;
mod torn;

use std::process::ExitCode;

fn main() -> ExitCode {
    pree_testkit::main(runs::cases().into_iter().chain(torn::cases()).collect())
}
