//! The commands beside the list, and recordings, as their users have them.
#![allow(clippy::pedantic, clippy::unwrap_used, missing_docs, unreachable_pub, reason = "test code")]
#![allow(clippy::disallowed_methods, reason = "the command under test is a program")]

#[path = "../../src/docs/schema/check.rs"]
mod check;
#[path = "../command/clean.rs"]
mod clean;
mod documents;
mod folder;
mod judged;
mod needs;
mod other_systems;
mod pasted;
#[path = "../command/population.rs"]
#[allow(dead_code)]
mod population;
mod port;
mod rates;
mod replay;
mod rights;
#[path = "../command/run.rs"]
#[allow(dead_code)]
mod run;
#[path = "../command/seccomp.rs"]
#[allow(dead_code)]
mod seccomp;
mod shells;
mod summary;
mod verdicts;
mod written;

use std::process::ExitCode;

fn main() -> ExitCode {
    let cases = [
        rates::cases(),
        replay::cases(),
        pasted::cases(),
        rights::cases(),
        port::cases(),
        verdicts::cases(),
        judged::cases(),
        needs::cases(),
        summary::cases(),
        documents::cases(),
        shells::cases(),
        other_systems::cases(),
        written::cases(),
    ];
    pree_testkit::main(cases.into_iter().flatten().collect())
}
