//! `proc_info(2)` through libproc: processes, their descriptors, and the sockets behind these.

use libc::{c_int, c_void};
use pree_wire::errno::apple::{EACCES, EBADF, EINVAL, ENOENT, ENOTSOCK, ENOTSUP, EOPNOTSUPP, EPERM, ESRCH};

use super::errno::last_errno;
use super::sysctl;
use crate::source::{AppleProcessPart, Errno, Failure};

// Numbers of sys/proc_info.h.
const ALL_PIDS: u32 = 1;
const LIST_FDS: c_int = 1;
const BSD_INFO: c_int = 3;
const SHORT_BSD_INFO: c_int = 13;
const FD_SOCKET_INFO: c_int = 3;
const LIST_FILE_PORTS: c_int = 14;
const FILE_PORT_SOCKET_INFO: c_int = 3;

/// More than any of the structures has: the kernel fills as much as it knows.
const STRUCTURE: usize = 4096;

/// `PROC_PIDPATHINFO_MAXSIZE`: the call takes no more room than this.
const PATH: usize = 4096;

/// The process has ended, the descriptor was closed or is no socket's (`EOPNOTSUPP` up to macOS 10.15, and of file ports), the
/// file port is gone (`EINVAL`), or it is not permitted.
const ANSWERS: &[Errno] = &[ESRCH, EBADF, ENOTSUP, ENOTSOCK, EOPNOTSUPP, EINVAL, ENOENT, EPERM, EACCES];

/// The user id that rights depend on.
pub(super) fn effective_user() -> u32 {
    // SAFETY: the call takes nothing and cannot fail.
    unsafe { libc::geteuid() }
}

/// Ids of all processes, as many as fit.
pub(super) fn ids(room: usize) -> Result<Vec<u8>, Failure> {
    filled(room, |buffer, size| {
        // SAFETY: `filled` gives a buffer that is writable for `size` bytes and outlives the call.
        unsafe { libc::proc_listpids(ALL_PIDS, 0, buffer, size) }
    })
}

pub(super) fn part(pid: u32, part: AppleProcessPart) -> Result<Vec<u8>, Failure> {
    let pid = c_int::try_from(pid).map_err(|_| Failure::Answer(ESRCH))?;
    match part {
        AppleProcessPart::Descriptors { room } => info(pid, LIST_FDS, room),
        AppleProcessPart::FilePorts { room } => info(pid, LIST_FILE_PORTS, room),
        AppleProcessPart::Info => info(pid, BSD_INFO, STRUCTURE),
        AppleProcessPart::ShortInfo => info(pid, SHORT_BSD_INFO, STRUCTURE),
        AppleProcessPart::Executable => filled(PATH, |buffer, size| {
            // SAFETY: `filled` gives a buffer that is writable for `size` bytes and outlives the call.
            unsafe { libc::proc_pidpath(pid, buffer, size.unsigned_abs()) }
        }),
        AppleProcessPart::Arguments { room } => sysctl::arguments(pid, room),
        AppleProcessPart::Socket { fd } => {
            let fd = c_int::try_from(fd).map_err(|_| Failure::Answer(EBADF))?;
            filled(STRUCTURE, |buffer, size| {
                // SAFETY: `filled` gives a buffer that is writable for `size` bytes and outlives the call.
                unsafe { libc::proc_pidfdinfo(pid, fd, FD_SOCKET_INFO, buffer, size) }
            })
        }
        AppleProcessPart::FilePortSocket { port } => filled(STRUCTURE, |buffer, size| {
            // SAFETY: `filled` gives a buffer that is writable for `size` bytes and outlives the call.
            unsafe { libc::proc_pidfileportinfo(pid, port, FILE_PORT_SOCKET_INFO, buffer, size) }
        }),
    }
}

fn info(pid: c_int, flavor: c_int, room: usize) -> Result<Vec<u8>, Failure> {
    filled(room, |buffer, size| {
        // SAFETY: `filled` gives a buffer that is writable for `size` bytes and outlives the call.
        unsafe { libc::proc_pidinfo(pid, flavor, 0, buffer, size) }
    })
}

/// What a call wrote into a buffer of `room` bytes. libproc answers 0 when a call fails and when there is nothing: only errno
/// tells them apart.
fn filled(room: usize, call: impl FnOnce(*mut c_void, c_int) -> c_int) -> Result<Vec<u8>, Failure> {
    let size = c_int::try_from(room).unwrap_or(c_int::MAX);
    let mut bytes = vec![0; size.unsigned_abs() as usize];
    // SAFETY: the call takes nothing and always answers.
    let errno = unsafe { libc::__error() };
    // SAFETY: it points to this thread's errno, which lives as long as the thread and which nobody else writes.
    unsafe { errno.write(0) };
    let length = call(bytes.as_mut_ptr().cast(), size);
    if length <= 0 {
        let errno = last_errno();
        if errno.number() != 0 {
            return Err(Failure::of_call(ANSWERS, errno));
        }
    }
    bytes.truncate(usize::try_from(length).unwrap_or(0));
    Ok(bytes)
}
