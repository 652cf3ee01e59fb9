//! What a socket says about itself to the process that holds it.

use std::io;
use std::net::SocketAddr;

use rustix::net::sockopt;

use super::Socket;
use crate::sys;

#[allow(clippy::missing_errors_doc, reason = "said once, at Socket::tcp")]
impl Socket {
    /// The address it is bound to.
    pub fn local(&self) -> io::Result<SocketAddr> {
        let address = rustix::net::getsockname(&self.fd)?;
        SocketAddr::try_from(address).map_err(io::Error::from)
    }

    /// The address it is connected to.
    pub fn remote(&self) -> io::Result<Option<SocketAddr>> {
        match rustix::net::getpeername(&self.fd) {
            Ok(Some(address)) => Ok(Some(SocketAddr::try_from(address)?)),
            Ok(None) | Err(rustix::io::Errno::NOTCONN) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The inode number, by fstat.
    pub fn inode(&self) -> io::Result<u64> {
        Ok(rustix::fs::fstat(&self.fd)?.st_ino)
    }

    /// The owner's uid, by fstat.
    pub fn uid(&self) -> io::Result<u32> {
        Ok(rustix::fs::fstat(&self.fd)?.st_uid)
    }

    /// `SO_COOKIE`
    pub fn cookie(&self) -> io::Result<u64> {
        Ok(sockopt::socket_cookie(&self.fd)?)
    }

    /// Whether it is an IPv6 socket, and if so whether it takes IPv6 only.
    pub fn v6only(&self) -> io::Result<Option<bool>> {
        match self.local()? {
            SocketAddr::V4(_) => Ok(None),
            SocketAddr::V6(_) => Ok(Some(sockopt::ipv6_v6only(&self.fd)?)),
        }
    }

    /// The state in words, from the first byte of `TCP_INFO`.
    pub fn state(&self) -> io::Result<&'static str> {
        let mut info = [0; 8];
        let info = sys::get_option(&self.fd, libc::IPPROTO_TCP, libc::TCP_INFO, &mut info)?;
        let number = info.first().copied().unwrap_or(0);
        Ok(state_name(number).unwrap_or("unknown"))
    }

    /// Bytes received and not read (`SIOCINQ`); for UDP the size of the next datagram.
    pub fn unread_bytes(&self) -> io::Result<u32> {
        sys::ioctl_int(&self.fd, libc::FIONREAD).map(i32::unsigned_abs)
    }

    /// Bytes written and not acknowledged (`SIOCOUTQ`).
    pub fn unacknowledged_bytes(&self) -> io::Result<u32> {
        sys::ioctl_int(&self.fd, libc::TIOCOUTQ).map(i32::unsigned_abs)
    }

    /// `SO_MEMINFO`: the numbers of `struct sk_meminfo`, in the kernel's order (`SK_MEMINFO_RMEM_ALLOC` first, drops last).
    pub fn memory(&self) -> io::Result<Vec<u32>> {
        let mut bytes = [0; 64];
        let bytes = sys::get_option(&self.fd, libc::SOL_SOCKET, libc::SO_MEMINFO, &mut bytes)?;
        Ok(bytes
            .chunks_exact(4)
            .map(|word| u32::from_ne_bytes([word[0], word[1], word[2], word[3]]))
            .collect())
    }

    /// `TCP_INFO` as the kernel gives it to the socket's own user, at most 1024 bytes.
    pub fn tcp_info(&self) -> io::Result<Vec<u8>> {
        let mut bytes = [0; 1024];
        sys::get_option(&self.fd, libc::IPPROTO_TCP, libc::TCP_INFO, &mut bytes).map(<[u8]>::to_vec)
    }

    /// `SO_INCOMING_CPU` and other int options, read.
    pub fn get_int(&self, level: i32, name: i32) -> io::Result<i32> {
        let mut bytes = [0; 4];
        sys::get_option(&self.fd, level, name, &mut bytes)?;
        Ok(i32::from_ne_bytes(bytes))
    }
}

/// The kit's name for a kernel's TCP state number (`include/net/tcp_states.h`).
pub(crate) fn state_name(number: u8) -> Option<&'static str> {
    Some(match number {
        1 => "established",
        2 => "syn_sent",
        // 12 is TCP_NEW_SYN_RECV, the state of a request that has no full socket yet.
        3 | 12 => "syn_received",
        4 => "fin_wait_1",
        5 => "fin_wait_2",
        6 => "time_wait",
        7 => "closed",
        8 => "close_wait",
        9 => "last_ack",
        10 => "listen",
        11 => "closing",
        13 => "bound_inactive",
        _ => return None,
    })
}
