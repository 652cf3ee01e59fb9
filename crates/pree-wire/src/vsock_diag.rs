//! `vsock_diag`: the kernel's answer to "which sockets between virtual machines and their host are there", over
//! `NETLINK_SOCK_DIAG` (Linux 4.15).
//!
//! Owns the layout of `include/uapi/linux/vm_sockets_diag.h`: request and row, which has no attributes.

use crate::diag_row::encode_request;
use crate::malformed::BufferTooSmall;

/// Address family (`AF_VSOCK`), as Linux numbers it.
pub const AF_VSOCK: u8 = 40;
/// Any context id or port (`VMADDR_CID_ANY`, `VMADDR_PORT_ANY`): what an unbound or unconnected end has.
pub const ANY: u32 = u32::MAX;

/// A request for the sockets in some states, ready to be written. There is none for a single socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// States asked for, bit n is state n, numbered as TCP's.
    pub states: u32,
    /// The number the answers will carry.
    pub sequence: u32,
}

impl Request {
    /// Every socket in these states.
    pub const fn dump(states: u32) -> Self {
        Self { states, sequence: 0 }
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
        // The kernel wants zeros in all it does not use, the cookie among them.
        encode_request(buffer, [AF_VSOCK, 0], &[self.states, 0, 0], 0, false, self.sequence)
    }
}

diag_row! {
    /// One vsock socket.
    "vsock_diag", of 32 bytes, cookie at 24, attributes below 0;
}

impl Row<'_> {
    fixed_fields! {
        /// Address family: 40 (`vdiag_family`).
        family: u8 = from_ne_bytes, 0;
        /// Type: 1 stream, 2 datagram, 5 sequenced packets (`vdiag_type`).
        socket_type: u8 = from_ne_bytes, 1;
        /// State number, as TCP's: 1 connected, 7 not, 10 listening … (`vdiag_state`).
        state: u8 = from_ne_bytes, 2;
        /// Directions shut down here: bit 0 receiving, bit 1 sending (`vdiag_shutdown`).
        shutdown: u8 = from_ne_bytes, 3;
        /// Context id of this end, or [`ANY`] (`vdiag_src_cid`).
        source_cid: u32 = from_ne_bytes, 4;
        /// Port of this end, or [`ANY`] (`vdiag_src_port`).
        source_port: u32 = from_ne_bytes, 8;
        /// Context id of the other end, or [`ANY`] (`vdiag_dst_cid`).
        destination_cid: u32 = from_ne_bytes, 12;
        /// Port of the other end, or [`ANY`] (`vdiag_dst_port`).
        destination_port: u32 = from_ne_bytes, 16;
        /// Inode number as in `socket:[…]`; 0 if the socket has none (any more) (`vdiag_ino`).
        inode: u32 = from_ne_bytes, 20;
    }
}
