//! What one direction of a link does to the packets on it: plain data, fit for a table of scenarios.

use std::time::Duration;

/// Which packets a loss may hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Victims {
    /// TCP segments with data.
    Data,
    /// TCP segments without data that are not of a handshake or an end.
    Acks,
    /// Whatever comes.
    All,
}

/// A delay that begins at some time and ends, or does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Detour {
    /// When it begins, since the link began.
    pub from: Duration,
    /// When it ends.
    pub to: Duration,
    /// How much longer packets take that come in between.
    pub extra: Duration,
}

/// What one direction does. Times count from when the link began.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Plan {
    /// How long every packet takes.
    pub delay: Duration,
    /// How much longer it may take. The amount drifts, and packets stay in order.
    pub jitter: Duration,
    /// The share of packets that get lost, each by itself…
    pub loss: f64,
    /// …of these.
    pub victims: Victims,
    /// The share of data segments with which a burst begins, and how many in a row it takes.
    pub burst: Option<(f64, u32)>,
    /// The share of packets that are overtaken, and how much longer those take.
    pub reordered: Option<(f64, Duration)>,
    /// Bytes a second through the narrowest place, where the rest waits in a queue.
    pub rate: Option<u64>,
    /// How many bytes that queue holds; what comes when it is full is dropped.
    pub queue_bytes: u64,
    /// IP packets larger than this vanish, and nobody is told.
    pub hole_above: Option<usize>,
    /// From then on everything vanishes.
    pub dead_from: Option<Duration>,
    /// So many SYNs vanish, then no more.
    pub syns_lost: u32,
    /// A change of the route, or a moment in which nothing moves.
    pub detour: Option<Detour>,
}

impl Plan {
    /// A direction that does nothing at all.
    pub const CLEAN: Self = Self {
        delay: Duration::ZERO,
        jitter: Duration::ZERO,
        loss: 0.0,
        victims: Victims::Data,
        burst: None,
        reordered: None,
        rate: None,
        queue_bytes: u64::MAX,
        hole_above: None,
        dead_from: None,
        syns_lost: 0,
        detour: None,
    };

    /// So many milliseconds one way, and nothing else.
    pub const fn delay_ms(ms: u64) -> Self {
        Self { delay: Duration::from_millis(ms), ..Self::CLEAN }
    }

    /// The same, through a narrow place of so many bytes a second with a queue of so many bytes.
    #[must_use]
    pub const fn narrow(self, rate: u64, queue_bytes: u64) -> Self {
        Self { rate: Some(rate), queue_bytes, ..self }
    }

    /// The same, losing this share of these packets.
    #[must_use]
    pub const fn losing(self, loss: f64, victims: Victims) -> Self {
        Self { loss, victims, ..self }
    }
}
