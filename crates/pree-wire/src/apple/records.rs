//! The records that a row of `pcblist_n` is made of, each told by its kind.

use super::address::{address, port};
use super::layout;

/// A view of `struct xinpcb_n`: addresses and ports.
#[derive(Clone, Copy, Debug)]
pub struct InternetPcb<'a> {
    pub(super) bytes: &'a [u8],
}

impl InternetPcb<'_> {
    /// This machine's port.
    pub fn local_port(self) -> Option<u16> {
        port(self.bytes, layout::xinpcb_n::INP_LPORT)
    }

    /// The other end's port.
    pub fn remote_port(self) -> Option<u16> {
        port(self.bytes, layout::xinpcb_n::INP_FPORT)
    }

    /// This machine's address; an IPv4 address is its last four bytes.
    pub fn local_address(self) -> Option<[u8; 16]> {
        address(self.bytes, layout::xinpcb_n::INP_LADDR)
    }

    /// The other end's address.
    pub fn remote_address(self) -> Option<[u8; 16]> {
        address(self.bytes, layout::xinpcb_n::INP_FADDR)
    }
}

apple_struct! { InternetPcb, xinpcb_n;
    /// Handle of this control block, a hash of its address.
    handle: u64, XI_INPP;
    /// Number of this control block: given once among those of its protocol since boot. 0 for a flow of a network stack in
    /// user space, which has none.
    generation: u64, INP_GENCNT;
    /// Bits `INP_*`.
    flags: u32, INP_FLAGS;
    /// Bits of [`versions`](super::versions).
    versions: u8, INP_VFLAG;
    /// Number of the protocol above IP: of a raw socket the only one that tells it, where the kernel has no entry for it.
    protocol: u8, INP_IP_P;
    /// Type of service (`IP_TOS`).
    tos: u8, INP_IP_TOS;
}

/// A view of `struct xsocket_n`: what all sockets have.
#[derive(Clone, Copy, Debug)]
pub struct SocketRecord<'a> {
    pub(super) bytes: &'a [u8],
}

apple_struct! { SocketRecord, xsocket_n;
    /// Handle of the socket, a hash of its address; 0 for a flow of a network stack in user space.
    handle: u64, XSO_SO;
    /// `SOCK_*`.
    socket_type: u16, SO_TYPE;
    /// Bits of [`socket_state`](super::socket_state).
    state: u16, SO_STATE;
    /// Protocol number.
    protocol: u32, XSO_PROTOCOL;
    /// `AF_*`; 0 for a flow of a network stack in user space.
    family: u32, XSO_FAMILY;
    /// Connections in a listener's queues, those of unfinished handshakes included.
    queue: u16, SO_QLEN;
    /// Those of unfinished handshakes.
    incomplete_queue: u16, SO_INCQLEN;
    /// How many there may be.
    queue_limit: u16, SO_QLIMIT;
    /// User who made the socket.
    uid: u32, SO_UID;
    /// Process that last made a call on it. For a flow of a network stack in user space, its process.
    last_pid: u32, SO_LAST_PID;
    /// Number of the socket: given once since boot. macOS 13.
    generation: u64, SO_GENCNT;
    /// Bits `SOF_*`, such as [`MULTIPATH_SUBFLOW`](super::MULTIPATH_SUBFLOW). macOS 13.
    flags: u32, SO_FLAGS;
}

/// A view of `struct xsockbuf_n`: one of the two buffers.
#[derive(Clone, Copy, Debug)]
pub struct Buffer<'a> {
    pub(super) bytes: &'a [u8],
}

apple_struct! { Buffer, xsockbuf_n;
    /// Bytes in it.
    queued: u32, SB_CC;
    /// Limit of them (`SO_RCVBUF`, `SO_SNDBUF`).
    limit: u32, SB_HIWAT;
}

/// A view of `struct xsockstat_n`. Since macOS 15 its first entry counts what was put into the two buffers, its second what
/// there was no room for; before that the entries are classes of traffic, with headers.
#[derive(Clone, Copy, Debug)]
pub struct Traffic<'a> {
    pub(super) bytes: &'a [u8],
}

impl<'a> Traffic<'a> {
    /// Its entry with this index, of four.
    pub fn entry(self, index: usize) -> Option<TrafficEntry<'a>> {
        let entries = layout::xsockstat_n::XST_TC_STATS.of(self.bytes)?;
        entries.chunks_exact(layout::data_stats::SIZE).nth(index).map(|bytes| TrafficEntry { bytes })
    }
}

/// One entry of [`Traffic`].
#[derive(Clone, Copy, Debug)]
pub struct TrafficEntry<'a> {
    bytes: &'a [u8],
}

apple_struct! { TrafficEntry, data_stats;
    /// Packets received.
    received_packets: u64, RXPACKETS;
    /// Bytes received.
    received_bytes: u64, RXBYTES;
    /// Bytes sent.
    sent_bytes: u64, TXBYTES;
}

/// A view of `struct xtcpcb_n`: statistics of a TCP connection.
#[derive(Clone, Copy, Debug)]
pub struct TcpPcb<'a> {
    pub(super) bytes: &'a [u8],
}

apple_struct! { TcpPcb, xtcpcb_n;
    /// A number of [`tcp_state`](super::tcp_state).
    state: u32, T_STATE;
    /// Oldest sequence number not acknowledged.
    snd_una: u32, SND_UNA;
    /// Next sequence number to send.
    snd_nxt: u32, SND_NXT;
    /// Sequence number that this end began with.
    iss: u32, ISS;
    /// Sequence number that the peer began with.
    irs: u32, IRS;
    /// Next sequence number expected.
    rcv_nxt: u32, RCV_NXT;
    /// Sequence number up to which the peer may send.
    rcv_adv: u32, RCV_ADV;
    /// Window that the peer offers, in bytes.
    snd_wnd: u32, SND_WND;
    /// Congestion window in bytes.
    snd_cwnd: u32, SND_CWND;
    /// Slow start threshold in bytes; [`INFINITE_SSTHRESH`](super::INFINITE_SSTHRESH) before slow start has ended.
    snd_ssthresh: u32, SND_SSTHRESH;
    /// Retransmission timeout in ms.
    rxtcur: u32, T_RXTCUR;
    /// Payload of a full segment sent, in bytes.
    maxseg: u32, T_MAXSEG;
    /// Smoothed round-trip time in ms × 32 (`TCP_RTT_SCALE`); 0 before the first sample.
    srtt: u32, T_SRTT;
    /// Its mean deviation in ms × 16 (`TCP_RTTVAR_SCALE`).
    rttvar: u32, T_RTTVAR;
    /// Times in a row that the retransmission timer fired without an answer.
    rxtshift: u32, T_RXTSHIFT;
    /// Shift of the windows that the peer offers.
    snd_scale: u8, SND_SCALE;
    /// Shift of the windows offered to the peer.
    rcv_scale: u8, RCV_SCALE;
}

/// A view of `struct xunpcb_n`: a Unix socket.
#[derive(Clone, Copy, Debug)]
pub struct UnixPcb<'a> {
    pub(super) bytes: &'a [u8],
}

impl<'a> UnixPcb<'a> {
    /// The path it is bound to; empty without one.
    pub fn path(self) -> &'a [u8] {
        layout::xunpcb_n::XUNP_ADDR.of(self.bytes).map(super::unix_path).unwrap_or_default()
    }

    /// The path that the socket at its other end is bound to; empty without one.
    pub fn peer_path(self) -> &'a [u8] {
        layout::xunpcb_n::XUNP_CADDR.of(self.bytes).map(super::unix_path).unwrap_or_default()
    }
}

apple_struct! { UnixPcb, xunpcb_n;
    /// Handle of this control block, a hash of its address.
    handle: u64, XUNP_UNPP;
    /// Handle of the control block at the other end; 0 without one.
    peer: u64, XUNP_CONN;
    /// Number of this control block: given once since boot.
    generation: u64, XUNP_GENCNT;
}
