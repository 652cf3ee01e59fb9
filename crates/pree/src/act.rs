//! What changes the system: ending a process, closing a socket.
//!
//! An act is no question: it goes past every [`Source`], no filter stands before it, and it is never recorded or
//! replayed. It takes what a look at the running system reported and makes sure that this is what it meets, not what has its number
//! by now. Linux; other systems answer [`ErrorKind::Unsupported`].

use std::time::Duration;

use pree_wire::inet_diag::{self, Request};
use pree_wire::netlink::{Body, messages};
use pree_wire::proc_pid::Stat;

use crate::decode::linux::{Decoder, inet_id};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Family, Process, Protocol, Socket, StartTime};
pub use crate::signal::Signal;
use crate::source::{Errno, Failure, Namespaces, Question, Source, read_all};
use crate::sys::{self, live};

/// A process that is held on to: whatever has its id later, this one is meant.
#[derive(Debug)]
pub struct Held {
    held: sys::act::Held,
    pid: u32,
}

impl Held {
    /// Holds on to a process, if the one with its id is still the one that started when it did.
    ///
    /// # Errors
    /// - [`ErrorKind::Absent`]: it has ended; another one may have its id.
    /// - [`ErrorKind::Invalid`]: it must not be ended: process 1, the caller, one of its ancestors, a thread of the kernel.
    /// - [`ErrorKind::Unsupported`]: when it started is not known, /proc shows another pid namespace, the kernel is older than Linux
    ///   5.3, or it is another system.
    pub fn new(process: &Process) -> Result<Self> {
        let pid = process.pid;
        let failed = |failure| Self::failed(pid, failure);
        let Some(ticks) = process.start_time.and_then(StartTime::ticks) else {
            return Err(refused(
                pid,
                ErrorKind::Unsupported,
                "when it started is not known, so another one may have its id",
            ));
        };
        // Held first and compared afterwards: what has the number then started no later than what is held.
        let held = sys::act::Held::new(pid).map_err(failed)?;
        let bytes = sys::act::stat(pid).map_err(failed)?;
        let stat = Stat::parse(&bytes).map_err(|_| failed(Failure::MALFORMED))?;
        if stat.start_time_ticks != ticks || stat.is_ending() {
            return Err(failed(Failure::Answer(Errno::ESRCH)));
        }
        match why_never(pid, &stat).map_err(failed)? {
            Some(reason) => Err(refused(pid, ErrorKind::Invalid, reason)),
            None => Ok(Self { held, pid }),
        }
    }

    /// Whether the caller may send it signals.
    ///
    /// # Errors
    /// [`ErrorKind::NotPermitted`]: it is another user's.
    pub fn check(&self) -> Result<()> {
        self.held.signal(None).map_err(|failure| Self::failed(self.pid, failure))
    }

    /// Sends it a signal. It may take its time, and what it held may have other holders: look again.
    ///
    /// # Errors
    /// - [`ErrorKind::Absent`]: it has ended.
    /// - [`ErrorKind::NotPermitted`]: it is another user's.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        self.held.signal(Some(signal)).map_err(|failure| Self::failed(self.pid, failure))
    }

    /// Waits until it has ended, no longer than this. True when it has.
    ///
    /// # Errors
    /// [`ErrorKind::Io`]: the system does not say.
    pub fn wait(&self, longest: Duration) -> Result<bool> {
        self.held.wait(longest).map_err(|failure| Self::failed(self.pid, failure))
    }

    fn failed(pid: u32, failure: Failure) -> Error {
        let error = Error::of(failure, "end", of_pid(pid));
        match failure {
            Failure::Answer(Errno::ESRCH | Errno::ENOENT) => error.because("it has ended"),
            Failure::Answer(Errno::EPERM) => error.with_hint("it is another user's: this takes CAP_KILL"),
            Failure::Answer(Errno::EOPNOTSUPP) => error.because("/proc shows another pid namespace"),
            Failure::Answer(Errno::ENOSYS) => error.with_hint("this takes Linux, 5.3 or newer"),
            _ => error,
        }
    }
}

fn of_pid(pid: u32) -> String {
    format!("process {pid}")
}

fn refused(pid: u32, kind: ErrorKind, reason: &'static str) -> Error {
    Error::new(kind, "end", of_pid(pid)).because(reason)
}

/// Longest line of ancestors that is followed; a system has a handful.
const ANCESTORS: usize = 1000;

/// Why this process is never ended, whoever asks for it.
fn why_never(pid: u32, stat: &Stat<'_>) -> Result<Option<&'static str>, Failure> {
    if pid == 1 {
        return Ok(Some("it is process 1, and all others end with it"));
    }
    if stat.is_of_kernel() {
        return Ok(Some("it is a thread of the kernel"));
    }
    let parse =
        |bytes: &[u8]| Stat::parse(bytes).map(|stat| (stat.pid, stat.parent)).map_err(|_| Failure::MALFORMED);
    let (own, mut parent) = parse(&sys::act::own_stat()?)?;
    if pid == own {
        return Ok(Some("it is this one"));
    }
    for _ in 0..ANCESTORS {
        if parent == pid {
            return Ok(Some("this one was started by it, and would not see the end"));
        }
        if parent <= 1 {
            break;
        }
        parent = match sys::act::stat(parent) {
            Ok(bytes) => parse(&bytes)?.1,
            // What has no parent left is adopted by process 1 or a reaper, which lives.
            Err(failure) if failure.kind() == ErrorKind::Absent => parse(&sys::act::own_stat()?)?.1,
            Err(failure) => return Err(failure),
        };
    }
    Ok(None)
}

/// [`Held::new`] and [`Held::signal`] at once.
///
/// # Errors
/// As these two.
pub fn end_process(process: &Process, signal: Signal) -> Result<()> {
    Held::new(process)?.signal(signal)
}

/// Closes a socket from outside, if the one with these ends is still the one with its cookie: whoever holds it reads
/// `ECONNABORTED`, and the other end of a TCP connection gets a reset. TCP and UDP, in the caller's network namespace.
///
/// # Errors
/// - [`ErrorKind::Absent`]: it is closed already, in another network namespace, or of another boot. Of listeners and of UDP sockets that
///   share their port the kernel looks at one alone, so of the others it says this too: when that one is closed, another can be.
/// - [`ErrorKind::NotPermitted`]: this takes `CAP_NET_ADMIN` in the network namespace.
/// - [`ErrorKind::Unsupported`]: it is of another protocol or has no cookie, the kernel is built without `CONFIG_INET_DIAG_DESTROY`, or
///   it is another system.
pub fn close_socket(socket: &Socket) -> Result<()> {
    Closer::new(&Namespaces::Own)?.close(socket)
}

/// Closes sockets of the network namespaces that were looked into.
pub struct Closer {
    system: sys::Live,
    goes_elsewhere: bool,
}

impl std::fmt::Debug for Closer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Closer").field("goes_elsewhere", &self.goes_elsewhere).finish_non_exhaustive()
    }
}

impl Closer {
    /// Of sockets in these namespaces.
    ///
    /// # Errors
    /// They could not be found.
    pub fn new(namespaces: &Namespaces) -> Result<Self> {
        let mut system = live()?;
        let goes_elsewhere = *namespaces != Namespaces::Own;
        if goes_elsewhere {
            let failed = |failure| Error::of(failure, "find", "network namespaces");
            system.namespaces(namespaces).map_err(failed)?;
        }
        Ok(Self { system, goes_elsewhere })
    }

    /// [`close_socket`] there.
    ///
    /// # Errors
    /// As that, and [`ErrorKind::NotPermitted`] where its namespace may not be entered.
    pub fn close(&mut self, socket: &Socket) -> Result<()> {
        close(&mut self.system, socket, self.goes_elsewhere)
    }
}

fn close(system: &mut sys::Live, socket: &Socket, goes_elsewhere: bool) -> Result<()> {
    let object = || match socket.shown_remote() {
        Some(remote) => format!("{} {} to {remote}", socket.protocol, socket.shown_local()),
        None => format!("{} {}", socket.protocol, socket.shown_local()),
    };
    let failed = |failure: Failure| {
        let error = Error::of(failure, "close", object());
        match failure {
            Failure::Answer(Errno::ENOENT) => error.because("it is closed already"),
            Failure::Answer(Errno::EPERM) => error.with_hint("this takes CAP_NET_ADMIN: run as root"),
            Failure::Answer(Errno::EOPNOTSUPP) => {
                error.with_hint("the kernel is built without CONFIG_INET_DIAG_DESTROY")
            }
            _ => error,
        }
    };
    let refused = |kind, reason| Error::new(kind, "close", object()).because(reason);
    let family = match socket.family {
        Family::Ipv4 => inet_diag::AF_INET,
        _ => inet_diag::AF_INET6,
    };
    let protocol = match socket.protocol {
        Protocol::Tcp => Some(inet_diag::TCP),
        Protocol::Udp => Some(inet_diag::UDP),
        Protocol::UdpLite => Some(inet_diag::UDPLITE),
        _ => None,
    };
    if !sys::act::IS_HERE {
        return Err(Error::new(ErrorKind::Unsupported, "close", object()).with_hint("this takes Linux"));
    }
    let (Some(protocol), Some(id)) = (protocol, inet_id(socket)) else {
        return Err(refused(
            ErrorKind::Unsupported,
            "only TCP and UDP sockets that sock_diag reported can be closed",
        ));
    };
    if let Some(inode) = socket.namespace_inode().filter(|_| goes_elsewhere) {
        system.enter(Some(inode)).map_err(failed)?;
    }
    let boot = read_all(system, &Question::BootId).map_err(failed)?;
    let namespace = read_all(system, &Question::NetNamespace).map_err(failed)?;
    if Decoder::new(&boot, &namespace, b"").id(id.cookie) != socket.kernel_id {
        return Err(refused(ErrorKind::Absent, "it is in another network namespace, or of another boot"));
    }
    let mut buffer = [0; 96];
    let request = Request::destroy(family, protocol, id).encode(&mut buffer);
    let request = request.map_err(|_| failed(Failure::MALFORMED))?;
    let answer = sys::act::request(system, buffer.get(..request).unwrap_or_default()).map_err(failed)?;
    match messages(&answer).next().and_then(|message| Some(message.ok()?.body())) {
        Some(Body::Error(None)) => Ok(()),
        // Another socket has these ends.
        Some(Body::Error(Some(Errno::ESTALE))) => Err(failed(Failure::Answer(Errno::ENOENT))),
        Some(Body::Error(Some(errno))) => Err(failed(Failure::Answer(errno))),
        _ => Err(failed(Failure::MALFORMED)),
    }
}
