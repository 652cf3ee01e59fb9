//! Names in the folder for temporary files that no other test has. Labs run beside each other and share that folder, and in each
//! the process ids begin anew.

use std::io;
use std::path::PathBuf;

use rustix::rand::{GetRandomFlags, getrandom};

/// A path below the folder for temporary files where nothing is; `what` says in its name what it is for.
///
/// # Errors
/// The kernel's.
pub fn fresh_path(what: &str) -> io::Result<PathBuf> {
    let mut random = [0; 8];
    getrandom(&mut random, GetRandomFlags::empty())?;
    Ok(std::env::temp_dir().join(format!("pree-{what}-{:016x}", u64::from_ne_bytes(random))))
}
