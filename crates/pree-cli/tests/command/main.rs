//! The command as its users have it: a program that is started, writes to a pipe, a file or a terminal, and ends with
//! a code.
//!
//! Each case that looks at sockets has a laboratory of its own, where no others are.
#![allow(
    clippy::pedantic,
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    unreachable_pub,
    reason = "test code"
)]
#![allow(clippy::disallowed_methods, reason = "the command under test is a program")]

#[path = "../../src/docs/schema/check.rs"]
mod check;
mod clean;
mod close;
mod closed;
mod csv_readers;
mod diff;
mod documents;
mod environment;
mod families;
mod field_names;
mod flags;
mod folder;
mod interfaces;
mod json;
mod judged;
mod kill;
mod machine_formats;
mod names;
mod namespaces;
mod needs;
mod other_systems;
mod owners;
mod partial;
mod pasted;
mod population;
mod port;
mod rates;
mod refusals;
mod replaced;
mod replay;
mod rights;
mod rows;
mod run;
mod screens;
mod seccomp;
mod shells;
mod summary;
mod table;
mod terminal;
mod truth;
mod usage;
mod verdicts;
mod watch;
mod written;

use std::process::ExitCode;

fn main() -> ExitCode {
    let cases = [
        usage::cases(),
        watch::cases(),
        replaced::cases(),
        screens::cases(),
        flags::cases(),
        machine_formats::cases(),
        terminal::cases(),
        names::cases(),
        csv_readers::cases(),
        closed::cases(),
        partial::cases(),
        refusals::cases(),
        owners::cases(),
        environment::cases(),
        families::cases(),
        field_names::cases(),
        namespaces::cases(),
        interfaces::cases(),
        rates::cases(),
        replay::cases(),
        pasted::cases(),
        rights::cases(),
        port::cases(),
        kill::cases(),
        close::cases(),
        verdicts::cases(),
        judged::cases(),
        needs::cases(),
        summary::cases(),
        diff::cases(),
        documents::cases(),
        shells::cases(),
        other_systems::cases(),
        written::cases(),
    ];
    pree_testkit::main(cases.into_iter().flatten().collect())
}
