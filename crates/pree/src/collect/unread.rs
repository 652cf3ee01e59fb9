//! What could not be read of processes that are known to hold sockets, and of how many delivered sockets.

use std::collections::HashMap;

use crate::coverage::{Gap, Missing};
use crate::error::ErrorKind;
use crate::model::{Owner, Socket};
use crate::needs::Needs;

#[derive(Default)]
pub(super) struct Unread {
    /// Of which process.
    of: HashMap<u32, Needs>,
    /// Why that of the first, and what helps.
    why: Option<(ErrorKind, &'static str)>,
    /// Delivered rows with such an owner.
    told: u64,
}

impl Unread {
    /// Forgets what the last look met.
    pub(super) fn clear(&mut self) {
        self.of.clear();
    }

    /// Forgets what was not read of a process, which is read again.
    pub(super) fn forget(&mut self, pid: u32) {
        self.of.remove(&pid);
    }

    /// Notes that these could not be read of a process, why, and what helps.
    pub(super) fn lack(&mut self, pid: u32, details: Needs, why: ErrorKind, hint: &'static str) {
        *self.of.entry(pid).or_insert(Needs::empty()) |= details;
        self.why.get_or_insert((why, hint));
    }

    /// What could not be read of the owners of a socket.
    pub(super) fn of(&self, socket: &Socket) -> Needs {
        let of = |owner: &Owner| self.of.get(&owner.pid()).copied().unwrap_or(Needs::empty());
        match self.why {
            Some(_) => socket.owners.iter().map(of).fold(Needs::empty(), |all, one| all | one),
            None => Needs::empty(),
        }
    }

    /// Notes a delivered row.
    pub(super) fn count(&mut self, socket: &Socket) {
        self.told += u64::from(!self.of(socket).is_empty());
    }

    /// Why something could not be read, and what helps.
    pub(super) fn why(&self) -> Option<(ErrorKind, &'static str)> {
        self.why
    }

    /// Everything that could not be read of any.
    pub(super) fn all(&self) -> Needs {
        self.of.values().fold(Needs::empty(), |all, one| all | *one)
    }

    /// The gap in the delivered rows.
    pub(super) fn gap(&self, object: &str) -> Option<Gap> {
        let (why, hint) = self.why.filter(|_| self.told > 0)?;
        Some(Gap { what: Missing::Fields, why, count: Some(self.told), object: object.to_owned(), hint })
    }
}
