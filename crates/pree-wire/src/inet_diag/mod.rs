//! `inet_diag`: the kernel's answer to "which TCP, UDP, raw, MPTCP … sockets are there", over `NETLINK_SOCK_DIAG`.
//!
//! Owns the numbers of `include/uapi/linux/inet_diag.h`, the writing of requests ([`request`]) and filters
//! ([`bytecode`]), and the reading of rows ([`reply`], [`congestion`], [`socket_options`], [`subflow`], [`sctp`], [`md5`]). Sending, repeating and
//! judging whether a dump is whole are the caller's.

pub mod attribute;
pub mod bytecode;
pub mod congestion;
pub mod md5;
pub mod reply;
pub mod request;
pub mod sctp;
pub mod socket_options;
pub mod states;
pub mod subflow;

pub use bytecode::{BytecodeError, Expr, HostCondition};
pub use congestion::{Bbr, Dctcp, Vegas};
pub use reply::{Row, inode_of};
pub use request::{ANY_COOKIE, Extensions, Id, Kind, Request, address};
pub use socket_options::SocketOptions;
pub use states::StateBits;
pub use subflow::Subflow;

/// Message type of requests and rows of the v2 interface (`SOCK_DIAG_BY_FAMILY`, Linux 3.3).
pub const SOCK_DIAG_BY_FAMILY: u16 = 20;
/// Message type of requests to close a socket (`SOCK_DESTROY`, Linux 4.5, with `CONFIG_INET_DIAG_DESTROY`).
pub const SOCK_DESTROY: u16 = 21;
/// Message type of requests and rows of the v1 interface for TCP (`TCPDIAG_GETSOCK`, Linux 2.6.14). One request walks
/// IPv4 and IPv6.
pub const TCPDIAG_GETSOCK: u16 = 18;
/// Message type of the v1 interface for DCCP (`DCCPDIAG_GETSOCK`).
pub const DCCPDIAG_GETSOCK: u16 = 19;

/// Address family IPv4 (`AF_INET`), as Linux numbers it.
pub const AF_INET: u8 = 2;
/// Address family IPv6 (`AF_INET6`), as Linux numbers it.
pub const AF_INET6: u8 = 10;

/// Groups of messages about sockets that are destroyed, a bit each, of both families (`enum sknetlink_groups` of
/// `include/uapi/linux/sock_diag.h`).
pub mod ends {
    /// `SKNLGRP_INET_TCP_DESTROY`, `SKNLGRP_INET6_TCP_DESTROY`.
    pub const TCP: u32 = 0b0101;
    /// `SKNLGRP_INET_UDP_DESTROY`, `SKNLGRP_INET6_UDP_DESTROY`.
    pub const UDP: u32 = 0b1010;
}

/// `IPPROTO_TCP`.
pub const TCP: u16 = 6;
/// `IPPROTO_UDP`.
pub const UDP: u16 = 17;
/// `IPPROTO_DCCP`; gone since Linux 6.16.
pub const DCCP: u16 = 33;
/// `IPPROTO_SCTP`.
pub const SCTP: u16 = 132;
/// `IPPROTO_UDPLITE`; gone in Linux 7.3.
pub const UDPLITE: u16 = 136;
/// `IPPROTO_RAW`: for `inet_diag`, every raw socket whatever its protocol.
pub const RAW: u16 = 255;
/// `IPPROTO_MPTCP` (diag since Linux 5.9). Does not fit a byte, see [`Request::dump_v2`].
pub const MPTCP: u16 = 262;

#[cfg(test)]
mod tests;
