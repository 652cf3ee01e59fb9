//! What could not be read of processes that are known to hold sockets.

use std::collections::HashMap;

use super::scope::{TO_LOOK, against_refusal, may_hide};
use crate::coverage::{Gap, Missing};
use crate::error::{ErrorKind, NOT_RECORDED};
use crate::model::{Owner, Socket};
use crate::needs::Needs;
use crate::source::{Failure, Source};

#[derive(Default)]
pub(super) struct UnreadDetails {
    /// Of which process, in this look.
    of: HashMap<u32, Needs>,
    /// Why that of the first, and what helps.
    why: Option<(ErrorKind, &'static str)>,
    /// Rows that were told and have such an owner.
    told: u64,
    /// Whether /proc may hide processes, once that was asked.
    may_hide: Option<bool>,
    /// What helps against processes that refuse, once one did.
    against_refusal: Option<&'static str>,
}

impl UnreadDetails {
    /// Forgets what the last look met.
    pub(super) fn clear(&mut self) {
        self.of.clear();
    }

    /// Notes what could not be read. That a process has ended is no failure, nor that a thread of the kernel has no program.
    pub(super) fn failed(&mut self, pid: u32, details: Needs, failure: Failure, source: &mut dyn Source) {
        let hint = match failure.kind() {
            ErrorKind::Absent => return,
            ErrorKind::NotPermitted => {
                self.against_refusal.get_or_insert_with(|| against_refusal(source, TO_LOOK))
            }
            ErrorKind::NotRecorded => NOT_RECORDED,
            _ => "reading them failed: try again",
        };
        self.lack(pid, details, failure.kind(), hint);
    }

    /// Notes that /proc does not have the process: it has ended, or is hidden.
    pub(super) fn not_there(&mut self, pid: u32, details: Needs, source: &mut dyn Source) {
        // What cannot be found out may be.
        if *self.may_hide.get_or_insert_with(|| may_hide(source).unwrap_or(true)) {
            let hint = "/proc hides other users' processes (hidepid): run as the machine's root";
            self.lack(pid, details, ErrorKind::NotPermitted, hint);
        }
    }

    /// Notes that /proc is not of the namespace in which the process has this id.
    pub(super) fn without_proc(&mut self, pid: u32, details: Needs) {
        self.lack(
            pid,
            details,
            ErrorKind::Absent,
            "they are read from the /proc of one's own pid namespace: mount it",
        );
    }

    fn lack(&mut self, pid: u32, details: Needs, why: ErrorKind, hint: &'static str) {
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

    /// Notes a row that is told.
    pub(super) fn count(&mut self, socket: &Socket) {
        self.told += u64::from(!self.of(socket).is_empty());
    }

    /// Why something could not be read, and what helps.
    pub(super) fn why(&self) -> Option<(ErrorKind, &'static str)> {
        self.why
    }

    /// The gap that they are in the rows that were told.
    pub(super) fn gap(&self) -> Option<Gap> {
        let (why, hint) = self.why.filter(|_| self.told > 0)?;
        let object = "details of processes".to_owned();
        Some(Gap { what: Missing::Fields, why, count: Some(self.told), object, hint })
    }
}
