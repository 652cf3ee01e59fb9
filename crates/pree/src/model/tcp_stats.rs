//! How a TCP connection is doing, in the kernel's own numbers.
//!
//! The fields of Linux's `tcp_info` come from the one table of them in `pree_wire::tcp_info`; numbers by which the
//! kernel means "unknown" are removed here and nowhere else. Judging the numbers is left to `quality`.

use std::fmt;
use std::time::Duration;

use pree_wire::inet_diag::{Bbr, Dctcp, Vegas};
use pree_wire::tcp_info::{AccEcnLayout, TcpInfo};

use super::memory::SocketMemory;
use crate::named::named;

/// The type of a field in [`TcpStats`]: times are durations.
macro_rules! value_type {
    ($type:ident, us) => {
        Duration
    };
    ($type:ident, ms) => {
        Duration
    };
    ($type:ident, $unit:ident) => {
        $type
    };
}

macro_rules! value {
    ($number:expr, us) => {
        Duration::from_micros($number.into())
    };
    ($number:expr, ms) => {
        Duration::from_millis($number.into())
    };
    ($number:expr, $unit:ident) => {
        $number
    };
}

macro_rules! tcp_stats {
    ($(
        $(#[doc = $doc:literal])+
        $name:ident: $type:ident, $offset:literal, $unit:ident, $since:literal;
    )*) => {
        /// Counters and estimates of one TCP connection. `None`: not reported, or no sample yet.
        ///
        /// Counters count from where `counts_since` says: from the connection's opening, except on Windows. Linux: `struct tcp_info`
        /// under the kernel's names without `tcpi_`; `PLATFORM.md` says which kernel has which.
        #[derive(Clone, PartialEq, Debug, Default)]
        #[non_exhaustive]
        pub struct TcpStats {
            $(
                $(#[doc = $doc])+
                #[doc = concat!("\n\nUnit: ", stringify!($unit), ". Linux ", $since, ": `tcpi_", stringify!($name), "`.")]
                pub $name: Option<value_type!($type, $unit)>,
            )*
            /// Shift of the windows the peer offers. Linux 2.4: `tcpi_snd_wscale`.
            pub snd_wscale: Option<u8>,
            /// Shift of the windows offered to the peer. Linux 2.4: `tcpi_rcv_wscale`.
            pub rcv_wscale: Option<u8>,
            /// Whether `delivery_rate` was limited by the program and not by the path; may be of an older sample.
            /// Linux 4.9: `tcpi_delivery_rate_app_limited`.
            pub delivery_rate_app_limited: Option<bool>,
            /// Why fast open failed here as a client: 0 unknown or no failure, 1 no cookie, 2 data not acknowledged, 3 SYN
            /// retransmitted. Linux 5.5: `tcpi_fastopen_client_fail`.
            pub fastopen_client_fail: Option<u8>,
            /// What of Accurate ECN (RFC 9768) failed, as bits. Linux 6.18: `tcpi_accecn_fail_mode`.
            pub accecn_fail_mode: Option<u16>,
            /// What was seen of the Accurate ECN option. Linux 6.18: `tcpi_accecn_opt_seen`.
            pub accecn_opt_seen: Option<u16>,
            /// What of ECN was negotiated: 0 nothing, 1 RFC 3168, 2 Accurate ECN, 3 pending. Linux 7.0: `tcpi_ecn_mode`.
            pub ecn_mode: Option<u8>,
            /// Since when its counters count; `None` where unknown.
            pub counts_since: Option<CountsSince>,
            /// Longest round-trip time that was measured. Windows: `MaxRtt`.
            pub max_rtt: Option<Duration>,
            /// Fast retransmissions (RFC 5681 §3.2). Windows: `FastRetran`.
            pub fast_retrans: Option<u32>,
            /// Retransmission timeouts that were found to have been needless (RFC 3522, RFC 5682). Windows:
            /// `SpuriousRtoDetections`.
            pub spurious_rtos: Option<u32>,
            /// Time that sending was limited by the congestion window. Windows: `SndLimTimeCwnd`.
            pub cwnd_limited: Option<Duration>,
            /// Time that sending was limited by the sender itself, program or stack. Windows: `SndLimTimeSnd`.
            pub sender_limited: Option<Duration>,
            /// Estimated bandwidth outwards, bytes a second. Windows: `OutboundBandwidth`.
            pub outbound_bandwidth: Option<u64>,
            /// Estimated bandwidth inwards, bytes a second. Windows: `InboundBandwidth`.
            pub inbound_bandwidth: Option<u64>,
            /// Congestion window in bytes: as the system reports it, on Linux `snd_cwnd` × `snd_mss`.
            pub cwnd_bytes: Option<u64>,
            /// Slow start threshold in bytes: as the system reports it, on Linux `snd_ssthresh` × `snd_mss`.
            pub ssthresh_bytes: Option<u64>,
            /// Oldest sequence number not acknowledged (RFC 9293 SND.UNA). On request (`Needs::SEQUENCES`).
            pub snd_una: Option<u32>,
            /// Next sequence number to send (RFC 9293 SND.NXT). On request (`Needs::SEQUENCES`).
            pub snd_nxt: Option<u32>,
            /// Next sequence number expected (RFC 9293 RCV.NXT). On request (`Needs::SEQUENCES`).
            pub rcv_nxt: Option<u32>,
            /// Sequence number after the last byte the program wrote. On request (`Needs::SEQUENCES`).
            pub write_seq: Option<u32>,
            /// Sequence number after the last byte the program read. On request (`Needs::SEQUENCES`).
            pub copied_seq: Option<u32>,
            /// Bytes received and not yet read: the socket's [`recv_queue`](super::Socket::recv_queue), so that
            /// statistics can be judged by themselves.
            pub recv_queue_bytes: Option<u32>,
            /// Bytes written and not yet acknowledged: the socket's [`send_queue`](super::Socket::send_queue).
            pub send_queue_bytes: Option<u32>,
            /// Memory in use and its limits: the socket's [`memory`](super::Socket::memory).
            pub memory: Option<SocketMemory>,
            /// Congestion control algorithm. Linux: `INET_DIAG_CONG`.
            pub congestion_algorithm: Option<CongestionAlgorithm>,
            /// That algorithm's own numbers.
            pub congestion_detail: Option<CongestionDetail>,
            /// How much of `tcp_info` the kernel knows, in bytes.
            pub(crate) known_length: Option<usize>,
        }

        impl TcpStats {
            /// Replaces what comes from `tcp_info`, and forgets the rest.
            pub(crate) fn set_from(&mut self, view: TcpInfo<'_>, layout: AccEcnLayout) {
                match view.bytes().first_chunk::<{ TcpInfo::SIZE }>() {
                    // All of it, as new kernels send: of a length that is known nothing needs to be checked.
                    Some(all) => self.set_from_any(TcpInfo::new(all), layout),
                    None => self.set_from_any(view, layout),
                }
            }

            #[inline(always)]
            fn set_from_any(&mut self, view: TcpInfo<'_>, layout: AccEcnLayout) {
                *self = Self {
                    $( $name: view.$name().map(|number| value!(number, $unit)), )*
                    snd_wscale: view.snd_wscale(),
                    rcv_wscale: view.rcv_wscale(),
                    delivery_rate_app_limited: view.delivery_rate_app_limited(),
                    fastopen_client_fail: view.fastopen_client_fail(),
                    counts_since: Some(CountsSince::Opening),
                    known_length: Some(view.bytes().len()),
                    ..Self::default()
                };
                if let Some(ecn) = view.acc_ecn(layout) {
                    self.accecn_fail_mode = Some(ecn.fail_mode);
                    self.accecn_opt_seen = Some(ecn.option_seen);
                    self.ecn_mode = ecn.ecn_mode;
                }
                self.forget_placeholders();
                let bytes = |segments: Option<u32>| Some(u64::from(segments?) * u64::from(self.snd_mss?));
                self.cwnd_bytes = bytes(self.snd_cwnd);
                self.ssthresh_bytes = bytes(self.snd_ssthresh);
            }
        }
    };
}
pree_wire::for_each_tcp_info_field!(tcp_stats);

macro_rules! since {
    (grow: $($name:ident)*; wrap: $($narrow:ident)*;) => {
        impl TcpStats {
            /// What was counted between an earlier look and this one, with everything else as it is now. `None`
            /// when a counter shrank: then it was another connection. One of 32 bits or fewer goes around instead, which
            /// is told from shrinking as RFC 1982 does: less than half a turn is growth. A counter that either look lacks
            /// is unknown, and so is one of bytes in 32 bits when more bytes than that may have passed meanwhile.
            pub fn since(&self, earlier: &Self) -> Option<Self> {
                let mut between = self.clone();
                $(
                    between.$name = match (self.$name, earlier.$name) {
                        (Some(now), Some(then)) => Some(now.since(then)?),
                        _ => None,
                    };
                )*
                $(
                    between.$narrow =
                        self.$narrow.zip(earlier.$narrow).and_then(|(now, then)| now.since(then));
                )*
                between.forget_bytes_that_turned();
                Some(between)
            }

            /// Whether a counter is less than it was, and did not go around.
            pub(crate) fn has_shrunk_since(&self, earlier: &Self) -> bool {
                $( self.$name.zip(earlier.$name).is_some_and(|(now, then)| now.since(then).is_none()) )||*
            }
        }
    };
}
// What only ever grows while the connection lives; and what may seem to shrink, because it counts in 16 bits, counts
// bytes in 32, or reads two clocks.
since!(
    grow: total_retrans bytes_acked bytes_received segs_out segs_in data_segs_in data_segs_out
        busy_time rwnd_limited sndbuf_limited delivered delivered_ce bytes_sent bytes_retrans
        dsack_dups reord_seen rcv_ooopack received_ce;
    wrap: rehash total_rto total_rto_recoveries total_rto_time
        delivered_e1_bytes delivered_e0_bytes delivered_ce_bytes
        received_e1_bytes received_e0_bytes received_ce_bytes;
);

/// A number that grows.
pub(crate) trait Counter: Sized {
    /// By how much since it was `then`; `None` when it is less.
    fn since(self, then: Self) -> Option<Self>;
}

macro_rules! counter {
    (wide: $($wide:ty)*; round: $($round:ty)*) => {
        $( impl Counter for $wide {
            fn since(self, then: Self) -> Option<Self> {
                self.checked_sub(then)
            }
        } )*
        $( impl Counter for $round {
            fn since(self, then: Self) -> Option<Self> {
                let grown = self.wrapping_sub(then);
                (grown <= <$round>::MAX / 2).then_some(grown)
            }
        } )*
    };
}
counter!(wide: u64 Duration; round: u16 u32);

/// `TCP_INFINITE_SSTHRESH`: slow start has never ended.
const INFINITE_SSTHRESH: u32 = 0x7fff_ffff;
/// `tcp_min_rtt()` before the first sample.
const NO_MIN_RTT: Duration = Duration::from_micros(u32::MAX as u64);
/// What the end of the stream adds to the bytes received.
const FIN: u64 = 1;
const SYN_SENT: u8 = pree_wire::inet_diag::states::SYN_SENT;

impl TcpStats {
    /// Bytes that are counted in 32 bits, and are among others that are counted in 64.
    fn forget_bytes_that_turned(&mut self) {
        let fits = |bytes: Option<u64>| bytes.is_some_and(|bytes| u32::try_from(bytes).is_ok());
        if !fits(self.bytes_acked) {
            (self.delivered_e1_bytes, self.delivered_e0_bytes, self.delivered_ce_bytes) = (None, None, None);
        }
        if !fits(self.bytes_received) {
            (self.received_e1_bytes, self.received_e0_bytes, self.received_ce_bytes) = (None, None, None);
        }
    }

    /// Removes the numbers by which the kernel means "unknown".
    pub(crate) fn forget_placeholders(&mut self) {
        let is_set = |time: &Duration| !time.is_zero();
        self.rtt = self.rtt.filter(is_set);
        // Without a sample it is an initial value.
        self.rttvar = self.rtt.and(self.rttvar);
        self.min_rtt = self.min_rtt.filter(|rtt| *rtt != NO_MIN_RTT);
        self.rcv_rtt = self.rcv_rtt.filter(is_set);
        self.ato = self.ato.filter(is_set);
        self.snd_ssthresh = self.snd_ssthresh.filter(|segments| *segments < INFINITE_SSTHRESH);
        // Unlimited, in 64 bits since 3.15 and in 32 where the socket never set one.
        let limited = |rate: &u64| *rate != u64::MAX && *rate != u64::from(u32::MAX);
        self.pacing_rate = self.pacing_rate.filter(limited);
        self.max_pacing_rate = self.max_pacing_rate.filter(limited);
        self.delivery_rate = self.delivery_rate.filter(|rate| *rate != 0);
        if self.delivery_rate.is_none() {
            self.delivery_rate_app_limited = None;
        }
        // Never filled by any kernel.
        self.last_ack_sent = None;
        // Not kept since 4.15, and kernels from 4.18 on show themselves by their length.
        if self.delivered.is_some() {
            self.fackets = None;
        }
        // What never happened is reported as the time since boot.
        // Segments are counted in 32 bits: of 0 the bytes say whether it is the first.
        if self.data_segs_out == Some(0) && self.bytes_sent.unwrap_or(0) == 0 {
            self.last_data_sent = None;
        }
        if self.data_segs_in == Some(0) && self.bytes_received.unwrap_or(0) <= FIN {
            self.last_data_recv = None;
        }
        if self.state == Some(SYN_SENT) {
            self.last_ack_recv = None;
        }
    }
}

/// The name of a congestion control algorithm, at most 15 bytes (`TCP_CA_NAME_MAX`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CongestionAlgorithm {
    bytes: [u8; 15],
    length: u8,
}

impl CongestionAlgorithm {
    /// The name; the kernel's modules choose it.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length.into()).unwrap_or_default()
    }
}

impl From<&[u8]> for CongestionAlgorithm {
    /// A longer name is cut, as the kernel would.
    fn from(name: &[u8]) -> Self {
        let mut bytes = [0; 15];
        let mut length = 0;
        for (to, from) in bytes.iter_mut().zip(name) {
            *to = *from;
            length += 1;
        }
        Self { bytes, length }
    }
}

impl fmt::Debug for CongestionAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.as_bytes().escape_ascii())
    }
}

named! {
    /// Since when counters of a connection count.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
    #[non_exhaustive]
    pub enum CountsSince, name: "The name in JSON and filters." {
        /// Since the connection opened.
        Opening = "opening",
        /// Since somebody switched collecting on (Windows EStats), some time after it opened.
        SwitchedOn = "switched_on",
    }
}

/// A congestion control algorithm's own numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum CongestionDetail {
    /// Vegas and its relatives.
    Vegas(Vegas),
    /// Data Center TCP, RFC 8257.
    Dctcp(Dctcp),
    /// BBR.
    Bbr(Bbr),
}
