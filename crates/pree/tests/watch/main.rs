//! Watches beside connections whose beginning, bytes and end are known: nothing is missed, told twice or told wrongly.
#![allow(clippy::pedantic, clippy::unwrap_used, missing_docs, unreachable_pub, reason = "test code")]
#![allow(clippy::disallowed_methods, reason = "processes that the test watches")]

mod datagrams;
mod destroy;
mod ends;
mod loops;
mod names;
mod owners;
mod rates;
mod storm;

use std::process::ExitCode;

fn main() -> ExitCode {
    let cases = [
        ends::cases(),
        owners::cases(),
        rates::cases(),
        datagrams::cases(),
        storm::cases(),
        destroy::cases(),
        loops::cases(),
        names::cases(),
    ];
    pree_testkit::main(cases.into_iter().flatten().collect())
}
