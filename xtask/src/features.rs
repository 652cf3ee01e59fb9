//! `cargo xtask features`: the library builds with no feature, each alone, and all, with and without a platform.
//!
//! `--cfg pree_unsupported` chooses the code of a system we do not know, so that it is built and tested on one we do.

use std::time::Instant;

use crate::{Result, cargo};

const LIBRARY: &str = "pree";
const DENY: &str = "-D warnings";
const UNSUPPORTED: &str = "-D warnings --cfg pree_unsupported";

pub(crate) fn run() -> Result<()> {
    let metadata = cargo::metadata(&["--no-deps"])?;
    let package = cargo::package(&metadata, LIBRARY)?;
    let features: Vec<&str> =
        package["features"].as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();

    let mut failed = 0;
    for (platform, flags) in [("this platform", DENY), ("unsupported platform", UNSUPPORTED)] {
        for set in sets(&features) {
            failed +=
                usize::from(!build(platform, flags, &[&["check", "-p", LIBRARY], set.as_slice()].concat())?);
        }
    }
    let test = ["test", "-p", LIBRARY, "--lib", "--all-features"];
    failed += usize::from(!build("unsupported platform", UNSUPPORTED, &test)?);
    if failed == 0 { Ok(()) } else { Err(format!("{failed} of the builds above failed")) }
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

fn build(platform: &str, flags: &str, args: &[&str]) -> Result<bool> {
    println!("{platform}: cargo {}", args.join(" "));
    let start = Instant::now();
    // Cargo prefers its encoded form where both are set.
    let mut command = cargo::command();
    command.args(args).arg("--quiet").env("RUSTFLAGS", flags).env_remove("CARGO_ENCODED_RUSTFLAGS");
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
