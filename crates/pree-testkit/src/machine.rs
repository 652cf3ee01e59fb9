//! What a machine has: programs, Python, a kernel.

use std::env;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// The path of a program in `PATH`, or in `/usr/sbin` and `/sbin`, where users find no `PATH` to.
pub fn tool(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let also = ["/usr/sbin", "/sbin"].map(PathBuf::from);
    env::split_paths(&path).chain(also).map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// The first Python 3 that can import `module`: the one in `PATH`, else the system's own, for which the packages
/// of the distribution are.
pub fn python(module: &str) -> Option<PathBuf> {
    let candidates = [tool("python3"), Some(PathBuf::from("/usr/bin/python3"))];
    candidates.into_iter().flatten().find(|python| {
        Command::new(python)
            .args(["-c", &format!("import {module}")])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    })
}

/// The first two numbers of `uname -r`.
pub fn kernel_version() -> (u32, u32) {
    let release = rustix::system::uname().release().to_string_lossy().into_owned();
    let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map_while(|part| part.parse().ok());
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}
