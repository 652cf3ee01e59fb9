//! Socket states of Linux, as numbers in rows and as bits in requests.
//!
//! Owns the numbers. Translating them (12 is a handshake, 13 a bound socket, and for UDP 1 means "connected") is left
//! to the model.

use core::ops::BitOr;

/// `TCP_ESTABLISHED`; a connected UDP or raw socket.
pub const ESTABLISHED: u8 = 1;
/// `TCP_SYN_SENT`.
pub const SYN_SENT: u8 = 2;
/// `TCP_SYN_RECV`. The kernel reports the handshakes of [`NEW_SYN_RECV`] under this number.
pub const SYN_RECV: u8 = 3;
/// `TCP_FIN_WAIT1`.
pub const FIN_WAIT1: u8 = 4;
/// `TCP_FIN_WAIT2`.
pub const FIN_WAIT2: u8 = 5;
/// `TCP_TIME_WAIT`.
pub const TIME_WAIT: u8 = 6;
/// `TCP_CLOSE`; an unconnected UDP or raw socket. Bound TCP sockets ([`BOUND_INACTIVE`]) come back with it too.
pub const CLOSE: u8 = 7;
/// `TCP_CLOSE_WAIT`.
pub const CLOSE_WAIT: u8 = 8;
/// `TCP_LAST_ACK`.
pub const LAST_ACK: u8 = 9;
/// `TCP_LISTEN`.
pub const LISTEN: u8 = 10;
/// `TCP_CLOSING`.
pub const CLOSING: u8 = 11;
/// `TCP_NEW_SYN_RECV` (Linux 4.1): a handshake without a full socket. Implied by a request for [`SYN_RECV`].
pub const NEW_SYN_RECV: u8 = 12;
/// `TCP_BOUND_INACTIVE` (Linux 6.8): bound, neither listening nor connected. Exists in requests only.
pub const BOUND_INACTIVE: u8 = 13;

/// A set of states: bit n is state n (`idiag_states`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct StateBits(pub u32);

impl StateBits {
    /// No state.
    pub const NONE: Self = Self(0);
    /// Listening sockets only: the one question whose answer does not cost a walk over the whole hash table.
    pub const LISTEN: Self = Self::of(LISTEN);
    /// Established connections only.
    pub const ESTABLISHED: Self = Self::of(ESTABLISHED);
    /// Bound, neither listening nor connected (`TCPF_BOUND_INACTIVE`, Linux 6.8; older kernels ignore the bit). Costs
    /// a walk of its own.
    pub const BOUND_INACTIVE: Self = Self::of(BOUND_INACTIVE);
    /// Every state a socket can have, without [`Self::BOUND_INACTIVE`].
    pub const CONNECTED_OR_NOT: Self = Self(((1 << (NEW_SYN_RECV + 1)) - 1) & !1);
    /// Everything there is: bits 1 to 13.
    pub const ALL: Self = Self(Self::CONNECTED_OR_NOT.0 | Self::BOUND_INACTIVE.0);

    /// The set of one state. States from 32 on have no bit.
    pub const fn of(state: u8) -> Self {
        Self(if state < 32 { 1 << state } else { 0 })
    }

    /// Both sets together.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// This set without the states of `other`.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether every state of `other` is in this set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl BitOr for StateBits {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.with(other)
    }
}

impl From<StateBits> for u32 {
    fn from(bits: StateBits) -> Self {
        bits.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_state_numbers() {
        for (bits, value) in [
            (StateBits::LISTEN, 0x400),
            (StateBits::CONNECTED_OR_NOT, 0x1ffe),
            (StateBits::ALL, 0x3ffe),
            (StateBits::of(SYN_RECV) | StateBits::of(NEW_SYN_RECV), 0x1008),
            (StateBits::ALL.without(StateBits::LISTEN), 0x3bfe),
            (StateBits::of(32), 0),
            (StateBits::of(255), 0),
        ] {
            assert_eq!(u32::from(bits), value);
        }
        assert!(StateBits::ALL.contains(StateBits::LISTEN));
        assert!(!StateBits::LISTEN.contains(StateBits::ALL));
    }
}
