//! Statistics of a socket that the caller holds: `SIO_TCP_INFO`.

use std::os::windows::io::{AsRawSocket, AsSocket};
use std::ptr::{from_mut, from_ref, null_mut};

use pree_wire::windows::tcp_info::TcpInfo;
use windows_sys::Win32::Networking::WinSock::{SIO_TCP_INFO, WSAGetLastError, WSAIoctl};

use crate::decode::windows::own_stats;
use crate::error::{Error, Result};
use crate::model::TcpStats;
use crate::source::{Failure, System};

/// `TCP_INFO_v0`
const VERSION: u32 = 0;

impl TcpStats {
    /// Statistics of a socket that the caller holds, from its opening on and without any right: `SIO_TCP_INFO`, Windows 10
    /// 1703. What it does not report is `None`.
    ///
    /// # Errors
    /// The socket is not TCP, or this version does not report it.
    pub fn of<S: AsSocket>(socket: S) -> Result<Self> {
        let socket = socket.as_socket();
        let mut words = [0_u64; TcpInfo::SIZE / 8];
        let mut told = 0;
        // SAFETY: the version is readable and the words are writable for the sizes given; the call is finished when it
        // returns, for there is nothing overlapped, and keeps no pointer.
        let result = unsafe {
            WSAIoctl(
                socket.as_raw_socket() as usize,
                SIO_TCP_INFO,
                from_ref(&VERSION).cast(),
                size_of_val(&VERSION) as u32,
                from_mut(&mut words).cast(),
                size_of_val(&words) as u32,
                &raw mut told,
                null_mut(),
                None,
            )
        };
        if result != 0 {
            // SAFETY: takes nothing.
            let number = unsafe { WSAGetLastError() };
            return Err(Error::of(Failure::Answer(System::Windows.errno(number)), "read", "TCP statistics"));
        }
        let bytes: Vec<u8> = words.into_iter().flat_map(u64::to_ne_bytes).take(told as usize).collect();
        Ok(own_stats(&bytes))
    }
}
