//! The programs of the system that this chore runs, and what to install where one is missing.

use std::io;
use std::process::{Command, Stdio};

use crate::Result;

pub(super) const QEMU: &str = "qemu-system-x86_64";
/// The programs this needs, and Debian's packages of them.
const TOOLS: &[(&str, &str)] = &[
    (QEMU, "qemu-system-x86"),
    ("apt-get", "apt"),
    ("apt-cache", "apt"),
    ("dpkg-deb", "dpkg"),
    ("xz", "xz-utils"),
    ("zstd", "zstd"),
    ("gzip", "gzip"),
];

/// A program of the system, without a terminal and without the user's language.
pub(super) fn tool(program: &'static str) -> Command {
    let mut command = Command::new(program);
    command.env("LC_ALL", "C.UTF-8").stdin(Stdio::null());
    command
}

/// What it printed, as bytes; or its complaint.
pub(super) fn bytes(command: &mut Command) -> Result<Vec<u8>> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|error| missing(&program, &error))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let told = String::from_utf8_lossy(&output.stderr);
    Err(format!("{program}: {}: {}", output.status, told.lines().next().unwrap_or("it says nothing")))
}

/// What it printed; or its complaint.
pub(super) fn words(command: &mut Command) -> Result<String> {
    bytes(command).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

/// That a program is not there, and which package has it.
pub(super) fn missing(program: &str, error: &io::Error) -> String {
    let package = TOOLS.iter().find(|(name, _)| *name == program).map(|(_, package)| package);
    match package {
        Some(package) if error.kind() == io::ErrorKind::NotFound => {
            format!("no {program} here: apt-get install --no-install-recommends {package}")
        }
        _ => format!("cannot run {program}: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::missing;

    #[test]
    fn a_missing_program_names_its_package() {
        let absent = io::Error::from(io::ErrorKind::NotFound);
        assert_eq!(
            missing("qemu-system-x86_64", &absent),
            "no qemu-system-x86_64 here: apt-get install --no-install-recommends qemu-system-x86"
        );
        let denied = io::Error::from(io::ErrorKind::PermissionDenied);
        assert_eq!(missing("xz", &denied), "cannot run xz: permission denied");
    }
}
