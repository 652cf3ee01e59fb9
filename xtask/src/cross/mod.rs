//! `cargo xtask cross`: Windows and macOS from a Debian machine. Programs for Windows are built and run under Wine, each
//! in namespaces of its own; programs for macOS are built and linked, and cannot be run. The layouts of both systems'
//! structures come from C compilers that read their own headers.
//!
//! The first call makes the compilers and Wine (`setup.sh`): about 10 minutes and 2.9 GB in `/opt/pree-cross`, or where
//! `PREE_CROSS` says.
//!
//! Every step is tried, whatever failed before it; what failed is listed at the end.

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

/// What went wrong so far.
#[derive(Default)]
struct Failures(Vec<String>);

impl Failures {
    /// Shows a failure where it happened and keeps it for the end.
    fn note(&mut self, result: Result<()>) {
        if let Err(error) = result {
            println!("FAILED {error}");
            self.0.push(error);
        }
    }

    fn result(self) -> Result<()> {
        if self.0.is_empty() { Ok(()) } else { Err(format!("cross: failed\n{}", self.0.join("\n"))) }
    }
}

/// What both systems check: everything but what tests Linux itself.
const PARTS: [&str; 3] = [
    "-p pree-wire --lib --test suite",
    "-p pree --all-features --lib --test scripted --test macos --test own_sockets --example socket_info_libproc",
    "-p pree-cli --all-features --bin pree",
];

/// What both systems build as it would be given to people.
const PROGRAMS: [&str; 2] = [
    "--release -p pree-cli --all-features --bin pree",
    "--release -p pree --all-features --example socket_info_libproc",
];

#[cfg(test)]
mod tests {
    use super::Failures;

    #[test]
    fn every_failure_is_told_at_the_end() {
        let mut failures = Failures::default();
        for result in [Err("a".to_owned()), Ok(()), Err("b".to_owned())] {
            failures.note(result);
        }
        assert_eq!(failures.result(), Err("cross: failed\na\nb".to_owned()));
        assert_eq!(Failures::default().result(), Ok(()));
    }
}
