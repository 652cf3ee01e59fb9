//! The answer at one time: sockets, and what is missing.

use crate::coverage::Coverage;
use crate::model::{HostCounters, HostLimits, Moment, Socket};

/// Sockets as they were, and how complete that is.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Snapshot {
    sockets: Vec<Socket>,
    coverage: Coverage,
    host: HostLimits,
    counters: HostCounters,
    taken: Moment,
}

impl Snapshot {
    pub(crate) fn new(sockets: Vec<Socket>, coverage: Coverage, host: HostLimits) -> Self {
        Self { sockets, coverage, host, ..Self::default() }
    }

    /// With another account of what is missing.
    pub(crate) fn with_coverage(self, coverage: Coverage) -> Self {
        Self { coverage, ..self }
    }

    /// With what the machine counts.
    pub(crate) fn with_counters(self, counters: HostCounters) -> Self {
        Self { counters, ..self }
    }

    /// When it was taken.
    pub(crate) fn taken_at(self, taken: Moment) -> Self {
        Self { taken, ..self }
    }

    /// When the last of its rows was read, by both clocks of the machine that was asked; unknown where the source does not
    /// say. What it shows was so then, or since the query began.
    pub fn taken(&self) -> Moment {
        self.taken
    }

    /// The sockets, in the kernel's order.
    pub fn sockets(&self) -> &[Socket] {
        &self.sockets
    }

    /// The sockets, one after another.
    pub fn iter(&self) -> std::slice::Iter<'_, Socket> {
        self.sockets.iter()
    }

    /// What is missing and why.
    pub fn coverage(&self) -> &Coverage {
        &self.coverage
    }

    /// Limits that these sockets share; all unknown unless [`Needs::HOST`](crate::Needs::HOST) was asked for.
    pub fn host(&self) -> &HostLimits {
        &self.host
    }

    /// What the machine counts of all its connections; unknown unless [`Needs::HOST`](crate::Needs::HOST) was asked for.
    pub fn counters(&self) -> &HostCounters {
        &self.counters
    }

    /// The sockets, owned.
    pub fn into_sockets(self) -> Vec<Socket> {
        self.sockets
    }
}

impl<'s> IntoIterator for &'s Snapshot {
    type Item = &'s Socket;
    type IntoIter = std::slice::Iter<'s, Socket>;

    fn into_iter(self) -> Self::IntoIter {
        self.sockets.iter()
    }
}

impl IntoIterator for Snapshot {
    type Item = Socket;
    type IntoIter = std::vec::IntoIter<Socket>;

    fn into_iter(self) -> Self::IntoIter {
        self.sockets.into_iter()
    }
}
