//! What macOS tells of sockets: the sysctls `net.*.pcblist_n`, and `proc_info(2)` behind libproc.
//!
//! Where members lie is in `layout.rs`, which is made from Apple's headers; these modules give them names and meaning.
//! Structures grow at their end: longer ones than ours are read, shorter ones are malformed, and a member that an older
//! system does not have is `None`.

#[macro_use]
mod accessors;
mod layout;
mod place;

mod address;
mod arguments;
mod connection_info;
mod descriptors;
mod pcb_list;
mod process;
mod records;
mod socket_fd;

pub use address::unix_path;
pub use arguments::arguments;
pub use connection_info::ConnectionInfo;
pub use descriptors::{Descriptor, descriptors};
pub use pcb_list::{Generation, Item, ListKind, Pcb, PcbList, Row, rows_counted};
pub use process::{ProcessInfo, ShortProcessInfo};
pub use records::{Buffer, InternetPcb, SocketRecord, TcpPcb, Traffic, UnixPcb};
pub use socket_fd::{Protocol, SocketFd};

/// `AF_UNIX` of macOS.
pub const AF_UNIX: u32 = 1;
/// `AF_INET` of macOS.
pub const AF_INET: u32 = 2;
/// `AF_INET6` of macOS.
pub const AF_INET6: u32 = 30;

/// Bits of `inp_vflag` and `insi_vflag`: which versions of IP a socket speaks.
pub mod versions {
    /// `INP_IPV4`.
    pub const IPV4: u8 = 1;
    /// `INP_IPV6`.
    pub const IPV6: u8 = 2;
}

/// `IN6P_IPV6_V6ONLY` in `inp_flags` and `insi_flags`.
pub const V6_ONLY: u32 = 0x8000;

/// Bits of `so_state` and `soi_state`.
pub mod socket_state {
    /// `SS_NOFDREF`: no descriptor leads to the socket. Of one that was closed, and of every subflow of MPTCP.
    pub const NO_DESCRIPTOR: u16 = 0x0001;
    /// `SS_ISCONNECTED`.
    pub const CONNECTED: u16 = 0x0002;
    /// `SS_CANTSENDMORE`.
    pub const CANNOT_SEND: u16 = 0x0010;
    /// `SS_CANTRCVMORE`.
    pub const CANNOT_RECEIVE: u16 = 0x0020;
    /// `SS_INCOMP`: in a listener's queue, the handshake not finished.
    pub const INCOMPLETE: u16 = 0x0800;
    /// `SS_COMP`: in a listener's queue, waiting to be accepted.
    pub const COMPLETE: u16 = 0x1000;
}

/// `SOF_MP_SUBFLOW` in `so_flags`: the socket is a subflow of an MPTCP connection that is not closed.
pub const MULTIPATH_SUBFLOW: u32 = 0x0100_0000;

/// Numbers of `t_state` and `tcpsi_state`.
pub mod tcp_state {
    /// `TCPS_CLOSED`.
    pub const CLOSED: u32 = 0;
    /// `TCPS_LISTEN`.
    pub const LISTEN: u32 = 1;
    /// `TCPS_SYN_SENT`.
    pub const SYN_SENT: u32 = 2;
    /// `TCPS_SYN_RECEIVED`.
    pub const SYN_RECEIVED: u32 = 3;
    /// `TCPS_ESTABLISHED`.
    pub const ESTABLISHED: u32 = 4;
    /// `TCPS_CLOSE_WAIT`.
    pub const CLOSE_WAIT: u32 = 5;
    /// `TCPS_FIN_WAIT_1`.
    pub const FIN_WAIT_1: u32 = 6;
    /// `TCPS_CLOSING`.
    pub const CLOSING: u32 = 7;
    /// `TCPS_LAST_ACK`.
    pub const LAST_ACK: u32 = 8;
    /// `TCPS_FIN_WAIT_2`.
    pub const FIN_WAIT_2: u32 = 9;
    /// `TCPS_TIME_WAIT`.
    pub const TIME_WAIT: u32 = 10;
}

/// `PROX_FDTYPE_SOCKET`, the kind of a [`Descriptor`] that is a socket.
pub const DESCRIPTOR_SOCKET: u32 = 2;

/// What `snd_ssthresh` is before slow start has ended: the largest window there can be (`TCP_MAXWIN << TCP_MAX_WINSHIFT`).
pub const INFINITE_SSTHRESH: u32 = 65535 << 14;
