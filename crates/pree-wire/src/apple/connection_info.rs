//! `struct tcp_connection_info`: what getsockopt(2) tells of a TCP socket that one holds.

use super::layout::tcp_connection_info as layout;

/// A view of as much of `struct tcp_connection_info` as the kernel wrote. Counters are of payload.
#[derive(Clone, Copy, Debug)]
pub struct ConnectionInfo<'a> {
    bytes: &'a [u8],
}

impl<'a> ConnectionInfo<'a> {
    /// Bytes of the structure as this crate knows it.
    pub const SIZE: usize = layout::SIZE;

    /// A view of the value of `getsockopt(TCP_CONNECTION_INFO)`.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    /// Whether both ends agreed to scale windows (`TCPCI_OPT_WSCALE`): else the two shifts mean nothing.
    pub fn scales_windows(self) -> Option<bool> {
        self.options().map(|options| options & 4 != 0)
    }
}

apple_struct! { ConnectionInfo, tcp_connection_info;
    /// A number of [`tcp_state`](super::tcp_state).
    state: u8, TCPI_STATE;
    /// Shift of the windows that the peer offers.
    snd_wscale: u8, TCPI_SND_WSCALE;
    /// Shift of the windows offered to the peer.
    rcv_wscale: u8, TCPI_RCV_WSCALE;
    /// What was agreed on, as bits (`TCPCI_OPT_*`).
    options: u32, TCPI_OPTIONS;
    /// Retransmission timeout in ms; 0 while its timer does not run.
    rto: u32, TCPI_RTO;
    /// Payload of a full segment sent, in bytes.
    maxseg: u32, TCPI_MAXSEG;
    /// Slow start threshold in bytes.
    snd_ssthresh: u32, TCPI_SND_SSTHRESH;
    /// Congestion window in bytes.
    snd_cwnd: u32, TCPI_SND_CWND;
    /// Window that the peer offers, in bytes.
    snd_wnd: u32, TCPI_SND_WND;
    /// Bytes in the send buffer, in flight or not.
    snd_sbbytes: u32, TCPI_SND_SBBYTES;
    /// Window offered to the peer, in bytes.
    rcv_wnd: u32, TCPI_RCV_WND;
    /// Smoothed round-trip time in ms.
    srtt: u32, TCPI_SRTT;
    /// Its mean deviation in ms.
    rttvar: u32, TCPI_RTTVAR;
    /// Segments with payload sent, repetitions included.
    txpackets: u64, TCPI_TXPACKETS;
    /// Bytes of payload sent, repetitions included.
    txbytes: u64, TCPI_TXBYTES;
    /// Bytes of payload sent again.
    txretransmitbytes: u64, TCPI_RXMITBYTES;
    /// Segments with payload received, duplicates included.
    rxpackets: u64, TCPI_RXPACKETS;
    /// Bytes of payload received, duplicates included.
    rxbytes: u64, TCPI_RXBYTES;
    /// Segments with payload sent again.
    txretransmitpackets: u64, TCPI_RXMITPACKETS;
}
