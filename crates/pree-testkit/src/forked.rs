//! A copy of the case in namespaces of its own: what a program sees there, and what others see of it.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::panic::{AssertUnwindSafe, catch_unwind};

use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{Pid, Signal, WaitOptions, kill_process, set_parent_process_death_signal, waitpid};
use rustix::thread::UnshareFlags;

pub use rustix::thread::UnshareFlags as Namespaces;

use crate::{Failed, sys};

/// A process that did its work, told what came out, and stays until this value is dropped.
#[derive(Debug)]
pub struct Forked {
    process: Pid,
    told: String,
    stay: Option<OwnedFd>,
}

impl Forked {
    /// Starts it in new namespaces of these kinds and waits for what it tells. What else the work gives stays alive with the
    /// process. For cases in a lab, which have no second thread when they call this.
    ///
    /// # Errors
    /// The work's own, or namespaces could not be made.
    pub fn start<K>(
        namespaces: Namespaces,
        work: impl FnOnce() -> Result<(String, K), Failed>,
    ) -> Result<Self, Failed> {
        let (told, tell) = pipe_with(PipeFlags::CLOEXEC)?;
        let (end, stay) = pipe_with(PipeFlags::CLOEXEC)?;
        let Some(id) = sys::fork()? else {
            drop((told, stay));
            outer(namespaces, File::from(tell), File::from(end), work);
        };
        drop((tell, end));
        let process = i32::try_from(id).ok().and_then(Pid::from_raw).ok_or("a process id")?;
        let mut forked = Self { process, told: String::new(), stay: Some(stay) };
        File::from(told).read_to_string(&mut forked.told)?;
        match forked.told.strip_prefix("ok ") {
            Some(told) => forked.told = told.to_owned(),
            None => return Err(format!("in the forked process: {}", forked.told).into()),
        }
        Ok(forked)
    }

    /// What it told.
    pub fn told(&self) -> &str {
        &self.told
    }
}

impl Drop for Forked {
    fn drop(&mut self) {
        // It ends by itself where we may not end it any more, as another user.
        self.stay = None;
        let _ = kill_process(self.process, Signal::KILL);
        let _ = waitpid(Some(self.process), WaitOptions::empty());
    }
}

/// What a forked process tells of its work.
///
/// # Errors
/// As [`Forked::start`].
pub fn told_by(
    namespaces: Namespaces,
    work: impl FnOnce() -> Result<String, Failed>,
) -> Result<String, Failed> {
    Ok(Forked::start(namespaces, || Ok((work()?, ())))?.told().to_owned())
}

/// The first process; it works itself, unless only its child is in the new pid namespace.
fn outer<K>(
    namespaces: Namespaces,
    tell: File,
    end: File,
    work: impl FnOnce() -> Result<(String, K), Failed>,
) -> ! {
    let prepared = sys::unshare(namespaces)
        .and_then(|()| Ok(set_parent_process_death_signal(Some(Signal::KILL))?))
        .and_then(|()| if namespaces.contains(UnshareFlags::NEWPID) { sys::fork() } else { Ok(None) });
    match prepared {
        Ok(None) => inner(tell, end, work),
        Ok(Some(child)) => {
            drop((tell, end));
            let child = i32::try_from(child).ok().and_then(Pid::from_raw);
            let _ = child.map(|child| waitpid(Some(child), WaitOptions::empty()));
            sys::exit_now(0)
        }
        Err(error) => {
            let mut tell = tell;
            let _ = write!(tell, "namespaces: {error}");
            sys::exit_now(1)
        }
    }
}

fn inner<K>(mut tell: File, mut end: File, work: impl FnOnce() -> Result<(String, K), Failed>) -> ! {
    let _ = set_parent_process_death_signal(Some(Signal::KILL));
    let outcome = catch_unwind(AssertUnwindSafe(work));
    let told = match &outcome {
        Ok(Ok((told, _))) => format!("ok {told}"),
        Ok(Err(failed)) => failed.message().unwrap_or("failed without a message").to_owned(),
        Err(_) => "panicked".to_owned(),
    };
    let _ = tell.write_all(told.as_bytes());
    drop(tell);
    let _ = end.read(&mut [0]);
    sys::exit_now(0)
}
