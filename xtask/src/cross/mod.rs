//! `cargo xtask cross`: Windows and macOS from a Debian machine. Programs for Windows are built and run under Wine, each
//! in namespaces of its own; programs for macOS are built and linked, and cannot be run. The layouts of both systems'
//! structures come from C compilers that read their own headers.
//!
//! The first call makes the compilers and Wine (`setup.sh`): about 10 minutes and 2.9 GB in `/opt/pree-cross`, or where
//! `PREE_CROSS` says.
//!
//! Every step is tried, whatever failed before it; what failed is listed at the end.

mod apple;
mod failures;
mod kit;
mod macos;
mod parts;
mod windows;

use crate::Result;
use failures::Failures;
use kit::Kit;

pub(crate) fn run(args: &[&str]) -> Result<()> {
    let (mut bless, mut only) = (false, None);
    for &arg in args {
        match arg {
            "--bless" => bless = true,
            "windows" | "macos" if only.is_none() => only = Some(arg),
            _ => return Err(format!("cross: no argument {arg:?}; there are windows, macos and --bless")),
        }
    }
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return Err("cross: only on Linux on x86-64".into());
    }
    let systems: [(_, Check); 2] = [("windows", windows::check), ("macos", macos::check)];
    let mut failures = Failures::default();
    for (system, check) in systems {
        if only.is_some_and(|only| only != system) {
            continue;
        }
        match Kit::ready(system) {
            Ok(kit) => check(&kit, bless, &mut failures),
            Err(error) => failures.0.push(error),
        }
    }
    failures.result()?;
    println!("cross: all good");
    Ok(())
}

/// All steps of a system: with its compilers, keeping what they say or not.
type Check = fn(&Kit, bool, &mut Failures);
