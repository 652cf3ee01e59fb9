//! The walk through /proc: each process's descriptors, one process after another.
//!
//! Each process is pinned while it is read, so a pid that is used again cannot mix two processes up. A process that ends
//! meanwhile is no error. Descriptor tables private to a thread are read only for sockets that nobody else holds, because
//! reading them for all would cost a walk a thread.

use std::time::Duration;

use pree_wire::fd_records::{self, FdRecord};
use pree_wire::proc_pid;

use super::blind::{Blind, is_passing, read_with_retries};
use super::owners::{Only, OwnerSearch, Place};
use super::scope::{Scope, hidden};
use crate::collect::names::users;
use crate::collect::retry::with_retries;
use crate::decode::linux::add_membership;
use crate::error::ErrorKind;
use crate::filter::Unseen;
use crate::model::{Process, StartTime, Text};
use crate::needs::{Needs, OwnerLookup};
use crate::source::{Failure, ProcessPart, Question, Source, read_all};

/// What is reported by the user's number.
const USER: Needs = Needs::PROCESS_UID.union(Needs::PROCESS_USER);

/// What is read of a process only on request.
const DETAILS: Needs =
    USER.union(Needs::PROCESS_EXECUTABLE).union(Needs::PROCESS_COMMAND_LINE).union(Needs::PROCESS_CGROUP);

impl OwnerSearch {
    /// Reads the table of every process. False where there are none to read.
    pub(super) fn walk(&mut self, source: &mut dyn Source, only: Only<'_>, scope: Scope) -> bool {
        let Some(pids) = self.pids(source) else { return false };
        self.listed = pids.iter().copied().collect();
        for pid in pids {
            if !self.counts(source, pid) {
                continue;
            }
            self.read(source, pid, 0, only);
            // The map has only what is wanted.
            let has_all = matches!(only, Only::These(wanted) if self.map.len() >= wanted.len());
            if self.lookup == OwnerLookup::First && has_all {
                return true;
            }
        }
        // Before it is asked whether /proc hides anything: one in which we are not to be found cannot report.
        self.blind = self.blind.or(scope.unseen_in_proc()).or_else(|| hidden(source));
        self.blind != Some(Blind::NotRecorded)
    }

    /// Reads one table of descriptors (thread 0: the process's own).
    pub(super) fn read(&mut self, source: &mut dyn Source, pid: u32, thread: u32, only: Only<'_>) {
        match self.try_read(source, pid, thread, only) {
            // Made with another source of owners.
            Err(Failure::NotRecorded) if thread == 0 => self.blind = Some(Blind::NotRecorded),
            Err(failure) => self.failed(pid, failure),
            Ok(()) => {}
        }
    }

    /// Reads the tables of processes of which the program reported nothing. One that refuses may hold anything.
    pub(super) fn read_the_untold(&mut self, source: &mut dyn Source, only: Only<'_>) {
        let Some(pids) = self.pids(source) else {
            // A recording in which every socket has an owner lacks it: those whose owner is not among the named have one.
            self.blind = self.blind.filter(|blind| *blind != Blind::NotRecorded || self.named.is_none());
            return;
        };
        self.listed = pids.iter().copied().collect();
        for pid in pids {
            if !self.told_of.contains(&pid) && self.counts(source, pid) {
                if let Err(failure) = self.try_read(source, pid, 0, only) {
                    self.failed(pid, failure);
                }
            }
        }
        self.blind = self.blind.or_else(|| hidden(source));
    }

    /// Again if that fails in passing.
    fn try_read(
        &mut self,
        source: &mut dyn Source,
        pid: u32,
        thread: u32,
        only: Only<'_>,
    ) -> Result<(), Failure> {
        let part = if thread == 0 { ProcessPart::Sockets } else { ProcessPart::ThreadSockets(thread) };
        with_retries(is_passing, || {
            let records = records(source, pid, part)?;
            let (rings, sockets): (Vec<_>, Vec<_>) =
                records.into_iter().partition(|record| record.inode == FdRecord::RING);
            self.add(source, pid, thread, sockets.into_iter().filter(|socket| only.has(socket.inode)))?;
            self.rings.extend(rings.iter().map(|ring| Place { pid, thread, fd: ring.fd }));
            Ok(())
        })
    }

    pub(super) fn walk_threads(&mut self, source: &mut dyn Source, only: Only<'_>) {
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
                    self.failed(pid, failure);
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
    pub(super) fn counts(&self, source: &mut dyn Source, pid: u32) -> bool {
        let Some(named) = &self.named else { return true };
        if !named.need_names() {
            return named.count(pid, Text::default());
        }
        // Without a name, reading its descriptors will report why, or find none.
        name_of(source, pid).is_none_or(|name| named.count(pid, name))
    }

    /// Finds out which conditions of the filter on processes nobody meets whose descriptors were not seen.
    pub(super) fn settle_unmet(&mut self, source: &mut dyn Source) {
        if self.unmet.is_empty() || !self.is_blind() {
            return;
        }
        let has_our_numbers = matches!(self.scope(source), Scope::Above(_) | Scope::NoProc);
        let is_known = self.blind != Some(Blind::NotRecorded) && has_our_numbers;
        let need_names = self.unmet.need_names();
        let refused: Vec<_> = self
            .unread
            .difference(&self.told_of)
            .map(|pid| (*pid, need_names.then(|| name_of(source, *pid)).flatten()))
            .collect();
        let is_listed = is_known && self.listed.contains(&1) && hidden(source).is_none();
        let (listed, told_of, unread) = (&self.listed, &self.told_of, &self.unread);
        let is_told = |pid: &u32| told_of.contains(pid) || (listed.contains(pid) && !unread.contains(pid));
        let is_seen = |pid: u32| is_known && is_told(&pid);
        let others: Option<&dyn Fn(u32) -> bool> = if is_listed { None } else { Some(&is_seen) };
        self.unmet.settle(&Unseen { refused: &refused, others });
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
                (!pids.is_empty()).then_some(pids)
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
    fn failed(&mut self, pid: u32, failure: Failure) {
        match failure.kind() {
            ErrorKind::Absent | ErrorKind::NotRecorded => return,
            ErrorKind::NotPermitted => {
                self.blind.get_or_insert(Blind::Refused);
            }
            // A failure says more than a refusal: it can hide the sockets of one's own processes.
            _ => self.blind = Some(Blind::Failed(failure)),
        }
        self.unread.insert(pid);
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
        for record in records {
            self.map.add(record.inode, process, record.fd, thread);
        }
        Ok(())
    }

    /// The place in the list of the process that has this pid now; what was asked about it is read when it is met first.
    pub(super) fn process(&mut self, source: &mut dyn Source, pid: u32) -> Result<u32, Failure> {
        self.prepare(source);
        let bytes = read_all(source, &Question::Process { pid, part: ProcessPart::Stat })?;
        let stat = proc_pid::Stat::parse(&bytes).map_err(|_| Failure::MALFORMED)?;
        let start_time = StartTime::new(stat.start_time_ticks, self.boot_time);
        if let Some(index) = self.known(pid, start_time, true) {
            return Ok(index);
        }
        let mut process = Process {
            pid,
            name: Text::from(stat.name),
            start_time: Some(start_time),
            parent: Some(stat.parent),
            ..Process::default()
        };
        self.add_details(source, &mut process);
        Ok(self.meet(process, start_time, true))
    }

    /// Reads once what every process record needs.
    pub(super) fn prepare(&mut self, source: &mut dyn Source) {
        if std::mem::replace(&mut self.prepared, true) {
            return;
        }
        match read_with_retries(source, &Question::BootTime).and_then(|bytes| boot_time(&bytes)) {
            Ok(time) => self.boot_time = Some(time),
            Err(failure) => self.could_not_read(Needs::PROCESS_START, failure),
        }
        if self.needs.contains(Needs::PROCESS_USER) {
            match read_with_retries(source, &Question::Users) {
                Ok(table) => self.users = users(&table),
                Err(failure) => self.could_not_read(Needs::PROCESS_USER, failure),
            }
        }
    }

    fn could_not_read(&mut self, needs: Needs, failure: Failure) {
        if self.needs.contains(needs) {
            self.unread_once.push((needs, failure));
        }
    }

    pub(super) fn wants_details(&self) -> bool {
        self.needs.intersects(DETAILS)
    }

    /// Reads what is asked about a process beyond its `stat`. Each is worth having, but none is worth losing the owner
    /// for.
    pub(super) fn add_details(&mut self, source: &mut dyn Source, process: &mut Process) {
        if let Some(status) = self.detail(source, process.pid, USER, ProcessPart::Status) {
            process.uid = proc_pid::status_uid(&status).map(|(_, effective)| effective);
            if process.uid.is_none() {
                self.details.failed(process.pid, USER, Failure::MALFORMED, source);
            }
        }
        process.user = process.uid.and_then(|uid| self.users.get(&uid).cloned());
        let mut text = |need, part| self.detail(source, process.pid, need, part);
        process.executable = text(Needs::PROCESS_EXECUTABLE, ProcessPart::Executable).map(Text::from);
        process.command_line = text(Needs::PROCESS_COMMAND_LINE, ProcessPart::CommandLine)
            .map(|cmdline| Text::from(proc_pid::arguments(&cmdline)));
        if let Some(cgroup) = text(Needs::PROCESS_CGROUP, ProcessPart::Cgroup) {
            add_membership(process, &cgroup);
        }
    }

    fn detail(
        &mut self,
        source: &mut dyn Source,
        pid: u32,
        need: Needs,
        part: ProcessPart,
    ) -> Option<Vec<u8>> {
        if !self.needs.intersects(need) {
            return None;
        }
        let result = read_with_retries(source, &Question::Process { pid, part });
        if let Err(failure) = result {
            self.details.failed(pid, need, failure, source);
        }
        result.ok()
    }
}

/// The name of the process that has this pid now, where it can be read.
pub(super) fn name_of(source: &mut dyn Source, pid: u32) -> Option<Text> {
    let stat = read_with_retries(source, &Question::Process { pid, part: ProcessPart::Stat }).ok()?;
    proc_pid::Stat::parse(&stat).ok().map(|stat| Text::from(stat.name))
}

/// The sockets among a process's descriptors.
pub(super) fn records(
    source: &mut dyn Source,
    pid: u32,
    part: ProcessPart,
) -> Result<Vec<FdRecord>, Failure> {
    let bytes = read_all(source, &Question::Process { pid, part })?;
    fd_records::decode_all(&bytes).map(|record| record.map_err(|_| Failure::MALFORMED)).collect()
}

/// Little-endian u32s, as [`Question::Processes`] gives them.
pub(super) fn ids(bytes: &[u8]) -> Vec<u32> {
    bytes.chunks_exact(4).map(|chunk| u32::from_le_bytes([chunk[0], chunk[1], chunk[2], chunk[3]])).collect()
}

/// From nanoseconds since the Unix epoch.
fn boot_time(bytes: &[u8]) -> Result<Duration, Failure> {
    let nanos = bytes.try_into().map(i64::from_le_bytes).ok().and_then(|nanos| u64::try_from(nanos).ok());
    nanos.map(Duration::from_nanos).ok_or(Failure::MALFORMED)
}
