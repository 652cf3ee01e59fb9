//! What changes the system, as system calls.

use std::ffi::CString;
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal, test_kill_process};

use super::Live;
use super::failures::{errno, transport};
use super::netlink::Request;
use super::numbering::Numbering;
use super::proc;
use crate::signal;
use crate::source::{Errno, Failure};

/// Whether sockets can be closed.
pub(crate) const IS_HERE: bool = true;

/// A process that is held on to: whatever has its number later, this is meant.
#[derive(Debug)]
pub(crate) struct Held {
    process: OwnedFd,
    id: Pid,
}

impl Held {
    /// The process that has this number in /proc now.
    pub(crate) fn new(pid: u32) -> Result<Self, Failure> {
        let own = Numbering::of_proc().own(pid).ok_or(Failure::Answer(Errno::EOPNOTSUPP))?;
        let id = Pid::from_raw(own.get()).ok_or(Failure::Answer(Errno::ESRCH))?;
        Ok(Self { process: pidfd_open(id, PidfdFlags::empty()).map_err(refused)?, id })
    }

    /// Sends this, or with `None` only finds out whether that is permitted.
    pub(crate) fn signal(&self, signal: Option<signal::Signal>) -> Result<(), Failure> {
        match signal {
            Some(signal) => pidfd_send_signal(&self.process, number(signal)),
            // By its id: rustix has no signal 0 for what is held. It reaches nobody.
            None => test_kill_process(self.id),
        }
        .map_err(refused)
    }

    /// Whether it has ended, at the latest after this time.
    pub(crate) fn wait(&self, longest: Duration) -> Result<bool, Failure> {
        let mut held = [PollFd::new(&self.process, PollFlags::IN)];
        let longest = Timespec::try_from(longest).map_err(|_| Failure::Transport(Errno::EINVAL))?;
        match poll(&mut held, Some(&longest)) {
            // A signal came: whoever waits asks again.
            Err(rustix::io::Errno::INTR) => Ok(false),
            ended => ended.map(|ended| ended > 0).map_err(transport),
        }
    }
}

fn number(signal: signal::Signal) -> Signal {
    match signal {
        signal::Signal::Term => Signal::TERM,
        signal::Signal::Kill => Signal::KILL,
        signal::Signal::Int => Signal::INT,
        signal::Signal::Hup => Signal::HUP,
        signal::Signal::Quit => Signal::QUIT,
        signal::Signal::Abrt => Signal::ABORT,
        signal::Signal::Usr1 => Signal::USR1,
        signal::Signal::Usr2 => Signal::USR2,
    }
}

/// `/proc/PID/stat` of the process that has this number.
pub(crate) fn stat(pid: u32) -> Result<Vec<u8>, Failure> {
    let path = CString::new(format!("/proc/{pid}/stat"));
    proc::read_whole(&path.map_err(|_| Failure::Transport(Errno::EINVAL))?)
}

/// Our own.
pub(crate) fn own_stat() -> Result<Vec<u8>, Failure> {
    proc::read_whole(c"/proc/self/stat")
}

/// It has ended, or may not be ended by us, or the kernel is older than these calls.
fn refused(error: rustix::io::Errno) -> Failure {
    Failure::of_call(&[Errno::ESRCH, Errno::EPERM, Errno::ENOSYS], errno(error))
}

/// Sends a request that changes something to `sock_diag` of the namespace that is asked; the first datagram of the answer.
pub(crate) fn request(system: &Live, message: &[u8]) -> Result<Vec<u8>, Failure> {
    system.in_namespace(|| {
        let mut answer = Vec::new();
        Request::send(message)?.receive(&mut answer)?;
        Ok(answer)
    })
}
