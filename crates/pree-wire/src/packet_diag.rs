//! `packet_diag`: the kernel's answer to "who reads packets off the interfaces", over `NETLINK_SOCK_DIAG` (Linux 3.7).
//!
//! Owns the layout of `include/uapi/linux/packet_diag.h`: request and row.

use crate::diag_row::encode_request;
use crate::malformed::BufferTooSmall;
use crate::socket_memory::SocketMemory;

pub mod info;
pub mod ring;

pub use info::Info;
pub use ring::Ring;

/// Address family (`AF_PACKET`), as Linux numbers it.
pub const AF_PACKET: u8 = 17;

/// What a row shall carry besides its fixed part (`pdiag_show`).
pub mod show {
    /// Interface, version and options; also the user (`PACKET_SHOW_INFO`).
    pub const INFO: u32 = 1;
    /// Mapped rings (`PACKET_SHOW_RING_CFG`).
    pub const RINGS: u32 = 1 << 2;
    /// The group of sockets that share the packets (`PACKET_SHOW_FANOUT`).
    pub const FANOUT: u32 = 1 << 3;
    /// The nine memory numbers of `SO_MEMINFO` (`PACKET_SHOW_MEMINFO`, Linux 3.10).
    pub const MEMORY: u32 = 1 << 4;
    /// The filter program (`PACKET_SHOW_FILTER`, Linux 3.10).
    pub const FILTER: u32 = 1 << 5;
}

/// A request for every packet socket of the network namespace, ready to be written. There is none for a single socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// What rows shall carry, see [`show`].
    pub show: u32,
    /// The number the answers will carry.
    pub sequence: u32,
}

impl Request {
    /// Every socket of the network namespace.
    pub const fn dump(show: u32) -> Self {
        Self { show, sequence: 0 }
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
        // The kernel refuses a protocol: filtering by it was left for later.
        encode_request(buffer, [AF_PACKET, 0], &[0, self.show], u64::MAX, false, self.sequence)
    }
}

/// Numbers of the attributes of a row (`PACKET_DIAG_*`), for [`Row::attribute`].
pub mod attribute {
    /// Interface, version and options (`PACKET_DIAG_INFO`).
    pub const INFO: u16 = 0;
    /// Mapped ring for receiving (`PACKET_DIAG_RX_RING`).
    pub const RX_RING: u16 = 2;
    /// Mapped ring for sending (`PACKET_DIAG_TX_RING`).
    pub const TX_RING: u16 = 3;
    /// Fanout group (`PACKET_DIAG_FANOUT`).
    pub const FANOUT: u16 = 4;
    /// User (`PACKET_DIAG_UID`).
    pub const UID: u16 = 5;
    /// Memory (`PACKET_DIAG_MEMINFO`).
    pub const MEMORY: u16 = 6;
    /// Filter program (`PACKET_DIAG_FILTER`).
    pub const FILTER: u16 = 7;
}

diag_row! {
    /// One packet socket.
    "packet_diag", of 16 bytes, cookie at 8, attributes below attribute::FILTER + 1;
}

impl<'a> Row<'a> {
    fixed_fields! {
        /// Address family: 17 (`pdiag_family`).
        family: u8 = from_ne_bytes, 0;
        /// Type: 2 without link-layer header, 3 with it, 10 the old `SOCK_PACKET` (`pdiag_type`).
        socket_type: u8 = from_ne_bytes, 1;
        /// Protocol of the packets, an `ETH_P_*`: 3 is all, 0 none (`pdiag_num`).
        protocol: u16 = from_ne_bytes, 2;
        /// Inode number as in `socket:[…]` (`pdiag_ino`).
        inode: u32 = from_ne_bytes, 4;
    }

    /// Interface, version and options; on request.
    pub fn info(&self) -> Option<Info<'a>> {
        self.attribute(attribute::INFO).map(Info::new)
    }

    /// The mapped ring for receiving; on request, and only where there is one.
    pub fn receive_ring(&self) -> Option<Ring<'a>> {
        self.attribute(attribute::RX_RING).map(Ring::new)
    }

    /// The mapped ring for sending; on request, and only where there is one.
    pub fn send_ring(&self) -> Option<Ring<'a>> {
        self.attribute(attribute::TX_RING).map(Ring::new)
    }

    /// The fanout group; on request, and only where there is one.
    pub fn fanout(&self) -> Option<Fanout> {
        let word: u32 = self.row.number(attribute::FANOUT)?;
        Some(Fanout { id: word as u16, mode: (word >> 16) as u8 })
    }

    /// User the socket belongs to, in the asker's user namespace; comes with [`Self::info`].
    pub fn uid(&self) -> Option<u32> {
        self.row.number(attribute::UID)
    }

    /// Buffers, limits and drops; on request.
    pub fn socket_memory(&self) -> Option<SocketMemory<'a>> {
        self.attribute(attribute::MEMORY).map(SocketMemory::new)
    }

    /// The classic BPF program that chooses packets, 8 bytes an instruction; on request. `None`: there is none, or it is
    /// an eBPF program. Empty: the asker may not know, for that takes `CAP_NET_ADMIN`.
    pub fn filter(&self) -> Option<&'a [u8]> {
        self.attribute(attribute::FILTER)
    }
}

/// A group of sockets that share the packets of an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fanout {
    /// Number of the group.
    pub id: u16,
    /// How packets are shared out: 0 by hash, 1 in turn, 2 by processor, 3 rollover, 4 at random, 5 by queue, 6 and 7 by
    /// a program (`PACKET_FANOUT_*`).
    pub mode: u8,
}
