//! The states of a socket: RFC 9293 for TCP, two words more for what is not connected.

use std::fmt;

/// The state of a socket, RFC 9293 §3.3.2.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
#[non_exhaustive]
pub enum State {
    /// Waiting for connections.
    Listen,
    /// Connection asked for, no answer yet.
    SynSent,
    /// Connection asked for by the peer, handshake not finished. Such a socket is held by the kernel alone.
    SynReceived,
    /// Connected. Also a UDP socket with a fixed peer.
    Established,
    /// Closed here, not yet acknowledged.
    FinWait1,
    /// Closed here and acknowledged; the peer has not closed.
    FinWait2,
    /// Both ends closed; the kernel remembers the ports for a while (Linux: 60 s).
    TimeWait,
    /// The peer closed; this end has not.
    CloseWait,
    /// The peer closed, then this end; the last acknowledgement has not arrived.
    LastAck,
    /// Both closed at once; the acknowledgement has not arrived.
    Closing,
    /// No connection at all.
    Closed,
    /// Bound to a port but neither listening nor connected. Linux reports these from 6.8 on.
    BoundInactive,
    /// A datagram socket without a fixed peer.
    Unconnected,
    /// A state this version has no name for, by the system's own number.
    Other(u8),
    /// Unknown.
    Unknown,
}

impl State {
    /// The name in JSON and filters; `None` for a number without a name.
    pub fn name(self) -> Option<&'static str> {
        Some(match self {
            Self::Listen => "listen",
            Self::SynSent => "syn_sent",
            Self::SynReceived => "syn_received",
            Self::Established => "established",
            Self::FinWait1 => "fin_wait_1",
            Self::FinWait2 => "fin_wait_2",
            Self::TimeWait => "time_wait",
            Self::CloseWait => "close_wait",
            Self::LastAck => "last_ack",
            Self::Closing => "closing",
            Self::Closed => "closed",
            Self::BoundInactive => "bound_inactive",
            Self::Unconnected => "unconnected",
            Self::Other(_) | Self::Unknown => return None,
        })
    }

    /// The set with just this state; a state without a name is in no set but [`States::all`].
    pub fn set(self) -> States {
        match self {
            Self::Listen => States::LISTEN,
            Self::SynSent => States::SYN_SENT,
            Self::SynReceived => States::SYN_RECEIVED,
            Self::Established => States::ESTABLISHED,
            Self::FinWait1 => States::FIN_WAIT_1,
            Self::FinWait2 => States::FIN_WAIT_2,
            Self::TimeWait => States::TIME_WAIT,
            Self::CloseWait => States::CLOSE_WAIT,
            Self::LastAck => States::LAST_ACK,
            Self::Closing => States::CLOSING,
            Self::Closed => States::CLOSED,
            Self::BoundInactive => States::BOUND_INACTIVE,
            Self::Unconnected => States::UNCONNECTED,
            Self::Other(_) | Self::Unknown => States::OTHER,
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.name(), self) {
            (Some(name), _) => f.pad(name),
            (None, Self::Other(number)) => write!(f, "state{number}"),
            (None, _) => f.pad("-"),
        }
    }
}

bitflags::bitflags! {
    /// A set of states, for a query.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
    pub struct States: u32 {
        /// [`State::Established`].
        const ESTABLISHED = 1 << 1;
        /// [`State::SynSent`].
        const SYN_SENT = 1 << 2;
        /// [`State::SynReceived`].
        const SYN_RECEIVED = 1 << 3;
        /// [`State::FinWait1`].
        const FIN_WAIT_1 = 1 << 4;
        /// [`State::FinWait2`].
        const FIN_WAIT_2 = 1 << 5;
        /// [`State::TimeWait`].
        const TIME_WAIT = 1 << 6;
        /// [`State::Closed`].
        const CLOSED = 1 << 7;
        /// [`State::CloseWait`].
        const CLOSE_WAIT = 1 << 8;
        /// [`State::LastAck`].
        const LAST_ACK = 1 << 9;
        /// [`State::Listen`].
        const LISTEN = 1 << 10;
        /// [`State::Closing`].
        const CLOSING = 1 << 11;
        /// [`State::BoundInactive`].
        const BOUND_INACTIVE = 1 << 13;
        /// [`State::Unconnected`].
        const UNCONNECTED = 1 << 14;
        /// Any [`State::Other`], and [`State::Unknown`].
        const OTHER = 1 << 15;

        /// What waits for peers: listening TCP sockets and datagram sockets without a fixed peer.
        const LISTENING = Self::LISTEN.bits() | Self::UNCONNECTED.bits();
        /// Everything with a peer.
        const CONNECTED = Self::ESTABLISHED.bits() | Self::SYN_SENT.bits() | Self::SYN_RECEIVED.bits()
            | Self::FIN_WAIT_1.bits() | Self::FIN_WAIT_2.bits() | Self::TIME_WAIT.bits()
            | Self::CLOSE_WAIT.bits() | Self::LAST_ACK.bits() | Self::CLOSING.bits();
    }
}
