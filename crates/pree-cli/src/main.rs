//! The command `pree`: the sockets of this machine, whose they are and how they are doing.
//!
//! Arguments are validated (`args`), resolved to a query and an output (`commands`), and only then anything is
//! opened: what the user names with the user's own rights. Rows come from the library; this crate owns words: tables, JSON, messages, exit codes.
#![cfg_attr(not(test), forbid(clippy::expect_used, clippy::unwrap_used))]

mod args;
mod columns;
mod commands;
mod docs;
mod exit;
#[allow(clippy::disallowed_methods, reason = "what the user names is opened here, and nowhere else")]
mod files;
mod output;
#[cfg(test)]
#[path = "../../pree/tests/scripted/kernel.rs"]
#[allow(
    dead_code,
    clippy::pedantic,
    clippy::collapsible_if,
    reason = "the library's tests use the rest, and have lints of their own"
)]
mod played;
mod session;
#[cfg(test)]
#[path = "../../pree/src/steps.rs"]
mod steps;
#[allow(unsafe_code, clippy::disallowed_methods, reason = "the door to the system")]
mod sys;
mod text;

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use exit::Failure;
use sys::Rights;

fn main() -> ExitCode {
    // A command reads its arguments; the lint is for libraries.
    #[allow(clippy::disallowed_methods)]
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    match run(arguments) {
        Ok(code) => code,
        Err(failure) => {
            if let Some(text) = failure.text() {
                // With stderr gone there is nobody left to tell.
                let _ = writeln!(std::io::stderr(), "pree: {text}");
            }
            failure.code()
        }
    }
}

fn run(arguments: Vec<OsString>) -> Result<ExitCode, Failure> {
    // First of all: arguments name files.
    let rights = Rights::put_lent_aside().map_err(|error| {
        Failure::File(format!("cannot put aside rights that are not the user's: {error}"))
    })?;
    commands::run(args::parse(arguments)?, rights)
}
