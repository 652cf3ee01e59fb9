//! Statistics of a socket that the caller holds: `getsockopt(TCP_CONNECTION_INFO)`, which needs no right.

use std::os::fd::{AsFd, AsRawFd};

use pree_wire::apple::ConnectionInfo;

use super::errno::last_errno;
use crate::decode::apple::of_connection;
use crate::error::{Error, Result};
use crate::model::TcpStats;
use crate::source::Failure;

/// Room for more than the structure has today.
const ROOM: usize = 512;

impl TcpStats {
    /// Statistics of a TCP socket that the caller holds, by `getsockopt(TCP_CONNECTION_INFO)`; no right is needed.
    ///
    /// It has what no list has: retransmissions. The receive queue is not part of it and stays unknown.
    ///
    /// # Errors
    /// When the descriptor is not a TCP socket.
    ///
    /// ```
    /// let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// let client = std::net::TcpStream::connect(listener.local_addr()?)?;
    /// let stats = pree::TcpStats::of(&client)?;
    /// assert!(stats.snd_mss.is_some());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn of(socket: impl AsFd) -> Result<Self> {
        let mut bytes = [0_u8; ROOM];
        let mut length = ROOM as libc::socklen_t;
        // SAFETY: `bytes` is writable for `length` bytes, and both outlive the call, which keeps neither pointer.
        let result = unsafe {
            libc::getsockopt(
                socket.as_fd().as_raw_fd(),
                libc::IPPROTO_TCP,
                libc::TCP_CONNECTION_INFO,
                bytes.as_mut_ptr().cast(),
                &raw mut length,
            )
        };
        if result != 0 {
            return Err(Error::of(
                Failure::Answer(last_errno()),
                "read",
                "TCP_CONNECTION_INFO of the socket",
            ));
        }
        Ok(of_connection(ConnectionInfo::new(bytes.get(..length as usize).unwrap_or_default())))
    }
}
