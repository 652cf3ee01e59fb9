//! What is judged.

use std::net::SocketAddr;
use std::time::Duration;

use super::{Interval, Unknown, turns};
use crate::model::{Socket, TcpStats};

/// One connection, or one socket without statistics.
#[derive(Clone, Copy)]
pub(crate) struct Subject<'a> {
    /// Counters of the basis, states of now.
    pub(crate) stats: &'a TcpStats,
    pub(crate) ip: IpVersion,
    /// The socket now; `None` when only its statistics are there.
    pub(crate) socket: Option<&'a Socket>,
    /// The looks, where there were several.
    pub(crate) interval: Option<&'a Interval>,
    /// See [`Context::accept_overflows`](super::Context::accept_overflows).
    pub(crate) accept_overflows: Option<u64>,
}

impl<'a> Subject<'a> {
    pub(super) fn of(socket: &'a Socket, stats: &'a TcpStats) -> Self {
        let ip = IpVersion::of(socket.remote.as_ref().unwrap_or(&socket.local).socket_addr());
        Self { stats, ip, socket: Some(socket), interval: None, accept_overflows: None }
    }

    /// Statistics alone; an IP version's limits are the lower ones.
    pub(crate) fn of_stats(stats: &'a TcpStats) -> Self {
        Self { stats, ip: IpVersion::V4, socket: None, interval: None, accept_overflows: None }
    }

    /// The statistics as they are now, counters since the connection began.
    pub(super) fn now(&self) -> &'a TcpStats {
        self.interval.and_then(|interval| interval.last().tcp.as_deref()).unwrap_or(self.stats)
    }

    /// How long the interval is; `None` for a life.
    pub(super) fn length(&self) -> Option<Duration> {
        self.interval.map(Interval::length)
    }

    /// Nothing was sent in the interval. Less than a tick is not counted as busy, so segments count where they are.
    pub(super) fn is_idle(&self) -> bool {
        let idle = match turns::data_sent_at_least(self.stats) {
            Some(segments) => segments == 0,
            None => self.stats.busy_time == Some(Duration::ZERO),
        };
        idle && self.interval.is_some()
    }

    /// The better reason for too few samples.
    pub(super) fn or_idle<T>(&self, result: Result<T, Unknown>) -> Result<T, Unknown> {
        match result {
            Err(Unknown::FewSamples) if self.is_idle() => Err(Unknown::Idle),
            other => other,
        }
    }
}

/// The IP version on the wire, which for a v4-mapped address is not the socket's family.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum IpVersion {
    V4,
    V6,
}

impl IpVersion {
    /// Of an end of a connection; without one, the version with the lower limits.
    pub(crate) fn of(address: Option<SocketAddr>) -> Self {
        match address {
            Some(SocketAddr::V6(address)) if address.ip().to_ipv4_mapped().is_none() => Self::V6,
            _ => Self::V4,
        }
    }
}
