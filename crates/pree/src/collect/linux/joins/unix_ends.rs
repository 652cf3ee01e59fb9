//! What the other end of a Unix socket is called: the kernel reports that end's inode, and its name in a row of its own.

use std::collections::{HashMap, HashSet};

use super::join::{At, Join};
use crate::model::{Address, Detail, Direction, Protocol, Socket, SocketType, State, Text};

/// Names of the Unix sockets that came by. Inodes are the machine's, so one table is enough for every namespace: a path
/// leads from one to another.
#[derive(Default)]
pub(super) struct UnixEnds {
    /// By inode; empty for a socket without a name.
    names: HashMap<u64, Text>,
    /// By the inode of a client that was not accepted yet: the name that it waits at.
    waiting: HashMap<u64, Text>,
}

impl Join for UnixEnds {
    /// Remembers a row's name, and who waits there.
    fn see(&mut self, socket: &mut Socket) {
        let (Address::Unix(name), Some(inode)) = (&socket.local, socket.inode) else { return };
        self.names.insert(inode, name.clone());
        if let Some(Detail::Unix(detail)) = socket.detail.as_deref() {
            self.waiting.extend(detail.pending.iter().map(|client| (*client, name.clone())));
        }
    }

    /// Gives a row the name of its other end, once that end came by.
    fn complete(&mut self, socket: &mut Socket, at: &mut At<'_>) -> bool {
        let Some(peer) = socket.peer.as_ref().filter(|_| socket.protocol == Protocol::Unix) else {
            return true;
        };
        let name = match peer.inode {
            Some(inode) => self.names.get(&inode),
            None => socket.inode.and_then(|inode| self.waiting.get(&inode)),
        };
        socket.remote = name.cloned().map(Address::Unix);
        socket.remote.is_some() || at.is_last()
    }
}

/// Which end connected. What was accepted has its listener's name; a client seldom has one, and the ends of a
/// `socketpair` have none. With names at both ends it is known when one of them is a listener's.
pub(super) fn direction(
    socket: &Socket,
    listeners: &HashSet<(Option<SocketType>, Text)>,
) -> Option<Direction> {
    if !connects(socket) {
        return None;
    }
    let Some(Address::Unix(remote)) = &socket.remote else { return None };
    let Address::Unix(local) = &socket.local else { return None };
    let listens = |name: &Text| listeners.contains(&(socket.socket_type, name.clone()));
    match (local.is_empty(), remote.is_empty()) {
        (false, true) => Some(Direction::In),
        (true, false) => Some(Direction::Out),
        (false, false) if listens(local) => Some(Direction::In),
        (false, false) if listens(remote) => Some(Direction::Out),
        _ => None,
    }
}

/// True for one end of a connection, which is no datagram socket's.
fn connects(socket: &Socket) -> bool {
    let stream = matches!(socket.socket_type, Some(SocketType::Stream | SocketType::Seqpacket));
    stream && socket.state == State::Established
}

/// True for what [`direction`] knows only when every listener came by.
pub(super) fn waits_for_listeners(socket: &Socket) -> bool {
    let named = |address: &Address| address.path().is_some();
    connects(socket) && named(&socket.local) && socket.remote.as_ref().is_some_and(named)
}
