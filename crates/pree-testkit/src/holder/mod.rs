//! Other processes that hold sockets, in the ways that make owners hard to find.
//!
//! This is the side of the case; `play` is what the other process does.

mod play;

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use crate::stage::Stage;
use crate::{Failed, Truth, sys};

pub(crate) use play::{ready, say, stage};

const ROLE: &str = "PREE_TESTKIT_ROLE";
const NAME: &str = "PREE_TESTKIT_NAME";
const ARGUMENT: &str = "PREE_TESTKIT_ARGUMENT";
/// How many connections may wait at a holder's own listener.
const LIMIT: i32 = 16;

/// What a holder shall do.
#[derive(Debug)]
pub struct HolderSpec {
    role: &'static str,
    argument: String,
    name: Option<Vec<u8>>,
    inherit: Vec<RawFd>,
}

impl HolderSpec {
    fn role(role: &'static str) -> Self {
        Self { role, argument: String::new(), name: None, inherit: Vec::new() }
    }

    /// Holds what it inherits and nothing else.
    pub fn hold() -> Self {
        Self::role("hold")
    }

    /// A thread has a descriptor table of its own (`unshare(CLONE_FILES)`) and in it a TCP listener, which no other
    /// table has: `/proc/PID/fd` does not show it, `/proc/PID/task/TID/fd` does.
    pub fn thread_private() -> Self {
        Self::role("thread-private")
    }

    /// The main thread has ended, another one lives and holds a TCP listener: `/proc/PID/fd` is empty or refused,
    /// `/proc/PID/task/TID/fd` is not.
    pub fn zombie_leader() -> Self {
        Self::role("zombie-leader")
    }

    /// Holds so many UDP sockets of its own, up to about 20000.
    pub fn many(sockets: usize) -> Self {
        Self { argument: sockets.to_string(), ..Self::role("many") }
    }

    /// Holds what it inherits, for 10 ms; then it has started its like and ends, and so on until the value is dropped.
    pub fn successors() -> Self {
        Self::role("successors")
    }

    /// Makes traffic; used through [`crate::churn::Churner`].
    pub(crate) fn churn(argument: String) -> Self {
        Self { argument, ..Self::role("churn") }
    }

    /// The process's name (comm): any bytes but NUL, of which the kernel keeps 15.
    #[must_use]
    pub fn name(mut self, name: &[u8]) -> Self {
        self.name = Some(name.to_vec());
        self
    }

    /// The holder gets this descriptor, under the same number. It may be closed here once the holder has started.
    #[must_use]
    pub fn inherit(mut self, socket: &impl AsFd) -> Self {
        self.inherit.push(socket.as_fd().as_raw_fd());
        self
    }
}

/// A process that holds sockets until this value is dropped, and then is gone.
#[derive(Debug)]
pub struct Holder {
    child: Child,
    control: Option<ChildStdin>,
    reports: BufReader<ChildStdout>,
    name: Option<Vec<u8>>,
    inherited: Vec<u32>,
    thread: Option<u32>,
    truth: Vec<Truth>,
}

impl Holder {
    /// Starts it and waits until it holds what it shall hold.
    ///
    /// # Errors
    /// It could not be started, or has failed (its reason is in the case's output).
    pub fn start(spec: HolderSpec) -> Result<Self, Failed> {
        let mut command = Stage::Holder.command();
        command.env(ROLE, spec.role).env(ARGUMENT, spec.argument);
        if let Some(name) = &spec.name {
            command.env(NAME, OsStr::from_bytes(name));
        }
        let inherited = spec.inherit.iter().map(|fd| fd.unsigned_abs()).collect();
        sys::inherit(&mut command, spec.inherit);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let control = child.stdin.take();
        let reports = BufReader::new(child.stdout.take().ok_or("a holder without a pipe")?);
        let mut holder =
            Self { child, control, reports, name: spec.name, inherited, thread: None, truth: Vec::new() };
        loop {
            let line = holder.next_report()?;
            if line == "ready" {
                return Ok(holder);
            }
            holder.note(spec.role, &line).ok_or_else(|| format!("a holder said {line:?}"))?;
        }
    }

    fn next_report(&mut self) -> Result<String, Failed> {
        let mut line = String::new();
        if self.reports.read_line(&mut line)? == 0 {
            return Err(format!("a holder has ended: {}", self.child.wait()?).into());
        }
        Ok(line.trim_end().to_owned())
    }

    fn note(&mut self, role: &'static str, line: &str) -> Option<()> {
        let mut words = line.split(' ');
        match words.next()? {
            "thread" => self.thread = Some(words.next()?.parse().ok()?),
            "socket" => {
                let (protocol, state) = match words.next()? {
                    "tcp" => ("tcp", "listen"),
                    _ => ("udp", "unconnected"),
                };
                let fd: u32 = words.next()?.parse().ok()?;
                let local: SocketAddr = words.next()?.parse().ok()?;
                let mut truth = Truth::unowned(role, state, local, local, "");
                truth.unowned = None;
                truth.remote = None;
                truth.protocol = protocol;
                truth.inode = Some(words.next()?.parse().ok()?);
                truth.cookie = Some(words.next()?.parse().ok()?);
                truth.uid = Some(words.next()?.parse().ok()?);
                truth.owners = vec![(self.pid(), fd)];
                truth.listen = (protocol == "tcp").then_some((0, LIMIT.unsigned_abs()));
                self.truth.push(truth);
            }
            _ => return None,
        }
        Some(())
    }

    /// Asks a holder that answers (a churner) and returns its line.
    pub(crate) fn ask(&mut self, question: &str) -> Result<String, Failed> {
        let control = self.control.as_mut().ok_or("the holder is not listening")?;
        writeln!(control, "{question}")?;
        self.next_report()
    }

    /// Its pid, in the pid namespace of the case.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The name that it was given.
    pub fn name(&self) -> Option<&[u8]> {
        self.name.as_deref()
    }

    /// The thread that holds the sockets, where that is not the main one.
    pub fn thread(&self) -> Option<u32> {
        self.thread
    }

    /// The numbers of the descriptors that it has from its parent.
    pub fn inherited(&self) -> &[u32] {
        &self.inherited
    }

    /// The sockets that it opened itself.
    pub fn truth(&self) -> &[Truth] {
        &self.truth
    }

    /// Ends it and waits until it is gone, and its sockets with it.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        self.control = None;
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
