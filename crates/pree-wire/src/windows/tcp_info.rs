//! What a program is told of its own connection: `SIO_TCP_INFO`.

windows_struct! {
    /// Statistics of one connection, from its beginning on.
    TcpInfo = "TCP_INFO_v0", 88, "Windows 10 1703";
    /// State, `TCPSTATE`: 0 closed, 4 established.
    state "State": u32, 0, code;
    /// Payload of a full segment.
    mss "Mss": u32, 4, bytes;
    /// Time since the connection was made.
    connection_time_ms "ConnectionTimeMs": u64, 8, ms;
    /// Not 0: timestamps are used.
    timestamps_enabled "TimestampsEnabled": u8, 16, flags;
    /// Smoothed round trip.
    rtt_us "RttUs": u32, 20, us;
    /// Shortest round trip.
    min_rtt_us "MinRttUs": u32, 24, us;
    /// Sent and not yet acknowledged.
    bytes_in_flight "BytesInFlight": u32, 28, bytes;
    /// Congestion window.
    cwnd "Cwnd": u32, 32, bytes;
    /// Window that the peer offers.
    snd_wnd "SndWnd": u32, 36, bytes;
    /// Window offered to the peer.
    rcv_wnd "RcvWnd": u32, 40, bytes;
    /// Receive buffer.
    rcv_buf "RcvBuf": u32, 44, bytes;
    /// Payload sent.
    bytes_out "BytesOut": u64, 48, bytes;
    /// Payload received.
    bytes_in "BytesIn": u64, 56, bytes;
    /// Payload that came out of order.
    bytes_reordered "BytesReordered": u32, 64, bytes;
    /// Payload retransmitted.
    bytes_retrans "BytesRetrans": u32, 68, bytes;
    /// Fast retransmissions.
    fast_retrans "FastRetrans": u32, 72, count;
    /// Duplicate acknowledgements received.
    dup_acks_in "DupAcksIn": u32, 76, count;
    /// Times that a retransmission timeout ran out.
    timeout_episodes "TimeoutEpisodes": u32, 80, count;
    /// Retransmissions of the SYN.
    syn_retrans "SynRetrans": u8, 84, count;
}
