//! What connections move in a time: bytes and segments, and how well that is known.

use std::sync::Arc;
use std::time::Duration;

use super::tcp_stats::Counter;
use super::{Detail, Socket, State};
use crate::named::named;

/// What a connection has moved. What is not reported is `None`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct Traffic {
    /// Bytes sent, each once: without repetitions, SYN and FIN. Before Linux 4.19, and on macOS, bytes acknowledged.
    pub sent: Option<u64>,
    /// Bytes received in order, without SYN and FIN.
    pub received: Option<u64>,
    /// Bytes sent again.
    pub repeated: Option<u64>,
    /// Segments or datagrams sent.
    pub segs_out: Option<u64>,
    /// Segments or datagrams received.
    pub segs_in: Option<u64>,
}

impl Traffic {
    /// Nothing.
    #[cfg(any(test, feature = "socket-tracking"))]
    pub(crate) const NONE: Self =
        Self { sent: Some(0), received: Some(0), repeated: Some(0), segs_out: Some(0), segs_in: Some(0) };

    /// Since its opening, by its counters.
    pub fn of(socket: &Socket) -> Self {
        let Some(tcp) = &socket.tcp else { return Self::of_datagrams(socket) };
        // Linux counts the peer's FIN as a byte.
        let has_fin = socket.kernel_id.is_some()
            && matches!(socket.state, State::CloseWait | State::LastAck | State::Closing | State::TimeWait);
        let once = || Some(tcp.bytes_sent?.saturating_sub(tcp.bytes_retrans?));
        Self {
            sent: once().or(tcp.bytes_acked),
            received: tcp.bytes_received.map(|bytes| bytes.saturating_sub(has_fin.into())),
            repeated: tcp.bytes_retrans,
            segs_out: tcp.segs_out.map(u64::from),
            segs_in: tcp.segs_in.map(u64::from),
        }
    }

    fn of_datagrams(socket: &Socket) -> Self {
        let Some(Detail::Datagrams(counted)) = socket.detail.as_deref() else { return Self::default() };
        Self {
            sent: counted.bytes_sent,
            received: counted.bytes_received,
            repeated: None,
            segs_out: counted.sent,
            segs_in: counted.received,
        }
    }

    /// What passed since it was `then`.
    #[must_use]
    pub(crate) fn since(self, then: Self) -> Self {
        // Segments are counted in 32 bits.
        let segments = |now: Option<u64>, then: Option<u64>| (now? as u32).since(then? as u32).map(u64::from);
        Self {
            sent: grown(self.sent, then.sent),
            received: grown(self.received, then.received),
            repeated: grown(self.repeated, then.repeated),
            segs_out: segments(self.segs_out, then.segs_out),
            segs_in: segments(self.segs_in, then.segs_in),
        }
    }

    /// Share of the bytes sent that were sent again; `None` where none were sent.
    pub fn retrans_rate(&self) -> Option<f64> {
        let again = self.repeated?;
        let all = self.sent?.saturating_add(again);
        (all > 0).then(|| again as f64 / all as f64)
    }

    /// True when the bytes both ways are known.
    pub(super) fn is_known(&self) -> bool {
        self.sent.is_some() && self.received.is_some()
    }
}

fn grown(now: Option<u64>, then: Option<u64>) -> Option<u64> {
    now?.since(then?)
}

named! {
    /// How a rate is known.
    #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
    #[non_exhaustive]
    pub enum Provenance, name: "The name in JSON." {
        /// From events and counters that miss nothing.
        #[default]
        Exact = "exact",
        /// From counters that were read from time to time: what began and ended between two readings is not in it.
        Counters = "counters",
        /// Something of it was lost, or is not reported: it is at least so much.
        Partial = "partial",
    }
}

/// What passed since the statistics of a socket were told before, or since it was opened.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct Since {
    /// The socket as it was then; `None` where all its life is meant.
    pub socket: Option<Arc<Socket>>,
    /// How long before the event that was.
    pub elapsed: Duration,
    /// What it moved meanwhile.
    pub moved: Traffic,
    /// How that is known.
    pub provenance: Provenance,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{BootId, KernelId, TcpStats};

    fn socket(state: State, sent: u64, repeated: u64, received: u64, segments: u32) -> Socket {
        let id = KernelId { boot: BootId::default(), network_namespace: 1, cookie: 1 };
        let stats = TcpStats {
            bytes_sent: Some(sent),
            bytes_retrans: Some(repeated),
            bytes_received: Some(received),
            segs_out: Some(segments),
            ..TcpStats::default()
        };
        let socket = Socket::tcp(state, "10.0.0.5:80", "10.0.0.6:9");
        Socket { kernel_id: Some(id), tcp: Some(Box::new(stats)), ..socket }
    }

    #[test]
    fn bytes_count_once_and_a_fin_is_none() {
        let before = Traffic::of(&socket(State::Established, 1000, 0, 500, u32::MAX));
        let now = Traffic::of(&socket(State::CloseWait, 3000, 400, 601, 1));
        assert_eq!(
            now,
            Traffic {
                sent: Some(2600),
                received: Some(600),
                repeated: Some(400),
                segs_out: Some(1),
                segs_in: None
            }
        );
        let moved = now.since(before);
        assert_eq!(
            (moved.sent, moved.received, moved.repeated, moved.segs_out),
            (Some(1600), Some(100), Some(400), Some(2))
        );
        // Another socket, or one without statistics.
        assert_eq!(before.since(now).sent, None);
        assert_eq!(Traffic::of(&Socket::tcp(State::Established, "10.0.0.5:80", "")), Traffic::default());
    }
}
