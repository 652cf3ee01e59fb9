//! Waiting for a condition with a deadline, instead of sleeping and hoping.

use std::thread;
use std::time::{Duration, Instant};

use crate::Failed;

/// How long [`wait_until`] and [`wait_for`] wait before they give up: longer than a busy machine ever takes.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Returns once `condition` is true; an error naming `what` when that takes longer than [`PATIENCE`].
///
/// # Errors
/// The condition stayed false.
pub fn wait_until(what: &str, mut condition: impl FnMut() -> bool) -> Result<(), Failed> {
    wait_for(what, || condition().then_some(()))
}

/// Returns the value of the first `Some`; an error naming `what` when that takes longer than [`PATIENCE`].
///
/// # Errors
/// The answer stayed `None`.
pub fn wait_for<T>(what: &str, mut attempt: impl FnMut() -> Option<T>) -> Result<T, Failed> {
    let start = Instant::now();
    let mut pause = Duration::from_micros(100);
    loop {
        if let Some(value) = attempt() {
            return Ok(value);
        }
        if start.elapsed() > PATIENCE {
            return Err(format!("waited {} s in vain: {what}", PATIENCE.as_secs()).into());
        }
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(10));
    }
}
