//! The bit fields at bytes 6 and 7 of `struct tcp_info`.

use super::TcpInfo;

/// `width` bits of `byte`, `skip` bits after the first one of the C structure. Compilers for little-endian machines
/// put the first bit field lowest, those for big-endian machines highest.
const fn bit_field(byte: u8, skip: u32, width: u32) -> u8 {
    let shift = if cfg!(target_endian = "big") { 8 - skip - width } else { skip };
    (byte >> shift) & ((1 << width) - 1)
}

impl TcpInfo<'_> {
    /// Shift of the windows the peer offers (`tcpi_snd_wscale`). Counts only if `options` has the bit 4.
    ///
    /// Unit: scale; since Linux 2.4; 4 bits of byte 6.
    #[inline]
    pub fn snd_wscale(self) -> Option<u8> {
        self.bytes.get(6).map(|byte| bit_field(*byte, 0, 4))
    }

    /// Shift of the windows offered to the peer (`tcpi_rcv_wscale`). Counts only if `options` has the bit 4.
    ///
    /// Unit: scale; since Linux 2.4; 4 bits of byte 6.
    #[inline]
    pub fn rcv_wscale(self) -> Option<u8> {
        self.bytes.get(6).map(|byte| bit_field(*byte, 4, 4))
    }

    /// Whether the sample in `delivery_rate` was limited by the program and not by the path
    /// (`tcpi_delivery_rate_app_limited`). `None` where the kernel has no `delivery_rate`: the bit was padding then.
    ///
    /// Unit: flags; since Linux 4.9; 1 bit of byte 7.
    #[inline]
    pub fn delivery_rate_app_limited(self) -> Option<bool> {
        self.delivery_rate()?;
        self.bytes.get(7).map(|byte| bit_field(*byte, 0, 1) != 0)
    }

    /// Why fast open failed here as a client (`tcpi_fastopen_client_fail`): 0 unknown or no failure, 1 no cookie, 2
    /// the SYN's data was not acknowledged, 3 the SYN was retransmitted.
    ///
    /// The bits were padding before Linux 5.5, which has the same length as 5.4: 0 on 5.4 means nothing. `None` where
    /// the length proves an older kernel.
    ///
    /// Unit: code; since Linux 5.5; 2 bits of byte 7.
    #[inline]
    pub fn fastopen_client_fail(self) -> Option<u8> {
        self.snd_wnd()?;
        self.bytes.get(7).map(|byte| bit_field(*byte, 1, 2))
    }
}
