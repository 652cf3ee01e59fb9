//! Sockets between virtual machines and their host, both ends on this one (`vsock_loopback`, Linux 5.6).

use std::io;
use std::os::fd::OwnedFd;

use rustix::net::{AddressFamily, SocketFlags, SocketType, accept, listen, socket_with};

use crate::sys;

/// Context id of the machine itself (`VMADDR_CID_LOCAL`).
pub const LOCAL: u32 = 1;

/// A listener, and both ends of a connection to it: the client's, the accepted one.
#[derive(Debug)]
pub struct Connection {
    /// Bound to any context id.
    pub listener: OwnedFd,
    /// The end that connected.
    pub client: OwnedFd,
    /// The end that was accepted.
    pub accepted: OwnedFd,
}

/// Connects to this port of this machine.
///
/// # Errors
/// The kernel's: `ENODEV` where it has no way to itself.
pub fn connection(port: u32) -> io::Result<Connection> {
    let open = || socket_with(AddressFamily::VSOCK, SocketType::STREAM, SocketFlags::CLOEXEC, None);
    let listener = open()?;
    sys::bind_vsock(&listener, libc::VMADDR_CID_ANY, port)?;
    listen(&listener, 4)?;
    let client = open()?;
    sys::connect_vsock(&client, LOCAL, port)?;
    let accepted = accept(&listener)?;
    Ok(Connection { listener, client, accepted })
}
