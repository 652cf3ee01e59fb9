//! Files without a name: of these nothing is left when the program ends early, whatever ends it.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};

use rustix::fs::{AtFlags, CWD, Mode, OFlags, linkat, openat};

/// A new one in this directory, that only its owner reads and writes.
///
/// # Errors
/// Not every file system has them, nor every kernel.
pub(in crate::sys) fn create(directory: &OwnedFd) -> io::Result<File> {
    let flags = OFlags::WRONLY | OFlags::TMPFILE | OFlags::CLOEXEC;
    Ok(openat(directory, ".", flags, Mode::RUSR | Mode::WUSR)?.into())
}

/// Gives it a name in its directory that nothing has.
pub(in crate::sys) fn link(file: &File, directory: &OwnedFd, name: &OsStr) -> io::Result<()> {
    if linkat(file, "", directory, name, AtFlags::EMPTY_PATH).is_ok() {
        return Ok(());
    }
    // Before Linux 6.10 a descriptor alone is enough only with CAP_DAC_READ_SEARCH.
    let opened = format!("/proc/self/fd/{}", file.as_raw_fd());
    Ok(linkat(CWD, opened, directory, name, AtFlags::SYMLINK_FOLLOW)?)
}
