//! A socket of another process, held for as long as one question takes.
//!
//! A socket that is closed meanwhile closes when we let go: microseconds later, as it does while /proc is read or a BPF
//! program looks at it. It is done for the few sockets of a process that was named, never for all of a machine.

use rustix::fs::fstat;
use rustix::net::{AddressFamily, getsockname, sockopt};
use rustix::process::{Pid, PidfdFlags, PidfdGetfdFlags, pidfd_getfd, pidfd_open};

use pree_wire::fd_records::BoundPort;

use super::failures::{errno, transport};
use super::numbering::OwnId;
use crate::source::{Errno, Failure};

/// It has ended or closed it, it may not be looked into, or the kernel is older than these calls.
fn refused(error: rustix::io::Errno) -> Failure {
    Failure::of_call(&[Errno::ESRCH, Errno::EBADF, Errno::EPERM, Errno::ENOSYS], errno(error))
}

/// Where the socket behind a descriptor is bound. The inode in the answer says which socket that was: descriptor and
/// process id may have been used again.
pub(super) fn bound_port(pid: OwnId, fd: u32) -> Result<BoundPort, Failure> {
    let fd = i32::try_from(fd).map_err(|_| Failure::Answer(Errno::EBADF))?;
    let process = Pid::from_raw(pid.get()).ok_or(Failure::Answer(Errno::ESRCH))?;
    let process = pidfd_open(process, PidfdFlags::empty()).map_err(refused)?;
    let socket = pidfd_getfd(process, fd, PidfdGetfdFlags::empty()).map_err(refused)?;
    let family = sockopt::socket_domain(&socket).map_err(transport)?;
    let protocol = sockopt::socket_protocol(&socket).map_err(transport)?;
    let port = match family {
        AddressFamily::INET | AddressFamily::INET6 => {
            let name = getsockname(&socket).map_err(transport)?;
            std::net::SocketAddr::try_from(name).map_err(transport)?.port()
        }
        _ => 0,
    };
    Ok(BoundPort {
        inode: fstat(&socket).map_err(transport)?.st_ino,
        family: family.as_raw(),
        protocol: protocol.map_or(0, |protocol| protocol.as_raw().get() as u16),
        port,
    })
}
