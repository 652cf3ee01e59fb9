//! How the other chores call cargo and read what `cargo metadata` says.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::Result;

/// The folder of the workspace, wherever the chore was called.
pub(crate) fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}

/// The cargo that started this program, run at the root of the workspace.
pub(crate) fn command() -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(cargo);
    command.current_dir(root());
    command
}

/// `cargo metadata` with `args`, parsed.
pub(crate) fn metadata(args: &[&str]) -> Result<Value> {
    let output = command()
        .args(["metadata", "--format-version", "1"])
        .args(args)
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cannot run cargo: {error}"))?;
    if !output.status.success() {
        return Err(format!("cargo metadata {} failed: {}", args.join(" "), output.status));
    }
    serde_json::from_slice(&output.stdout).map_err(|error| format!("cargo metadata: {error}"))
}

/// The elements of an array in cargo's JSON; nothing where there is no array.
pub(crate) fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}

/// A text in cargo's JSON; empty where there is none.
pub(crate) fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

/// The package called `name` in the answer of `cargo metadata --no-deps`.
pub(crate) fn package<'a>(metadata: &'a Value, name: &str) -> Result<&'a Value> {
    list(metadata, "packages")
        .iter()
        .find(|package| text(package, "name") == name)
        .ok_or_else(|| format!("the workspace has no package {name}"))
}

/// Where this workspace builds.
pub(crate) fn target_directory(metadata: &Value) -> PathBuf {
    PathBuf::from(text(metadata, "target_directory"))
}

/// The release build of the command.
pub(crate) fn release_build() -> Result<PathBuf> {
    let status = command().args(["build", "--release", "--quiet", "-p", "pree-cli"]).status();
    match status {
        Ok(status) if status.success() => {}
        other => return Err(format!("cargo build --release: {other:?}")),
    }
    Ok(target_directory(&metadata(&["--no-deps"])?).join("release/pree"))
}
