//! Owners as a BPF program tells them: every table of descriptors in one answer, with name, parent and start of the
//! process. Only what is asked beyond that is read from /proc.

use std::sync::Arc;
use std::time::Duration;

use pree_wire::bpf_records::{self, Descriptor, Holder, Record};
use pree_wire::proc_pid;

use super::owners::{Only, OwnerSearch, is_passing, read_with_retries};
use crate::collect::TRIES;
use crate::error::{Error, ErrorKind, NOT_RECORDED, Result};
use crate::model::{Process, StartTime, Text};
use crate::needs::OwnerSource;
use crate::source::{Errno, Failure, ProcessPart, Question, Source, read_all};

/// How owners are looked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Proc,
    Bpf,
    /// As `Proc`, because the program, which would pay, was refused.
    ProcInstead(Failure),
}

/// What a walk through /proc costs for each file and each process, and what the program costs before its first record,
/// in microseconds of CPU; only the ratios count. Measured on a machine with 2 cores, Linux 6.18: at 500 descriptors
/// of 17 processes both ways take the same time, at 1000 the walk takes 1.3 ms more, at 10 000 it takes 27 ms more.
const WALK_PER_FILE_US: u64 = 4;
const WALK_PER_PROCESS_US: u64 = 12;
const PROGRAM_US: u64 = 2200;

/// Nanoseconds in a tick of /proc (`USER_HZ`), in which starts of processes are told.
const NS_PER_TICK: u64 = 10_000_000;

/// A descriptor in the table of a thread.
struct OfThread {
    process: u32,
    thread: u32,
    descriptor: Descriptor,
}

impl OwnerSearch<'_> {
    /// Decides how to look, the first time.
    pub(super) fn choose(&mut self, source: &mut dyn Source) -> Way {
        if let Some(way) = self.way {
            return way;
        }
        let way = match self.plan.owner_source {
            OwnerSource::Bpf => Way::Bpf,
            OwnerSource::Auto => match pays(source) {
                // /proc may not be there at all.
                None => Way::Bpf,
                // A few processes cost less than all.
                Some(pays) if pays && self.named.is_none() => Way::Bpf,
                Some(_) => Way::Proc,
            },
            OwnerSource::Proc => Way::Proc,
        };
        self.way = Some(way);
        way
    }

    /// Reads every table of descriptors, or what of it is wanted.
    pub(super) fn read_holders(&mut self, source: &mut dyn Source, only: Only<'_>) -> Result<(), Failure> {
        self.prepare(source);
        let mut tries = 0;
        let mut processes = loop {
            tries += 1;
            self.map.clear();
            match self.run(source, only) {
                Err(failure) if tries < TRIES && is_passing(failure) && !is_lacking(failure) => {}
                result => break result?,
            }
        };
        if self.wants_details() {
            for process in &mut processes {
                // Another process may have the pid by now.
                if starts(source, process.pid) == process.start_time.and_then(StartTime::ticks) {
                    self.add_details(source, process);
                }
            }
        }
        self.processes = processes.into_iter().map(Arc::new).collect();
        Ok(())
    }

    fn run(&mut self, source: &mut dyn Source, only: Only<'_>) -> Result<Vec<Process>, Failure> {
        let mut processes: Vec<Process> = Vec::new();
        let mut of_threads = Vec::new();
        // With the place of the process in the list, and whether it is to be looked into.
        let mut current: Option<(Holder, Option<u32>, bool)> = None;
        let boot_time = self.boot_time;
        records(source, |record| {
            let descriptor = match record {
                Record::Holder(holder) => {
                    current = Some((
                        holder,
                        None,
                        self.named
                            .as_ref()
                            .is_none_or(|named| named.count(holder.pid, Text::from(holder.name()))),
                    ));
                    return Ok(());
                }
                Record::Descriptor(descriptor) => descriptor,
            };
            let (holder, index, counts) = current.as_mut().ok_or(Failure::MALFORMED)?;
            if !*counts || !only.has(descriptor.inode) {
                return Ok(());
            }
            let process = *index.get_or_insert_with(|| index_of(holder, boot_time, &mut processes));
            if holder.thread == holder.pid {
                self.map.add(descriptor.inode, process, descriptor.fd, 0);
            } else {
                of_threads.push(OfThread { process, thread: holder.thread, descriptor });
            }
            Ok(())
        })?;
        for OfThread { process, thread, descriptor } in of_threads {
            // A table that was copied when the thread parted from its process tells nothing new.
            let copy = self
                .map
                .holders(descriptor.inode)
                .any(|other| (other.process, other.fd, other.thread) == (process, descriptor.fd, 0));
            if !copy {
                self.map.add(descriptor.inode, process, descriptor.fd, thread);
            }
        }
        Ok(processes)
    }
}

/// The place of the holder's process in the list.
fn index_of(holder: &Holder, boot_time: Option<Duration>, processes: &mut Vec<Process>) -> u32 {
    let start_time = Some(StartTime::new(holder.start_time_ns / NS_PER_TICK, boot_time));
    // The leader's own table comes first, mostly right before those of threads.
    let known = (holder.thread != holder.pid)
        .then(|| {
            processes.iter().rposition(|known| (known.pid, known.start_time) == (holder.pid, start_time))
        })
        .flatten();
    let index = known.unwrap_or_else(|| {
        processes.push(Process {
            pid: holder.pid,
            name: Text::from(holder.name()),
            start_time,
            parent: Some(holder.parent),
            ..Process::default()
        });
        processes.len() - 1
    });
    index as u32
}

/// When the process that has this pid now started, in ticks.
fn starts(source: &mut dyn Source, pid: u32) -> Option<u64> {
    let stat = read_all(source, &Question::Process { pid, part: ProcessPart::Stat }).ok()?;
    Some(proc_pid::Stat::parse(&stat).ok()?.start_time_ticks)
}

/// True for failures that another try will not mend: this kernel has no such thing.
fn is_lacking(failure: Failure) -> bool {
    failure.kind() == ErrorKind::Unsupported
}

/// Makes sure that the program runs.
pub(super) fn demand(source: &mut dyn Source) -> Result<()> {
    source.ask(&Question::Holders).map_err(refused)
}

/// Why there are no owners from the program.
pub(super) fn refused(failure: Failure) -> Error {
    Error::of(failure, "read", "owners through BPF").with_hint(hint(failure))
}

/// What helps when a program is refused.
pub(super) fn hint(failure: Failure) -> &'static str {
    match failure {
        Failure::NotRecorded => NOT_RECORDED,
        Failure::Answer(Errno::ENOENT) => {
            "the kernel must describe its types (CONFIG_DEBUG_INFO_BTF) and /sys be mounted"
        }
        Failure::Answer(Errno::EPERM) => {
            "CAP_BPF and CAP_PERFMON together are needed, outside of any user namespace, and a sandbox must let bpf(2) \
             pass: run as the machine's root"
        }
        Failure::Answer(Errno::EACCES) => "the kernel is locked down (lockdown=confidentiality)",
        Failure::Answer(_) => "it takes Linux 5.12 with BPF and BTF",
        Failure::Transport(_) => "try again",
    }
}

/// Whether the program costs less than a walk; `None` where nothing tells.
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

/// Asks for the records and passes each on.
fn records(
    source: &mut dyn Source,
    mut each: impl FnMut(Record) -> Result<(), Failure>,
) -> Result<(), Failure> {
    source.ask(&Question::Holders)?;
    let (mut batch, mut pending) = (Vec::new(), Vec::new());
    while source.next(&mut batch)? {
        pending.extend_from_slice(&batch);
        let mut rest = &pending[..];
        while let Some(record) = bpf_records::take(&mut rest).map_err(|_| Failure::MALFORMED)? {
            each(record)?;
        }
        let done = pending.len() - rest.len();
        pending.drain(..done);
    }
    if pending.is_empty() { Ok(()) } else { Err(Failure::MALFORMED) }
}
