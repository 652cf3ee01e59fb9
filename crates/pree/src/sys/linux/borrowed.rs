//! A socket of another process, held for as long as one question takes.
//!
//! A socket that is closed meanwhile closes when we let go: microseconds later, as it does while /proc is read or a BPF
//! program looks at it. It is done for the few sockets of a process that was named, never for all of a machine.

use rustix::fs::fstat;
use rustix::net::{AddressFamily, getsockname, sockopt};
use rustix::process::{Pid, PidfdFlags, PidfdGetfdFlags, pidfd_getfd, pidfd_open};

use pree_wire::fd_records::BoundPort;

use super::errno;
use crate::source::Errno;

/// Where the socket behind a descriptor is bound. The inode in the answer says which socket that was: descriptor and
/// process id may have been used again.
pub(super) fn bound_port(pid: u32, fd: u32) -> Result<BoundPort, Errno> {
    let number = |number: u32| i32::try_from(number).map_err(|_| Errno::EINVAL);
    let process = Pid::from_raw(number(pid)?).ok_or(Errno::ESRCH)?;
    let process = pidfd_open(process, PidfdFlags::empty()).map_err(errno)?;
    let socket = pidfd_getfd(process, number(fd)?, PidfdGetfdFlags::empty()).map_err(errno)?;
    let family = sockopt::socket_domain(&socket).map_err(errno)?;
    let protocol = sockopt::socket_protocol(&socket).map_err(errno)?;
    let port = match family {
        AddressFamily::INET | AddressFamily::INET6 => {
            let name = getsockname(&socket).map_err(errno)?;
            std::net::SocketAddr::try_from(name).map_err(errno)?.port()
        }
        _ => 0,
    };
    Ok(BoundPort {
        inode: fstat(&socket).map_err(errno)?.st_ino,
        family: family.as_raw(),
        protocol: protocol.map_or(0, |protocol| protocol.as_raw().get() as u16),
        port,
    })
}
