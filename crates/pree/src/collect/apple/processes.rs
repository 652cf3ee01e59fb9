//! Whose socket it is: the descriptors of each process, and the socket behind each. They are rows as well, where no list
//! tells of them.
//!
//! A process is asked who it is before and after its descriptors, so that a pid which is used again cannot mix two
//! processes up. One that ends meanwhile is no error.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use pree_wire::apple::{DESCRIPTOR_SOCKET, ProcessInfo, ShortProcessInfo, SocketFd, arguments, descriptors};

use super::ask::{ask, ask_whole};
use crate::collect::names::{no_user_names, users};
use crate::coverage::Gap;
use crate::decode::apple::{Decoded, Decoder, Key};
use crate::error::{Error, ErrorKind, NOT_RECORDED, Result};
use crate::model::{Owner, Process, StartTime, Text, Unowned};
use crate::needs::{Needs, OwnerLookup};
use crate::plan::Plan;
use crate::source::{AppleProcessPart, AppleQuestion, Failure, Question, Source};

/// Room for 4096 process ids, and for as many as no Mac has.
const PROCESSES_ROOM: (usize, usize) = (16 * 1024, 512 * 1024);
/// Room for 256 descriptors, and for more than a process may have.
const DESCRIPTORS_ROOM: (usize, usize) = (2048, 2 * 1024 * 1024);

#[derive(Default)]
pub(super) struct Processes {
    needs: Needs,
    lookup: OwnerLookup,
    /// Every socket that a descriptor leads to, in the order they were found.
    sockets: Vec<Decoded>,
    /// For each, who holds it: index of the process and descriptor.
    holders: Vec<Vec<(usize, u32)>>,
    by_key: HashMap<Key, usize>,
    looked_into: Vec<Arc<Process>>,
    /// Processes of flows that no descriptor leads to.
    others: HashMap<u32, Option<Arc<Process>>>,
    blind: Option<Blind>,
    /// Why the list of processes is not there.
    unlisted: Option<Failure>,
    users: HashMap<u32, Text>,
    /// Why users have no names, where it is not that they have none.
    users_refused: Option<Failure>,
    prepared: bool,
}

/// Why some descriptors were not seen.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Blind {
    /// Processes of others refused.
    Refused,
    /// The recording was made without.
    NotRecorded,
    /// The list of processes, or of the descriptors of one, grew as fast as it was read.
    Grows,
    /// An answer that makes no sense.
    Malformed,
    /// Something failed that was no refusal.
    Failed(Failure),
}

impl Processes {
    pub(super) fn new(plan: &Plan) -> Self {
        Self { needs: plan.needs, lookup: plan.owners, ..Self::default() }
    }

    /// Looks into every process that lets us. What an earlier look found is forgotten.
    pub(super) fn look(&mut self, source: &mut dyn Source, decoder: &Decoder) {
        self.prepare(source);
        self.sockets.clear();
        self.holders.clear();
        self.by_key.clear();
        self.looked_into.clear();
        (self.blind, self.unlisted) = (None, None);
        let question = |room| Question::Apple(AppleQuestion::Processes { room });
        let pids = match ask_whole(source, PROCESSES_ROOM.0, PROCESSES_ROOM.1, question) {
            Ok((bytes, whole)) => {
                if !whole {
                    self.blind = Some(Blind::Grows);
                }
                bytes.chunks_exact(4).filter_map(|id| id.try_into().ok()).map(u32::from_le_bytes).collect()
            }
            Err(failure) => {
                self.unlisted = Some(failure);
                self.failed(failure);
                Vec::new()
            }
        };
        for pid in pids {
            if let Err(failure) = self.read(source, decoder, pid) {
                self.failed(failure);
            }
        }
    }

    fn read(&mut self, source: &mut dyn Source, decoder: &Decoder, pid: u32) -> Result<(), Failure> {
        let part = |part| Question::Apple(AppleQuestion::Process { pid, part });
        let question = |room| part(AppleProcessPart::Descriptors { room });
        let (list, whole) = ask_whole(source, DESCRIPTORS_ROOM.0, DESCRIPTORS_ROOM.1, question)?;
        if !whole {
            self.blind = Some(Blind::Grows);
        }
        let mut fds = Vec::new();
        for descriptor in descriptors(&list) {
            match descriptor {
                Ok(descriptor) if descriptor.kind == DESCRIPTOR_SOCKET => fds.push(descriptor.fd),
                Ok(_) => {}
                Err(_) => self.blind = Some(Blind::Malformed),
            }
        }
        if fds.is_empty() {
            return Ok(());
        }
        let before = ask(source, &part(AppleProcessPart::Info))?;
        let mut found = Vec::new();
        for fd in fds {
            match ask(source, &part(AppleProcessPart::Socket { fd })) {
                Ok(bytes) => match SocketFd::parse(&bytes) {
                    Ok(socket) => found.extend(decoder.held(socket).map(|decoded| (fd, decoded))),
                    Err(_) => self.blind = Some(Blind::Malformed),
                },
                // Closed since it was listed, or something else by now.
                Err(failure) if failure.kind() == ErrorKind::Absent => {}
                Err(failure) => self.failed(failure),
            }
        }
        if found.is_empty() {
            return Ok(());
        }
        // One that has ended held them until then.
        let after = ask(source, &part(AppleProcessPart::Info)).unwrap_or_else(|_| before.clone());
        let Ok(info) = ProcessInfo::parse(&before) else {
            self.blind = Some(Blind::Malformed);
            return Ok(());
        };
        let start = |bytes: &[u8]| {
            let info = ProcessInfo::parse(bytes).ok()?;
            Some((info.pid(), info.start_s(), info.start_us()))
        };
        if start(&before) != start(&after) || info.pid() != Some(pid) {
            return Ok(());
        }
        let process = self.process(source, pid, info);
        self.looked_into.push(Arc::new(process));
        for (fd, decoded) in found {
            self.add(fd, decoded);
        }
        Ok(())
    }

    fn add(&mut self, fd: u32, decoded: Decoded) {
        let Some(key) = decoded.key else { return };
        let index = *self.by_key.entry(key).or_insert_with(|| {
            self.sockets.push(decoded);
            self.holders.push(Vec::new());
            self.sockets.len() - 1
        });
        if let Some(holders) = self.holders.get_mut(index) {
            holders.push((self.looked_into.len().saturating_sub(1), fd));
        }
    }

    fn process(&self, source: &mut dyn Source, pid: u32, info: ProcessInfo<'_>) -> Process {
        let mut process = Process {
            pid,
            name: Text::from(info.name()),
            start_time: start_time(info),
            parent: info.ppid(),
            ..Process::default()
        };
        self.add_details(source, &mut process, info.uid());
        process
    }

    /// What is asked about a process beyond who it is. Each is worth having, but none is worth losing the owner for.
    fn add_details(&self, source: &mut dyn Source, process: &mut Process, uid: Option<u32>) {
        let (pid, needs) = (process.pid, self.needs);
        let mut detail = |need, part| {
            let question = Question::Apple(AppleQuestion::Process { pid, part });
            if needs.contains(need) { ask(source, &question).ok() } else { None }
        };
        process.executable = detail(Needs::PROCESS_EXECUTABLE, AppleProcessPart::Executable)
            .map(|path| Text::from(path.split(|byte| *byte == 0).next().unwrap_or_default()));
        process.command_line = detail(Needs::PROCESS_COMMAND_LINE, AppleProcessPart::Arguments)
            .and_then(|bytes| arguments(&bytes).map(Text::from));
        if needs.intersects(Needs::PROCESS_UID | Needs::PROCESS_USER) {
            process.uid = uid;
            process.user = uid.and_then(|uid| self.users.get(&uid).cloned());
        }
    }

    /// Reads once what every process needs.
    fn prepare(&mut self, source: &mut dyn Source) {
        if std::mem::replace(&mut self.prepared, true) {
            return;
        }
        if self.needs.contains(Needs::PROCESS_USER) {
            match ask(source, &Question::Users) {
                Ok(table) => self.users = users(&table),
                Err(failure) => self.users_refused = Some(failure),
            }
        }
    }

    /// The gap that users without their names are, if their names are asked for.
    pub(super) fn no_user_names(&self) -> Option<Gap> {
        let met = self.looked_into.iter().chain(self.others.values().flatten());
        let has_users = met.into_iter().any(|process| process.uid.is_some());
        self.users_refused.filter(|_| has_users).map(no_user_names)
    }

    /// Every socket that was found.
    pub(super) fn sockets(&self) -> Vec<Decoded> {
        self.sockets.clone()
    }

    /// Adds those who hold a socket, as many as the query asks for.
    pub(super) fn find(&self, key: Key, owners: &mut Vec<Owner>) {
        let Some(holders) = self.by_key.get(&key).and_then(|index| self.holders.get(*index)) else { return };
        let most = if self.lookup == OwnerLookup::First { 1 } else { usize::MAX };
        owners.extend(holders.iter().take(most).filter_map(|(process, fd)| {
            Some(Owner { process: Arc::clone(self.looked_into.get(*process)?), fd: Some(*fd), thread: None })
        }));
    }

    /// The process of a flow that no descriptor leads to, as far as everybody is told of it.
    pub(super) fn owner_without_descriptor(&mut self, pid: u32, source: &mut dyn Source) -> Option<Owner> {
        if !self.others.contains_key(&pid) {
            let process = self.short_process(pid, source);
            self.others.insert(pid, process.map(Arc::new));
        }
        let process = self.others.get(&pid)?.as_ref()?;
        Some(Owner { process: Arc::clone(process), fd: None, thread: None })
    }

    fn short_process(&self, pid: u32, source: &mut dyn Source) -> Option<Process> {
        let part = |part| Question::Apple(AppleQuestion::Process { pid, part });
        if let Ok(bytes) = ask(source, &part(AppleProcessPart::Info)) {
            let info = ProcessInfo::parse(&bytes).ok()?;
            return Some(self.process(source, pid, info));
        }
        let bytes = ask(source, &part(AppleProcessPart::ShortInfo)).ok()?;
        let info = ShortProcessInfo::parse(&bytes).ok()?;
        let mut process =
            Process { pid, name: Text::from(info.name()), parent: info.ppid(), ..Process::default() };
        self.add_details(source, &mut process, info.uid());
        Some(process)
    }

    /// Notes a failure; that a process has ended is none.
    fn failed(&mut self, failure: Failure) {
        match failure.kind() {
            ErrorKind::NotRecorded => self.blind = Some(Blind::NotRecorded),
            ErrorKind::Absent => {}
            ErrorKind::NotPermitted => {
                self.blind.get_or_insert(Blind::Refused);
            }
            // A failure says more than a refusal: it can hide the sockets of one's own processes.
            _ => self.blind = Some(Blind::Failed(failure)),
        }
    }

    /// True when some descriptors could not be seen.
    pub(super) fn is_blind(&self) -> bool {
        self.blind.is_some()
    }

    /// True when any process was looked into and held a socket.
    pub(super) fn saw_any(&self) -> bool {
        !self.sockets.is_empty()
    }

    /// Why a socket to which a descriptor should lead has no owner.
    pub(super) fn reason_unowned(&self) -> Unowned {
        if self.is_blind() { Unowned::blind(self.why_blind().0) } else { Unowned::NoVisibleHolder }
    }

    /// Why some descriptors were not seen, and what helps.
    pub(super) fn why_blind(&self) -> (ErrorKind, &'static str) {
        match self.blind {
            None | Some(Blind::Refused) => {
                (ErrorKind::NotPermitted, "other users' processes let only root look into them: run as root")
            }
            Some(Blind::NotRecorded) => (ErrorKind::NotRecorded, NOT_RECORDED),
            Some(Blind::Grows) => {
                (ErrorKind::Unsettled, "processes came faster than they could be read: try again")
            }
            Some(Blind::Malformed) => (ErrorKind::Malformed, "looking for them failed"),
            Some(Blind::Failed(failure)) => (failure.kind(), "looking for them failed: try again"),
        }
    }

    /// An error when it was not even told which processes there are.
    pub(super) fn listed(&self) -> Result<()> {
        match self.unlisted {
            None => Ok(()),
            Some(failure) => Err(Error::of(failure, "list", "processes")),
        }
    }
}

/// When a process started, by the clock of then, which the kernel keeps.
fn start_time(info: ProcessInfo<'_>) -> Option<StartTime> {
    let (seconds, microseconds) = info.start_s().zip(info.start_us())?;
    Duration::from_secs(seconds).checked_add(Duration::from_micros(microseconds)).map(StartTime::wall)
}
