//! The only file of the benchmark with `unsafe`: the few calls that neither the standard library nor rustix wraps, each
//! as a safe function.

use std::io;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, ExitStatus};
use std::time::Duration;

use rustix::process::{Signal, set_parent_process_death_signal};
use rustix::thread::UnshareFlags;

/// What a process used until its end, with the children it waited for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Usage {
    pub(crate) user: Duration,
    pub(crate) system: Duration,
    pub(crate) peak_rss_kib: u64,
}

/// Waits for a child and tells what it used (wait4(2)).
pub(crate) fn wait(pid: u32) -> io::Result<(ExitStatus, Usage)> {
    let mut status = 0;
    // SAFETY: `rusage` is plain integers, for which all zeroes are a value.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    loop {
        // SAFETY: both pointers are to values of the right type that live through the call.
        let result = unsafe { libc::wait4(pid as libc::pid_t, &raw mut status, 0, &raw mut usage) };
        if result >= 0 {
            break;
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
    let time = |time: libc::timeval| {
        Duration::from_secs(time.tv_sec as u64) + Duration::from_micros(time.tv_usec as u64)
    };
    let usage = Usage {
        user: time(usage.ru_utime),
        system: time(usage.ru_stime),
        peak_rss_kib: usage.ru_maxrss as u64,
    };
    Ok((ExitStatus::from_raw(status), usage))
}

/// The child dies with the thread that starts it. It also begins as a fork of this small process and not in its memory
/// (posix_spawn), so that its peak RSS is its own.
pub(crate) fn tie(command: &mut Command) -> &mut Command {
    let die_with_parent = || Ok(set_parent_process_death_signal(Some(Signal::KILL))?);
    // SAFETY: the closure runs between fork and exec and makes one prctl(2); it allocates nothing and takes no lock.
    unsafe { command.pre_exec(die_with_parent) }
}

/// unshare(2) for the calling thread.
pub(crate) fn unshare(flags: UnshareFlags) -> io::Result<()> {
    // SAFETY: what makes unshare unsafe is CLONE_FILES, which nobody here passes.
    unsafe { rustix::thread::unshare_unsafe(flags) }.map_err(io::Error::from)
}
