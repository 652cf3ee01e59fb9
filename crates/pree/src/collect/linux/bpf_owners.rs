//! Owners as a BPF program reports them: every table of descriptors in one answer, with name, parent and start of the
//! process. Only what is asked beyond that is read from /proc.

use std::collections::HashSet;

use pree_wire::bpf_records::{self, Holder, Record};
use pree_wire::proc_pid;

use super::blind::{is_passing, read_with_retries};
use super::inode_map;
use super::owners::OwnerSearch;
use super::program::{read_records, refused};
use super::scope::Scope;
use crate::collect::retry::with_retries;
use crate::error::{ErrorKind, Result};
use crate::model::{Process, StartTime, Text};
use crate::source::{Errno, Failure, ProcessPart, Question, Source, read_all};

/// What a walk through /proc costs for each file and each process, and what the program costs before its first record,
/// in microseconds of CPU; only the ratios count. Measured on a machine with 2 cores, Linux 6.18: at 500 descriptors
/// of 17 processes both ways take the same time, at 1000 the walk takes 1.3 ms more, at 10 000 it takes 27 ms more.
const WALK_PER_FILE_US: u64 = 4;
const WALK_PER_PROCESS_US: u64 = 12;
const PROGRAM_US: u64 = 2200;

/// Descriptors in tables of threads that a run may report, and how many more for each in a table of a leader. The kernel reports
/// a table that is not the leader's for every thread that has it: where a process has made many of these, the walk, which
/// knows what is the same, costs less.
const OF_THREADS: usize = 1 << 18;
const OF_THREADS_EACH: usize = 4;

/// What one run of the program reported.
#[derive(Default)]
struct Answer {
    tables: Vec<Holder>,
    /// With the place of their table.
    descriptors: Vec<(u32, bpf_records::Descriptor)>,
}

impl OwnerSearch {
    /// Whether the program is to be asked before a walk, where it shows all that /proc does.
    pub(super) fn pays(&mut self, source: &mut dyn Source, scope: Scope) -> bool {
        *self.program_pays.get_or_insert_with(|| match pays(source) {
            _ if scope != Scope::Above(0) => true,
            // /proc may not report it.
            None => true,
            // A few processes cost less than all.
            Some(pays) => pays && self.named.is_none(),
        })
    }

    /// Adds the descriptors of every table to what is known, as far as their sockets are wanted. Nothing is added when it
    /// fails.
    pub(super) fn add_from_program(
        &mut self,
        source: &mut dyn Source,
        wanted: &dyn Fn(u64) -> bool,
        scope: Scope,
    ) -> Result<(), Failure> {
        self.prepare(source);
        let may_pass = |failure| failure != TOO_MANY && is_passing(failure) && !is_lacking(failure);
        let answer = with_retries(may_pass, || self.run(source, wanted, scope.levels()))?;
        let first = self.count_met();
        self.told_of.extend(answer.tables.iter().map(|holder| holder.pid));
        self.join(&answer, scope.numbers_agree());
        if self.wants_details() {
            self.add_details_from(first, source, |search, source, process| {
                // Another process may have the pid by now.
                match starts(source, process.pid) {
                    Ok(start) => Some(start) == process.start_time.and_then(StartTime::ticks),
                    Err(failure) => {
                        if failure.kind() == ErrorKind::Absent {
                            search.details.not_there(process.pid, search.needs, source);
                        }
                        search.details.failed(process.pid, search.needs, failure, source);
                        false
                    }
                }
            });
        }
        Ok(())
    }

    fn run(
        &self,
        source: &mut dyn Source,
        wanted: &dyn Fn(u64) -> bool,
        levels_above: u32,
    ) -> Result<Answer, Failure> {
        let mut answer = Answer::default();
        // Whether there is a table, and its process is to be looked into.
        let mut counts = None;
        let mut of_threads_left = OF_THREADS;
        read_records(source, &Question::Holders { levels_above }, |rest| {
            while let Some(record) = bpf_records::take(rest).map_err(|_| Failure::MALFORMED)? {
                match record {
                    Record::Holder(holder) => {
                        let is_named = |named: &crate::filter::Holders| {
                            named.count(holder.pid, Text::from(holder.name()))
                        };
                        counts = Some(self.named.as_ref().is_none_or(is_named));
                        answer.tables.push(holder);
                    }
                    Record::Descriptor(descriptor) => {
                        let is_leader =
                            answer.tables.last().is_some_and(|holder| holder.thread == holder.pid);
                        of_threads_left = if is_leader {
                            of_threads_left.saturating_add(OF_THREADS_EACH)
                        } else {
                            of_threads_left.checked_sub(1).ok_or(TOO_MANY)?
                        };
                        if counts.ok_or(Failure::MALFORMED)? && wanted(descriptor.inode) {
                            answer.descriptors.push((answer.tables.len() as u32 - 1, descriptor));
                        }
                    }
                }
            }
            Ok(())
        })?;
        Ok(answer)
    }

    /// Adds what is new. Tables of leaders come first: one that was copied when its thread parted from its process reports
    /// nothing new.
    fn join(&mut self, answer: &Answer, in_proc: bool) {
        let is_of = |leaders: bool| move |holder: &Holder| (holder.thread == holder.pid) == leaders;
        let mut processes = vec![None; answer.tables.len()];
        // Duplicates: what was known before, and copies in tables of threads.
        let mut known = (!self.map.is_empty()).then(|| self.descriptors());
        for leaders in [true, false] {
            if !answer.tables.iter().any(is_of(leaders)) {
                continue;
            }
            if !leaders {
                known.get_or_insert_with(|| self.descriptors());
            }
            for (table, descriptor) in &answer.descriptors {
                let table = *table as usize;
                let Some(holder) = answer.tables.get(table).filter(|holder| is_of(leaders)(holder)) else {
                    continue;
                };
                let Some(process) = processes.get_mut(table) else { continue };
                let process = *process.get_or_insert_with(|| self.index_of(holder, in_proc));
                let thread = if leaders { 0 } else { holder.thread };
                let place =
                    |thread| (descriptor.inode, inode_map::Holder { process, fd: descriptor.fd, thread });
                let is_new = known
                    .as_mut()
                    .is_none_or(|known| !known.contains(&place(0)) && known.insert(place(thread)));
                if is_new {
                    self.map.add(descriptor.inode, process, descriptor.fd, thread);
                }
            }
        }
    }

    /// Every descriptor in the map.
    fn descriptors(&self) -> HashSet<(u64, inode_map::Holder)> {
        let of = |inode| self.map.holders(inode).map(move |holder| (inode, holder));
        self.map.inodes().flat_map(of).collect()
    }

    /// The place of the table's process in the list.
    fn index_of(&mut self, holder: &Holder, in_proc: bool) -> u32 {
        let start_time = StartTime::after_boot(holder.start_time_ns, self.boot_time);
        self.known(holder.pid, start_time, in_proc).unwrap_or_else(|| {
            let process = Process {
                pid: holder.pid,
                name: Text::from(holder.name()),
                start_time: Some(start_time),
                parent: Some(holder.parent),
                ..Process::default()
            };
            self.meet(process, start_time, in_proc)
        })
    }
}

/// More than [`OF_THREADS`].
const TOO_MANY: Failure = Failure::Transport(Errno::ENOBUFS);

/// When the process that has this pid now started, in ticks.
pub(super) fn starts(source: &mut dyn Source, pid: u32) -> Result<u64, Failure> {
    let stat = read_with_retries(source, &Question::Process { pid, part: ProcessPart::Stat })?;
    proc_pid::Stat::parse(&stat).map(|stat| stat.start_time_ticks).map_err(|_| Failure::MALFORMED)
}

/// True for failures that another try will not mend: this kernel has no such thing.
fn is_lacking(failure: Failure) -> bool {
    failure.kind() == ErrorKind::Unsupported
}

/// Makes sure that the program runs.
pub(super) fn demand(source: &mut dyn Source) -> Result<()> {
    let levels_above = Scope::of(source).levels();
    source.ask(&Question::Holders { levels_above }).map(drop).map_err(refused)
}

/// Whether the program costs less than a walk; `None` where that is unknown.
///
/// Open files of the whole machine are an upper bound: in a container with few processes on a busy machine the program
/// is chosen though the walk would cost less, which costs [`PROGRAM_US`] at most. A lower bound would be worse: it
/// could cost a walk through a hundred thousand descriptors.
fn pays(source: &mut dyn Source) -> Option<bool> {
    let text = read_all(source, &Question::OpenFiles).ok()?;
    let files: u64 = std::str::from_utf8(&text).ok()?.split_whitespace().next()?.parse().ok()?;
    let of_files = files.saturating_mul(WALK_PER_FILE_US);
    if of_files >= PROGRAM_US {
        return Some(true);
    }
    // Processes can share their files, so many of them can have few.
    let processes = read_with_retries(source, &Question::Processes).ok()?.len() as u64 / 4;
    Some(of_files + processes.saturating_mul(WALK_PER_PROCESS_US) >= PROGRAM_US)
}
