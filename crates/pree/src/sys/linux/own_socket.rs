//! Statistics of a socket that the caller holds: `getsockopt(TCP_INFO)`, which needs no right.

use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use pree_wire::tcp_info::TcpInfo;

use crate::decode::linux::inet::acc_ecn_layout;
use crate::error::{Error, Result};
use crate::model::{CongestionAlgorithm, SocketMemory, TcpStats};
use crate::source::{Errno, Failure};

/// Room for more than any kernel knows today (280 bytes on 6.18); what does not fit, the kernel leaves out.
const TCP_INFO_ROOM: usize = 512;
/// `TCP_CA_NAME_MAX`.
const ALGORITHM_ROOM: usize = 16;
/// `SK_MEMINFO_VARS` × 4.
const MEMORY_ROOM: usize = pree_wire::socket_memory::SocketMemory::SIZE;

impl TcpStats {
    /// Statistics of a TCP socket that the caller holds, by `getsockopt(TCP_INFO)`; no right is needed.
    ///
    /// Queue sizes are not part of that answer and stay unknown.
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
        let socket = socket.as_fd();
        let error = |failure| Error::of(failure, "read", "TCP_INFO of the socket");
        let mut room = [MaybeUninit::uninit(); TCP_INFO_ROOM];
        let info = option(socket, libc::IPPROTO_TCP, libc::TCP_INFO, &mut room).map_err(error)?;
        let mut stats = Self::default();
        stats.set_from(TcpInfo::new(info), acc_ecn_layout(rustix::system::uname().release().to_bytes()));
        let mut room = [MaybeUninit::uninit(); ALGORITHM_ROOM];
        if let Ok(name) = option(socket, libc::IPPROTO_TCP, libc::TCP_CONGESTION, &mut room) {
            let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
            stats.congestion_algorithm = Some(CongestionAlgorithm::from(name));
        }
        let mut room = [MaybeUninit::uninit(); MEMORY_ROOM];
        if let Ok(memory) = option(socket, libc::SOL_SOCKET, libc::SO_MEMINFO, &mut room) {
            stats.memory = Some(SocketMemory::from(pree_wire::socket_memory::SocketMemory::new(memory)));
        }
        Ok(stats)
    }
}

/// `getsockopt(2)` into `room`; the part that the kernel filled.
fn option<'r, const ROOM: usize>(
    socket: BorrowedFd<'_>,
    level: libc::c_int,
    name: libc::c_int,
    room: &'r mut [MaybeUninit<u8>; ROOM],
) -> std::result::Result<&'r [u8], Failure> {
    let mut length = libc::socklen_t::try_from(ROOM).map_err(|_| Failure::MALFORMED)?;
    // SAFETY: `room` is writable for `length` bytes and outlives the call, which keeps neither pointer.
    let result = unsafe {
        libc::getsockopt(socket.as_raw_fd(), level, name, room.as_mut_ptr().cast(), &raw mut length)
    };
    if result != 0 {
        let error = std::io::Error::last_os_error();
        return Err(Failure::Answer(error.raw_os_error().map_or(Errno::EIO, Errno::linux)));
    }
    let filled = room.get(..length as usize).ok_or(Failure::MALFORMED)?;
    // SAFETY: the kernel wrote the first `length` bytes of `room`, and MaybeUninit<u8> is laid out as u8.
    Ok(unsafe { &*(std::ptr::from_ref(filled) as *const [u8]) })
}
