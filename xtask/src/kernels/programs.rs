//! The programs that run inside: built static, so that they need nothing of the system they meet.

use std::path::{Path, PathBuf};

use crate::{Result, cargo};

const TARGET: &str = "x86_64-unknown-linux-gnu";

/// Where the built programs are.
pub(super) struct Programs {
    pub(super) pree: PathBuf,
    /// The first process: `guest/main.rs`.
    pub(super) guest: PathBuf,
    /// Makes the recordings that the tests of `pree-wire` know.
    pub(super) capture_golden: PathBuf,
}

pub(super) fn build(folder: &Path) -> Result<Programs> {
    let folder = folder.join("build");
    let args = [
        "build --quiet --package pree-cli --bin pree --features pree-cli/linux-procfs",
        "--package xtask --example guest --package pree-wire --example capture_golden --target",
        TARGET,
    ];
    println!("building the programs");
    let mut command = cargo::command();
    command.args(args.iter().flat_map(|part| part.split(' '))).arg("--target-dir").arg(&folder);
    // Cargo prefers its encoded form where both are set.
    command
        .env("RUSTFLAGS", "-C target-feature=+crt-static -C strip=debuginfo")
        .env_remove("CARGO_ENCODED_RUSTFLAGS");
    let status = command.status().map_err(|error| format!("cannot run cargo: {error}"))?;
    if !status.success() {
        return Err("the programs for the machine do not build".into());
    }
    let built = folder.join(TARGET).join("debug");
    Ok(Programs {
        pree: built.join("pree"),
        guest: built.join("examples/guest"),
        capture_golden: built.join("examples/capture_golden"),
    })
}
