//! Which sockets a `sock_diag` request is about, and why it is sent: what a recording knows it by.

use pree_wire::inet_diag::StateBits;

/// Which sockets a `sock_diag` request is about.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub struct DiagTable {
    /// `AF_INET`, `AF_INET6`, or 0 for both at once (the v1-compat request); `AF_UNIX`, `AF_PACKET`, …
    pub family: u8,
    /// `IPPROTO_*`; 0 for families without protocols, whose requests are about all of theirs.
    pub protocol: u16,
}

/// Why a `sock_diag` request is sent.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum DiagPass {
    /// The first pass over the table.
    First,
    /// Another one, to find what torn ones before missed.
    Check,
    /// One more, for just those sockets that an exact question cannot settle.
    Settle,
    /// One socket, by its cookie.
    Exact(u64),
}

impl DiagPass {
    /// The only states that it is about: what an exact question cannot settle listens, or is bound.
    pub(crate) fn states(self) -> StateBits {
        match self {
            Self::Settle => StateBits::LISTEN.with(StateBits::BOUND_INACTIVE),
            Self::First | Self::Check | Self::Exact(_) => StateBits(u32::MAX),
        }
    }
}
