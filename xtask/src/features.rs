//! `cargo xtask features`: the library builds with no feature, each alone, and all, with and without a platform.
//!
//! `--cfg pree_unsupported` chooses the code of a system we do not know, so that it is built and tested on one we do.

use std::process::{Command, ExitCode};
use std::time::Instant;

use crate::{Result, cargo};

const LIBRARY: &str = "pree";
const DENY: &str = "-D warnings";
const UNSUPPORTED: [&str; 2] = ["--cfg", "pree_unsupported"];

/// Set while cargo calls this program in place of the compiler: see `as_compiler`.
const WRAPPING: &str = "PREE_XTASK_IS_COMPILER";

pub(crate) fn run() -> Result<()> {
    let metadata = cargo::metadata(&["--no-deps"])?;
    let package = cargo::package(&metadata, LIBRARY)?;
    let features: Vec<&str> =
        package["features"].as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();

    let mut failed = 0;
    for supported in [true, false] {
        for set in sets(&features) {
            failed += usize::from(!build(supported, &[&["check", "-p", LIBRARY], set.as_slice()].concat())?);
        }
    }
    failed += usize::from(!build(false, &["test", "-p", LIBRARY, "--lib", "--all-features"])?);
    if failed == 0 { Ok(()) } else { Err(format!("{failed} of the builds above failed")) }
}

/// Whether cargo has started this program as the compiler of the workspace's crates.
pub(crate) fn is_compiler() -> bool {
    std::env::var_os(WRAPPING).is_some()
}

/// Calls the compiler with the flags of the unsupported platform added.
///
/// `RUSTFLAGS` would do it too, but also build every dependency once more, which takes longer than all the rest.
pub(crate) fn as_compiler() -> ExitCode {
    let mut args = std::env::args_os().skip(1);
    let Some(rustc) = args.next() else { return ExitCode::FAILURE };
    match Command::new(rustc).args(args).args(UNSUPPORTED).status() {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("xtask: cannot run the compiler: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The arguments that choose no feature, each feature alone, and all of them.
fn sets<'a>(features: &[&'a str]) -> Vec<Vec<&'a str>> {
    let mut sets = vec![vec!["--no-default-features"]];
    for feature in features.iter().copied().filter(|&feature| feature != "default") {
        sets.push(vec!["--no-default-features", "--features", feature]);
    }
    sets.push(vec!["--all-features"]);
    sets
}

fn build(supported: bool, args: &[&str]) -> Result<bool> {
    println!("{} platform: cargo {}", if supported { "this" } else { "unsupported" }, args.join(" "));
    let start = Instant::now();
    let mut command = cargo::command();
    // Cargo prefers its encoded form where both are set.
    command.args(args).arg("--quiet").env("RUSTFLAGS", DENY).env_remove("CARGO_ENCODED_RUSTFLAGS");
    if !supported {
        let this = std::env::current_exe().map_err(|error| format!("cannot find this program: {error}"))?;
        command.env("RUSTC_WORKSPACE_WRAPPER", this).env(WRAPPING, "1");
    }
    let status = command.status().map_err(|error| format!("cannot run cargo: {error}"))?;
    let verdict = if status.success() { "ok" } else { "FAILED" };
    println!("    {verdict}, {:.1} s", start.elapsed().as_secs_f64());
    Ok(status.success())
}

#[cfg(test)]
mod tests {
    use super::sets;

    #[test]
    fn every_feature_gets_a_build_of_its_own() {
        let all = |features: &[&str]| sets(features).iter().map(|set| set.join(" ")).collect::<Vec<_>>();
        assert_eq!(all(&[]), ["--no-default-features", "--all-features"]);
        assert_eq!(
            all(&["default", "x", "y"]),
            [
                "--no-default-features",
                "--no-default-features --features x",
                "--no-default-features --features y",
                "--all-features"
            ]
        );
    }
}
