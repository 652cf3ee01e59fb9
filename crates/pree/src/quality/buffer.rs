//! The buffers at this end and the window of the other one, at the time of one look.

use pree_wire::inet_diag::states;

use super::limits::{ETHERNET_MSS, RECEIVE_BUFFER_FULL};
use crate::model::{Protocol, Socket, SocketMemory, TcpStats};

/// Whole segments for which the peer's window has room, of a length that any link carries: loopback's are 64 KiB.
pub(super) fn window(stats: &TcpStats) -> Option<u32> {
    stats.snd_wnd?.checked_div(stats.snd_mss?.min(ETHERNET_MSS))
}

/// The send buffer is full, all of it is in flight, and congestion control would allow more.
pub(super) fn is_in_flight(stats: &TcpStats) -> bool {
    let full = stats.memory.is_some_and(|memory| {
        memory.send_queued_bytes.zip(memory.send_buffer_bytes).is_some_and(|(queued, limit)| queued >= limit)
    });
    let more_allowed = stats.unacked.zip(stats.snd_cwnd).is_some_and(|(unacked, window)| unacked < window);
    full && more_allowed && stats.notsent_bytes == Some(0)
}

/// Bytes of the stream received and not yet read.
pub(super) fn unread_of(stats: &TcpStats) -> Option<u32> {
    // The end of the stream counts as a byte, and there is nothing to read in it.
    let ended = stats.state.is_some_and(|state| {
        matches!(state, states::CLOSE_WAIT | states::LAST_ACK | states::CLOSING | states::TIME_WAIT)
    });
    Some(stats.recv_queue_bytes?.saturating_sub(ended.into()))
}

/// What the program has not read: bytes of the stream, or memory of datagrams. A listener has nothing to read.
pub(super) fn unread(socket: &Socket) -> Option<u32> {
    match &socket.tcp {
        Some(stats) => unread_of(stats),
        None if is_datagram(socket) => socket.recv_queue,
        None => None,
    }
}

/// Received data fills nearly the whole receive buffer.
pub(super) fn is_receive_buffer_full(socket: &Socket) -> bool {
    let memory = match &socket.tcp {
        Some(stats) => stats.memory,
        None if is_datagram(socket) => socket.memory,
        None => None,
    };
    receive_buffer_share(memory).is_some_and(|share| share >= RECEIVE_BUFFER_FULL)
}

/// How full the receive buffer is; at most 1, also after the limit was lowered.
pub(super) fn receive_buffer_share(memory: Option<SocketMemory>) -> Option<f64> {
    let memory = memory?;
    let (taken, limit) = memory.receive_alloc_bytes.zip(memory.receive_buffer_bytes)?;
    (limit > 0).then(|| (f64::from(taken) / f64::from(limit)).min(1.0))
}

pub(super) fn is_datagram(socket: &Socket) -> bool {
    matches!(socket.protocol, Protocol::Udp | Protocol::UdpLite)
}
