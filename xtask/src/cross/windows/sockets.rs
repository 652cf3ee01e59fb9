//! Makes sockets in namespaces of its own and has the command record them: the recording that both systems must read alike,
//! whatever else this machine does.
//!
//! `PREE` names the command, `RECORDING` the file.
#![allow(clippy::disallowed_methods, reason = "a test program: it runs the command")]

use std::process::{Command, ExitCode};

use pree_testkit::{Case, Failed, Family, Need, population};

fn main() -> ExitCode {
    pree_testkit::main(vec![Case::new("recording", record).lab().needs(Need::Ipv6)])
}

fn record() -> Result<(), Failed> {
    let mut all = population::listeners()?;
    all.merge(population::connections()?);
    all.merge(population::udp()?);
    all.merge(population::accept_queue(Family::V4)?);
    let named = |name: &str| std::env::var_os(name).ok_or(format!("{name} is not set"));
    let status = Command::new(named("PREE")?).args(["capture", "-q"]).arg(named("RECORDING")?).status()?;
    if status.success() { Ok(()) } else { Err(format!("pree capture: {status}").into()) }
}
