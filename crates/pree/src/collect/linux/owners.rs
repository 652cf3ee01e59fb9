//! Whose socket is it: every process's descriptors, joined to sockets by inode.
//!
//! A BPF program tells them all at once where that is permitted and pays (`bpf_owners.rs`); else /proc is walked. In
//! that walk each process is pinned while it is read, so a pid that is used again cannot mix two processes up. A process that
//! ends meanwhile is no error. Descriptor tables private to a thread are read only for sockets that nobody else
//! holds, because reading them for all would cost a walk a thread.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use pree_wire::fd_records::{self, FdRecord};
use pree_wire::proc_pid;

use super::bpf_owners::{Way, refused};
use super::inode_map::InodeMap;
use crate::collect::TRIES;
use crate::collect::names::users;
use crate::coverage::{Coverage, Gap, Missing, Origin};
use crate::error::{ErrorKind, NOT_RECORDED};
use crate::filter::Holders;
use crate::model::{Owner, Process, StartTime, Text, Unowned};
use crate::needs::{Needs, OwnerLookup, OwnerSource};
use crate::plan::Plan;
use crate::source::{Failure, ProcessPart, Question, Source, read_all};

/// What is read of a process only on request.
const DETAILS: Needs = Needs::PROCESS_USER
    .union(Needs::PROCESS_EXECUTABLE)
    .union(Needs::PROCESS_COMMAND_LINE)
    .union(Needs::PROCESS_CGROUP);

pub(super) struct OwnerSearch<'p> {
    pub(super) plan: &'p Plan,
    /// The only processes that are looked into, when the filter names some.
    pub(super) named: Option<Holders>,
    /// How the looks are done, once that is decided.
    pub(super) way: Option<Way>,
    pub(super) map: InodeMap,
    pub(super) processes: Vec<Arc<Process>>,
    /// What kept us from seeing every descriptor, if anything did.
    blind: Option<Blind>,
    pub(super) boot_time: Option<Duration>,
    users: HashMap<u32, Text>,
    prepared: bool,
}

/// Where a socket is held.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Place {
    pub(super) pid: u32,
    /// Thread id when the descriptor is not in the leader's table, else 0.
    pub(super) thread: u32,
    pub(super) fd: u32,
}

/// Which sockets a look is about.
#[derive(Clone, Copy)]
pub(super) enum Only<'s> {
    All,
    These(&'s HashSet<u64>),
    Others(&'s HashSet<u64>),
}

impl Only<'_> {
    pub(super) fn has(self, inode: u64) -> bool {
        match self {
            Self::All => true,
            Self::These(inodes) => inodes.contains(&inode),
            Self::Others(inodes) => !inodes.contains(&inode),
        }
    }
}

/// Why some descriptors were not seen.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Blind {
    /// Processes of others refused.
    Refused,
    /// Process 1 is not listed: /proc hides processes (`hidepid`).
    Hidden,
    /// /proc is not there.
    NoProc,
    /// The recording was made without owners.
    NotRecorded,
    /// Something failed that was no refusal.
    Failed(Failure),
}

impl<'p> OwnerSearch<'p> {
    pub(super) fn new(plan: &'p Plan) -> Self {
        Self {
            plan,
            named: plan.holders(),
            way: None,
            map: InodeMap::default(),
            processes: Vec::new(),
            blind: None,
            boot_time: None,
            users: HashMap::new(),
            prepared: false,
        }
    }

    /// Reads every process's descriptors; where the filter names processes, those of their threads too, because rows
    /// without an owner are then not met again.
    pub(super) fn look(&mut self, source: &mut dyn Source) {
        self.see(source, Only::All);
        if self.named.is_some() && self.way != Some(Way::Bpf) {
            let known = self.map.inodes().collect();
            self.walk_threads(source, Only::Others(&known));
        }
    }

    /// Reads them, or reads them again, for just these sockets, then the tables of threads for those that still have no
    /// owner.
    pub(super) fn look_again(&mut self, source: &mut dyn Source, wanted: &HashSet<u64>) {
        self.see(source, Only::These(wanted));
        if self.way == Some(Way::Bpf) {
            return;
        }
        let without: HashSet<u64> =
            wanted.iter().copied().filter(|inode| self.map.holders(*inode).next().is_none()).collect();
        if !without.is_empty() {
            self.walk_threads(source, Only::These(&without));
        }
    }

    fn see(&mut self, source: &mut dyn Source, only: Only<'_>) {
        self.map.clear();
        self.processes.clear();
        self.blind = None;
        if self.choose(source) == Way::Bpf {
            match self.read_holders(source, only) {
                Ok(()) => return,
                Err(failure) if self.plan.owner_source == OwnerSource::Bpf => {
                    self.blind = Some(Blind::Failed(failure));
                    return;
                }
                Err(failure) => self.way = Some(Way::ProcInstead(failure)),
            }
            self.map.clear();
        }
        self.walk(source, only);
        let recorded_otherwise = self.way == Some(Way::Proc) && self.blind == Some(Blind::NotRecorded);
        if self.named.is_some() && recorded_otherwise && self.plan.owner_source == OwnerSource::Auto {
            // All processes had been looked into, by the program.
            self.way = Some(Way::Bpf);
            self.see(source, only);
        }
    }

    /// Says where the owners come from.
    pub(super) fn tell(&self, coverage: &mut Coverage) {
        if self.named.is_some() {
            coverage.note(
                "only the processes that the filter names were looked into: others may hold the same sockets"
                    .to_owned(),
            );
        }
        match self.way {
            None => {}
            Some(Way::Bpf) => coverage.owners_came_from(Origin::Bpf),
            Some(Way::Proc) => coverage.owners_came_from(Origin::Proc),
            Some(Way::ProcInstead(failure)) => {
                coverage.owners_came_from(Origin::Proc);
                coverage.note(format!("{}; owners come from /proc", refused(failure)));
            }
        }
    }

    /// Adds the owners of a socket to `owners`, as many as the query asks for.
    pub(super) fn find(&self, inode: u64, owners: &mut Vec<Owner>) {
        let most = if self.plan.owners == OwnerLookup::First { 1 } else { usize::MAX };
        owners.extend(self.map.holders(inode).take(most).filter_map(|holder| {
            Some(Owner {
                process: Arc::clone(self.processes.get(holder.process as usize)?),
                fd: Some(holder.fd),
                thread: (holder.thread != 0).then_some(holder.thread),
            })
        }));
    }

    /// Every socket that was found, and where.
    pub(super) fn held(&self) -> impl Iterator<Item = (u64, Vec<Place>)> + '_ {
        self.map.inodes().map(|inode| {
            let places = self.map.holders(inode).filter_map(|holder| {
                let pid = self.processes.get(holder.process as usize)?.pid;
                Some(Place { pid, thread: holder.thread, fd: holder.fd })
            });
            (inode, places.collect())
        })
    }

    /// True when some descriptors could not be seen.
    pub(super) fn is_blind(&self) -> bool {
        self.blind.is_some()
    }

    /// Why a socket with an inode has no owner after all looks.
    pub(super) fn reason_unowned(&self) -> Unowned {
        if self.is_blind() { Unowned::NotPermitted } else { Unowned::NoVisibleHolder }
    }

    /// The gap that `count` sockets with unknown owners are.
    pub(super) fn gap(&self, count: u64) -> Gap {
        let (why, hint) = self.why_blind();
        Gap { what: Missing::Owners, why, count: Some(count), object: String::new(), hint }
    }

    /// Why some descriptors were not seen, and what helps.
    pub(super) fn why_blind(&self) -> (ErrorKind, &'static str) {
        match self.blind {
            None | Some(Blind::Refused) => (
                ErrorKind::NotPermitted,
                "run as the machine's root, or with CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH together",
            ),
            Some(Blind::Hidden) => (
                ErrorKind::NotPermitted,
                "/proc hides other users' processes (hidepid): run as the machine's root",
            ),
            Some(Blind::NotRecorded) => (ErrorKind::NotRecorded, NOT_RECORDED),
            Some(Blind::NoProc) => (ErrorKind::Absent, "owners are read from /proc: mount it"),
            Some(Blind::Failed(failure)) => (failure.kind(), "looking for them failed: try again"),
        }
    }

    fn walk(&mut self, source: &mut dyn Source, only: Only<'_>) {
        let Some(pids) = self.pids(source) else { return };
        for pid in pids {
            if !self.counts(source, pid) {
                continue;
            }
            self.read(source, pid, 0, only);
            let found = |inode: &u64| self.map.holders(*inode).next().is_some();
            if self.plan.owners == OwnerLookup::First
                && matches!(only, Only::These(wanted) if wanted.iter().all(found))
            {
                break;
            }
        }
    }

    /// Reads one table of descriptors (thread 0: the process's own), again if that fails in passing.
    fn read(&mut self, source: &mut dyn Source, pid: u32, thread: u32, only: Only<'_>) {
        let mut tries = 0;
        while let Err(failure) = self.try_read(source, pid, thread, only) {
            tries += 1;
            if failure == Failure::NotRecorded && thread == 0 {
                // Made with another source of owners.
                self.blind = Some(Blind::NotRecorded);
                return;
            }
            if tries == TRIES || !is_passing(failure) {
                return self.failed(failure);
            }
        }
    }

    fn try_read(
        &mut self,
        source: &mut dyn Source,
        pid: u32,
        thread: u32,
        only: Only<'_>,
    ) -> Result<(), Failure> {
        let part = if thread == 0 { ProcessPart::Sockets } else { ProcessPart::ThreadSockets(thread) };
        let records = records(source, pid, part)?;
        self.add(source, pid, thread, records.into_iter().filter(|record| only.has(record.inode)))
    }

    fn walk_threads(&mut self, source: &mut dyn Source, only: Only<'_>) {
        let Some(pids) = self.pids(source) else { return };
        for pid in pids {
            if !self.counts(source, pid) {
                continue;
            }
            let question = Question::Process { pid, part: ProcessPart::Threads };
            let threads = match read_with_retries(source, &question) {
                Ok(bytes) => ids(&bytes),
                // Because every socket was found without.
                Err(Failure::NotRecorded) => continue,
                Err(failure) => {
                    self.failed(failure);
                    continue;
                }
            };
            for thread in threads {
                // The leader's own table was read before.
                if thread != pid {
                    self.read(source, pid, thread, only);
                }
            }
        }
    }

    /// Whether this process is to be looked into.
    fn counts(&self, source: &mut dyn Source, pid: u32) -> bool {
        let Some(named) = &self.named else { return true };
        let stat = if named.need_names() {
            read_with_retries(source, &Question::Process { pid, part: ProcessPart::Stat })
        } else {
            Ok(Vec::new())
        };
        match stat {
            Ok(stat) => {
                let name = proc_pid::Stat::parse(&stat).map(|stat| Text::from(stat.name));
                named.count(pid, name.unwrap_or_default())
            }
            // Reading its descriptors will tell why, or find none.
            Err(_) => true,
        }
    }

    fn pids(&mut self, source: &mut dyn Source) -> Option<Vec<u32>> {
        match read_with_retries(source, &Question::Processes) {
            Ok(bytes) => {
                let pids = ids(&bytes);
                if pids.is_empty() {
                    self.blind = Some(Blind::NoProc);
                } else if !pids.contains(&1) {
                    self.blind.get_or_insert(Blind::Hidden);
                }
                Some(pids)
            }
            Err(failure) => {
                self.blind = Some(match failure.kind() {
                    ErrorKind::NotRecorded => Blind::NotRecorded,
                    ErrorKind::Absent => Blind::NoProc,
                    ErrorKind::NotPermitted => Blind::Refused,
                    _ => Blind::Failed(failure),
                });
                None
            }
        }
    }

    /// Notes a failure; that a process has ended is none.
    fn failed(&mut self, failure: Failure) {
        match failure.kind() {
            ErrorKind::Absent | ErrorKind::NotRecorded => {}
            ErrorKind::NotPermitted => {
                self.blind.get_or_insert(Blind::Refused);
            }
            // A failure says more than a refusal: it can hide the sockets of one's own processes.
            _ => self.blind = Some(Blind::Failed(failure)),
        }
    }

    fn add(
        &mut self,
        source: &mut dyn Source,
        pid: u32,
        thread: u32,
        records: impl Iterator<Item = FdRecord>,
    ) -> Result<(), Failure> {
        let mut records = records.peekable();
        if records.peek().is_none() {
            return Ok(());
        }
        let process = self.process(source, pid)?;
        let index = match self.processes.last() {
            // Threads of one process come one after another.
            Some(last) if **last == process => self.processes.len() - 1,
            _ => {
                self.processes.push(Arc::new(process));
                self.processes.len() - 1
            }
        };
        for record in records {
            self.map.add(record.inode, index as u32, record.fd, thread);
        }
        Ok(())
    }

    /// Reads what was asked about a process.
    fn process(&mut self, source: &mut dyn Source, pid: u32) -> Result<Process, Failure> {
        self.prepare(source);
        let bytes = read_all(source, &Question::Process { pid, part: ProcessPart::Stat })?;
        let stat = proc_pid::Stat::parse(&bytes).map_err(|_| Failure::MALFORMED)?;
        let mut process = Process {
            pid,
            name: Text::from(stat.name),
            start_time: Some(StartTime::new(stat.start_time_ticks, self.boot_time)),
            parent: Some(stat.parent),
            ..Process::default()
        };
        self.add_details(source, &mut process);
        Ok(process)
    }

    pub(super) fn wants_details(&self) -> bool {
        self.plan.needs.intersects(DETAILS)
    }

    /// Reads what is asked about a process beyond its `stat`. Each is worth having, but none is worth losing the owner
    /// for.
    pub(super) fn add_details(&self, source: &mut dyn Source, process: &mut Process) {
        let (pid, needs) = (process.pid, self.plan.needs);
        let mut detail = |need, part| {
            if needs.contains(need) { read_all(source, &Question::Process { pid, part }).ok() } else { None }
        };
        process.uid = detail(Needs::PROCESS_USER, ProcessPart::Status)
            .and_then(|status| proc_pid::status_uid(&status))
            .map(|(_, effective)| effective);
        process.user = process.uid.and_then(|uid| self.users.get(&uid).cloned());
        process.executable = detail(Needs::PROCESS_EXECUTABLE, ProcessPart::Executable).map(Text::from);
        process.command_line = detail(Needs::PROCESS_COMMAND_LINE, ProcessPart::CommandLine).map(Text::from);
        process.cgroup = detail(Needs::PROCESS_CGROUP, ProcessPart::Cgroup)
            .and_then(|cgroup| proc_pid::cgroup_v2_path(&cgroup).map(Text::from));
    }

    /// Reads once what every process record needs.
    pub(super) fn prepare(&mut self, source: &mut dyn Source) {
        if std::mem::replace(&mut self.prepared, true) {
            return;
        }
        self.boot_time = read_all(source, &Question::BootTime)
            .ok()
            .and_then(|bytes| bytes.try_into().ok())
            .and_then(|bytes| u64::try_from(i64::from_le_bytes(bytes)).ok())
            .map(Duration::from_nanos);
        if self.plan.needs.contains(Needs::PROCESS_USER) {
            let table = read_all(source, &Question::Users).unwrap_or_default();
            self.users = users(&table);
        }
    }
}

/// True for failures that say nothing about the process: another try can be without.
pub(super) fn is_passing(failure: Failure) -> bool {
    !matches!(failure.kind(), ErrorKind::Absent | ErrorKind::NotPermitted | ErrorKind::NotRecorded)
}

pub(super) fn read_with_retries(
    source: &mut dyn Source,
    question: &Question<'_>,
) -> Result<Vec<u8>, Failure> {
    crate::collect::read_with_retries(source, question, is_passing)
}

/// The sockets among a process's descriptors.
fn records(source: &mut dyn Source, pid: u32, part: ProcessPart) -> Result<Vec<FdRecord>, Failure> {
    let bytes = read_all(source, &Question::Process { pid, part })?;
    fd_records::decode_all(&bytes).map(|record| record.map_err(|_| Failure::MALFORMED)).collect()
}

/// Little-endian u32s, as [`Question::Processes`] gives them.
fn ids(bytes: &[u8]) -> Vec<u32> {
    bytes.chunks_exact(4).map(|chunk| u32::from_le_bytes([chunk[0], chunk[1], chunk[2], chunk[3]])).collect()
}
