//! A TCP, UDP or UDP-Lite socket with every knob that a population needs.

mod facts;

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::net::{AddressFamily, RecvFlags, SendFlags, Shutdown, SocketFlags, SocketType, sockopt};

use crate::sys;

pub(crate) use facts::state_name;

/// The address family of a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Family {
    /// `AF_INET`
    V4,
    /// `AF_INET6`
    V6,
}

impl Family {
    /// 127.0.0.1 or `::1`
    pub fn loopback(self) -> IpAddr {
        match self {
            Self::V4 => Ipv4Addr::LOCALHOST.into(),
            Self::V6 => Ipv6Addr::LOCALHOST.into(),
        }
    }

    /// 0.0.0.0 or `::`
    pub fn any(self) -> IpAddr {
        match self {
            Self::V4 => Ipv4Addr::UNSPECIFIED.into(),
            Self::V6 => Ipv6Addr::UNSPECIFIED.into(),
        }
    }
}

/// A socket that closes on drop.
#[derive(Debug)]
pub struct Socket {
    fd: OwnedFd,
    protocol: &'static str,
}

impl Socket {
    /// A new TCP socket.
    ///
    /// # Errors
    /// The kernel's, here and in all other methods.
    pub fn tcp(family: Family) -> io::Result<Self> {
        Self::new(family, SocketType::STREAM, libc::IPPROTO_TCP, "tcp")
    }

    /// A new UDP socket.
    #[allow(clippy::missing_errors_doc, reason = "said once, at Socket::tcp")]
    pub fn udp(family: Family) -> io::Result<Self> {
        Self::new(family, SocketType::DGRAM, libc::IPPROTO_UDP, "udp")
    }

    /// A new UDP-Lite socket.
    #[allow(clippy::missing_errors_doc, reason = "said once, at Socket::tcp")]
    pub fn udplite(family: Family) -> io::Result<Self> {
        Self::new(family, SocketType::DGRAM, libc::IPPROTO_UDPLITE, "udplite")
    }

    fn new(family: Family, kind: SocketType, protocol: i32, name: &'static str) -> io::Result<Self> {
        let domain = match family {
            Family::V4 => AddressFamily::INET,
            Family::V6 => AddressFamily::INET6,
        };
        let protocol = u32::try_from(protocol).ok().and_then(std::num::NonZeroU32::new);
        let protocol = protocol.map(rustix::net::Protocol::from_raw);
        let fd = rustix::net::socket_with(domain, kind, SocketFlags::CLOEXEC, protocol)?;
        Ok(Self { fd, protocol: name })
    }
}

#[allow(clippy::missing_errors_doc, reason = "said once, at Socket::tcp")]
impl Socket {
    /// "tcp", "udp" or "udplite"
    pub fn protocol(&self) -> &'static str {
        self.protocol
    }

    /// The descriptor's number.
    pub fn number(&self) -> u32 {
        self.fd.as_raw_fd().unsigned_abs()
    }

    /// Another descriptor of the same socket.
    pub fn duplicate(&self) -> io::Result<Self> {
        Ok(Self { fd: self.fd.try_clone()?, protocol: self.protocol })
    }

    /// Binds to an address.
    pub fn bind(&self, address: impl Into<SocketAddr>) -> io::Result<()> {
        Ok(rustix::net::bind(&self.fd, &address.into())?)
    }

    /// Starts listening.
    pub fn listen(&self, backlog: i32) -> io::Result<()> {
        Ok(rustix::net::listen(&self.fd, backlog)?)
    }

    /// Connects and waits for the result.
    pub fn connect(&self, address: impl Into<SocketAddr>) -> io::Result<()> {
        Ok(rustix::net::connect(&self.fd, &address.into())?)
    }

    /// Sends the SYN and returns without waiting for the answer.
    pub fn start_connect(&self, address: impl Into<SocketAddr>) -> io::Result<()> {
        self.set_blocking(false)?;
        let result = rustix::net::connect(&self.fd, &address.into());
        self.set_blocking(true)?;
        match result {
            Err(rustix::io::Errno::INPROGRESS) | Ok(()) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn set_blocking(&self, blocking: bool) -> io::Result<()> {
        use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
        let mut flags = fcntl_getfl(&self.fd)?;
        flags.set(OFlags::NONBLOCK, !blocking);
        Ok(fcntl_setfl(&self.fd, flags)?)
    }

    /// Takes the next connection from a listener's queue, waiting for one.
    pub fn accept(&self) -> io::Result<Self> {
        let fd = rustix::net::accept_with(&self.fd, SocketFlags::CLOEXEC)?;
        Ok(Self { fd, protocol: self.protocol })
    }

    /// Sends all the bytes, or as many as fit into one datagram.
    pub fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        Ok(rustix::net::send(&self.fd, bytes, SendFlags::NOSIGNAL)?)
    }

    /// Sends one datagram.
    pub fn send_to(&self, bytes: &[u8], to: impl Into<SocketAddr>) -> io::Result<usize> {
        Ok(rustix::net::sendto(&self.fd, bytes, SendFlags::NOSIGNAL, &to.into())?)
    }

    /// What has come already; `WouldBlock` when that is nothing.
    pub fn receive_now(&self, into: &mut [u8]) -> io::Result<usize> {
        Ok(rustix::net::recv(&self.fd, into, RecvFlags::DONTWAIT)?.0)
    }

    /// What comes next, waiting for it.
    pub fn receive(&self, into: &mut [u8]) -> io::Result<usize> {
        Ok(rustix::net::recv(&self.fd, into, RecvFlags::empty())?.0)
    }

    /// Sends the FIN but keeps the socket.
    pub fn finish(&self) -> io::Result<()> {
        Ok(rustix::net::shutdown(&self.fd, Shutdown::Write)?)
    }

    /// shutdown(2) for reading: a listener stops listening, but stays bound.
    pub fn stop_reading(&self) -> io::Result<()> {
        Ok(rustix::net::shutdown(&self.fd, Shutdown::Read)?)
    }

    /// Closing sends a RST and leaves nothing behind.
    pub fn reset_on_close(&self) -> io::Result<()> {
        Ok(sockopt::set_socket_linger(&self.fd, Some(Duration::ZERO))?)
    }

    /// Registers it with a new `io_uring`, which alone holds it then.
    pub fn into_ring(self) -> io::Result<OwnedFd> {
        sys::ring_with(&self.fd)
    }

    /// Others may bind the same address and share the work.
    pub fn reuse_port(&self) -> io::Result<()> {
        Ok(sockopt::set_socket_reuseport(&self.fd, true)?)
    }

    /// An IPv6 socket that takes IPv4 too, or does not.
    pub fn set_v6only(&self, only: bool) -> io::Result<()> {
        Ok(sockopt::set_ipv6_v6only(&self.fd, only)?)
    }

    /// The name of the congestion control algorithm.
    pub fn set_congestion(&self, algorithm: &str) -> io::Result<()> {
        Ok(sockopt::set_tcp_congestion(&self.fd, algorithm)?)
    }

    /// `SO_RCVBUF`; the kernel doubles it.
    pub fn set_receive_buffer(&self, bytes: usize) -> io::Result<()> {
        Ok(sockopt::set_socket_recv_buffer_size(&self.fd, bytes)?)
    }

    /// `SO_SNDBUF`; the kernel doubles it.
    pub fn set_send_buffer(&self, bytes: usize) -> io::Result<()> {
        Ok(sockopt::set_socket_send_buffer_size(&self.fd, bytes)?)
    }

    /// `SO_BINDTODEVICE`
    pub fn bind_to_device(&self, name: &str) -> io::Result<()> {
        sys::set_option(&self.fd, libc::SOL_SOCKET, libc::SO_BINDTODEVICE, name.as_bytes())
    }

    /// `SO_MARK`
    pub fn set_mark(&self, mark: u32) -> io::Result<()> {
        sys::set_option(&self.fd, libc::SOL_SOCKET, libc::SO_MARK, &mark.to_ne_bytes())
    }

    /// `TCP_MD5SIG_EXT`: a key for the peers that have these first bits.
    pub fn set_md5(&self, peers: IpAddr, prefix: u8, key: &[u8]) -> io::Result<()> {
        const TCP_MD5SIG_EXT: i32 = 32;
        const FLAG_PREFIX: u8 = 1;
        // `struct tcp_md5sig`: an address with its family, flags, prefix, length, interface, key.
        let mut option = vec![0; 216];
        let (family, at, bytes) = match peers {
            IpAddr::V4(ip) => (libc::AF_INET, 4, ip.octets().to_vec()),
            IpAddr::V6(ip) => (libc::AF_INET6, 8, ip.octets().to_vec()),
        };
        option[..2].copy_from_slice(&(family as u16).to_ne_bytes());
        option[at..at + bytes.len()].copy_from_slice(&bytes);
        option[128..130].copy_from_slice(&[FLAG_PREFIX, prefix]);
        option[130..132].copy_from_slice(&(key.len() as u16).to_ne_bytes());
        option[136..136 + key.len()].copy_from_slice(key);
        sys::set_option(&self.fd, libc::IPPROTO_TCP, TCP_MD5SIG_EXT, &option)
    }

    /// Any option whose value is an int.
    pub fn set_int(&self, level: i32, name: i32, value: i32) -> io::Result<()> {
        sys::set_option(&self.fd, level, name, &value.to_ne_bytes())
    }

    /// Gives the socket to another user, which changes the uid that the kernel reports for it.
    pub fn give_to(&self, uid: u32) -> io::Result<()> {
        Ok(rustix::fs::fchown(&self.fd, Some(rustix::fs::Uid::from_raw(uid)), None)?)
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl From<Socket> for OwnedFd {
    fn from(socket: Socket) -> Self {
        socket.fd
    }
}
