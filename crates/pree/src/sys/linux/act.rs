//! What changes the system, as system calls.

use std::ffi::CString;
use std::os::fd::OwnedFd;

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use super::failures::errno;
use super::netlink::Request;
use super::numbering::Numbering;
use super::proc;
use crate::source::{Errno, Failure};

/// Whether sockets can be closed.
pub(crate) const IS_HERE: bool = true;

/// A process that is held on to: whatever has its number later, this is meant.
pub(crate) struct Held {
    process: OwnedFd,
    pid: u32,
}

impl Held {
    /// The process that has this number in /proc now.
    pub(crate) fn new(pid: u32) -> Result<Self, Failure> {
        let own = Numbering::of_proc().own(pid).ok_or(Failure::Answer(Errno::EOPNOTSUPP))?;
        let process = Pid::from_raw(own.get()).ok_or(Failure::Answer(Errno::ESRCH))?;
        let process = pidfd_open(process, PidfdFlags::empty()).map_err(refused)?;
        Ok(Self { process, pid })
    }

    /// `/proc/PID/stat` of the process that has its number, which is this one or a later one.
    pub(crate) fn stat(&self) -> Result<Vec<u8>, Failure> {
        let path = CString::new(format!("/proc/{}/stat", self.pid));
        proc::read_whole(&path.map_err(|_| Failure::Transport(Errno::EINVAL))?)
    }

    /// `SIGKILL`, or `SIGTERM`.
    pub(crate) fn signal(&self, at_once: bool) -> Result<(), Failure> {
        let signal = if at_once { Signal::KILL } else { Signal::TERM };
        pidfd_send_signal(&self.process, signal).map_err(refused)
    }
}

/// It has ended, or may not be ended by us, or the kernel is older than these calls.
fn refused(error: rustix::io::Errno) -> Failure {
    Failure::of_call(&[Errno::ESRCH, Errno::EPERM, Errno::ENOSYS], errno(error))
}

/// Sends a request that changes something to `sock_diag`; the first datagram of the answer.
pub(crate) fn request(message: &[u8]) -> Result<Vec<u8>, Failure> {
    let mut answer = Vec::new();
    Request::send(message)?.receive(&mut answer)?;
    Ok(answer)
}
