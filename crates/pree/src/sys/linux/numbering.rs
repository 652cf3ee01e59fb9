//! Whose numbers the ids in /proc are. System calls take ids of the caller's own pid namespace, and /proc has those of the
//! namespace that it was mounted for: a number from one is another process in the other.

use pree_wire::proc_scope::{levels_above, mount_of_device};
use rustix::fs::{AtFlags, CWD, major, minor, statat};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use super::failures::lookup;
use super::proc;
use crate::source::{Errno, Failure};

/// `NS_GET_PARENT` of linux/nsfs.h, Linux 4.9.
const NS_GET_PARENT: libc::Ioctl = 0xb702;

/// The id of a process or thread in our own pid namespace.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct OwnId(libc::pid_t);

impl OwnId {
    pub(super) fn get(self) -> libc::pid_t {
        self.0
    }
}

/// Whether ids in /proc are our own namespace's.
#[derive(Clone, Copy, Debug)]
pub(super) struct Numbering {
    is_own: bool,
}

impl Numbering {
    #[cfg(test)]
    pub(super) const FOREIGN: Self = Self { is_own: false };

    /// That of the mounted /proc. What cannot be found out is not ours.
    pub(super) fn of_proc() -> Self {
        let status = proc::read_whole(c"/proc/thread-self/status");
        // Without that line the kernel is older than 4.1, or has no pid namespaces.
        Self { is_own: status.is_ok_and(|status| levels_above(&status).unwrap_or(0) == 0) }
    }

    /// What a number in /proc is for system calls; `None` where that is not known.
    pub(super) fn own(self, id: u32) -> Option<OwnId> {
        libc::pid_t::try_from(id).ok().filter(|id| self.is_own && *id > 0).map(OwnId)
    }
}

/// Whether /proc, in which we are not to be found, shows processes of a pid namespace below ours.
pub(super) fn proc_is_below() -> Result<bool, Failure> {
    if statat(CWD, c"/proc/thread-self", AtFlags::empty()).is_ok() {
        return Err(Failure::Transport(Errno::EAGAIN));
    }
    // Process 1 is always in the very namespace that /proc shows.
    let namespace = proc::open(c"/proc/1/ns/pid")?;
    // SAFETY: this command takes no argument, and touches no memory of ours.
    let parent = unsafe { libc::ioctl(namespace.as_raw_fd(), NS_GET_PARENT) };
    if parent >= 0 {
        // SAFETY: the kernel made this descriptor for us, and nobody else knows of it.
        drop(unsafe { OwnedFd::from_raw_fd(parent) });
        return Ok(true);
    }
    match std::io::Error::last_os_error().raw_os_error().map(Errno::linux) {
        // Its parent is not ours, nor one of those below ours.
        Some(Errno::EPERM) => Ok(false),
        error => Err(Failure::Transport(error.unwrap_or(Errno::EIO))),
    }
}

/// The line of mountinfo about the file system at /proc.
pub(super) fn proc_mount() -> Result<Vec<u8>, Failure> {
    let device = statat(CWD, c"/proc", AtFlags::empty()).map_err(lookup)?.st_dev;
    let table = proc::read_whole(c"/proc/thread-self/mountinfo")?;
    let line = mount_of_device(&table, major(device), minor(device)).ok_or(Failure::Answer(Errno::ENOENT))?;
    Ok(line.to_vec())
}
