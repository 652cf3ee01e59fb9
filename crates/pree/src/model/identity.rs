//! What a socket is known by from one look at a machine to the next.

use std::time::Duration;

use super::{Address, Protocol, Socket, SocketId};

/// What joins a socket that was seen to the same socket later, during one boot. Never its ends alone: those are used again.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Identity {
    /// The system's own name for it, which no other socket gets (`sock_diag`, macOS).
    Id(SocketId),
    /// Linux's /proc: the number of its inode. After 2³² others it is another's.
    Inode(u64),
    /// Windows: when it was made, to the tick of that clock, and its ends. Sockets that share an address and were made in
    /// one tick have the same.
    Created {
        /// Transport protocol.
        protocol: Protocol,
        /// This machine's end.
        local: Address,
        /// The other end, if it has one.
        remote: Option<Address>,
        /// [`Socket::created`].
        created: Duration,
    },
}

impl Socket {
    /// What this socket is known by; `None` where the source tells nothing that lasts: of a socket of /proc that no file
    /// stands for, of Windows before the tables that tell when, of a flow of a network stack in user space (macOS).
    pub fn identity(&self) -> Option<Identity> {
        if let Some(id) = self.id {
            return Some(Identity::Id(id));
        }
        if let Some(inode) = self.inode {
            return Some(Identity::Inode(inode));
        }
        Some(Identity::Created {
            protocol: self.protocol,
            local: self.local.clone(),
            remote: self.remote.clone(),
            created: self.created?,
        })
    }
}
