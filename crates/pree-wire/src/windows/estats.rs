//! Extended statistics of TCP connections: `GetPerTcpConnectionEStats`, after RFC 4898.
//!
//! They are collected for connections for which somebody switched that on, and count from then on. `SIZE_T` is 64 bits
//! wide: the structures of 32-bit programs are others.

/// One group of statistics, switched on by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// [`SynOpts`], always there.
    SynOpts,
    /// [`Data`]
    Data,
    /// [`SndCong`]
    SndCong,
    /// [`Path`]
    Path,
    /// [`SendBuff`]
    SendBuff,
    /// [`Rec`]
    Rec,
    /// [`ObsRec`]
    ObsRec,
    /// [`Bandwidth`]
    Bandwidth,
    /// [`FineRtt`]
    FineRtt,
}

impl Class {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::SynOpts,
        Self::Data,
        Self::SndCong,
        Self::Path,
        Self::SendBuff,
        Self::Rec,
        Self::ObsRec,
        Self::Bandwidth,
        Self::FineRtt,
    ];

    /// Its number, `TCP_ESTATS_TYPE`.
    pub const fn number(self) -> i32 {
        match self {
            Self::SynOpts => 0,
            Self::Data => 1,
            Self::SndCong => 2,
            Self::Path => 3,
            Self::SendBuff => 4,
            Self::Rec => 5,
            Self::ObsRec => 6,
            Self::Bandwidth => 7,
            Self::FineRtt => 8,
        }
    }

    /// Its name in recordings.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SynOpts => "syn_opts",
            Self::Data => "data",
            Self::SndCong => "snd_cong",
            Self::Path => "path",
            Self::SendBuff => "send_buff",
            Self::Rec => "rec",
            Self::ObsRec => "obs_rec",
            Self::Bandwidth => "bandwidth",
            Self::FineRtt => "fine_rtt",
        }
    }

    /// Bytes of what says whether it is collected (`…_RW_v0`): a `BOOLEAN`, two numbers for bandwidth; none for what is
    /// always there.
    pub const fn switch_size(self) -> usize {
        match self {
            Self::SynOpts => 0,
            Self::Bandwidth => 8,
            _ => 1,
        }
    }

    /// Bytes of its statistics (`…_ROD_v0`, of the handshake `…_ROS_v0`).
    pub const fn size(self) -> usize {
        match self {
            Self::SynOpts => SynOpts::SIZE,
            Self::Data => Data::SIZE,
            Self::SndCong => SndCong::SIZE,
            Self::Path => Path::SIZE,
            Self::SendBuff => SendBuff::SIZE,
            Self::Rec => Rec::SIZE,
            Self::ObsRec => ObsRec::SIZE,
            Self::Bandwidth => Bandwidth::SIZE,
            Self::FineRtt => FineRtt::SIZE,
        }
    }

    /// Takes an answer apart: is it collected, and the statistics. `None` when it is too short.
    pub fn split(self, answer: &[u8]) -> Option<(bool, &[u8])> {
        let (switch, statistics) = answer.split_at_checked(self.switch_size())?;
        let collected = match self {
            Self::SynOpts => true,
            // Any number but 0; of bandwidth either direction.
            _ => switch.iter().any(|byte| *byte != 0),
        };
        Some((collected, statistics.get(..self.size())?))
    }
}

windows_struct! {
    /// What the handshake agreed on. Told without being collected.
    SynOpts = "TCP_ESTATS_SYN_OPTS_ROS_v0", 12, "Vista";
    /// Not 0: this end connected.
    active_open "ActiveOpen": u8, 0, flags;
    /// Greatest segment that the peer said it takes; 0: it said none.
    mss_rcvd "MssRcvd": u32, 4, bytes;
    /// Greatest segment that this end said it takes; 0: it said none.
    mss_sent "MssSent": u32, 8, bytes;
}

windows_struct! {
    /// What was sent and received.
    Data = "TCP_ESTATS_DATA_ROD_v0", 96, "Vista";
    /// Payload sent, retransmissions included.
    data_bytes_out "DataBytesOut": u64, 0, bytes;
    /// Segments with payload sent, retransmissions included.
    data_segs_out "DataSegsOut": u64, 8, segments;
    /// Payload received, what came twice included.
    data_bytes_in "DataBytesIn": u64, 16, bytes;
    /// Segments with payload received.
    data_segs_in "DataSegsIn": u64, 24, segments;
    /// Segments sent.
    segs_out "SegsOut": u64, 32, segments;
    /// Segments received.
    segs_in "SegsIn": u64, 40, segments;
    /// Segments that failed checks.
    soft_errors "SoftErrors": u32, 48, count;
    /// The last check that failed.
    soft_error_reason "SoftErrorReason": u32, 52, code;
    /// Oldest sequence number not acknowledged.
    snd_una "SndUna": u32, 56, position;
    /// Next sequence number to send.
    snd_nxt "SndNxt": u32, 60, position;
    /// Farthest sequence number sent.
    snd_max "SndMax": u32, 64, position;
    /// Payload that was acknowledged.
    thru_bytes_acked "ThruBytesAcked": u64, 72, bytes;
    /// Next sequence number expected.
    rcv_nxt "RcvNxt": u32, 80, position;
    /// Payload received in order.
    thru_bytes_received "ThruBytesReceived": u64, 88, bytes;
}

windows_struct! {
    /// Congestion window, and what limits sending.
    SndCong = "TCP_ESTATS_SND_CONG_ROD_v0", 88, "Vista";
    /// Times that the receiver's window began to limit.
    snd_lim_trans_rwin "SndLimTransRwin": u32, 0, count;
    /// Time limited by the receiver's window.
    snd_lim_time_rwin "SndLimTimeRwin": u32, 4, ms;
    /// Sent meanwhile.
    snd_lim_bytes_rwin "SndLimBytesRwin": u64, 8, bytes;
    /// Times that the congestion window began to limit.
    snd_lim_trans_cwnd "SndLimTransCwnd": u32, 16, count;
    /// Time limited by the congestion window.
    snd_lim_time_cwnd "SndLimTimeCwnd": u32, 20, ms;
    /// Sent meanwhile.
    snd_lim_bytes_cwnd "SndLimBytesCwnd": u64, 24, bytes;
    /// Times that the sender itself began to limit.
    snd_lim_trans_snd "SndLimTransSnd": u32, 32, count;
    /// Time limited by the sender: the program, or the stack.
    snd_lim_time_snd "SndLimTimeSnd": u32, 36, ms;
    /// Sent meanwhile.
    snd_lim_bytes_snd "SndLimBytesSnd": u64, 40, bytes;
    /// Times that slow start made the window grow.
    slow_start "SlowStart": u32, 48, count;
    /// Times that congestion avoidance made the window grow.
    cong_avoid "CongAvoid": u32, 52, count;
    /// Reductions of the window for other reasons than congestion signals.
    other_reductions "OtherReductions": u32, 56, count;
    /// Congestion window.
    cur_cwnd "CurCwnd": u32, 60, bytes;
    /// Its greatest in slow start.
    max_ss_cwnd "MaxSsCwnd": u32, 64, bytes;
    /// Its greatest in congestion avoidance.
    max_ca_cwnd "MaxCaCwnd": u32, 68, bytes;
    /// Slow start threshold.
    cur_ssthresh "CurSsthresh": u32, 72, bytes;
    /// Its greatest, but for the first.
    max_ssthresh "MaxSsthresh": u32, 76, bytes;
    /// Its least.
    min_ssthresh "MinSsthresh": u32, 80, bytes;
}

windows_struct! {
    /// The path: losses, round trips, timeouts, segment sizes. Times are whole milliseconds.
    Path = "TCP_ESTATS_PATH_ROD_v0", 160, "Vista";
    /// Fast retransmissions.
    fast_retran "FastRetran": u32, 0, count;
    /// Retransmission timeouts.
    timeouts "Timeouts": u32, 4, count;
    /// Timeouts behind a timeout.
    subsequent_timeouts "SubsequentTimeouts": u32, 8, count;
    /// Timeouts in a row by now.
    cur_timeout_count "CurTimeoutCount": u32, 12, count;
    /// Timeouts without a sign of trouble before.
    abrupt_timeouts "AbruptTimeouts": u32, 16, count;
    /// Segments retransmitted.
    pkts_retrans "PktsRetrans": u32, 20, segments;
    /// Payload retransmitted.
    bytes_retrans "BytesRetrans": u32, 24, bytes;
    /// Duplicate acknowledgements received.
    dup_acks_in "DupAcksIn": u32, 28, count;
    /// SACK options received.
    sacks_rcvd "SacksRcvd": u32, 32, count;
    /// Blocks in them.
    sack_blocks_rcvd "SackBlocksRcvd": u32, 36, count;
    /// Reductions of the congestion window for signals of congestion.
    cong_signals "CongSignals": u32, 40, count;
    /// Sum of the windows before these.
    pre_cong_sum_cwnd "PreCongSumCwnd": u32, 44, bytes;
    /// Sum of the round trips before these.
    pre_cong_sum_rtt "PreCongSumRtt": u32, 48, ms;
    /// Sum of the round trips behind these.
    post_cong_sum_rtt "PostCongSumRtt": u32, 52, ms;
    /// How many were summed.
    post_cong_count_rtt "PostCongCountRtt": u32, 56, count;
    /// Congestion signals by ECN.
    ecn_signals "EcnSignals": u32, 60, count;
    /// Segments received with ECN echo.
    ece_rcvd "EceRcvd": u32, 64, segments;
    /// Stalls of the interface taken for congestion.
    send_stall "SendStall": u32, 68, count;
    /// ICMP source quenches.
    quench_rcvd "QuenchRcvd": u32, 72, count;
    /// Duplicate acknowledgements that a fast retransmission takes.
    retran_thresh "RetranThresh": u32, 76, count;
    /// Times that duplicate acknowledgements began.
    snd_dup_ack_episodes "SndDupAckEpisodes": u32, 80, count;
    /// Payload that was acknowledged out of order.
    sum_bytes_reordered "SumBytesReordered": u32, 84, bytes;
    /// Duplicate acknowledgements without a recovery.
    non_recov_da "NonRecovDa": u32, 88, count;
    /// Episodes of them.
    non_recov_da_episodes "NonRecovDaEpisodes": u32, 92, count;
    /// Acknowledgements of what a fast retransmission was too early for.
    ack_after_fr "AckAfterFr": u32, 96, count;
    /// Segments that the peer says came twice.
    dsack_dups "DsackDups": u32, 100, segments;
    /// Last round trip.
    sample_rtt "SampleRtt": u32, 104, ms;
    /// Smoothed round trip.
    smoothed_rtt "SmoothedRtt": u32, 108, ms;
    /// Its variation.
    rtt_var "RttVar": u32, 112, ms;
    /// Longest round trip.
    max_rtt "MaxRtt": u32, 116, ms;
    /// Shortest round trip.
    min_rtt "MinRtt": u32, 120, ms;
    /// Sum of all round trips.
    sum_rtt "SumRtt": u32, 124, ms;
    /// How many were summed.
    count_rtt "CountRtt": u32, 128, count;
    /// Retransmission timeout in force.
    cur_rto "CurRto": u32, 132, ms;
    /// Its greatest.
    max_rto "MaxRto": u32, 136, ms;
    /// Its least.
    min_rto "MinRto": u32, 140, ms;
    /// Payload of a full segment.
    cur_mss "CurMss": u32, 144, bytes;
    /// Its greatest.
    max_mss "MaxMss": u32, 148, bytes;
    /// Its least.
    min_mss "MinMss": u32, 152, bytes;
    /// Timeouts found to have been needless.
    spurious_rto_detections "SpuriousRtoDetections": u32, 156, count;
}

windows_struct! {
    /// What waits to be acknowledged or sent.
    SendBuff = "TCP_ESTATS_SEND_BUFF_ROD_v0", 32, "Vista";
    /// Sent and not yet acknowledged.
    cur_retx_queue "CurRetxQueue": u64, 0, bytes;
    /// Its greatest.
    max_retx_queue "MaxRetxQueue": u64, 8, bytes;
    /// Written and not yet sent.
    cur_app_wqueue "CurAppWQueue": u64, 16, bytes;
    /// Its greatest.
    max_app_wqueue "MaxAppWQueue": u64, 24, bytes;
}

windows_struct! {
    /// The receiving side here.
    Rec = "TCP_ESTATS_REC_ROD_v0", 72, "Vista";
    /// Window offered to the peer.
    cur_rwin_sent "CurRwinSent": u32, 0, bytes;
    /// Its greatest.
    max_rwin_sent "MaxRwinSent": u32, 4, bytes;
    /// Its least, but for 0.
    min_rwin_sent "MinRwinSent": u32, 8, bytes;
    /// The greatest that may be offered.
    lim_rwin "LimRwin": u32, 12, bytes;
    /// Times that duplicate acknowledgements began to be sent.
    dup_ack_episodes "DupAckEpisodes": u32, 16, count;
    /// Duplicate acknowledgements sent.
    dup_acks_out "DupAcksOut": u32, 20, count;
    /// Segments received with congestion experienced.
    ce_rcvd "CeRcvd": u32, 24, segments;
    /// ECN echoes sent.
    ecn_sent "EcnSent": u32, 28, count;
    /// ECN nonces received.
    ecn_nonces_rcvd "EcnNoncesRcvd": u32, 32, count;
    /// Received out of order and waiting for what is missing.
    cur_reasm_queue "CurReasmQueue": u32, 36, bytes;
    /// Its greatest.
    max_reasm_queue "MaxReasmQueue": u32, 40, bytes;
    /// Received and not yet read.
    cur_app_rqueue "CurAppRQueue": u64, 48, bytes;
    /// Its greatest.
    max_app_rqueue "MaxAppRQueue": u64, 56, bytes;
    /// Shift of the windows offered; 255: none was sent.
    win_scale_sent "WinScaleSent": u8, 64, scale;
}

windows_struct! {
    /// The receiving side there.
    ObsRec = "TCP_ESTATS_OBS_REC_ROD_v0", 16, "Vista";
    /// Window that the peer offers.
    cur_rwin_rcvd "CurRwinRcvd": u32, 0, bytes;
    /// Its greatest.
    max_rwin_rcvd "MaxRwinRcvd": u32, 4, bytes;
    /// Its least, but for 0.
    min_rwin_rcvd "MinRwinRcvd": u32, 8, bytes;
    /// Shift of the windows the peer offers; 255: none came.
    win_scale_rcvd "WinScaleRcvd": u8, 12, scale;
}

windows_struct! {
    /// Estimated bandwidth, in bits a second.
    Bandwidth = "TCP_ESTATS_BANDWIDTH_ROD_v0", 40, "Vista";
    /// Bits a second outwards; 0: no estimate yet.
    outbound_bandwidth "OutboundBandwidth": u64, 0, count;
    /// Bits a second inwards; 0: no estimate yet.
    inbound_bandwidth "InboundBandwidth": u64, 8, count;
    /// How much the outward estimate varies, bits a second.
    outbound_instability "OutboundInstability": u64, 16, count;
    /// How much the inward estimate varies, bits a second.
    inbound_instability "InboundInstability": u64, 24, count;
    /// Not 0: the outward estimate has reached its peak.
    outbound_bandwidth_peaked "OutboundBandwidthPeaked": u8, 32, flags;
    /// Not 0: the inward estimate has reached its peak.
    inbound_bandwidth_peaked "InboundBandwidthPeaked": u8, 33, flags;
}

windows_struct! {
    /// Round trips in microseconds.
    FineRtt = "TCP_ESTATS_FINE_RTT_ROD_v0", 16, "Vista";
    /// Variation of the round trip.
    rtt_var "RttVar": u32, 0, us;
    /// Longest round trip.
    max_rtt "MaxRtt": u32, 4, us;
    /// Shortest round trip.
    min_rtt "MinRtt": u32, 8, us;
    /// Smoothed round trip, whatever its name says.
    sum_rtt "SumRtt": u32, 12, us;
}
