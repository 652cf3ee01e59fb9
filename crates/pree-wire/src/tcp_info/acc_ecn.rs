//! The last word of `struct tcp_info`: the state of Accurate ECN (RFC 9768), packed in two ways.
//!
//! Linux 6.18 and 6.19 have two 16-bit fields there, Linux 7.0 made bit fields of the same 32 bits. The length is 280
//! both times, so the bytes cannot tell which it is: the caller must say it, from the kernel's version or its BTF
//! (a member `tcpi_ecn_mode` means the second).

use super::TcpInfo;
use crate::bytes::array_at;

/// How the last word is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AccEcnLayout {
    /// Linux 6.18 and 6.19: `__u16 accecn_fail_mode, accecn_opt_seen`.
    TwoFields,
    /// Linux 7.0 on: `__u32 ecn_mode:2, accecn_opt_seen:2, accecn_fail_mode:4, options2:24`.
    BitFields,
}

/// The state of Accurate ECN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AccEcn {
    /// What of it failed (`tcpi_accecn_fail_mode`): 1 sending the counter, 2 receiving it, 4 sending the option, 8
    /// receiving it.
    pub fail_mode: u16,
    /// What was seen of the option (`tcpi_accecn_opt_seen`): 0 nothing, 1 empty, 2 with counters, 3 it failed.
    pub option_seen: u16,
    /// What was negotiated (`tcpi_ecn_mode`, Linux 7.0): 0 no ECN, 1 RFC 3168, 2 AccECN, 3 pending.
    pub ecn_mode: Option<u8>,
    /// More option bits (`tcpi_options2`, Linux 7.0).
    pub options2: Option<u32>,
}

impl TcpInfo<'_> {
    /// The state of Accurate ECN; `None` before Linux 6.18.
    pub fn acc_ecn(self, layout: AccEcnLayout) -> Option<AccEcn> {
        let bytes = array_at::<4>(self.bytes, 276)?;
        Some(match layout {
            AccEcnLayout::TwoFields => {
                let [a, b, c, d] = bytes;
                AccEcn {
                    fail_mode: u16::from_ne_bytes([a, b]),
                    option_seen: u16::from_ne_bytes([c, d]),
                    ecn_mode: None,
                    options2: None,
                }
            }
            AccEcnLayout::BitFields => {
                let word = u32::from_ne_bytes(bytes);
                // The first bit field is lowest on little-endian machines, highest on big-endian ones.
                let field = |skip: u32, width: u32| {
                    let shift = if cfg!(target_endian = "big") { 32 - skip - width } else { skip };
                    (word >> shift) & ((1 << width) - 1)
                };
                AccEcn {
                    fail_mode: field(4, 4) as u16,
                    option_seen: field(2, 2) as u16,
                    ecn_mode: Some(field(0, 2) as u8),
                    options2: Some(field(8, 24)),
                }
            }
        })
    }
}
