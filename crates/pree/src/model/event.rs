//! What happens to sockets, as a watch tells it.

use std::sync::Arc;
use std::time::Duration;

use super::traffic::Since;
#[cfg(feature = "socket-tracking")]
use super::traffic::Traffic;
use super::{Moment, Socket, State};
use crate::named::named;
use crate::source::Errno;

/// Something that happened.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct Event {
    /// What.
    pub kind: EventKind,
    /// When, by both clocks. From polling: when it was seen.
    pub at: Moment,
    /// The socket as it was then; of what is not about one socket, `None`. Its `owners` are the process that used it, and of
    /// [`EventKind::Current`] all that held it.
    pub socket: Option<Arc<Socket>>,
    /// The owner is that of the listener: who accepts the connection and reads from it is not known yet.
    pub owner_provisional: bool,
    /// Of [`EventKind::Stats`], and with these of [`EventKind::Closed`]: what passed since the one before.
    pub since: Option<Since>,
}

impl Event {
    /// This happened then, to this socket or to none.
    pub fn new(kind: EventKind, at: Moment, socket: Option<Arc<Socket>>) -> Self {
        Self { kind, at, socket, owner_provisional: false, since: None }
    }

    /// About no socket.
    #[cfg(feature = "socket-tracking")]
    pub(crate) fn bare(kind: EventKind, at: Moment) -> Self {
        Self::new(kind, at, None)
    }
}

/// What an [`Event`] says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum EventKind {
    /// The socket was there when the watch began, or when its state was put right after a loss.
    Current,
    /// A connection is being opened from here. Its local port may not be chosen yet.
    Connecting,
    /// It is established, or a listener listens.
    Opened,
    /// The state changed.
    State {
        /// Before.
        from: State,
        /// Now.
        to: State,
    },
    /// Its statistics or queues are not those of the tick before ([`Query::watch_stats`](crate::Query::watch_stats)).
    Stats,
    /// All statistics that changed were told: what is added up ends here.
    Tick,
    /// It reached the state CLOSE. Its statistics are the last ones. What remains in `TIME_WAIT` is no event.
    Closed(Ending),
    /// Something was not told, because it came faster than it was read or a look failed. What remains wrong because of it is put right
    /// next: see [`EventKind::Resynchronised`].
    Lost {
        /// How many records of the kernel; `None` where the source cannot.
        count: Option<u64>,
    },
    /// After a loss: what is told from here on is right again. What had ended meanwhile was told as closed, how is unknown.
    Resynchronised,
    /// Everything that was there at the start has been told.
    Ready,
}

impl EventKind {
    /// The names of all, in JSON and filters.
    pub(crate) const NAMES: [&str; 10] = [
        "current",
        "connecting",
        "opened",
        "state",
        "stats",
        "tick",
        "closed",
        "lost",
        "resynchronised",
        "ready",
    ];

    /// Its name in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Connecting => "connecting",
            Self::Opened => "opened",
            Self::State { .. } => "state",
            Self::Stats => "stats",
            Self::Tick => "tick",
            Self::Closed(_) => "closed",
            Self::Lost { .. } => "lost",
            Self::Resynchronised => "resynchronised",
            Self::Ready => "ready",
        }
    }
}

/// How a connection ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct Ending {
    /// The state before; `None` where it was not seen.
    pub from: Option<State>,
    /// In one word.
    pub how: How,
    /// The error that the program gets, if it gets one (`sk_err`).
    pub errno: Option<Errno>,
    /// Time from its opening, or the first try of it, to its end; unknown where it was open before the watch.
    pub lasted: Option<Duration>,
    /// Bytes that were sent, each once: without repetitions, SYN and FIN.
    pub sent: Option<u64>,
    /// Bytes that were received in order, without SYN and FIN.
    pub received: Option<u64>,
}

impl Ending {
    /// What the connection has moved, whose last statistics are the socket's.
    #[cfg(feature = "socket-tracking")]
    pub(crate) fn traffic(&self, socket: &Socket) -> Traffic {
        Traffic { sent: self.sent, received: self.received, ..Traffic::of(socket) }
    }

    /// True for a connection that was begun from here and never established.
    pub fn is_failed_connect(&self) -> bool {
        self.from == Some(State::SynSent)
    }
}

named! {
    /// How a connection ended, in one word.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
    #[non_exhaustive]
    pub enum How, name: "The name in JSON." {
        /// Both ends have sent a FIN, or this one has and was left alone: this end was first.
        FinLocal = "fin_local",
        /// Both ends have sent a FIN, the other end first.
        FinRemote = "fin_remote",
        /// This end sent a reset: closed with data unread, with `SO_LINGER` 0, while in the accept queue, by somebody's order
        /// (`SOCK_DESTROY`), or because data came after it was closed.
        ResetLocal = "reset_local",
        /// The other end sent a reset.
        ResetRemote = "reset_remote",
        /// The other end did not answer for too long.
        Timeout = "timeout",
        /// The other end refused the connection.
        Refused = "refused",
        /// In another way: given up by its program before it was established, unreachable; a listener that was closed, a socket without connections.
        Other = "other",
        /// That was not seen.
        #[default]
        Unknown = "unknown",
    }
}
