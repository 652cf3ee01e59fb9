//! The table of `struct tcp_info`, once and for all: accessors, the library's own structure, its decoder and the
//! documentation come from these lines. Sources: include/uapi/linux/tcp.h and `tcp_get_info()` in net/ipv4/tcp.c, up
//! to Linux 7.2; offsets compared with the BTF of a running 6.18.

/// Calls `callback!` with every whole field of `struct tcp_info`, in order.
///
/// An entry is: doc lines, `name: type, offset, unit, "first kernel";`. The bit fields at bytes 6 and 7 and the packed
/// last word have accessors of their own, see [`TcpInfo`](crate::tcp_info::TcpInfo).
///
/// ```
/// macro_rules! count {
///     ($( $(#[doc = $doc:literal])+ $name:ident: $type:ident, $offset:literal, $unit:ident, $since:literal; )*) => {
///         [$( stringify!($name) ),*].len()
///     };
/// }
/// assert_eq!(pree_wire::for_each_tcp_info_field!(count), pree_wire::tcp_info::FIELDS.len());
/// ```
#[macro_export]
macro_rules! for_each_tcp_info_field {
    ($($callback:tt)+) => {
        $($callback)+! {
            /// State of the connection, as in the row.
            state: u8, 0, code, "2.4";
            /// State of congestion control: 0 open, 1 disorder, 2 window reduced, 3 recovery, 4 loss.
            ca_state: u8, 1, code, "2.4";
            /// Timeouts in a row for the oldest segment; 0 again when it is acknowledged.
            retransmits: u8, 2, count, "2.4";
            /// Unanswered keepalive or zero-window probes. 0 while the peer answers them.
            probes: u8, 3, count, "2.4";
            /// Doublings of the retransmission timeout in force.
            backoff: u8, 4, count, "2.4";
            /// Options agreed on: 1 timestamps, 2 SACK, 4 window scale, 8 ECN, 16 ECN seen, 32 data in the SYN, 64
            /// timestamps in microseconds (6.7), 128 accepted by fast open (6.14).
            options: u8, 5, flags, "2.4";
            /// Retransmission timeout in force.
            rto: u32, 8, us, "2.4";
            /// Delay of acknowledgements.
            ato: u32, 12, us, "2.4";
            /// Payload of a full segment sent.
            snd_mss: u32, 16, bytes, "2.4";
            /// Payload of a full segment received, estimated.
            rcv_mss: u32, 20, bytes, "2.4";
            /// Sent and not yet acknowledged. For a listener: connections not yet accepted.
            unacked: u32, 24, segments, "2.4";
            /// Selectively acknowledged. For a listener: the limit of the accept queue.
            sacked: u32, 28, segments, "2.4";
            /// Thought to be lost.
            lost: u32, 32, segments, "2.4";
            /// Retransmitted and not yet acknowledged.
            retrans: u32, 36, segments, "2.4";
            /// Forward acknowledged; always 0 since 4.15.
            fackets: u32, 40, segments, "2.4";
            /// Time since data was sent, or since the connection was established. Large and meaningless before that.
            last_data_sent: u32, 44, ms, "2.4";
            /// Always 0: the kernel does not remember it.
            last_ack_sent: u32, 48, ms, "2.4";
            /// Time since data was received, or since the connection was established. Large and meaningless before that.
            last_data_recv: u32, 52, ms, "2.4";
            /// Time since an acknowledgement was received, or since the connection was established. Large and meaningless before that.
            last_ack_recv: u32, 56, ms, "2.4";
            /// Path MTU.
            pmtu: u32, 60, bytes, "2.4";
            /// Limit of the receive window the kernel offers.
            rcv_ssthresh: u32, 64, bytes, "2.4";
            /// Round-trip time, smoothed.
            rtt: u32, 68, us, "2.4";
            /// Mean deviation of the round-trip time. Exactly half of `rtt` after a single sample.
            rttvar: u32, 72, us, "2.4";
            /// Slow start threshold; 0x7fffffff means none yet.
            snd_ssthresh: u32, 76, segments, "2.4";
            /// Congestion window.
            snd_cwnd: u32, 80, segments, "2.4";
            /// Segment size announced to the peer.
            advmss: u32, 84, bytes, "2.4";
            /// Distance of reordering that is taken for reordering and not for loss.
            reordering: u32, 88, segments, "2.4";
            /// Round-trip time as the receiver sees it; too long where data arrives with pauses.
            rcv_rtt: u32, 92, us, "2.6";
            /// Data read by the program per round trip, from which the receive buffer is tuned.
            rcv_space: u32, 96, bytes, "2.6";
            /// Segments retransmitted since the start; SYN and SYN-ACK count too.
            total_retrans: u32, 100, segments, "2.6";
            /// Pacing rate in force; `u64::MAX` means unlimited.
            pacing_rate: u64, 104, bytes_per_s, "3.15";
            /// Limit of the pacing rate; `u64::MAX` means none.
            max_pacing_rate: u64, 112, bytes_per_s, "3.15";
            /// Payload acknowledged by the peer (RFC 4898 tcpEStatsAppHCThruOctetsAcked). The SYN counts as 1.
            bytes_acked: u64, 120, bytes, "4.1";
            /// Payload received in order (RFC 4898 tcpEStatsAppHCThruOctetsReceived).
            bytes_received: u64, 128, bytes, "4.1";
            /// Segments sent, of every kind (RFC 4898 tcpEStatsPerfSegsOut).
            segs_out: u32, 136, segments, "4.2";
            /// Segments received, of every kind (RFC 4898 tcpEStatsPerfSegsIn).
            segs_in: u32, 140, segments, "4.2";
            /// Written by the program and never sent yet.
            notsent_bytes: u32, 144, bytes, "4.6";
            /// Smallest round-trip time of the last minutes (`tcp_min_rtt_wlen`, 300 s); `u32::MAX` before a sample.
            min_rtt: u32, 148, us, "4.6";
            /// Segments received with payload (RFC 4898 tcpEStatsDataSegsIn).
            data_segs_in: u32, 152, segments, "4.6";
            /// Segments sent with payload, retransmissions included (RFC 4898 tcpEStatsDataSegsOut).
            data_segs_out: u32, 156, segments, "4.6";
            /// Rate at which data reached the peer, the last usable sample; may be old. See
            /// `delivery_rate_app_limited`.
            delivery_rate: u64, 160, bytes_per_s, "4.9";
            /// Time with data to send or in flight; includes the two limited times below. Ticks in jiffies.
            busy_time: u64, 168, us, "4.10";
            /// Time sending was held up by the peer's receive window.
            rwnd_limited: u64, 176, us, "4.10";
            /// Time sending was held up by a full send buffer.
            sndbuf_limited: u64, 184, us, "4.10";
            /// Segments that reached the peer, spurious ones included.
            delivered: u32, 192, segments, "4.18";
            /// Of `delivered`: marked for congestion on the way, as the peer reports.
            delivered_ce: u32, 196, segments, "4.18";
            /// Payload sent, retransmissions included (RFC 4898 tcpEStatsPerfHCDataOctetsOut).
            bytes_sent: u64, 200, bytes, "4.19";
            /// Payload retransmitted (RFC 4898 tcpEStatsPerfOctetsRetrans).
            bytes_retrans: u64, 208, bytes, "4.19";
            /// Retransmissions the peer reported as unnecessary (RFC 4898 tcpEStatsStackDSACKDups).
            dsack_dups: u32, 216, segments, "4.19";
            /// Times reordering was seen.
            reord_seen: u32, 220, count, "4.19";
            /// Segments received out of order. Much more than the segments lost.
            rcv_ooopack: u32, 224, segments, "5.4";
            /// The peer's receive window, scaled. 0 is a closed window.
            snd_wnd: u32, 228, bytes, "5.4";
            /// The receive window last offered to the peer, scaled.
            rcv_wnd: u32, 232, bytes, "6.2";
            /// Times another path was tried by changing the flow hash (PLB, timeouts).
            rehash: u32, 236, count, "6.2";
            /// Retransmission timeouts since the start; SYN and SYN-ACK count too.
            total_rto: u16, 240, count, "6.7";
            /// Recoveries after such timeouts, an unfinished one included.
            total_rto_recoveries: u16, 242, count, "6.7";
            /// Time spent in these recoveries.
            total_rto_time: u32, 244, ms, "6.7";
            /// Segments received with a congestion mark (AccECN, RFC 9768).
            received_ce: u32, 248, segments, "6.18";
            /// Payload that reached the peer marked ECT(1), as the peer reports (AccECN).
            delivered_e1_bytes: u32, 252, bytes, "6.18";
            /// Payload that reached the peer marked ECT(0), as the peer reports (AccECN).
            delivered_e0_bytes: u32, 256, bytes, "6.18";
            /// Payload that reached the peer with a congestion mark, as the peer reports (AccECN).
            delivered_ce_bytes: u32, 260, bytes, "6.18";
            /// Payload received marked ECT(1) (AccECN).
            received_e1_bytes: u32, 264, bytes, "6.18";
            /// Payload received marked ECT(0) (AccECN).
            received_e0_bytes: u32, 268, bytes, "6.18";
            /// Payload received with a congestion mark (AccECN).
            received_ce_bytes: u32, 272, bytes, "6.18";
            /// The state of AccECN, packed. Linux 7.0 packs it differently within the same length, so this word means
            /// nothing without the kernel's version: read it with `acc_ecn`.
            accecn_state: u32, 276, bits, "6.18";
        }
    };
}
