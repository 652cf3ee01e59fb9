//! `netlink_diag`: the kernel's answer to "which netlink sockets are there", over `NETLINK_SOCK_DIAG` (Linux 3.10).
//!
//! Owns the layout of `include/uapi/linux/netlink_diag.h`: request and row.

use crate::diag_row::encode_request;
use crate::malformed::BufferTooSmall;
use crate::socket_memory::SocketMemory;

/// Address family (`AF_NETLINK`), as Linux numbers it.
pub const AF_NETLINK: u8 = 16;
/// Every netlink protocol (`NDIAG_PROTO_ALL`).
pub const ALL_PROTOCOLS: u8 = u8::MAX;

/// What a row shall carry besides its fixed part (`ndiag_show`).
pub mod show {
    /// The nine memory numbers of `SO_MEMINFO` (`NDIAG_SHOW_MEMINFO`).
    pub const MEMORY: u32 = 1;
    /// Multicast groups the socket is a member of (`NDIAG_SHOW_GROUPS`).
    pub const GROUPS: u32 = 1 << 1;
}

/// A request for the sockets of one protocol or all, ready to be written. There is none for a single socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// Netlink protocol: 0 route, 4 `sock_diag` …, or [`ALL_PROTOCOLS`].
    pub protocol: u8,
    /// What rows shall carry, see [`show`].
    pub show: u32,
    /// The number the answers will carry.
    pub sequence: u32,
}

impl Request {
    /// Every socket of the network namespace.
    pub const fn dump(show: u32) -> Self {
        Self { protocol: ALL_PROTOCOLS, show, sequence: 0 }
    }

    /// The same request under this sequence number.
    #[must_use]
    pub const fn with_sequence(self, sequence: u32) -> Self {
        Self { sequence, ..self }
    }

    /// Writes the netlink message and answers its length.
    ///
    /// # Errors
    /// The buffer has no room: 36 bytes are enough.
    pub fn encode(&self, buffer: &mut [u8]) -> Result<usize, BufferTooSmall> {
        let kind = [AF_NETLINK, self.protocol];
        encode_request(buffer, kind, &[0, self.show], u64::MAX, false, self.sequence)
    }
}

/// Numbers of the attributes of a row (`NETLINK_DIAG_*`), for [`Row::attribute`].
pub mod attribute {
    /// Memory (`NETLINK_DIAG_MEMINFO`).
    pub const MEMORY: u16 = 0;
    /// Groups (`NETLINK_DIAG_GROUPS`).
    pub const GROUPS: u16 = 1;
}

diag_row! {
    /// One netlink socket.
    "netlink_diag", of 28 bytes, cookie at 20, attributes below attribute::GROUPS + 1;
}

impl<'a> Row<'a> {
    fixed_fields! {
        /// Address family: 16 (`ndiag_family`).
        family: u8 = from_ne_bytes, 0;
        /// Type: 2 datagram, 3 raw; netlink treats them alike (`ndiag_type`).
        socket_type: u8 = from_ne_bytes, 1;
        /// Netlink protocol: 0 route, 4 `sock_diag`, 15 kobject events … (`ndiag_protocol`).
        protocol: u8 = from_ne_bytes, 2;
        /// State number: 1 connected; 0 or 7 not (`ndiag_state`).
        state: u8 = from_ne_bytes, 3;
        /// Port id, the address of the socket; 0 is the kernel's own (`ndiag_portid`). Often a pid, never surely.
        port_id: u32 = from_ne_bytes, 4;
        /// Port id it is connected to (`ndiag_dst_portid`).
        destination_port_id: u32 = from_ne_bytes, 8;
        /// Group it is connected to, 0 for none (`ndiag_dst_group`).
        destination_group: u32 = from_ne_bytes, 12;
        /// Inode number as in `socket:[…]` (`ndiag_ino`). The kernel's sockets have one too.
        inode: u32 = from_ne_bytes, 16;
    }

    /// Buffers, limits and drops; on request.
    pub fn socket_memory(&self) -> Option<SocketMemory<'a>> {
        self.attribute(attribute::MEMORY).map(SocketMemory::new)
    }

    /// The multicast groups the socket is a member of, from 1 on, ascending; on request. `None` for a socket that never
    /// joined one.
    pub fn groups(&self) -> Option<impl Iterator<Item = u32> + use<'a>> {
        let bytes = self.attribute(attribute::GROUPS)?;
        Some((0..bytes.len() as u32 * 8).filter(move |bit| is_set(bytes, *bit)).map(|bit| bit + 1))
    }
}

/// The kernel keeps groups as bits of its own words: on a big-endian machine the first of eight bytes is the last.
fn is_set(bytes: &[u8], bit: u32) -> bool {
    const WORD: usize = size_of::<usize>();
    let at = bit as usize / 8;
    let at = if cfg!(target_endian = "big") { at ^ (WORD - 1) } else { at };
    bytes.get(at).is_some_and(|byte| byte & 1 << (bit % 8) != 0)
}
