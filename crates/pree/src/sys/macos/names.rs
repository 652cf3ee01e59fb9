//! Resolves names of interfaces to indices.

use std::ffi::CString;

use pree_wire::errno::apple::ENXIO;

use super::errno::last_errno;
use crate::source::Failure;

/// The interface's index.
pub(super) fn interface_index(name: &str) -> Result<u32, Failure> {
    let name = CString::new(name).map_err(|_| Failure::Answer(ENXIO))?;
    // SAFETY: the name ends with a NUL and outlives the call.
    match unsafe { libc::if_nametoindex(name.as_ptr()) } {
        0 => Err(Failure::of_call(&[ENXIO], last_errno())),
        index => Ok(index),
    }
}
