//! Socket options as rows show them (`struct inet_diag_sockopt`, Linux 5.10). Owns the bits and their order.

/// A set of boolean socket options.
///
/// Bit n is the n-th option of the structure, first option lowest, on every machine: the order in which the C compiler
/// of a big-endian kernel lays bit fields out is undone by [`Self::from_bytes`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct SocketOptions(pub u16);

macro_rules! options {
    ($($(#[$doc:meta])* $name:ident = $bit:literal;)*) => {
        impl SocketOptions {
            $($(#[$doc])*
            #[inline]
            pub const fn $name(self) -> bool {
                self.0 & (1 << $bit) != 0
            })*
        }
    };
}

options! {
    /// Detailed errors are queued for reading (`IP_RECVERR`).
    recverr = 0;
    /// The socket is a connection socket (TCP and the like); not an option, but sent with them.
    is_icsk = 1;
    /// May bind to addresses the host does not have (`IP_FREEBIND`).
    freebind = 2;
    /// The program writes IP headers itself (`IP_HDRINCL`).
    hdrincl = 3;
    /// Multicast is looped back to this host (`IP_MULTICAST_LOOP`); on by default.
    mc_loop = 4;
    /// Transparent proxying (`IP_TRANSPARENT`).
    transparent = 5;
    /// All multicast groups of the host are received (`IP_MULTICAST_ALL`); on by default.
    mc_all = 6;
    /// Arriving fragments are not put together (`IP_NODEFRAG`).
    nodefrag = 7;
    /// `bind()` to port 0 leaves the choice of a port to `connect()` (`IP_BIND_ADDRESS_NO_PORT`).
    bind_address_no_port = 8;
    /// ICMP extensions are delivered (`IP_RECVERR_RFC4884`).
    recverr_rfc4884 = 9;
    /// `connect()` has returned, the SYN waits for the first data (`TCP_FASTOPEN_CONNECT`).
    defer_connect = 10;
}

impl SocketOptions {
    /// Decodes the two bytes of the attribute.
    pub const fn from_bytes(bytes: [u8; 2]) -> Self {
        let [first, second] = bytes;
        let bytes = if cfg!(target_endian = "big") {
            [first.reverse_bits(), second.reverse_bits()]
        } else {
            [first, second]
        };
        Self(u16::from_le_bytes(bytes))
    }
}
