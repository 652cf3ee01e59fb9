//! One netlink request and the datagrams that answer it; and those that nobody asks for, about sockets that end.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use pree_wire::generic_netlink;
use pree_wire::netlink::{OVERRUN, RequestBuffer};
use pree_wire::rtnetlink::{self, Every};
use rustix::buffer::spare_capacity;
use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::sockopt::{
    Timeout, set_socket_recv_buffer_size, set_socket_recv_buffer_size_force, set_socket_timeout,
};
use rustix::net::{
    AddressFamily, Protocol, RecvFlags, SendFlags, SocketFlags, SocketType, bind, netlink, recv, send,
    socket_with,
};

use super::failures::{errno, transport};
use crate::source::{Errno, Failure};

/// The kernel fills a datagram up to the buffer of the last receive, and never beyond 32 KiB.
const DATAGRAM: usize = 32 * 1024;

/// The kernel answers at once; waiting means that it never will.
const PATIENCE: Duration = Duration::from_secs(10);

/// Some 100 bytes an address and 2,000 an interface: more of them than a machine has.
const MOST_BYTES: usize = 64 << 20;

/// The kernel is built without netlink, or without this part of it. That it has no such table is said in its messages.
fn without_netlink(error: rustix::io::Errno) -> Failure {
    Failure::of_call(&[Errno::EAFNOSUPPORT, Errno::EPROTONOSUPPORT], errno(error))
}

/// A request that was sent. Each has a socket of its own: it is never behind the rest of another answer, and costs
/// less than a thousandth of a dump.
pub(super) struct Request {
    socket: OwnedFd,
}

impl Request {
    /// Asks `sock_diag`.
    pub(super) fn send(message: &[u8]) -> Result<Self, Failure> {
        Self::send_to(Some(netlink::SOCK_DIAG), message)
    }

    /// Asks rtnetlink for everything of a kind: every message of the answer.
    pub(super) fn every(every: Every) -> Result<Vec<u8>, Failure> {
        let mut buffer = [0; 40];
        let length = rtnetlink::encode_request(every, &mut buffer).map_err(|_| Failure::MALFORMED)?;
        // NETLINK_ROUTE is 0.
        Self::send_to(None, buffer.get(..length).unwrap_or_default())?.receive_all()
    }

    /// Asks a family of generic netlink.
    pub(super) fn generic(every: generic_netlink::Every) -> Result<Self, Failure> {
        let mut buffer = [0; 28];
        let length = generic_netlink::encode_request(every, &mut buffer).map_err(|_| Failure::MALFORMED)?;
        Self::send_to(Some(netlink::GENERIC), buffer.get(..length).unwrap_or_default())
    }

    /// Every message of the answer.
    pub(super) fn receive_all(mut self) -> Result<Vec<u8>, Failure> {
        let (mut answer, mut datagram) = (Vec::new(), Vec::new());
        while answer.len() < MOST_BYTES {
            datagram.clear();
            self.receive(&mut datagram)?;
            answer.extend_from_slice(&datagram);
            if rtnetlink::ends(&datagram) {
                return Ok(answer);
            }
        }
        Err(Failure::Transport(Errno::ENOBUFS))
    }

    fn send_to(protocol: Option<Protocol>, message: &[u8]) -> Result<Self, Failure> {
        let socket = open(protocol)?;
        set_socket_timeout(&socket, Timeout::Recv, Some(PATIENCE)).map_err(transport)?;
        send(&socket, message, SendFlags::empty()).map_err(transport)?;
        Ok(Self { socket })
    }

    /// Receives the next datagram.
    pub(super) fn receive(&mut self, batch: &mut Vec<u8>) -> Result<bool, Failure> {
        batch.reserve(DATAGRAM);
        let (_, length) = recv(&self.socket, spare_capacity(batch), RecvFlags::TRUNC).map_err(transport)?;
        // TRUNC makes the kernel report the real length.
        if length > batch.len() {
            return Err(Failure::MALFORMED);
        }
        Ok(length > 0)
    }
}

fn open(protocol: Option<Protocol>) -> Result<OwnedFd, Failure> {
    socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, protocol)
        .map_err(without_netlink)
}

/// Memory for messages that wait, with what the kernel needs beside them: of some 25,000 ends.
const WAITING: u32 = 32 << 20;

/// About how many bytes of messages are given at once.
const BATCH: usize = 256 * 1024;

/// A message about an end is much shorter.
const MESSAGE: usize = 4 * 1024;

/// What `sock_diag` reports of sockets that are destroyed.
pub(super) struct Ends {
    socket: OwnedFd,
}

impl Ends {
    /// From now on. It takes no right; with `CAP_NET_ADMIN` the memory can be more than the limit `net.core.rmem_max`.
    pub(super) fn follow(groups: u32, memory: u32) -> Result<Self, Failure> {
        let socket = open(Some(netlink::SOCK_DIAG))?;
        let memory = if memory == 0 { WAITING } else { memory };
        // The kernel doubles what it is told.
        let half = memory as usize / 2;
        if set_socket_recv_buffer_size_force(&socket, half).is_err() {
            set_socket_recv_buffer_size(&socket, half).map_err(transport)?;
        }
        bind(&socket, &SocketAddrNetlink::new(0, groups)).map_err(transport)?;
        Ok(Self { socket })
    }

    /// Reads what there is. Where messages were lost, one of ours says so.
    pub(super) fn read(&mut self, batch: &mut Vec<u8>) -> Result<bool, Failure> {
        while batch.len() < BATCH {
            batch.reserve(MESSAGE);
            let (before, room) = (batch.len(), RecvFlags::TRUNC | RecvFlags::DONTWAIT);
            match recv(&self.socket, spare_capacity(batch), room) {
                Ok((_, length)) if before + length > batch.len() => return Err(Failure::MALFORMED),
                Ok(_) => {}
                Err(rustix::io::Errno::AGAIN) => break,
                Err(rustix::io::Errno::NOBUFS) => {
                    let mut lost = [0; 16];
                    let lost =
                        RequestBuffer::new(&mut lost, OVERRUN, 0, 0).map_err(|_| Failure::MALFORMED)?;
                    batch.extend_from_slice(lost.finish());
                }
                Err(error) => return Err(transport(error)),
            }
        }
        Ok(true)
    }
}

impl AsFd for Ends {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
