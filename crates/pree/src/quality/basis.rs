//! Which part of a connection's life is judged, and what is known beside the connection.

use std::time::Duration;

/// Which part of a connection's life is judged.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[non_exhaustive]
pub enum Basis {
    /// Counters since it began (how long ago is not reported) and its state now.
    #[default]
    Lifetime,
    /// What happened during this time, from the first look to the last.
    Interval(Duration),
}

/// What is known beside the connection itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct Context {
    /// Which part of its life the statistics cover.
    pub basis: Basis,
    /// The smallest RTT that any other connection to the same peer has seen lately. It finds the queue that a
    /// connection was opened into.
    pub peer_base_rtt: Option<Duration>,
    /// Handshakes that the socket's network namespace dropped in the interval because an accept queue was full. `None`
    /// where unknown, and for a lifetime, whose length is unknown too.
    pub accept_overflows: Option<u64>,
}
