//! Which processes the mounted /proc shows, beside those of our own pid namespace, which a BPF program shows; and whether it
//! hides some of them.

use pree_wire::proc_scope::{
    CAP_DAC_READ_SEARCH, CAP_SYS_PTRACE, HidePid, effective_capabilities, hidepid, is_first_pid_namespace,
    is_first_user_namespace, is_in_group, levels_above,
};

use super::blind::{Blind, read_with_retries};
use crate::error::ErrorKind;
use crate::source::{Failure, Question, Source};

/// Whose processes /proc shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Scope {
    /// Those of the pid namespace so many levels above ours, with ours among them; 0: just ours.
    Above(u32),
    /// Those of a namespace below ours: some of ours.
    Below,
    /// Those of a namespace elsewhere: none of ours.
    Apart,
    /// Those of another namespace, and it may not be known which.
    Other,
    /// There is no /proc.
    NoProc,
    /// That could not be found out.
    Unknown(Failure),
}

impl Scope {
    pub(super) fn of(source: &mut dyn Source) -> Self {
        match read_with_retries(source, &Question::OwnStatus) {
            Ok(status) => Self::Above(levels_above(&status).unwrap_or(0)),
            // Recordings of before this was asked.
            Err(Failure::NotRecorded) => Self::Above(0),
            Err(failure) if failure.kind() == ErrorKind::Absent => Self::without_us(source),
            Err(failure) => Self::Unknown(failure),
        }
    }

    /// What it shows when we are not to be found in it.
    fn without_us(source: &mut dyn Source) -> Self {
        match read_with_retries(source, &Question::Processes) {
            Ok(processes) if !processes.is_empty() => {}
            Err(failure) if failure.kind() != ErrorKind::Absent => return Self::Unknown(failure),
            _ => return Self::NoProc,
        }
        match read_with_retries(source, &Question::ProcIsBelow) {
            Ok(answer) => match answer[..] {
                [1] => Self::Below,
                [0] => Self::Apart,
                _ => Self::Unknown(Failure::MALFORMED),
            },
            Err(failure) if failure.kind() == ErrorKind::NotPermitted => Self::Other,
            Err(failure) => Self::Unknown(failure),
        }
    }

    /// Whether a program shows every process that /proc does.
    pub(super) fn is_within_ours(self) -> bool {
        matches!(self, Self::Above(0) | Self::Below | Self::NoProc)
    }

    /// Whether ids in /proc and those that a program reports are of one namespace.
    pub(super) fn numbers_agree(self) -> bool {
        matches!(self, Self::Above(_))
    }

    /// Whether one process may have two ids, one in /proc and one that a program reports.
    pub(super) fn may_show_twice(self) -> bool {
        matches!(self, Self::Below | Self::Other | Self::Unknown(_))
    }

    /// The levels above our namespace whose ids a program is to report.
    pub(super) fn levels(self) -> u32 {
        if let Self::Above(levels) = self { levels } else { 0 }
    }

    /// The part of our namespace that /proc never shows.
    pub(super) fn unseen_in_proc(self) -> Option<Blind> {
        match self {
            Self::Above(_) => None,
            Self::NoProc => Some(Blind::NoProc),
            Self::Below | Self::Apart | Self::Other => Some(Blind::OtherNamespace),
            Self::Unknown(failure) => Some(Blind::Failed(failure)),
        }
    }

    /// What a program alone does not show.
    pub(super) fn unseen_by_program(self) -> Blind {
        match self {
            Self::Unknown(failure) => Blind::Failed(failure),
            Self::NoProc => Blind::NoProc,
            _ if self.is_within_ours() => Blind::BpfAlone,
            _ => Blind::BeyondNamespace,
        }
    }
}

/// Whether ours is the pid namespace that all others are inside of. Where that is not known, it is not taken for that one.
pub(super) fn is_in_first_pid_namespace(source: &mut dyn Source) -> bool {
    let link = read_with_retries(source, &Question::PidNamespace);
    link.is_ok_and(|link| is_first_pid_namespace(&link))
}

/// Whether /proc may hide processes from us. That process 1 is listed proves nothing: it can be our own user's.
pub(super) fn may_hide(source: &mut dyn Source) -> Result<bool, Failure> {
    let mount = match read_with_retries(source, &Question::ProcMount) {
        Ok(mount) => mount,
        // Recordings of before this was asked.
        Err(Failure::NotRecorded) => return Ok(false),
        Err(failure) => return Err(failure),
    };
    let except = match hidepid(&mount) {
        HidePid::Nobody => return Ok(false),
        HidePid::Others { except } => Some(except),
        HidePid::Untraceable => None,
    };
    let status = read_with_retries(source, &Question::OwnStatus)?;
    let may_trace = effective_capabilities(&status).is_some_and(|all| all & CAP_SYS_PTRACE != 0);
    let is_excepted = may_trace || except.is_some_and(|group| is_in_group(&status, group));
    // In another user namespace neither is about everybody's processes.
    Ok(!is_excepted || !is_first_user_namespace(&read_with_retries(source, &Question::UserNamespace)?))
}

/// Whether /proc may list fewer processes than there are.
pub(super) fn hidden(source: &mut dyn Source) -> Option<Blind> {
    match may_hide(source) {
        Ok(may_hide) => may_hide.then_some(Blind::Hidden),
        Err(failure) => Some(Blind::Failed(failure)),
    }
}

/// What is to be said of processes that refuse although we may look into all.
const KEPT: &str = "they are closed even to CAP_SYS_PTRACE: a security module or a sandbox keeps them";

/// What helps against processes that refuse, unless we have that already.
pub(super) const TO_LOOK: &str =
    "run as the machine's root, or with CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH together";

/// What is to be said of processes that refuse: this, unless we have every right.
pub(super) fn against_refusal(source: &mut dyn Source, helps: &'static str) -> &'static str {
    if may_look_into_all(source) { KEPT } else { helps }
}

/// Whether we have every right to look into others' processes: what refuses then is not opened by another right.
fn may_look_into_all(source: &mut dyn Source) -> bool {
    const BOTH: u64 = CAP_SYS_PTRACE | CAP_DAC_READ_SEARCH;
    let rights = read_with_retries(source, &Question::OwnStatus);
    let rights = rights.ok().and_then(|status| effective_capabilities(&status)).unwrap_or(0);
    let user_namespace = |source| read_with_retries(source, &Question::UserNamespace);
    rights & BOTH == BOTH && user_namespace(source).is_ok_and(|link| is_first_user_namespace(&link))
}
