//! Whose a row is, and whose its other end: joined by inode with what the search for owners found.

use std::collections::HashSet;

use super::join::{At, Join};
use crate::collect::linux::owners::OwnerSearch;
use crate::collect::linux::scope::is_in_first_pid_namespace;
use crate::coverage::Coverage;
use crate::model::{Address, Protocol, Socket, State, Unowned};

/// Owners that are listed for another end, and in rows of a socket after its first: any number of sockets can have one and the same
/// other end, which any number of descriptors can lead to.
const OWNERS_AGAIN: usize = 64;

#[derive(Default)]
pub(super) struct Owners {
    /// Inodes of SCTP sockets, each of which has a row for every association.
    associated: HashSet<u64>,
    /// Some owners were left out: [`OWNERS_AGAIN`].
    left_out: bool,
    /// Whether a process outside our pid namespace could hold what nobody is seen to hold, once that is asked.
    may_be_outside: Option<bool>,
}

impl Join for Owners {
    /// The row is one that is used again.
    fn see(&mut self, socket: &mut Socket) {
        socket.unowned = None;
        forget(socket);
    }

    fn complete(&mut self, socket: &mut Socket, at: &mut At<'_>) -> bool {
        let owners = at.owners;
        if owners.is_awaited() && !at.is_last() {
            return false;
        }
        let Some(inode) = socket.inode.filter(|_| !is_kernels(socket)) else {
            socket.unowned = Some(reason_without_descriptor(socket));
            return true;
        };
        if at.is_last() {
            // Those found by the first look are found again.
            forget(socket);
        }
        let is_first = socket.protocol != Protocol::Sctp || self.associated.insert(inode);
        let most = if is_first { usize::MAX } else { OWNERS_AGAIN };
        self.left_out |= owners.find_at_most(most, inode, &mut socket.owners);
        let is_known = self.find_peer(socket, owners);
        // Where the filter names processes: of none of these, as far as they could be looked into.
        if socket.owners.is_empty() && (at.is_last() || owners.named.is_some()) {
            let reason = if socket.tunnel.is_some() { Unowned::Kernel } else { owners.reason_unowned(inode) };
            if let (Unowned::NoVisibleHolder, Some(source)) = (reason, &mut at.source) {
                self.may_be_outside.get_or_insert_with(|| !is_in_first_pid_namespace(*source));
            }
            socket.unowned = Some(reason);
            return true;
        }
        at.is_last() || (is_known && !socket.owners.is_empty())
    }

    fn tell(&self, owners: &OwnerSearch, coverage: &mut Coverage) {
        owners.tell(coverage);
        if self.may_be_outside == Some(false) {
            coverage.saw_every_pid_namespace();
        }
        if self.left_out {
            coverage.note(format!(
                "of other ends, and of one socket's further associations, {OWNERS_AGAIN} owners are listed"
            ));
        }
    }
}

impl Owners {
    /// Looks for those who hold the other end. False when they should be known and are not.
    fn find_peer(&mut self, socket: &mut Socket, owners: &OwnerSearch) -> bool {
        let Some(peer) = &mut socket.peer else { return true };
        let Some(inode) = peer.inode else { return true };
        self.left_out |= owners.find_at_most(OWNERS_AGAIN, inode, &mut peer.owners);
        !peer.owners.is_empty()
    }
}

fn forget(socket: &mut Socket) {
    socket.owners.clear();
    if let Some(peer) = &mut socket.peer {
        peer.owners.clear();
    }
}

/// The kernel's own ends of netlink have inodes and no descriptors.
fn is_kernels(socket: &Socket) -> bool {
    matches!(socket.local, Address::Netlink { port_id: 0, .. })
}

/// Why a socket to which no descriptor leads has no owner: if no file stands for it, its state says so.
fn reason_without_descriptor(socket: &Socket) -> Unowned {
    match socket.state {
        _ if is_kernels(socket) => Unowned::Kernel,
        _ if socket.inode.is_some() => Unowned::NoVisibleHolder,
        State::TimeWait => Unowned::TimeWait,
        State::SynReceived => Unowned::Handshake,
        // close(2) never leaves a socket in these, so it was never accepted.
        State::Established | State::CloseWait => Unowned::AcceptQueue,
        State::FinWait1 | State::FinWait2 | State::Closing | State::LastAck => Unowned::Orphaned,
        _ => Unowned::NoVisibleHolder,
    }
}
