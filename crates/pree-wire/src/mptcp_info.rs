//! `struct mptcp_info`: the statistics of a Multipath TCP connection above its subflows.

/// A view of as many fields as the kernel sent: 48 bytes on Linux 6.1, 96 since 6.10.
#[derive(Clone, Copy, Debug)]
pub struct MptcpInfo<'a> {
    bytes: &'a [u8],
}

impl<'a> MptcpInfo<'a> {
    /// Bytes of the fields this crate knows.
    pub const SIZE: usize = 96;

    /// A view of the value of an `INFO` attribute of an MPTCP row.
    pub fn new(bytes: &'a [u8]) -> Self {
        // Two old sizes are rounded up to 8 bytes by the C compiler, and later kernels put fields into what was
        // padding then. Without the padding those fields are unknown, as they should be, and not 0.
        let known = match bytes.len() {
            48 => 43,
            88 => 81,
            length => length,
        };
        Self { bytes: bytes.get(..known).unwrap_or(bytes) }
    }
}

kernel_struct! { MptcpInfo;
    /// Subflows besides the first one.
    subflows: u8, 0, count, "5.9";
    /// Addresses announced to the peer.
    add_addr_signal: u8, 1, count, "5.9";
    /// Announced addresses accepted from the peer.
    add_addr_accepted: u8, 2, count, "5.9";
    /// Limit of `subflows`.
    subflows_max: u8, 3, count, "5.9";
    /// Limit of `add_addr_signal`.
    add_addr_signal_max: u8, 4, count, "5.9";
    /// Limit of `add_addr_accepted`.
    add_addr_accepted_max: u8, 5, count, "5.9";
    /// Bit 0: fell back to plain TCP. Bit 1: the peer's key is known.
    flags: u32, 8, flags, "5.9";
    /// The connection's local token, which its subflows name.
    token: u32, 12, identifier, "5.9";
    /// Next data sequence number to be written.
    write_seq: u64, 16, position, "5.9";
    /// First data sequence number not acknowledged.
    snd_una: u64, 24, position, "5.9";
    /// Next data sequence number expected.
    rcv_nxt: u64, 32, position, "5.9";
    /// Local addresses in use for subflows.
    local_addr_used: u8, 40, count, "5.12";
    /// Limit of `local_addr_used`.
    local_addr_max: u8, 41, count, "5.12";
    /// Whether data checksums were agreed on.
    csum_enabled: u8, 42, flags, "5.14";
    /// Retransmissions at the MPTCP level.
    retransmits: u32, 44, count, "6.5";
    /// Bytes retransmitted at the MPTCP level.
    bytes_retrans: u64, 48, bytes, "6.5";
    /// Bytes sent at the MPTCP level.
    bytes_sent: u64, 56, bytes, "6.5";
    /// Bytes received at the MPTCP level.
    bytes_received: u64, 64, bytes, "6.5";
    /// Bytes acknowledged at the MPTCP level.
    bytes_acked: u64, 72, bytes, "6.5";
    /// All subflows, the first one included.
    subflows_total: u8, 80, count, "6.8";
    /// Limit of endpoints of type "laminar". From 6.10 to 6.17 the byte is there, unused and 0.
    endp_laminar_max: u8, 81, count, "6.18";
    /// Time since data was sent.
    last_data_sent: u32, 84, ms, "6.10";
    /// Time since data was received.
    last_data_recv: u32, 88, ms, "6.10";
    /// Time since an acknowledgement was received.
    last_ack_recv: u32, 92, ms, "6.10";
}

const _: () = {
    assert!(crate::kernel_struct::is_sound(FIELDS, MptcpInfo::SIZE));
    assert!(crate::kernel_struct::ends_on_a_field(FIELDS, 43));
    assert!(crate::kernel_struct::ends_on_a_field(FIELDS, 80));
    assert!(crate::kernel_struct::ends_on_a_field(FIELDS, 81));
};
