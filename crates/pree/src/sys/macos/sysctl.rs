//! sysctl(3) by name, and the arguments of a process.

use std::ffi::CStr;
use std::ptr;

use pree_wire::errno::apple::{EACCES, EBADMSG, EINVAL, ENOENT, ENOMEM, ENOTSUP, EPERM, ESRCH};

use super::errno::last_errno;
use crate::source::{AppleList, Errno, Failure};

/// Longest text of a sysctl that is asked for.
const TEXT: usize = 256;

/// This kernel has none of this name, it is not permitted, or it takes more room.
const ANSWERS: &[Errno] = &[ENOENT, ENOTSUP, EPERM, EACCES, ENOMEM];

/// The text of a sysctl, without the NUL at its end.
pub(super) fn text(name: &CStr) -> Result<Vec<u8>, Failure> {
    let mut bytes = by_name(name, TEXT)?;
    bytes.truncate(bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len()));
    Ok(bytes)
}

/// How many bytes a list takes, with some to spare.
pub(super) fn size(list: AppleList) -> Result<u64, Failure> {
    let mut size = 0;
    // SAFETY: without a buffer the call writes nothing but `size`, which outlives it; the name ends with a NUL.
    let result = unsafe {
        libc::sysctlbyname(name(list).as_ptr(), ptr::null_mut(), &raw mut size, ptr::null_mut(), 0)
    };
    if result == 0 { Ok(size as u64) } else { Err(Failure::of_call(ANSWERS, last_errno())) }
}

/// A list, if it takes no more than `room`.
pub(super) fn list(list: AppleList, room: usize) -> Result<Vec<u8>, Failure> {
    by_name(name(list), room)
}

/// How many bytes the arguments and environment of a process may take.
pub(super) fn most_arguments() -> Result<u64, Failure> {
    let bytes = by_name(c"kern.argmax", size_of::<i32>())?;
    let most = bytes.try_into().map_or(0, i32::from_ne_bytes);
    u64::try_from(most).map_err(|_| Failure::Transport(EBADMSG))
}

/// Arguments and environment of a process (`KERN_PROCARGS2`).
pub(super) fn arguments(pid: i32, room: usize) -> Result<Vec<u8>, Failure> {
    let mut mib = [libc::CTL_KERN, libc::KERN_PROCARGS2, pid];
    let mut bytes = vec![0; room];
    let mut length = bytes.len();
    // SAFETY: `mib` has the three numbers that are said, `bytes` is writable for `length` bytes, and all of them outlive the
    // call.
    let result = unsafe {
        libc::sysctl(mib.as_mut_ptr(), 3, bytes.as_mut_ptr().cast(), &raw mut length, ptr::null_mut(), 0)
    };
    if result != 0 {
        // `EINVAL` of a process that has ended, is another user's, or of more room than `kern.argmax`.
        return Err(Failure::of_call(&[EINVAL, ESRCH, EPERM, EACCES], last_errno()));
    }
    bytes.truncate(length);
    Ok(bytes)
}

fn by_name(name: &CStr, room: usize) -> Result<Vec<u8>, Failure> {
    let mut bytes = vec![0; room];
    let mut length = room;
    // SAFETY: `bytes` is writable for `length` bytes, both outlive the call, and the name ends with a NUL.
    let result = unsafe {
        libc::sysctlbyname(name.as_ptr(), bytes.as_mut_ptr().cast(), &raw mut length, ptr::null_mut(), 0)
    };
    if result != 0 {
        return Err(Failure::of_call(ANSWERS, last_errno()));
    }
    bytes.truncate(length);
    Ok(bytes)
}

fn name(list: AppleList) -> &'static CStr {
    match list {
        AppleList::Tcp => c"net.inet.tcp.pcblist_n",
        AppleList::Udp => c"net.inet.udp.pcblist_n",
        AppleList::Raw => c"net.inet.raw.pcblist_n",
        AppleList::UnixStream => c"net.local.stream.pcblist_n",
        AppleList::UnixDatagram => c"net.local.dgram.pcblist_n",
    }
}
