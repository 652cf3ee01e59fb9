//! Resolves names of interfaces to indices, and back.

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

/// The name of the interface with this index.
pub(super) fn interface_name(index: u32) -> Result<Vec<u8>, Failure> {
    let mut name = [0; libc::IF_NAMESIZE];
    // SAFETY: the call writes at most IF_NAMESIZE bytes, NUL included, into room for as many.
    if unsafe { libc::if_indextoname(index, name.as_mut_ptr().cast()) }.is_null() {
        return Err(Failure::of_call(&[ENXIO], last_errno()));
    }
    Ok(name.into_iter().take_while(|byte| *byte != 0).collect())
}
