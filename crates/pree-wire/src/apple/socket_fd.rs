//! The socket behind a descriptor: `struct socket_fdinfo`, as `PROC_PIDFDSOCKETINFO` gives it.

use super::address::{address, port};
use super::layout::socket_fdinfo as layout;
use super::unix_path;
use crate::malformed::Malformed;

/// A view of `struct socket_fdinfo`.
#[derive(Clone, Copy, Debug)]
pub struct SocketFd<'a> {
    bytes: &'a [u8],
}

/// Which part of the structure is filled (`soi_kind`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// IP without TCP (`SOCKINFO_IN`).
    Internet,
    /// TCP (`SOCKINFO_TCP`).
    Tcp,
    /// Unix (`SOCKINFO_UN`).
    Unix,
    /// Any other, by its number.
    Other(u32),
}

impl<'a> SocketFd<'a> {
    /// A view of the structure.
    ///
    /// # Errors
    /// The bytes are fewer than the structure has.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Malformed> {
        if bytes.len() < layout::SIZE {
            return Err(Malformed::new("socket_fdinfo (too short)", bytes.len()));
        }
        Ok(Self { bytes })
    }

    /// Which accessors tell something.
    pub fn protocol(self) -> Protocol {
        match self.kind() {
            Some(1) => Protocol::Internet,
            Some(2) => Protocol::Tcp,
            Some(3) => Protocol::Unix,
            other => Protocol::Other(other.unwrap_or_default()),
        }
    }

    /// This machine's port.
    pub fn local_port(self) -> Option<u16> {
        port(self.bytes, layout::INSI_LPORT)
    }

    /// The other end's port.
    pub fn remote_port(self) -> Option<u16> {
        port(self.bytes, layout::INSI_FPORT)
    }

    /// This machine's address; an IPv4 address is its last four bytes.
    pub fn local_address(self) -> Option<[u8; 16]> {
        address(self.bytes, layout::INSI_LADDR)
    }

    /// The other end's address.
    pub fn remote_address(self) -> Option<[u8; 16]> {
        address(self.bytes, layout::INSI_FADDR)
    }

    /// The path that a Unix socket is bound to; empty without one.
    pub fn path(self) -> &'a [u8] {
        layout::UNSI_ADDR.of(self.bytes).map(unix_path).unwrap_or_default()
    }

    /// The path that the socket at its other end is bound to; empty without one.
    pub fn peer_path(self) -> &'a [u8] {
        layout::UNSI_CADDR.of(self.bytes).map(unix_path).unwrap_or_default()
    }
}

apple_struct! { SocketFd, socket_fdinfo;
    /// Handle of the socket, a hash of its address.
    handle: u64, SOI_SO;
    /// Handle of its control block: 0 once that is gone.
    pcb_handle: u64, SOI_PCB;
    /// `SOCK_*`.
    socket_type: u32, SOI_TYPE;
    /// Protocol number.
    protocol_number: u32, SOI_PROTOCOL;
    /// `AF_*`.
    family: u32, SOI_FAMILY;
    /// Bits of [`socket_state`](super::socket_state).
    state: u16, SOI_STATE;
    /// Connections in a listener's queues, those of unfinished handshakes included.
    queue: u16, SOI_QLEN;
    /// Those of unfinished handshakes.
    incomplete_queue: u16, SOI_INCQLEN;
    /// How many there may be.
    queue_limit: u16, SOI_QLIMIT;
    /// Bytes received and not yet read.
    received_bytes: u32, SOI_RCV_CC;
    /// Limit of them (`SO_RCVBUF`).
    receive_limit: u32, SOI_RCV_HIWAT;
    /// Bytes written and not yet acknowledged.
    send_bytes: u32, SOI_SND_CC;
    /// Limit of them (`SO_SNDBUF`).
    send_limit: u32, SOI_SND_HIWAT;
    /// The number behind [`SocketFd::protocol`].
    kind: u32, SOI_KIND;
    /// Number of the control block of IP: given once among those of its protocol since boot, as in
    /// [`InternetPcb`](super::InternetPcb).
    generation: u64, INSI_GENCNT;
    /// Bits `INP_*`.
    flags: u32, INSI_FLAGS;
    /// Bits of [`versions`](super::versions).
    versions: u8, INSI_VFLAG;
    /// Type of service (`IP_TOS`).
    tos: u8, INSI_IP_TOS;
    /// A number of [`tcp_state`](super::tcp_state).
    tcp_state: u32, TCPSI_STATE;
    /// Payload of a full segment sent, in bytes.
    maxseg: u32, TCPSI_MSS;
    /// Handle of the Unix socket at the other end; 0 without one.
    peer: u64, UNSI_CONN_SO;
}
