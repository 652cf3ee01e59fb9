//! The compilers, and Wine: made by `setup.sh`, used from here.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::{Result, cargo};

/// Where it is made unless `PREE_CROSS` says otherwise: it outlives the target folder.
const USUAL: &str = "/opt/pree-cross";

pub(super) const WINDOWS: &str = "x86_64-pc-windows-gnu";
pub(super) const MACOS: &str = "aarch64-apple-darwin";

pub(super) struct Kit {
    folder: PathBuf,
    /// Where it builds.
    pub(super) target: PathBuf,
}

fn script(name: &str) -> PathBuf {
    cargo::root().join("xtask/src/cross").join(name)
}

impl Kit {
    /// Makes what is not there yet.
    pub(super) fn ready() -> Result<Self> {
        let folder = std::env::var_os("PREE_CROSS").map_or_else(|| PathBuf::from(USUAL), PathBuf::from);
        let mut setup = Command::new(script("setup.sh"));
        run("setup.sh", setup.arg(&folder))?;
        let target = cargo::target_directory(&cargo::metadata(&["--no-deps"])?).join("cross");
        std::fs::create_dir_all(&target).map_err(|error| format!("{}: {error}", target.display()))?;
        Ok(Self { folder, target })
    }

    fn usr(&self) -> PathBuf {
        self.folder.join("compilers/usr")
    }

    /// Whether Rust's library for this target is there.
    pub(super) fn has_library(&self, target: &str) -> bool {
        self.usr().join("lib/rustlib").join(target).is_dir()
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
            .env("CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUNNER", self.runner())
            // Of the cargo that started this program.
            .env_remove("CARGO")
            .env_remove("RUSTUP_TOOLCHAIN")
            .env_remove("RUSTFLAGS")
            .env_remove("CARGO_ENCODED_RUSTFLAGS");
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
        self.target.join(WINDOWS).join("debug")
    }
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
