//! What only sockets of one family have.

use std::net::IpAddr;
use std::time::Duration;

use super::tcp_stats::CountsSince;

/// What only sockets of this family have.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Detail {
    /// Of a Unix socket.
    Unix(UnixDetail),
    /// Of a packet socket.
    Packet(PacketDetail),
    /// Of a netlink socket.
    Netlink(NetlinkDetail),
    /// Of an SCTP socket or association.
    Sctp(SctpDetail),
    /// Of an MPTCP connection.
    Mptcp(MptcpDetail),
    /// Of a TCP socket that is a subflow of an MPTCP connection.
    Subflow(SubflowDetail),
    /// Of a UDP socket that a watch follows through BPF.
    Datagrams(DatagramDetail),
}

/// What only a Unix socket has.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct UnixDetail {
    /// The file that its path led to when it was bound. The path may lead elsewhere by now, or nowhere.
    pub file: Option<BoundFile>,
    /// Inodes of the clients that wait in a listener's queue, in their order; of one that has closed already, 0.
    pub pending: Vec<u64>,
    /// Descriptors that were passed to it and not received yet (`SCM_RIGHTS`; `scm_fds` in /proc/PID/fdinfo of a process
    /// that holds it, Linux 5.6); of a listener, to those that wait in its queue. On request.
    pub fds_in_flight: Option<u32>,
}

/// The file that a bound path stands for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub struct BoundFile {
    /// Major number of the file system's device.
    pub device_major: u32,
    /// Minor number of it.
    pub device_minor: u32,
    /// The last 32 bits of the file's inode number: `unix_diag` reports no more of it (`udiag_vfs_ino`).
    pub inode: u32,
}

/// What only a packet socket has.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct PacketDetail {
    /// Whether it takes packets now: bound, and its interface is up.
    pub is_running: Option<bool>,
    /// Version of the ring, from 1 on (`PACKET_VERSION` + 1).
    pub version: Option<u32>,
    /// Bytes of the mapped ring for receiving; 0 without one.
    pub receive_ring_bytes: Option<u64>,
    /// Bytes of the mapped ring for sending; 0 without one.
    pub send_ring_bytes: Option<u64>,
    /// Number of the group of sockets that share the packets, and how they do (`PACKET_FANOUT_*`).
    pub fanout: Option<(u16, u8)>,
    /// Instructions of the classic BPF program that chooses packets; 0 without one. Reported only to `CAP_NET_ADMIN`, and an
    /// eBPF program is not reported at all.
    pub filter_instructions: Option<u32>,
}

/// What only a netlink socket has.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct NetlinkDetail {
    /// Multicast groups it is a member of, from 1 on; /proc reports the first 32 only.
    pub groups: Vec<u32>,
    /// The group that it sends to, when it is connected to one.
    pub remote_group: Option<u32>,
}

/// What only SCTP has: either end may have several addresses.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct SctpDetail {
    /// Every address of this end (`INET_DIAG_LOCALS`).
    pub local_addresses: Vec<IpAddr>,
    /// Every address of the other end (`INET_DIAG_PEERS`); none of a socket.
    pub remote_addresses: Vec<IpAddr>,
}

/// What only an MPTCP connection has (`struct mptcp_info`).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct MptcpDetail {
    /// Its token, which its subflows name.
    pub token: Option<u32>,
    /// Subflows now, the first one included. Linux 6.8; before that, one more than those besides the first.
    pub subflows: Option<u32>,
    /// It fell back to plain TCP.
    pub is_fallback: Option<bool>,
    /// Bytes sent, above the subflows. Linux 6.5.
    pub bytes_sent: Option<u64>,
    /// Bytes received. Linux 6.5.
    pub bytes_received: Option<u64>,
    /// Bytes acknowledged. Linux 6.5.
    pub bytes_acked: Option<u64>,
    /// Bytes sent again on another subflow. Linux 6.5.
    pub bytes_retrans: Option<u64>,
}

/// What only a subflow has (`MPTCP_SUBFLOW_ATTR_*`); reported only to `CAP_NET_ADMIN`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct SubflowDetail {
    /// Token of its connection: [`MptcpDetail::token`].
    pub token: Option<u32>,
    /// Token of the connection at the other end.
    pub remote_token: Option<u32>,
    /// Id of the local address.
    pub local_id: Option<u8>,
    /// Id of the remote address.
    pub remote_id: Option<u8>,
    /// It was joined to a connection that had a subflow already.
    pub is_join: Option<bool>,
    /// One of the ends wants it as a backup only.
    pub is_backup: Option<bool>,
}

/// What a UDP socket has sent and received, of which the kernel keeps no count: as a watch has counted it.
///
/// A send or receive with segmentation (`UDP_SEGMENT`, `UDP_GRO`) is one datagram here.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct DatagramDetail {
    /// Bytes that its programs sent, without headers.
    pub bytes_sent: Option<u64>,
    /// Bytes that its programs received.
    pub bytes_received: Option<u64>,
    /// Datagrams that they sent.
    pub sent: Option<u64>,
    /// Datagrams that they received.
    pub received: Option<u64>,
    /// Unix time of the first one that was counted.
    pub first: Option<Duration>,
    /// Unix time of the last one.
    pub last: Option<Duration>,
    /// Since when they are counted: of a socket that was there before the watch, since that began.
    pub counts_since: Option<CountsSince>,
}
