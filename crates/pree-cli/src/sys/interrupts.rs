//! Systems where nothing that is asked of them must be put back, so that an interrupt may always end the program.

use std::process::ExitCode;
use std::time::Duration;

/// Nothing is held back.
pub(crate) struct Interrupts;

impl Interrupts {
    pub(crate) fn hold() -> Self {
        Self
    }

    #[expect(clippy::unused_self, reason = "Windows waits with what it holds")]
    pub(crate) fn wait(&self, time: Duration) {
        std::thread::sleep(time);
    }
}

/// None comes that the program lives to see.
pub(crate) fn came() -> bool {
    false
}

pub(crate) fn end() -> ExitCode {
    ExitCode::FAILURE
}
