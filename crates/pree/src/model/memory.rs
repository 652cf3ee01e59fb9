//! What memory a socket takes.

/// Memory of a socket in bytes (`SK_MEMINFO_*`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[non_exhaustive]
pub struct SocketMemory {
    /// Memory of packets received and not yet read, headers and overhead included (`sk_rmem_alloc`).
    pub receive_alloc_bytes: Option<u32>,
    /// Limit of it (`sk_rcvbuf`, `SO_RCVBUF`).
    pub receive_buffer_bytes: Option<u32>,
    /// Memory of packets handed down and not yet freed (`sk_wmem_alloc`).
    pub send_alloc_bytes: Option<u32>,
    /// Limit of the send side (`sk_sndbuf`, `SO_SNDBUF`).
    pub send_buffer_bytes: Option<u32>,
    /// Memory reserved ahead (`sk_forward_alloc`).
    pub forward_alloc_bytes: Option<u32>,
    /// Memory of everything written and not yet acknowledged (`sk_wmem_queued`).
    pub send_queued_bytes: Option<u32>,
    /// Memory of options and filters (`sk_omem_alloc`).
    pub option_bytes: Option<u32>,
    /// Memory of packets that wait because a process holds the socket's lock (`sk_backlog.len`).
    pub backlog_bytes: Option<u32>,
    /// Packets dropped on receive (`sk_drops`). Linux 4.7.
    pub drops: Option<u32>,
}
