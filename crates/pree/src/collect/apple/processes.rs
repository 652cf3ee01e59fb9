//! Whose socket it is: the descriptors and file ports of each process, and the socket behind each. They are rows as well, where
//! no list reports them.
//!
//! A process is asked who it is before and after its descriptors, so that a pid which is used again cannot mix two
//! processes up. One that ends meanwhile is no error.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use pree_wire::apple::{DESCRIPTOR_SOCKET, ProcessInfo, ShortProcessInfo, SocketFd, descriptors};
use pree_wire::errno::apple;

use super::ask::{ask, ask_whole};
use super::details::{Details, ONLY_ROOT, Rights};
use crate::coverage::Gap;
use crate::decode::apple::{Decoded, Decoder, Key};
use crate::error::{ErrorKind, NOT_RECORDED};
use crate::filter::{Unmet, Unseen};
use crate::model::{Owner, Process, Socket, StartTime, Text, Unowned};
use crate::needs::OwnerLookup;
use crate::plan::Plan;
use crate::source::{AppleProcessPart, AppleQuestion, Failure, Question, Source};

/// Room for 4096 process ids, and for as many as no Mac has.
const PROCESSES_ROOM: (usize, usize) = (16 * 1024, 512 * 1024);
/// Room for 256 descriptors, and for more than a process may have.
const DESCRIPTORS_ROOM: (usize, usize) = (2048, 2 * 1024 * 1024);

#[derive(Default)]
pub(super) struct Processes {
    lookup: OwnerLookup,
    /// Every socket that a descriptor leads to, in the order they were found.
    sockets: Vec<Decoded>,
    /// For each, who holds it: index of the process, and the descriptor unless it is a file port.
    holders: Vec<Vec<(usize, Option<u32>)>>,
    by_key: HashMap<Key, usize>,
    looked_into: Vec<Arc<Process>>,
    /// Processes of flows that no descriptor leads to.
    others: HashMap<u32, Option<Arc<Process>>>,
    blind: Option<Blind>,
    /// Ids of processes of which every descriptor was seen.
    seen: HashSet<u32>,
    details: Details,
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
        Self { lookup: plan.owners, details: Details::new(plan.needs), ..Self::default() }
    }

    /// Looks into every process that lets us. What an earlier look found is forgotten.
    pub(super) fn look(&mut self, source: &mut dyn Source, decoder: &Decoder) {
        self.details.prepare(source);
        self.sockets.clear();
        self.holders.clear();
        self.by_key.clear();
        self.looked_into.clear();
        self.blind = None;
        self.seen.clear();
        let question = |room| Question::Apple(AppleQuestion::Processes { room });
        let pids = match ask_whole(source, PROCESSES_ROOM.0, PROCESSES_ROOM.1, question) {
            Ok((bytes, whole)) => {
                if !whole {
                    self.blind = Some(Blind::Grows);
                }
                bytes.chunks_exact(4).filter_map(|id| id.try_into().ok()).map(u32::from_le_bytes).collect()
            }
            Err(failure) => {
                self.failed(failure);
                Vec::new()
            }
        };
        for pid in pids {
            let earlier = self.blind.take();
            if let Err(failure) = self.read(source, decoder, pid) {
                self.failed(failure);
            }
            if self.blind.is_none() {
                self.seen.insert(pid);
            }
            // A failure says more than a refusal.
            self.blind = match self.blind {
                None | Some(Blind::Refused) => earlier.or(self.blind),
                later => later,
            };
        }
    }

    /// Finds out which conditions on processes nobody meets whose descriptors were not seen.
    pub(super) fn settle(&self, unmet: &mut Unmet) {
        unmet.settle(&Unseen { refused: &[], others: Some(&|pid| self.seen.contains(&pid)) });
    }

    fn read(&mut self, source: &mut dyn Source, decoder: &Decoder, pid: u32) -> Result<(), Failure> {
        let part = |part| Question::Apple(AppleQuestion::Process { pid, part });
        let fds = self.sockets_in(source, |room| part(AppleProcessPart::Descriptors { room }))?;
        let ports = self.sockets_in(source, |room| part(AppleProcessPart::FilePorts { room }));
        let ports = ports.unwrap_or_else(|failure| {
            self.failed(failure);
            Vec::new()
        });
        if fds.is_empty() && ports.is_empty() {
            return Ok(());
        }
        let before = ask(source, &part(AppleProcessPart::Info))?;
        let mut found = Vec::new();
        let of_fds = fds.into_iter().map(|fd| (Some(fd), AppleProcessPart::Socket { fd }));
        // After the descriptors, which say more of who holds a socket.
        let of_ports = ports.into_iter().map(|port| (None, AppleProcessPart::FilePortSocket { port }));
        for (fd, question) in of_fds.chain(of_ports) {
            match ask(source, &part(question)) {
                Ok(bytes) => match SocketFd::parse(&bytes) {
                    Ok(socket) => found.extend(decoder.held(socket).map(|decoded| (fd, decoded))),
                    Err(_) => self.blind = Some(Blind::Malformed),
                },
                Err(failure) if is_gone(failure) => {}
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

    /// Those of the descriptors, or file ports, that lead to sockets.
    fn sockets_in<'q>(
        &mut self,
        source: &mut dyn Source,
        question: impl Fn(usize) -> Question<'q>,
    ) -> Result<Vec<u32>, Failure> {
        let (list, whole) = ask_whole(source, DESCRIPTORS_ROOM.0, DESCRIPTORS_ROOM.1, question)?;
        if !whole {
            self.blind = Some(Blind::Grows);
        }
        let mut sockets = Vec::new();
        for descriptor in descriptors(&list) {
            match descriptor {
                Ok(descriptor) if descriptor.kind == DESCRIPTOR_SOCKET => sockets.push(descriptor.fd),
                Ok(_) => {}
                Err(_) => self.blind = Some(Blind::Malformed),
            }
        }
        Ok(sockets)
    }

    fn add(&mut self, fd: Option<u32>, decoded: Decoded) {
        let Some(key) = decoded.key else { return };
        let index = *self.by_key.entry(key).or_insert_with(|| {
            self.sockets.push(decoded);
            self.holders.push(Vec::new());
            self.sockets.len() - 1
        });
        let process = self.looked_into.len().saturating_sub(1);
        if let Some(holders) = self.holders.get_mut(index) {
            // A file port beside a descriptor, or another file port, is the same owner once more.
            if fd.is_some() || holders.last().is_none_or(|(last, _)| *last != process) {
                holders.push((process, fd));
            }
        }
    }

    fn process(&mut self, source: &mut dyn Source, pid: u32, info: ProcessInfo<'_>) -> Process {
        let mut process = Process {
            pid,
            name: Text::from(info.name()),
            start_time: start_time(info),
            parent: info.ppid(),
            ..Process::default()
        };
        self.details.add(source, &mut process, info.uid(), Rights::All);
        process
    }

    /// Notes a delivered row, with its owners.
    pub(super) fn count(&mut self, socket: &Socket) {
        self.details.count(socket);
    }

    /// What is not known of the processes that were met.
    pub(super) fn unknown_details(&self) -> impl Iterator<Item = Gap> {
        let met = self.looked_into.iter().chain(self.others.values().flatten());
        self.details.gaps(met.into_iter().any(|process| process.uid.is_some()))
    }

    /// Every socket that was found.
    pub(super) fn sockets(&self) -> Vec<Decoded> {
        self.sockets.clone()
    }

    /// Adds those who hold a socket, as many as the query asks for.
    pub(super) fn find(&self, key: Key, owners: &mut Vec<Owner>) {
        let Some(holders) = self.by_key.get(&key).and_then(|index| self.holders.get(*index)) else { return };
        let most = if self.lookup == OwnerLookup::First { 1 } else { usize::MAX };
        owners.extend(
            holders.iter().take(most).filter_map(|(process, fd)| {
                Some(Owner::new(Arc::clone(self.looked_into.get(*process)?), *fd))
            }),
        );
    }

    /// The process of a flow that no descriptor leads to, as far as it is visible to everybody.
    pub(super) fn owner_without_descriptor(&mut self, pid: u32, source: &mut dyn Source) -> Option<Owner> {
        if !self.others.contains_key(&pid) {
            let process = self.short_process(pid, source);
            self.others.insert(pid, process.map(Arc::new));
        }
        let process = self.others.get(&pid)?.as_ref()?;
        Some(Owner::new(Arc::clone(process), None))
    }

    fn short_process(&mut self, pid: u32, source: &mut dyn Source) -> Option<Process> {
        let part = |part| Question::Apple(AppleQuestion::Process { pid, part });
        if let Ok(bytes) = ask(source, &part(AppleProcessPart::Info)) {
            let info = ProcessInfo::parse(&bytes).ok()?;
            return Some(self.process(source, pid, info));
        }
        let bytes = ask(source, &part(AppleProcessPart::ShortInfo)).ok()?;
        let info = ShortProcessInfo::parse(&bytes).ok()?;
        let mut process =
            Process { pid, name: Text::from(info.name()), parent: info.ppid(), ..Process::default() };
        self.details.add(source, &mut process, info.uid(), Rights::Few);
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
            None | Some(Blind::Refused) => (ErrorKind::NotPermitted, ONLY_ROOT),
            Some(Blind::NotRecorded) => (ErrorKind::NotRecorded, NOT_RECORDED),
            Some(Blind::Grows) => {
                (ErrorKind::Unsettled, "processes came faster than they could be read: try again")
            }
            Some(Blind::Malformed) => (ErrorKind::Malformed, "looking for them failed"),
            Some(Blind::Failed(failure)) => (failure.kind(), "looking for them failed: try again"),
        }
    }
}

/// True of what was closed since it was listed, or is something else by now: of a file port that is gone the kernel says
/// `EINVAL`, of what is no socket `EOPNOTSUPP` up to macOS 10.15, and of file ports still.
fn is_gone(failure: Failure) -> bool {
    failure.kind() == ErrorKind::Absent
        || matches!(failure, Failure::Answer(apple::EINVAL | apple::EOPNOTSUPP))
}

/// When a process started, by the clock of then, which the kernel keeps.
fn start_time(info: ProcessInfo<'_>) -> Option<StartTime> {
    let (seconds, microseconds) = info.start_s().zip(info.start_us())?;
    Duration::from_secs(seconds).checked_add(Duration::from_micros(microseconds)).map(StartTime::wall)
}
