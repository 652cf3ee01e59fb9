//! What could not be read of processes that are known to hold sockets.

use super::scope::{TO_LOOK, against_refusal, may_hide};
use crate::collect::unread::Unread;
use crate::coverage::Gap;
use crate::error::{ErrorKind, NOT_RECORDED};
use crate::needs::Needs;
use crate::source::{Failure, Source};

#[derive(Default)]
pub(super) struct UnreadDetails {
    /// Of which process, in this look.
    pub(super) unread: Unread,
    /// Whether /proc may hide processes, once that was asked.
    may_hide: Option<bool>,
    /// What helps against processes that refuse, once one did.
    against_refusal: Option<&'static str>,
}

impl UnreadDetails {
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
        self.unread.lack(pid, details, failure.kind(), hint);
    }

    /// Notes that /proc does not have the process: it has ended, or is hidden.
    pub(super) fn not_there(&mut self, pid: u32, details: Needs, source: &mut dyn Source) {
        // What cannot be found out may be.
        if *self.may_hide.get_or_insert_with(|| may_hide(source).unwrap_or(true)) {
            let hint = "/proc hides other users' processes (hidepid): run as the machine's root";
            self.unread.lack(pid, details, ErrorKind::NotPermitted, hint);
        }
    }

    /// Notes that /proc is not of the namespace in which the process has this id.
    pub(super) fn without_proc(&mut self, pid: u32, details: Needs) {
        self.unread.lack(
            pid,
            details,
            ErrorKind::Absent,
            "they are read from the /proc of one's own pid namespace: mount it",
        );
    }

    /// The gap in the delivered rows.
    pub(super) fn gap(&self) -> Option<Gap> {
        self.unread.gap("details of processes")
    }
}
