//! TCP of the whole host: `GetTcpStatisticsEx` and `GetTcpStatisticsEx2`, after RFC 4022.

windows_struct! {
    /// TCP counters of the host.
    TcpStatistics = "MIB_TCPSTATS", 60, "Windows 2000";
    /// How timeouts are computed; 4: Van Jacobson.
    rto_algorithm "dwRtoAlgorithm": u32, 0, code;
    /// Least retransmission timeout.
    rto_min "dwRtoMin": u32, 4, ms;
    /// Greatest retransmission timeout.
    rto_max "dwRtoMax": u32, 8, ms;
    /// Most connections that there can be; all ones: no limit.
    max_conn "dwMaxConn": u32, 12, count;
    /// Connections opened from here.
    active_opens "dwActiveOpens": u32, 16, count;
    /// Connections opened from elsewhere.
    passive_opens "dwPassiveOpens": u32, 20, count;
    /// Attempts that failed.
    attempt_fails "dwAttemptFails": u32, 24, count;
    /// Connections that were reset.
    estab_resets "dwEstabResets": u32, 28, count;
    /// Connections that there are.
    curr_estab "dwCurrEstab": u32, 32, count;
    /// Segments received.
    in_segs "dwInSegs": u32, 36, segments;
    /// Segments sent, without those retransmitted.
    out_segs "dwOutSegs": u32, 40, segments;
    /// Segments retransmitted.
    retrans_segs "dwRetransSegs": u32, 44, segments;
    /// Segments received that were damaged.
    in_errs "dwInErrs": u32, 48, segments;
    /// Resets sent.
    out_rsts "dwOutRsts": u32, 52, segments;
    /// Connections in any state.
    num_conns "dwNumConns": u32, 56, count;
}

windows_struct! {
    /// TCP counters of the host, segments in 64 bits.
    TcpStatistics2 = "MIB_TCPSTATS2", 72, "Windows 10 1709";
    /// How timeouts are computed; 4: Van Jacobson.
    rto_algorithm "dwRtoAlgorithm": u32, 0, code;
    /// Least retransmission timeout.
    rto_min "dwRtoMin": u32, 4, ms;
    /// Greatest retransmission timeout.
    rto_max "dwRtoMax": u32, 8, ms;
    /// Most connections that there can be; all ones: no limit.
    max_conn "dwMaxConn": u32, 12, count;
    /// Connections opened from here.
    active_opens "dwActiveOpens": u32, 16, count;
    /// Connections opened from elsewhere.
    passive_opens "dwPassiveOpens": u32, 20, count;
    /// Attempts that failed.
    attempt_fails "dwAttemptFails": u32, 24, count;
    /// Connections that were reset.
    estab_resets "dwEstabResets": u32, 28, count;
    /// Connections that there are.
    curr_estab "dwCurrEstab": u32, 32, count;
    /// Segments received.
    in_segs "dw64InSegs": u64, 40, segments;
    /// Segments sent, without those retransmitted.
    out_segs "dw64OutSegs": u64, 48, segments;
    /// Segments retransmitted.
    retrans_segs "dwRetransSegs": u32, 56, segments;
    /// Segments received that were damaged.
    in_errs "dwInErrs": u32, 60, segments;
    /// Resets sent.
    out_rsts "dwOutRsts": u32, 64, segments;
    /// Connections in any state.
    num_conns "dwNumConns": u32, 68, count;
}
