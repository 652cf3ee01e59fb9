//! `cargo xtask msrv`: the libraries build with the oldest compiler they declare.
//!
//! The compiler is one that a distribution's packages hold, unpacked into a folder and never installed.

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::{Result, cargo};

const LIBRARIES: [&str; 2] = ["pree-wire", "pree"];

pub(crate) fn run(toolchain: &str) -> Result<()> {
    let usr = Path::new(toolchain)
        .canonicalize()
        .map_err(|error| format!("cannot open {toolchain}: {error}"))?
        .join("usr");
    let rustc = usr.join("bin/rustc");
    if !rustc.is_file() {
        return Err(format!(
            "no compiler at {}: --toolchain wants the folder above usr/bin/rustc",
            rustc.display()
        ));
    }
    let libraries = library_path(&usr)?;

    let metadata = cargo::metadata(&["--no-deps"])?;
    let declared = declared(&metadata)?;
    let found = version(&rustc, &libraries)?;
    if !same_release(&declared, &found) {
        return Err(format!("the libraries declare Rust {declared}, but {} is {found}", rustc.display()));
    }

    println!("Rust {found}, the oldest that {} declare", LIBRARIES.join(" and "));
    let target = cargo::target_directory(&metadata).join("msrv");
    for library in LIBRARIES {
        let args = ["check", "-p", library, "--all-features", "--locked"];
        println!("cargo {}", args.join(" "));
        let mut command = cargo::command();
        command.args(args).arg("--target-dir").arg(&target);
        command.env("RUSTC", &rustc).env("LD_LIBRARY_PATH", &libraries);
        // Flags and wrappers meant for the machine's own compiler.
        for name in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "RUSTC_WRAPPER", "RUSTC_WORKSPACE_WRAPPER"] {
            command.env_remove(name);
        }
        let status = command.status().map_err(|error| format!("cannot run cargo: {error}"))?;
        if !status.success() {
            return Err(format!("{library} does not build with Rust {found}"));
        }
    }
    for package in cargo::list(&metadata, "packages") {
        let (name, rust) = (cargo::text(package, "name"), cargo::text(package, "rust_version"));
        if rust != declared {
            println!("not checked: {name} declares Rust {rust}, and no package holds that compiler");
        }
    }
    Ok(())
}

/// The one `rust-version` of the libraries.
fn declared(metadata: &Value) -> Result<String> {
    let mut versions = Vec::new();
    for library in LIBRARIES {
        versions.push(cargo::text(cargo::package(metadata, library)?, "rust_version"));
    }
    versions.dedup();
    match versions.as_slice() {
        [version] if !version.is_empty() => Ok((*version).to_owned()),
        _ => Err(format!("{} must declare the same rust-version", LIBRARIES.join(" and "))),
    }
}

/// Where the unpacked compiler finds its libraries: `usr/lib` and the folders in it that hold any.
fn library_path(usr: &Path) -> Result<OsString> {
    let lib = usr.join("lib");
    let entries = lib.read_dir().map_err(|error| format!("cannot read {}: {error}", lib.display()))?;
    let mut folders: Vec<_> =
        entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    folders.insert(0, lib);
    std::env::join_paths(folders).map_err(|error| error.to_string())
}

fn version(rustc: &Path, libraries: &OsString) -> Result<String> {
    let output = Command::new(rustc)
        .arg("--version")
        .env("LD_LIBRARY_PATH", libraries)
        .output()
        .map_err(|error| format!("cannot run {}: {error}", rustc.display()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    match text.split_whitespace().nth(1) {
        Some(version) if output.status.success() => Ok(version.to_owned()),
        _ => Err(format!(
            "{} does not run: {}",
            rustc.display(),
            String::from_utf8_lossy(&output.stderr).lines().next().unwrap_or("it says nothing")
        )),
    }
}

/// `1.85` declares what `1.85.0` is.
fn same_release(declared: &str, found: &str) -> bool {
    declared.split('.').take(2).eq(found.split('.').take(2))
}

#[cfg(test)]
mod tests {
    use super::same_release;

    #[test]
    fn releases_are_compared_by_their_first_two_numbers() {
        assert!(same_release("1.85", "1.85.0"));
        assert!(same_release("1.85.1", "1.85.0"));
        assert!(!same_release("1.85", "1.8.5"));
        assert!(!same_release("1.85", "1.96.0"));
    }
}
