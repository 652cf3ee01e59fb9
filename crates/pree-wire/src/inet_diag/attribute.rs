//! Numbers of the attributes of a row (`INET_DIAG_*`), for [`Row::attribute`](super::Row::attribute).

/// Four memory counters (`INET_DIAG_MEMINFO`).
pub const MEMINFO: u16 = 1;
/// `struct tcp_info` or what the protocol has in its place (`INET_DIAG_INFO`).
pub const INFO: u16 = 2;
/// Numbers of Vegas (`INET_DIAG_VEGASINFO`).
pub const VEGAS_INFO: u16 = 3;
/// Name of the congestion algorithm (`INET_DIAG_CONG`).
pub const CONG: u16 = 4;
/// IPv4 type of service (`INET_DIAG_TOS`).
pub const TOS: u16 = 5;
/// IPv6 traffic class (`INET_DIAG_TCLASS`).
pub const TCLASS: u16 = 6;
/// Nine memory numbers (`INET_DIAG_SKMEMINFO`).
pub const SKMEMINFO: u16 = 7;
/// Directions shut down (`INET_DIAG_SHUTDOWN`).
pub const SHUTDOWN: u16 = 8;
/// Numbers of DCTCP (`INET_DIAG_DCTCPINFO`).
pub const DCTCP_INFO: u16 = 9;
/// Protocol of a raw socket (`INET_DIAG_PROTOCOL`).
pub const PROTOCOL: u16 = 10;
/// IPv6 only (`INET_DIAG_SKV6ONLY`).
pub const SKV6ONLY: u16 = 11;
/// Local addresses of an SCTP association (`INET_DIAG_LOCALS`).
pub const LOCALS: u16 = 12;
/// Peer addresses of an SCTP association (`INET_DIAG_PEERS`).
pub const PEERS: u16 = 13;
/// Firewall mark (`INET_DIAG_MARK`).
pub const MARK: u16 = 15;
/// Numbers of BBR (`INET_DIAG_BBRINFO`).
pub const BBR_INFO: u16 = 16;
/// Class of `net_cls`, or priority (`INET_DIAG_CLASS_ID`).
pub const CLASS_ID: u16 = 17;
/// MD5 signature keys (`INET_DIAG_MD5SIG`).
pub const MD5SIG: u16 = 18;
/// Upper layer protocol (`INET_DIAG_ULP_INFO`).
pub const ULP_INFO: u16 = 19;
/// BPF storage of the socket (`INET_DIAG_SK_BPF_STORAGES`).
pub const SK_BPF_STORAGES: u16 = 20;
/// Cgroup (`INET_DIAG_CGROUP_ID`).
pub const CGROUP_ID: u16 = 21;
/// Boolean options (`INET_DIAG_SOCKOPT`).
pub const SOCKOPT: u16 = 22;
