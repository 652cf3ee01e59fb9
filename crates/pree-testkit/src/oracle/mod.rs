//! Other programs' views of the same sockets, and two small readers of our own that share no code with the library.
//!
//! Each runs where the case runs, so in a lab it sees the lab.

pub mod diag;
pub mod lsof;
pub mod proc_net;
pub mod psutil;
pub mod ss;

use std::process::{Command, Stdio};

use crate::Failed;

/// Runs a tool and returns its standard output, an error with its standard error when it fails.
fn output(command: &mut Command) -> Result<Vec<u8>, Failed> {
    let done = command.stdin(Stdio::null()).output().map_err(|error| format!("{command:?}: {error}"))?;
    if done.status.success() {
        return Ok(done.stdout);
    }
    Err(format!("{command:?}: {}: {}", done.status, String::from_utf8_lossy(&done.stderr).trim()).into())
}
