//! Systems where every file has a name.

use std::ffi::OsStr;
use std::fs::File;
use std::io;

/// There are none.
///
/// # Errors
/// Always.
pub(crate) fn create<D>(_: &D) -> io::Result<File> {
    Err(io::ErrorKind::Unsupported.into())
}

/// There are none.
///
/// # Errors
/// Always.
pub(crate) fn link<D>(_: &File, _: &D, _: &OsStr) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
