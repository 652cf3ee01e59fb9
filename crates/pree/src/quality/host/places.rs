//! Where in a snapshot the sockets are that detectors look at: one pass for all of them.

use super::chosen::chosen_port;
use crate::model::{Protocol, Socket, State};
use crate::quality::findings::can_have_statistics;
use crate::snapshot::Snapshot;

/// Places of TCP sockets, in order.
#[derive(Default)]
pub(super) struct Places {
    /// That hold a port for themselves: listeners, and what is bound without being connected.
    pub(super) bound: Vec<usize>,
    pub(super) handshakes: Vec<usize>,
    pub(super) close_wait: Vec<usize>,
    pub(super) time_wait: Vec<usize>,
    /// Connections from a port that the system can have chosen.
    pub(super) chosen: Vec<usize>,
    /// Whether any connection has statistics, and whether any has none that could have.
    pub(super) has_statistics: bool,
    pub(super) lacks_statistics: bool,
}

impl Places {
    pub(super) fn add(&mut self, place: usize, socket: &Socket, snapshot: &Snapshot) {
        if socket.protocol != Protocol::Tcp {
            return;
        }
        match socket.state {
            State::Listen | State::BoundInactive => self.bound.push(place),
            State::SynReceived => self.handshakes.push(place),
            State::CloseWait => self.close_wait.push(place),
            State::TimeWait => self.time_wait.push(place),
            _ => {}
        }
        if socket.state != State::SynReceived && chosen_port(snapshot.host(), socket).is_some() {
            self.chosen.push(place);
        }
        if socket.tcp.is_some() {
            self.has_statistics = true;
        } else {
            self.lacks_statistics |= can_have_statistics(socket.state);
        }
    }
}
