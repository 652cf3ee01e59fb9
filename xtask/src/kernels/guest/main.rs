//! The program that runs in a booted kernel, twice over: first as process 1, which prepares the machine, starts the
//! checks and writes what they left to the disk; then as the checks themselves.
//!
//! `cargo xtask kernels` builds it static and boots it; started by hand it does nothing.
#![allow(clippy::pedantic, clippy::unwrap_used, clippy::expect_used, unreachable_pub, reason = "test code")]
#![allow(clippy::disallowed_methods, reason = "it starts the command under test")]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "its console is all it has to speak")]

mod checks;
#[allow(dead_code, reason = "shared: what the other side needs")]
#[path = "../cpio.rs"]
mod cpio;
mod ends;
mod families;
mod init;
#[allow(dead_code, reason = "shared with the tests of the command")]
#[path = "../../../../crates/pree-cli/tests/command/json.rs"]
mod json;
mod pree;
mod recordings;
#[allow(dead_code, reason = "shared with the tests of the command")]
#[path = "../../../../crates/pree-cli/tests/command/rows.rs"]
mod rows;
#[allow(dead_code, reason = "shared with the tests of the command")]
#[path = "../../../../crates/pree-cli/tests/command/truth.rs"]
mod truth;
mod tunnels;
mod watched;

use std::process::ExitCode;

/// Which checks a process shall make; process 1 of the machine has none.
const PHASE: &str = "PREE_KERNELS_PHASE";
/// Where checks leave files for the host.
const OUT: &str = "/out";

fn main() -> ExitCode {
    if let Ok(phase) = std::env::var(PHASE) {
        return pree_testkit::main(checks::of_phase(&phase));
    }
    if std::process::id() != 1 {
        eprintln!("this program is for the machines that `cargo xtask kernels` boots");
        return ExitCode::from(2);
    }
    if let Err(error) = init::run() {
        println!("process 1: {error}");
    }
    // The kernel panics when process 1 ends, and with that the machine ends too.
    ExitCode::FAILURE
}

/// Tells the host something about this kernel.
fn fact(name: &str, value: impl std::fmt::Display) -> std::io::Result<()> {
    std::fs::write(format!("{OUT}/facts/{name}"), value.to_string())
}
