//! The compilers, and Wine: made by `setup.sh`, used from here.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::{Result, cargo};

/// Where it is made unless `PREE_CROSS` says otherwise: it outlives the target folder.
const USUAL: &str = "/opt/pree-cross";

pub(super) const WINDOWS: &str = "x86_64-pc-windows-gnu";
/// This machine.
const LINUX: &str = "x86_64-unknown-linux-gnu";

pub(super) struct Kit {
    folder: PathBuf,
    /// Where it builds.
    pub(super) target: PathBuf,
}

fn script(name: &str) -> PathBuf {
    cargo::root().join("xtask/src/cross").join(name)
}

impl Kit {
    /// Makes what is not there yet for `windows` or `macos`.
    pub(super) fn ready(system: &str) -> Result<Self> {
        let folder = std::env::var_os("PREE_CROSS").map_or_else(|| PathBuf::from(USUAL), PathBuf::from);
        let mut setup = Command::new(script("setup.sh"));
        without_settings(&mut setup);
        run(&format!("setup.sh for {system}"), setup.arg(&folder).arg(system))?;
        let target = cargo::target_directory(&cargo::metadata(&["--no-deps"])?).join("cross");
        std::fs::create_dir_all(&target).map_err(|error| format!("{}: {error}", target.display()))?;
        Ok(Self { folder, target })
    }

    fn usr(&self) -> PathBuf {
        self.folder.join("compilers/usr")
    }

    /// Wine's own files.
    fn wine(&self) -> PathBuf {
        self.folder.join("wine")
    }

    /// The drive `C:` of the Windows.
    pub(super) fn drive(&self) -> PathBuf {
        self.wine().join("root/.wine/drive_c")
    }

    /// With the compilers first.
    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        without_settings(&mut command);
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut folders = vec![self.usr().join("bin"), self.folder.join("python/bin")];
        folders.extend(std::env::split_paths(&path));
        if let Ok(path) = std::env::join_paths(folders) {
            command.env("PATH", path);
        }
        command
            .current_dir(cargo::root())
            .env("LD_LIBRARY_PATH", self.usr().join("lib/x86_64-linux-gnu"))
            .env("RUSTC", self.usr().join("bin/rustc"))
            .env("CARGO_TARGET_DIR", &self.target)
            .env("CARGO_TARGET_X86_64_PC_WINDOWS_GNU_LINKER", self.usr().join("bin/x86_64-w64-mingw32-gcc"))
            .env("CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUNNER", self.runner());
        command
    }

    fn runner(&self) -> String {
        format!("{} {}", script("wine.sh").display(), self.wine().display())
    }

    /// The kit's cargo: `words` and a target.
    pub(super) fn cargo(&self, target: &str, words: &str) -> Command {
        let mut command = self.command(&self.usr().join("bin/cargo"));
        let (first, rest) = words.split_once(' ').unwrap_or((words, ""));
        command.args([first, "--quiet", "--target", target]).args(rest.split_whitespace());
        command
    }

    /// `cargo zigbuild`, or `cargo test --no-run` by its linker: links for macOS.
    pub(super) fn zigbuild(&self, call: &[&str], target: &str, words: &str) -> Command {
        let mut command = self.command(&self.folder.join("python/bin/cargo-zigbuild"));
        command.args(call).args(["--quiet", "--target", target]).args(words.split_whitespace());
        command
    }

    /// The C compiler with Apple's headers.
    pub(super) fn zig(&self) -> Command {
        let mut command = self.command(&self.folder.join("python/bin/python"));
        command.args(["-m", "ziglang"]);
        command
    }

    /// The C compiler for Windows.
    pub(super) fn mingw(&self) -> Command {
        self.command(&self.usr().join("bin/x86_64-w64-mingw32-gcc"))
    }

    /// Runs a program under Wine.
    pub(super) fn run_windows(&self, program: &Path) -> Command {
        let mut command = Command::new(script("wine.sh"));
        command.arg(self.wine()).arg(program).stdin(Stdio::null());
        command
    }

    /// Where programs for Windows are built.
    pub(super) fn built(&self) -> PathBuf {
        self.target.join(WINDOWS).join("release")
    }

    /// Builds programs for this machine with its own cargo. Returns the folder where they are.
    pub(super) fn build_here(&self, words: &str) -> Result<PathBuf> {
        let folder = self.target.join("linux");
        let mut command = cargo::command();
        command.args(["build", "--quiet", "--target", LINUX, "--target-dir"]).arg(&folder);
        run(&format!("Linux: build {words}"), command.args(words.split_whitespace()))?;
        Ok(folder.join(LINUX).join("debug"))
    }
}

/// Takes away what the caller's environment would change about builds: where they go, for what, with which flags and by
/// which compiler. How to reach registries stays.
fn without_settings(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(is_setting) {
            command.env_remove(name);
        }
    }
}

fn is_setting(name: &str) -> bool {
    ["CARGO_BUILD_", "CARGO_TARGET_", "CARGO_PROFILE_", "CARGO_ENCODED_", "RUSTC", "RUSTDOC"]
        .iter()
        .any(|start| name.starts_with(start))
        || ["CARGO", "RUSTFLAGS", "RUSTUP_TOOLCHAIN"].contains(&name)
}

/// Runs a command whose output is for whoever watches.
pub(super) fn run(what: &str, command: &mut Command) -> Result<()> {
    println!("--- {what}");
    let status = command.stdin(Stdio::null()).status().map_err(|error| format!("{what}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{what} failed: {status}")) }
}

/// Runs a command and takes what it says.
pub(super) fn output(what: &str, command: &mut Command) -> Result<Vec<u8>> {
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("{what}: {error}"))?;
    if output.status.success() { Ok(output.stdout) } else { Err(format!("{what} failed: {}", output.status)) }
}

#[cfg(test)]
mod tests {
    use super::is_setting;

    #[test]
    fn settings_of_builds_are_the_callers_own() {
        for name in ["CARGO_TARGET_DIR", "CARGO_BUILD_TARGET", "CARGO_PROFILE_RELEASE_LTO", "RUSTC_WRAPPER"] {
            assert!(is_setting(name), "{name}");
        }
        for name in
            ["PATH", "CARGO_HOME", "CARGO_REGISTRIES_CRATES_IO_PROTOCOL", "RUSTUP_HOME", "HTTPS_PROXY"]
        {
            assert!(!is_setting(name), "{name}");
        }
    }
}
