//! ^C and its like, noted while somebody ends by himself; by default they end the program.

use std::mem;
use std::process::ExitCode;
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

static CAME: AtomicBool = AtomicBool::new(false);
static LATE: AtomicBool = AtomicBool::new(false);

/// Signals by which somebody asks a program to end.
const ENDING: [libc::c_int; 3] = [libc::SIGINT, libc::SIGTERM, libc::SIGHUP];

/// While this lives, the first such signal is only noted. A second one ends the program at once.
pub(crate) struct Interrupts(());

extern "C" fn note(_: libc::c_int) {
    CAME.store(true, Ordering::Relaxed);
}

impl Interrupts {
    pub(crate) fn hold() -> Self {
        let mut action = no_action();
        action.sa_sigaction = note as extern "C" fn(libc::c_int) as libc::sighandler_t;
        action.sa_flags = libc::SA_RESETHAND;
        for signal in ENDING {
            let mut before = no_action();
            // SAFETY: the structures are this function's own; the handler only stores into an atomic.
            unsafe { libc::sigaction(signal, &raw const action, &raw mut before) };
            if before.sa_sigaction == libc::SIG_IGN {
                // Whoever started us wants it ignored (nohup).
                // SAFETY: as above; it is the action that was in force.
                unsafe { libc::sigaction(signal, &raw const before, ptr::null_mut()) };
            }
        }
        Self(())
    }

    pub(crate) fn wait(&self, time: Duration) {
        let () = self.0;
        std::thread::sleep(time);
    }
}

extern "C" fn note_late(_: libc::c_int) {
    LATE.store(true, Ordering::Relaxed);
}

/// A second after this time, at most, a write that waits for its reader fails as if it was interrupted, and each later one.
pub(crate) fn wait_no_longer_than(time: Duration) {
    let mut action = no_action();
    action.sa_sigaction = note_late as extern "C" fn(libc::c_int) as libc::sighandler_t;
    let again = libc::timeval { tv_sec: 0, tv_usec: 50_000 };
    let mut timer = libc::itimerval { it_interval: again, it_value: again };
    // A second more at most, for what is to be written at the end.
    timer.it_value.tv_sec = time.as_secs().saturating_add(1).try_into().unwrap_or(libc::time_t::MAX);
    // SAFETY: the structure is this function's own; the handler only stores into an atomic.
    unsafe { libc::sigaction(libc::SIGALRM, &raw const action, ptr::null_mut()) };
    // SAFETY: the structure is this function's own.
    unsafe { libc::setitimer(libc::ITIMER_REAL, &raw const timer, ptr::null_mut()) };
}

/// Whether that time is over.
pub(crate) fn is_late() -> bool {
    LATE.load(Ordering::Relaxed)
}

fn no_action() -> libc::sigaction {
    // SAFETY: all zeros is a valid value of this structure.
    unsafe { mem::zeroed() }
}

/// Whether one has come.
pub(crate) fn came() -> bool {
    CAME.load(Ordering::Relaxed)
}

pub(crate) fn end() -> ExitCode {
    ExitCode::FAILURE
}
