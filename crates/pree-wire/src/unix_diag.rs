//! `unix_diag`: the kernel's answer to "which Unix sockets are there", over `NETLINK_SOCK_DIAG` (Linux 3.3).
//!
//! Owns the layout of `include/uapi/linux/unix_diag.h`: request and row. What a peer of inode 0 means, and which row is
//! the other end of which, is left to the caller.

use crate::bytes::Native;
use crate::diag_row::encode_request;
use crate::malformed::BufferTooSmall;
use crate::socket_memory::SocketMemory;

/// Address family (`AF_UNIX`), as Linux numbers it.
pub const AF_UNIX: u8 = 1;

/// What a row shall carry besides its fixed part (`udiag_show`). Shutdown comes unasked.
pub mod show {
    /// The name the socket is bound to (`UDIAG_SHOW_NAME`).
    pub const NAME: u32 = 1;
    /// The file that a path leads to (`UDIAG_SHOW_VFS`).
    pub const VFS: u32 = 1 << 1;
    /// Inode of the other end (`UDIAG_SHOW_PEER`).
    pub const PEER: u32 = 1 << 2;
    /// Inodes of the clients in a listener's queue (`UDIAG_SHOW_ICONS`).
    pub const PENDING: u32 = 1 << 3;
    /// Queues (`UDIAG_SHOW_RQLEN`).
    pub const QUEUES: u32 = 1 << 4;
    /// The nine memory numbers of `SO_MEMINFO` (`UDIAG_SHOW_MEMINFO`).
    pub const MEMORY: u32 = 1 << 5;
    /// User the socket belongs to (`UDIAG_SHOW_UID`, Linux 5.3; ignored before).
    pub const UID: u32 = 1 << 6;
}

/// A request, ready to be written.
///
/// ```
/// use pree_wire::unix_diag::{Request, show};
/// let request = Request::dump(show::NAME | show::PEER).with_states(1 << 10);
/// let mut buffer = [0; 64];
/// assert_eq!(request.encode(&mut buffer), Ok(40));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// States asked for, bit n is state n; a Unix socket is in state 1, 7 or 10. Without meaning for one socket.
    pub states: u32,
    /// What rows shall carry, see [`show`].
    pub show: u32,
    /// The inode and cookie of the one socket asked for; `None` for all.
    pub socket: Option<(u32, u64)>,
    /// The number the answers will carry.
    pub sequence: u32,
}

impl Request {
    /// Every socket of the network namespace.
    pub const fn dump(show: u32) -> Self {
        Self { states: u32::MAX, show, socket: None, sequence: 0 }
    }

    /// One socket. The kernel searches its whole table for the inode: two of these cost more than a dump of a small
    /// one. Answers `ENOENT` for no such inode and `ESTALE` for another cookie.
    pub const fn exact(inode: u32, cookie: u64, show: u32) -> Self {
        Self { states: u32::MAX, show, socket: Some((inode, cookie)), sequence: 0 }
    }

    /// The same request for sockets in these states.
    #[must_use]
    pub const fn with_states(self, states: u32) -> Self {
        Self { states, ..self }
    }

    /// The same request under this sequence number.
    #[must_use]
    pub const fn with_sequence(self, sequence: u32) -> Self {
        Self { sequence, ..self }
    }

    /// Writes the netlink message and answers its length.
    ///
    /// # Errors
    /// The buffer has no room: 40 bytes are enough.
    pub fn encode(&self, buffer: &mut [u8]) -> Result<usize, BufferTooSmall> {
        let (inode, cookie) = self.socket.unwrap_or((0, u64::MAX));
        let words = [self.states, inode, self.show];
        encode_request(buffer, [AF_UNIX, 0], &words, cookie, self.socket.is_some(), self.sequence)
    }
}

/// Numbers of the attributes of a row (`UNIX_DIAG_*`), for [`Row::attribute`].
pub mod attribute {
    /// The name (`UNIX_DIAG_NAME`).
    pub const NAME: u16 = 0;
    /// The file (`UNIX_DIAG_VFS`).
    pub const VFS: u16 = 1;
    /// The other end (`UNIX_DIAG_PEER`).
    pub const PEER: u16 = 2;
    /// Clients in a listener's queue (`UNIX_DIAG_ICONS`).
    pub const PENDING: u16 = 3;
    /// Queues (`UNIX_DIAG_RQLEN`).
    pub const QUEUES: u16 = 4;
    /// Memory (`UNIX_DIAG_MEMINFO`).
    pub const MEMORY: u16 = 5;
    /// Directions shut down (`UNIX_DIAG_SHUTDOWN`).
    pub const SHUTDOWN: u16 = 6;
    /// User (`UNIX_DIAG_UID`).
    pub const UID: u16 = 7;
}

diag_row! {
    /// One Unix socket. The kernel does not tell of those that wait in a listener's queue: they have no inode yet.
    "unix_diag", of 16 bytes, cookie at 8, attributes below attribute::UID + 1;
}

impl<'a> Row<'a> {
    fixed_fields! {
        /// Address family: 1 (`udiag_family`).
        family: u8 = from_ne_bytes, 0;
        /// Type: 1 stream, 2 datagram, 5 sequenced packets (`udiag_type`).
        socket_type: u8 = from_ne_bytes, 1;
        /// State number: 1 connected, 7 not, 10 listening (`udiag_state`).
        state: u8 = from_ne_bytes, 2;
        /// Inode number as in `socket:[…]` (`udiag_ino`).
        inode: u32 = from_ne_bytes, 4;
    }

    /// The name as it was bound: a path without the NUL at its end, or an abstract name with the NUL at its start.
    /// `None` for a socket without a name. A socket that was accepted has its listener's.
    #[inline]
    pub fn name(&self) -> Option<&'a [u8]> {
        let name = self.attribute(attribute::NAME)?;
        match name.first()? {
            0 => Some(name),
            _ => name.split(|byte| *byte == 0).next(),
        }
    }

    /// The file that the path led to when it was bound; `None` for a socket without one.
    #[inline]
    pub fn file(&self) -> Option<File> {
        let bytes = self.attribute(attribute::VFS)?;
        Some(File { inode: u32::at(bytes, 0)?, device: u32::at(bytes, 4)? })
    }

    /// Inode of the other end. 0: it has none, because it was not accepted yet, or is closed.
    #[inline]
    pub fn peer(&self) -> Option<u32> {
        self.row.number(attribute::PEER)
    }

    /// Inodes of the clients that wait to be accepted, in their order; `None` for a socket that does not listen. 0 for
    /// a client that has closed already.
    pub fn pending(&self) -> Option<impl Iterator<Item = u32> + use<'a>> {
        let bytes = self.attribute(attribute::PENDING)?;
        Some(bytes.chunks_exact(4).filter_map(|word| u32::at(word, 0)))
    }

    /// Bytes received and not yet read (of datagrams: of the first one); for a listener: connections not yet accepted.
    #[inline]
    pub fn receive_queue(&self) -> Option<u32> {
        self.row.number(attribute::QUEUES)
    }

    /// Memory of data sent and not yet read by the other end, overhead included; for a listener: the limit of its queue.
    #[inline]
    pub fn send_queue(&self) -> Option<u32> {
        u32::at(self.attribute(attribute::QUEUES)?, 4)
    }

    /// Buffers and limits; on request.
    pub fn socket_memory(&self) -> Option<SocketMemory<'a>> {
        self.attribute(attribute::MEMORY).map(SocketMemory::new)
    }

    /// Directions shut down: bit 0 receiving, bit 1 sending.
    #[inline]
    pub fn shutdown(&self) -> Option<u8> {
        self.row.number(attribute::SHUTDOWN)
    }

    /// User the socket belongs to, in the asker's user namespace (Linux 5.3).
    #[inline]
    pub fn uid(&self) -> Option<u32> {
        self.row.number(attribute::UID)
    }
}

/// The file that a bound path stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct File {
    /// The last 32 bits of its inode number, which is all the kernel tells (`udiag_vfs_ino`).
    pub inode: u32,
    /// The device of its file system, as the kernel numbers it inside (`udiag_vfs_dev`).
    pub device: u32,
}

impl File {
    /// Major number of the device.
    pub const fn major(self) -> u32 {
        self.device >> 20
    }

    /// Minor number of the device.
    pub const fn minor(self) -> u32 {
        self.device & 0xf_ffff
    }
}
