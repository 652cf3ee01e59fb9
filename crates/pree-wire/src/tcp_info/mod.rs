//! `struct tcp_info`: what the kernel knows about a TCP connection.
//!
//! Owns the layout; the table is [`for_each_tcp_info_field!`](crate::for_each_tcp_info_field). What the numbers say
//! about a connection, and which of them lie when, is the library's `quality`.

mod acc_ecn;
mod bits;
mod table;

pub use acc_ecn::{AccEcn, AccEcnLayout};

/// A view of as much of `struct tcp_info` as the kernel sent.
///
/// Kernels send the length they know: 104 bytes once, 232 on Linux 5.4 to 6.1, 248 on 6.12, 280 since 6.18. A field
/// that is not wholly inside is `None`, a tail beyond this table is ignored.
///
/// ```
/// # use pree_wire::tcp_info::TcpInfo;
/// let old_kernel = [1; 104];
/// let info = TcpInfo::new(&old_kernel);
/// assert_eq!(info.state(), Some(1));
/// assert_eq!(info.min_rtt(), None);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct TcpInfo<'a> {
    bytes: &'a [u8],
}

impl<'a> TcpInfo<'a> {
    /// Bytes of the fields this crate knows.
    pub const SIZE: usize = 280;

    /// A view of the value of an `INFO` attribute or of `getsockopt(TCP_INFO)`.
    #[inline]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    /// The bytes behind the view, the unknown tail included.
    pub const fn bytes(self) -> &'a [u8] {
        self.bytes
    }
}

macro_rules! view {
    ($($fields:tt)*) => { kernel_struct! { TcpInfo; $($fields)* } };
}
crate::for_each_tcp_info_field!(view);

/// Lengths that kernels are known to send, with the first kernel that sent them.
pub const KNOWN_LENGTHS: &[(&str, usize)] = &[
    ("2.6", 104),
    ("3.15", 120),
    ("4.1", 136),
    ("4.2", 144),
    ("4.6", 160),
    ("4.9", 168),
    ("4.10", 192),
    ("4.18", 200),
    ("4.19", 224),
    ("5.4", 232),
    ("6.2", 240),
    ("6.7", 248),
    ("6.18", 280),
];

const _: () = {
    assert!(crate::kernel_struct::is_sound(FIELDS, TcpInfo::SIZE));
    let mut i = 0;
    while i < KNOWN_LENGTHS.len() {
        assert!(crate::kernel_struct::ends_on_a_field(FIELDS, KNOWN_LENGTHS[i].1));
        i += 1;
    }
};

#[cfg(test)]
mod tests;
