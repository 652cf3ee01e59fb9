//! ^C, ^Break, a console that is closed, the end of a session: Windows calls a function of the program for them, on a
//! thread of its own, and ends the program by itself where there is none.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use windows_sys::Win32::Foundation::STATUS_CONTROL_C_EXIT;
use windows_sys::Win32::System::Console::{CTRL_BREAK_EVENT, CTRL_C_EVENT, SetConsoleCtrlHandler};
use windows_sys::core::BOOL;

/// Whether one came.
static CAME: Mutex<bool> = Mutex::new(false);
static CHANGED: Condvar = Condvar::new();

/// While this lives an interrupt does not end the program: it only [came](came).
pub(crate) struct Interrupts(());

impl Interrupts {
    pub(crate) fn hold() -> Self {
        // SAFETY: the function lives as long as the program. Where it is refused, an interrupt ends the program.
        unsafe { SetConsoleCtrlHandler(Some(take), 1) };
        Self(())
    }

    /// Waits so long, or until one comes.
    #[allow(clippy::unused_self, reason = "without it the wait would just be ended with the program")]
    pub(crate) fn wait(&self, time: Duration) {
        // It ends early for nothing else, and what it says is asked for again.
        drop(CHANGED.wait_timeout_while(lock(), time, |came| !*came));
    }
}

impl Drop for Interrupts {
    fn drop(&mut self) {
        // SAFETY: the function is the one that was added.
        unsafe { SetConsoleCtrlHandler(Some(take), 0) };
    }
}

/// Windows has no way to end a write that waits.
pub(crate) fn wait_no_longer_than(_: Duration) {}

pub(crate) fn is_late() -> bool {
    false
}

/// Whether one came while they were held.
pub(crate) fn came() -> bool {
    *lock()
}

/// Ends the program as Windows would have.
#[allow(clippy::exit, reason = "a code of main has 8 bits")]
pub(crate) fn end() -> std::process::ExitCode {
    std::process::exit(STATUS_CONTROL_C_EXIT)
}

fn lock() -> MutexGuard<'static, bool> {
    CAME.lock().unwrap_or_else(PoisonError::into_inner)
}

unsafe extern "system" fn take(event: u32) -> BOOL {
    *lock() = true;
    CHANGED.notify_all();
    if event != CTRL_C_EVENT && event != CTRL_BREAK_EVENT {
        // When this returns the program is ended, whatever it says. Windows gives it some seconds; it ends before.
        loop {
            std::thread::park();
        }
    }
    1
}
