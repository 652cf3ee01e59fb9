//! What changes the system: ending a process, closing a socket.
//!
//! An act is no question: it goes past every [`Source`](crate::source::Source), no filter stands before it, and it is never recorded or
//! replayed. It takes what a look at the running system reported and makes sure that this is what it meets, not what has its number
//! by now. Linux; other systems answer [`ErrorKind::Unsupported`].

use pree_wire::inet_diag::{self, Request};
use pree_wire::netlink::{Body, messages};
use pree_wire::proc_pid::Stat;

use crate::decode::linux::{Decoder, inet_id};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Family, Process, Protocol, Socket, StartTime};
use crate::source::{Errno, Failure, Question, live, read_all};
use crate::sys;

/// How a process is told to end.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum End {
    /// It may bring its work to an end, or not listen (`SIGTERM`).
    Asked,
    /// It is not asked (`SIGKILL`).
    Forced,
}

/// Tells a process to end, if the one with its id is still the one that started when it did. It may take its time, and what it
/// held may have other holders: look again.
///
/// # Errors
/// - [`ErrorKind::Absent`]: it has ended; another one may have its id.
/// - [`ErrorKind::NotPermitted`]: it is another user's.
/// - [`ErrorKind::Unsupported`]: when it started is not known, /proc shows another pid namespace, the kernel is older than Linux 5.3,
///   or it is another system.
pub fn end_process(process: &Process, how: End) -> Result<()> {
    let named = || format!("process {}", process.pid);
    let failed = |failure: Failure| {
        let error = Error::of(failure, "end", named());
        match failure {
            Failure::Answer(Errno::ESRCH | Errno::ENOENT) => error.because("it has ended"),
            Failure::Answer(Errno::EPERM) => error.with_hint("it is another user's: this takes CAP_KILL"),
            Failure::Answer(Errno::EOPNOTSUPP) => error.because("/proc shows another pid namespace"),
            Failure::Answer(Errno::ENOSYS) => error.with_hint("this takes Linux, 5.3 or newer"),
            _ => error,
        }
    };
    let Some(ticks) = process.start_time.and_then(StartTime::ticks) else {
        let error = Error::new(ErrorKind::Unsupported, "end", named());
        return Err(error.because("when it started is not known, so another one may have its id"));
    };
    // Held first and compared afterwards: what has the number then started no later than what is held.
    let held = sys::act::Held::new(process.pid).map_err(failed)?;
    let stat = held.stat().map_err(failed)?;
    let stat = Stat::parse(&stat).map_err(|_| failed(Failure::MALFORMED))?;
    if stat.start_time_ticks != ticks || stat.is_ending() {
        return Err(failed(Failure::Answer(Errno::ESRCH)));
    }
    held.signal(how == End::Forced).map_err(failed)
}

/// Closes a socket from outside, if the one with these ends is still the one with its cookie: whoever holds it reads
/// `ECONNABORTED`, and the other end of a TCP connection gets a reset. TCP and UDP, in the caller's network namespace.
///
/// # Errors
/// - [`ErrorKind::Absent`]: it is closed already, in another network namespace, or of another boot. Of listeners and of UDP sockets that
///   share their port the kernel looks at one alone, so of the others it says this too.
/// - [`ErrorKind::NotPermitted`]: this takes `CAP_NET_ADMIN` in the network namespace.
/// - [`ErrorKind::Unsupported`]: it is of another protocol or has no cookie, the kernel is built without `CONFIG_INET_DIAG_DESTROY`, or
///   it is another system.
pub fn close_socket(socket: &Socket) -> Result<()> {
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
    let mut system = live()?;
    let boot = read_all(&mut system, &Question::BootId).map_err(failed)?;
    let namespace = read_all(&mut system, &Question::NetNamespace).map_err(failed)?;
    if Decoder::new(&boot, &namespace, b"").id(id.cookie) != socket.kernel_id {
        return Err(refused(ErrorKind::Absent, "it is in another network namespace, or of another boot"));
    }
    let mut buffer = [0; 96];
    let request = Request::destroy(family, protocol, id).encode(&mut buffer);
    let request = request.map_err(|_| failed(Failure::MALFORMED))?;
    let answer = sys::act::request(buffer.get(..request).unwrap_or_default()).map_err(failed)?;
    match messages(&answer).next().and_then(|message| Some(message.ok()?.body())) {
        Some(Body::Error(None)) => Ok(()),
        // Another socket has these ends.
        Some(Body::Error(Some(Errno::ESTALE))) => Err(failed(Failure::Answer(Errno::ENOENT))),
        Some(Body::Error(Some(errno))) => Err(failed(Failure::Answer(errno))),
        _ => Err(failed(Failure::MALFORMED)),
    }
}
