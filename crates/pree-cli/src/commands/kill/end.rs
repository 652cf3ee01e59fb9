//! Ending processes: a signal, some time, and force.

use std::time::{Duration, Instant};

use pree::Result;
use pree::act::{Held, Signal};

use super::targets::Target;
use crate::commands::act::Outcome;

/// It ended.
pub(super) const ENDED: &str = "ended";
/// It had to be forced.
pub(super) const KILLED: &str = "killed";
/// It lives on, and was not to be forced.
pub(super) const SIGNALLED: &str = "signalled";

/// How many are held at once: each takes a descriptor, of which there are usually 1,024.
const MOST: usize = 500;

/// How long the system takes at most to end what it was told to end.
const FORCED: Duration = Duration::from_secs(5);

/// How processes are ended.
#[derive(Clone, Copy)]
pub(super) struct How {
    pub(super) signal: Signal,
    /// How long the signal has time to do its work.
    pub(super) grace: Duration,
    /// Whether `KILL` follows.
    pub(super) forces: bool,
}

impl How {
    pub(super) fn question(self, count: usize) -> String {
        let signal = self.signal.name();
        let then = if self.forces && self.signal != Signal::Kill {
            format!(", after {} with KILL", words_of(self.grace))
        } else {
            String::new()
        };
        let what = if count == 1 { "it".to_owned() } else { format!("these {count} processes") };
        format!("end {what} with {signal}{then}?")
    }
}

/// A length of time as `--grace` has it.
pub(super) fn words_of(time: Duration) -> String {
    if time.subsec_millis() == 0 { format!("{}s", time.as_secs()) } else { format!("{}ms", time.as_millis()) }
}

/// Holds on to them, as far as they may be ended.
pub(super) fn hold(targets: &mut [Target]) {
    for (index, target) in targets.iter_mut().enumerate() {
        if index >= MOST {
            target.outcome = Outcome::Failed("500 processes are ended at once: begin again for the rest");
            continue;
        }
        match Held::new(&target.owner.process).and_then(|held| held.check().map(|()| held)) {
            Ok(held) => target.held = Some(held),
            Err(error) => target.outcome = error.into(),
        }
    }
}

/// Ends those that are held, side by side.
pub(super) fn all(targets: &mut [Target], how: How) {
    let held = targets.iter_mut().filter_map(|target| Some((target.held.take()?, target))).collect();
    let held = wait(send(held, how.signal), how.grace, ENDED);
    if !how.forces {
        for (_, target) in held {
            target.outcome = Outcome::Done(SIGNALLED);
        }
        return;
    }
    for (_, target) in wait(send(held, Signal::Kill), FORCED, KILLED) {
        target.outcome = Outcome::Failed("it was sent KILL and has not ended yet");
        target.is_late = true;
    }
}

type Holding<'t> = Vec<(Held, &'t mut Target)>;

/// Those that got the signal.
fn send(held: Holding<'_>, signal: Signal) -> Holding<'_> {
    let mut reached = Vec::new();
    for (process, target) in held {
        match process.signal(signal) {
            Ok(()) => reached.push((process, target)),
            Err(error) => (target.outcome, target.is_late) = (error.into(), true),
        }
    }
    reached
}

/// Waits for them together; those that have not ended.
fn wait<'t>(held: Holding<'t>, longest: Duration, ended: &'static str) -> Holding<'t> {
    let begun = Instant::now();
    let mut living = Vec::new();
    for (process, target) in held {
        match until(&process, begun, longest) {
            Ok(true) => target.outcome = Outcome::Done(ended),
            Ok(false) => living.push((process, target)),
            Err(error) => (target.outcome, target.is_late) = (Outcome::Refused(error), true),
        }
    }
    living
}

fn until(process: &Held, begun: Instant, longest: Duration) -> Result<bool> {
    loop {
        let left = longest.saturating_sub(begun.elapsed());
        if process.wait(left)? {
            return Ok(true);
        }
        // It returns early when a signal came.
        if left.is_zero() {
            return Ok(false);
        }
    }
}
