//! Runs the command: cleared environment, no input, its output in a pipe, a file or a terminal, and judged by what
//! must hold whatever is asked: no panic, no signal, nothing unescaped, every line of stderr one of its own.

use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::process::{Command, Output, Stdio};

use pree_testkit::Failed;
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{OptionalActions, Winsize, tcgetattr, tcsetattr, tcsetwinsize};

use crate::clean;

pub const PREE: &str = env!("CARGO_BIN_EXE_pree");

/// How the command ended and what it wrote.
#[derive(Debug)]
pub struct Answer {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Answer {
    /// Ended with this code.
    pub fn code(self, code: i32) -> Result<Self, Failed> {
        let Self { code: got, out, err } = &self;
        if *got == code {
            return Ok(self);
        }
        let out: String = out.chars().take(2000).collect();
        Err(format!("code {got} instead of {code}\n{err}\n{out}").into())
    }

    /// Answered, with nothing to add.
    pub fn whole(self) -> Result<Self, Failed> {
        let answer = self.code(0)?;
        if answer.err.is_empty() { Ok(answer) } else { Err(format!("told: {}", answer.err).into()) }
    }

    /// The answer without the line that says what /proc does not report of local ends, which there must be.
    pub fn through_proc(mut self) -> Result<Self, Failed> {
        let is_it = |line: &&str| line.contains("fields unknown for") && line.contains("interfaces");
        if self.err.lines().filter(is_it).count() != 1 {
            return Err(format!("nothing about interfaces: {:?}", self.err).into());
        }
        self.err =
            self.err.lines().filter(|line| !is_it(line)).fold(String::new(), |all, line| all + line + "\n");
        Ok(self)
    }

    /// One line on stderr, with these words in it.
    pub fn tells(self, words: &str) -> Result<Self, Failed> {
        if self.err.lines().count() == 1 && self.err.contains(words) {
            return Ok(self);
        }
        Err(format!("not one line with {words:?}: {:?}", self.err).into())
    }

    /// Nothing on stdout.
    pub fn silent(self) -> Result<Self, Failed> {
        if self.out.is_empty() { Ok(self) } else { Err(format!("said {:?}", self.out).into()) }
    }
}

/// A program whose environment and place are the same everywhere.
pub fn hermetic(program: &str) -> Command {
    let mut command = Command::new(program);
    command.env_clear().current_dir("/").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// `pree` with these words as arguments.
pub fn command(words: &str) -> Command {
    let mut command = hermetic(PREE);
    command.args(words.split_whitespace());
    command
}

/// Runs `pree` with its output in pipes.
pub fn pree(words: &str) -> Result<Answer, Failed> {
    judge(command(words).output()?).map_err(|failed| while_doing(words, failed))
}

/// Runs `pree` with its output in this file.
pub fn into_file(words: &str, file: File) -> Result<Answer, Failed> {
    judge(command(words).stdout(file).output()?).map_err(|failed| while_doing(words, failed))
}

/// A shell that does something first, such as `ulimit -n 5;`, and becomes `pree` with these redirections.
pub fn shell(before: &str, words: &str, redirections: &str) -> Command {
    let mut command = hermetic("/bin/sh");
    command.arg("-c").arg(format!("{before} exec \"$0\" \"$@\" {redirections}"));
    command.arg(PREE).args(words.split_whitespace());
    command
}

/// What must hold of every run.
pub fn judge(output: Output) -> Result<Answer, Failed> {
    let Output { status, stdout, stderr } = output;
    let told = String::from_utf8_lossy(&stderr);
    if told.contains("panicked") {
        return Err(format!("it panicked: {told}").into());
    }
    let code = status.code().ok_or_else(|| format!("{status}: {told}"))?;
    let out = clean::check(&stdout)?.to_owned();
    let err = clean::check(&stderr)?.to_owned();
    // What is indented belongs to the line before: a filter and its carets.
    if let Some(line) = err.lines().find(|line| !line.starts_with("pree: ") && !line.starts_with("  ")) {
        return Err(format!("stderr has {line:?}").into());
    }
    Ok(Answer { code, out, err })
}

/// Runs `pree` with a terminal as its output that says neither what it is nor how wide.
pub fn on_terminal(words: &str) -> Result<Answer, Failed> {
    let output = on(Terminal::default(), words)?;
    judge(output).map_err(|failed| while_doing(&format!("{words} (terminal)"), failed))
}

/// A terminal.
#[derive(Debug, Clone, Copy, Default)]
pub struct Terminal {
    /// `TERM`
    pub name: Option<&'static str>,
    /// 0 when it does not say.
    pub columns: u16,
    /// Messages go there too.
    pub messages: bool,
    /// Frames after which it is interrupted, of what is shown in place; 0: it ends by itself.
    pub frames: usize,
}

/// The end of a frame: what is below it goes. A terminal that only adds lines has its heading.
const END_OF_FRAME: &[u8] = b"\x1b[J";
const HEADING: &[u8] = b"PROTO";

/// Runs `pree` with this terminal as its output, which passes on every byte as it comes.
pub fn on(terminal: Terminal, words: &str) -> Result<Output, Failed> {
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    let screen = openpt(flags)?;
    unlockpt(&screen)?;
    let line: OwnedFd = ioctl_tiocgptpeer(&screen, flags)?;
    let mut raw = tcgetattr(&line)?;
    raw.make_raw();
    tcsetattr(&line, OptionalActions::Now, &raw)?;
    tcsetwinsize(&line, Winsize { ws_row: 24, ws_col: terminal.columns, ws_xpixel: 0, ws_ypixel: 0 })?;
    let mut command = command(words);
    command.envs(terminal.name.map(|name| ("TERM", name)));
    if terminal.messages {
        command.stderr(line.try_clone()?);
    }
    command.stdout(line);
    let mut child = command.spawn()?;
    // This process's copies of the line: the screen ends with the last of them.
    drop(command);
    let (mut shown, mut told) = (Vec::new(), Vec::new());
    let (mut screen, mut chunk) = (File::from(screen), [0; 4096]);
    let mut is_asked_to_end = terminal.frames == 0;
    loop {
        match screen.read(&mut chunk) {
            Ok(0) => break,
            Ok(length) => shown.extend_from_slice(&chunk[..length]),
            // That is how a terminal's line ends.
            Err(error) if error.raw_os_error() == Some(libc::EIO) => break,
            Err(error) => return Err(error.into()),
        }
        let mark = if terminal.name == Some("dumb") { HEADING } else { END_OF_FRAME };
        let frames = shown.windows(mark.len()).filter(|part| *part == mark).count();
        if !is_asked_to_end && frames >= terminal.frames {
            kill_process(Pid::from_child(&child), Signal::INT)?;
            is_asked_to_end = true;
        }
    }
    if let Some(mut stderr) = child.stderr.take() {
        stderr.read_to_end(&mut told)?;
    }
    Ok(Output { status: child.wait()?, stdout: shown, stderr: told })
}

/// The failure, with the arguments at which it happened.
pub fn while_doing(words: &str, failed: Failed) -> Failed {
    format!("pree {words}: {}", failed.message().unwrap_or_default()).into()
}
