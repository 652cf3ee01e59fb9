//! What is asked about a process beyond who it is. Each is worth having, but none is worth losing the owner for.

use std::collections::HashMap;

use pree_wire::apple::arguments;
use pree_wire::errno::apple;

use super::ask::ask;
use crate::collect::names::{no_user_names, users};
use crate::collect::unread::Unread;
use crate::coverage::Gap;
use crate::error::{ErrorKind, NOT_RECORDED};
use crate::model::{Process, Socket, Text};
use crate::needs::Needs;
use crate::source::{AppleProcessPart, AppleQuestion, Failure, Question, Source};

/// What helps where a process is another user's.
pub(super) const ONLY_ROOT: &str = "other users' processes let only root look into them: run as root";

/// The least that the arguments of a process may take on any kernel, and more than on any (`ARG_MAX` is 256 KiB or 1 MiB).
const ARGUMENTS_ROOM: (usize, usize) = (256 * 1024, 16 * 1024 * 1024);

/// What the system reports to us about a process.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Rights {
    /// Everything: it is one's own, or one is root.
    All,
    /// What it reports to everybody.
    Few,
}

#[derive(Default)]
pub(super) struct Details {
    needs: Needs,
    users: HashMap<u32, Text>,
    /// Why users have no names, where it is not that they have none.
    users_refused: Option<Failure>,
    arguments_room: usize,
    unread: Unread,
    prepared: bool,
}

impl Details {
    pub(super) fn new(needs: Needs) -> Self {
        Self { needs, arguments_room: ARGUMENTS_ROOM.0, ..Self::default() }
    }

    /// Reads once what every process needs.
    pub(super) fn prepare(&mut self, source: &mut dyn Source) {
        if std::mem::replace(&mut self.prepared, true) {
            return;
        }
        if self.needs.contains(Needs::PROCESS_USER) {
            match ask(source, &Question::Users) {
                Ok(table) => self.users = users(&table),
                Err(failure) => self.users_refused = Some(failure),
            }
        }
        if self.needs.contains(Needs::PROCESS_COMMAND_LINE) {
            let told = ask(source, &Question::Apple(AppleQuestion::ArgumentsRoom)).ok();
            let told = told.and_then(|bytes| bytes.try_into().ok()).map(u64::from_le_bytes);
            let told = told.and_then(|room| usize::try_from(room).ok());
            self.arguments_room = told.map_or(ARGUMENTS_ROOM.0, |room| room.min(ARGUMENTS_ROOM.1));
        }
    }

    pub(super) fn add(
        &mut self,
        source: &mut dyn Source,
        process: &mut Process,
        uid: Option<u32>,
        rights: Rights,
    ) {
        self.unread.forget(process.pid);
        let executable = (Needs::PROCESS_EXECUTABLE, AppleProcessPart::Executable);
        process.executable = self
            .ask(source, process.pid, executable, rights)
            .map(|path| Text::from(path.split(|byte| *byte == 0).next().unwrap_or_default()));
        let room = self.arguments_room;
        let command_line = (Needs::PROCESS_COMMAND_LINE, AppleProcessPart::Arguments { room });
        if let Some(bytes) = self.ask(source, process.pid, command_line, rights) {
            // What fills the room may lack its beginning: the kernel gives the last bytes.
            process.command_line = arguments(&bytes).filter(|_| bytes.len() < room).map(Text::from);
            if process.command_line.is_none() {
                let hint = "a process can overwrite them";
                self.unread.lack(process.pid, command_line.0, ErrorKind::Malformed, hint);
            }
        }
        if self.needs.intersects(Needs::PROCESS_UID | Needs::PROCESS_USER) {
            process.uid = uid;
            process.user = uid.and_then(|uid| self.users.get(&uid).cloned());
        }
    }

    /// The answer, if it is needed and there is one.
    fn ask(
        &mut self,
        source: &mut dyn Source,
        pid: u32,
        (need, part): (Needs, AppleProcessPart),
        rights: Rights,
    ) -> Option<Vec<u8>> {
        if !self.needs.contains(need) {
            return None;
        }
        let question = |part| Question::Apple(AppleQuestion::Process { pid, part });
        let failure = match ask(source, &question(part)) {
            Ok(bytes) => return Some(bytes),
            Err(failure) => failure,
        };
        // What has ended refuses nothing; one number says both of arguments (`EINVAL`).
        let is_absent = |failure: Failure| failure.kind() == ErrorKind::Absent;
        if !is_absent(failure) && !ask(source, &question(AppleProcessPart::ShortInfo)).is_err_and(is_absent) {
            let (why, hint) = why_unread(failure, rights);
            self.unread.lack(pid, need, why, hint);
        }
        None
    }

    /// Notes a delivered row, with its owners.
    pub(super) fn count(&mut self, socket: &Socket) {
        self.unread.count(socket);
    }

    /// What is not known; `has_users`: whether any process has a user.
    pub(super) fn gaps(&self, has_users: bool) -> impl Iterator<Item = Gap> {
        let is_command_line = self.unread.all() == Needs::PROCESS_COMMAND_LINE;
        let object = if is_command_line { "command lines" } else { "details of processes" };
        let users = self.users_refused.filter(|_| has_users).map(no_user_names);
        self.unread.gap(object).into_iter().chain(users)
    }
}

/// Why a living process does not give something, and what helps.
fn why_unread(failure: Failure, rights: Rights) -> (ErrorKind, &'static str) {
    match failure {
        Failure::NotRecorded => (ErrorKind::NotRecorded, NOT_RECORDED),
        Failure::Answer(apple::EINVAL | apple::EPERM | apple::EACCES) if rights == Rights::Few => {
            (ErrorKind::NotPermitted, ONLY_ROOT)
        }
        Failure::Answer(_) => (failure.kind(), "macOS does not say why"),
        Failure::Transport(_) => (failure.kind(), "reading them failed: try again"),
    }
}
