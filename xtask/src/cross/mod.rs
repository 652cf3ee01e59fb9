//! `cargo xtask cross`: Windows and macOS from a Debian machine. Programs for Windows are built and run under Wine, each
//! in namespaces of its own; programs for macOS are built and linked, and cannot be run. The layouts of both systems'
//! structures come from C compilers that read their own headers.
//!
//! The first call makes the compilers and Wine (`setup.sh`): about 7 minutes and 2.3 GB in `/opt/pree-cross`, or where
//! `PREE_CROSS` says.

mod apple;
mod kit;
mod macos;
mod windows;

use crate::Result;
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
    let kit = Kit::ready()?;
    if only != Some("macos") {
        windows::check(&kit, bless)?;
    }
    if only != Some("windows") {
        macos::check(&kit, bless)?;
    }
    println!("cross: all good");
    Ok(())
}

/// What both systems are built of: everything but what tests Linux itself.
const PARTS: [&str; 4] = [
    "-p pree-wire --lib --test suite",
    "-p pree --all-features --lib --test scripted --test macos --test own_sockets --example socket_info_libproc",
    "-p pree-cli --all-features --bin pree",
    "-p xtask --example windows_guest",
];
