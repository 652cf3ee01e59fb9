//! What of a connection's life is judged, and what is known beside it.

use std::time::Duration;

/// What of a connection's life is judged.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[non_exhaustive]
pub enum Basis {
    /// Counters since it began (how long ago is not reported) and its state now.
    #[default]
    Lifetime,
    /// What happened in this length of time, from the first look to the last.
    Interval(Duration),
}

/// What is known beside the connection itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct Context {
    /// What of its life the statistics are about.
    pub basis: Basis,
    /// The smallest RTT that any other connection to the same peer has seen lately. It finds the queue that a
    /// connection was opened into.
    pub peer_base_rtt: Option<Duration>,
    /// Handshakes that the socket's network namespace dropped in the interval because an accept queue was full. `None`
    /// where it is not known, and for a life, whose length is not known either.
    pub accept_overflows: Option<u64>,
}
