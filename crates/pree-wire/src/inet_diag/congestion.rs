//! What congestion algorithms tell about themselves: one of three small structures, asked for with
//! [`Extensions::VEGAS_INFO`](super::Extensions::VEGAS_INFO).

use crate::bytes::fixed;

/// Vegas, and algorithms built like it: Veno, Westwood, Illinois (`struct tcpvegas_info`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Vegas {
    /// Whether the algorithm is at work (`tcpv_enabled`). It pauses for example after a timeout.
    pub enabled: bool,
    /// Round-trip samples in the current round (`tcpv_rttcnt`).
    pub rtt_samples: u32,
    /// Round-trip time, microseconds; `None` before a sample (`tcpv_rtt`).
    pub rtt_us: Option<u32>,
    /// Smallest round-trip time, microseconds; `None` before a sample (`tcpv_minrtt`).
    pub min_rtt_us: Option<u32>,
}

impl Vegas {
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; 16] = bytes.first_chunk()?;
        Some(Self {
            enabled: u32::from_ne_bytes(fixed::<0, 4, 16>(bytes)) != 0,
            rtt_samples: u32::from_ne_bytes(fixed::<4, 4, 16>(bytes)),
            rtt_us: sample(u32::from_ne_bytes(fixed::<8, 4, 16>(bytes))),
            min_rtt_us: sample(u32::from_ne_bytes(fixed::<12, 4, 16>(bytes))),
        })
    }
}

/// Before the first sample Vegas has 0x7fffffff, BBR all ones.
fn sample(us: u32) -> Option<u32> {
    (us < 0x7fff_ffff).then_some(us)
}

/// DCTCP (`struct tcp_dctcp_info`, Linux 3.18).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Dctcp {
    /// Whether the peer agreed to ECN and the algorithm is at work (`dctcp_enabled`). False: it fell back to Reno.
    pub enabled: bool,
    /// Whether the last segment that arrived was marked (`dctcp_ce_state`).
    pub ce_state: u16,
    /// Estimated share of marked bytes, in units of 1/1024 (`dctcp_alpha`).
    pub alpha: u32,
    /// Bytes acknowledged under marks in the current window (`dctcp_ab_ecn`).
    pub acked_bytes_ecn: u32,
    /// Bytes acknowledged in the current window (`dctcp_ab_tot`).
    pub acked_bytes: u32,
}

impl Dctcp {
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; 16] = bytes.first_chunk()?;
        Some(Self {
            enabled: u16::from_ne_bytes(fixed::<0, 2, 16>(bytes)) != 0,
            ce_state: u16::from_ne_bytes(fixed::<2, 2, 16>(bytes)),
            alpha: u32::from_ne_bytes(fixed::<4, 4, 16>(bytes)),
            acked_bytes_ecn: u32::from_ne_bytes(fixed::<8, 4, 16>(bytes)),
            acked_bytes: u32::from_ne_bytes(fixed::<12, 4, 16>(bytes)),
        })
    }
}

/// BBR (`struct tcp_bbr_info`, Linux 4.9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Bbr {
    /// Estimated bandwidth of the path, bytes per second (`bbr_bw_hi`, `bbr_bw_lo`).
    pub bandwidth_bytes_per_s: u64,
    /// Smallest round-trip time of the last 10 s, microseconds (`bbr_min_rtt`); `None` before a sample.
    pub min_rtt_us: Option<u32>,
    /// Gain of the pacing rate, in units of 1/256 (`bbr_pacing_gain`).
    pub pacing_gain: u32,
    /// Gain of the congestion window, in units of 1/256 (`bbr_cwnd_gain`).
    pub congestion_window_gain: u32,
}

impl Bbr {
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; 20] = bytes.first_chunk()?;
        let low = u32::from_ne_bytes(fixed::<0, 4, 20>(bytes));
        let high = u32::from_ne_bytes(fixed::<4, 4, 20>(bytes));
        Some(Self {
            bandwidth_bytes_per_s: u64::from(high) << 32 | u64::from(low),
            min_rtt_us: sample(u32::from_ne_bytes(fixed::<8, 4, 20>(bytes))),
            pacing_gain: u32::from_ne_bytes(fixed::<12, 4, 20>(bytes)),
            congestion_window_gain: u32::from_ne_bytes(fixed::<16, 4, 20>(bytes)),
        })
    }
}
