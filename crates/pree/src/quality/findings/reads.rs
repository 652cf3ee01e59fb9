//! What a source must report about a socket for a detector to check it: without that, finding nothing means nothing.

use crate::coverage::Coverage;
use crate::model::{Protocol, Socket, State};
use crate::quality::buffer::is_datagram;

/// What a detector reads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::quality) enum Reads {
    /// Statistics of connections.
    Statistics,
    /// How long the queue of a listener is and may be.
    AcceptQueue,
    /// How many datagrams were dropped.
    Drops,
    /// How much data is unread, and how much room there is.
    Unread,
}

impl Reads {
    /// What this socket lacks, in a few words; `None` where nothing is missing, and for a socket that never has it.
    pub(in crate::quality) fn untold(self, socket: &Socket) -> Option<&'static str> {
        let is_datagram = is_datagram(socket);
        let bare =
            socket.protocol == Protocol::Tcp && can_have_statistics(socket.state) && socket.tcp.is_none();
        let listens = socket.state == State::Listen
            && matches!(socket.protocol, Protocol::Tcp | Protocol::Mptcp | Protocol::Unix);
        let lacks = match self {
            Self::Statistics => bare,
            Self::AcceptQueue => listens && socket.listen.is_none(),
            Self::Drops => is_datagram && socket.drops.is_none(),
            Self::Unread => bare || (is_datagram && (socket.recv_queue.is_none() || socket.memory.is_none())),
        };
        lacks.then_some(self.what())
    }

    /// What the source of some tables does not report of it, whichever sockets there are.
    pub(in crate::quality) fn untold_by_source(self, coverage: &Coverage) -> Option<&'static str> {
        use Protocol::{Mptcp, Tcp, Udp, UdpLite, Unix};
        let tables: &[Protocol] = match self {
            Self::Statistics => &[Tcp],
            Self::AcceptQueue => &[Tcp, Mptcp, Unix],
            Self::Drops => &[Udp, UdpLite],
            Self::Unread => &[Tcp, Udp, UdpLite],
        };
        tables.iter().any(|table| coverage.is_from_proc(*table)).then_some(self.what())
    }

    fn what(self) -> &'static str {
        match self {
            Self::Statistics => "statistics of connections are not reported",
            Self::AcceptQueue => "limits of accept queues are not reported",
            Self::Drops => "drops of datagrams are not reported",
            Self::Unread => "receive buffers are not reported",
        }
    }
}

/// True for a full connection; a `FIN_WAIT_2` may be only a remnant in the kernel.
pub(in crate::quality) fn can_have_statistics(state: State) -> bool {
    matches!(
        state,
        State::SynSent
            | State::Established
            | State::FinWait1
            | State::CloseWait
            | State::LastAck
            | State::Closing
    )
}
