//! One run of one program: what it used, how long it took, how it ended.

use std::fs::File;
use std::io::{Read, Result, Seek};
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use rustix::pty::OpenptFlags;
use serde::{Deserialize, Serialize};

use crate::sys;

/// A program with its arguments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Invocation {
    /// How it is called in tables: what one would type.
    pub(crate) label: String,
    pub(crate) path: String,
    pub(crate) arguments: Vec<String>,
    pub(crate) sink: Sink,
}

/// Where the output goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Sink {
    /// `/dev/null`
    Null,
    /// A pipe that is read to its end.
    Pipe,
    /// A terminal of 160 columns that is read to its end.
    Terminal,
}

/// What one run used.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Run {
    pub(crate) user_us: u64,
    pub(crate) system_us: u64,
    pub(crate) wall_us: u64,
    pub(crate) peak_rss_kib: u64,
}

impl Run {
    pub(crate) fn cpu_us(&self) -> u64 {
        self.user_us + self.system_us
    }
}

/// How a run went.
pub(crate) struct Outcome {
    pub(crate) run: Run,
    /// Lines of output, where it was read.
    pub(crate) lines: u64,
    /// Why it does not count.
    pub(crate) trouble: Option<String>,
}

/// Runs it, and ends it after `patience`.
pub(crate) fn run(invocation: &Invocation, sink: Sink, patience: Duration) -> Result<Outcome> {
    let mut words = File::from(rustix::fs::memfd_create("words", rustix::fs::MemfdFlags::CLOEXEC)?);
    let mut command = Command::new(&invocation.path);
    command.args(&invocation.arguments).stdin(Stdio::null()).stderr(words.try_clone()?);
    command
        .env_clear()
        .env("LC_ALL", "C.UTF-8")
        .env("TERM", "xterm")
        .envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
    let reading = match sink {
        Sink::Null => {
            command.stdout(Stdio::null());
            None
        }
        Sink::Pipe => {
            let (read, write) = std::io::pipe()?;
            command.stdout(write);
            Some(OwnedFd::from(read))
        }
        Sink::Terminal => {
            let (ours, theirs) = terminal()?;
            command.stdout(theirs);
            Some(ours)
        }
    };
    let reader = reading.map(|fd| thread::spawn(move || count_lines(File::from(fd))));
    let start = Instant::now();
    // Not tied to us: it ends with process 1 of its namespace, and without a closure nothing is copied for it first, which
    // would be counted as its own time.
    let child = command.spawn();
    // With it goes our copy of the writing end: the reader sees the end of the output.
    drop(command);
    let child = child?;
    let pid = Pid::from_child(&child);
    let handle = pidfd_open(pid, PidfdFlags::empty())?;
    let wait = Timespec { tv_sec: patience.as_secs() as _, tv_nsec: 0 };
    let in_time = poll(&mut [PollFd::new(&handle, PollFlags::IN)], Some(&wait))? > 0;
    if !in_time {
        pidfd_send_signal(&handle, Signal::KILL)?;
    }
    let (status, usage) = sys::wait(child.id())?;
    let wall = start.elapsed();
    let lines = reader.and_then(|reader| reader.join().ok()).unwrap_or(0);

    let trouble = if !in_time {
        Some(format!("ended after {} s", patience.as_secs()))
    } else if !status.success() {
        let mut text = String::new();
        words.rewind()?;
        let _ = words.take(4096).read_to_string(&mut text);
        Some(format!("{status}: {}", text.lines().next().unwrap_or_default()))
    } else {
        None
    };
    let micros = |time: Duration| time.as_micros() as u64;
    let run = Run {
        user_us: micros(usage.user),
        system_us: micros(usage.system),
        wall_us: micros(wall),
        peak_rss_kib: usage.peak_rss_kib,
    };
    Ok(Outcome { run, lines, trouble })
}

/// A pseudo-terminal: our end, and that of the program.
fn terminal() -> Result<(OwnedFd, OwnedFd)> {
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    let ours = rustix::pty::openpt(flags)?;
    rustix::pty::grantpt(&ours)?;
    rustix::pty::unlockpt(&ours)?;
    let theirs = rustix::pty::ioctl_tiocgptpeer(&ours, flags)?;
    let size = rustix::termios::Winsize { ws_row: 50, ws_col: 160, ws_xpixel: 0, ws_ypixel: 0 };
    rustix::termios::tcsetwinsize(&theirs, size)?;
    Ok((ours, theirs))
}

/// Reads to the end, which on a terminal is an error.
fn count_lines(mut from: File) -> u64 {
    let mut buffer = vec![0; 64 * 1024];
    let mut lines = 0;
    while let Ok(length) = from.read(&mut buffer) {
        if length == 0 {
            break;
        }
        lines += buffer[..length].iter().filter(|&&byte| byte == b'\n').count() as u64;
    }
    lines
}
