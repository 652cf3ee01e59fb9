//! The search for every network namespace: under names, mounted elsewhere, and through processes.
//!
//! What is found is opened at once. What comes and goes meanwhile is looked for again, and what cannot be read is told.

use std::collections::BTreeSet;
use std::ffi::CString;
use std::mem::MaybeUninit;

use pree_wire::namespaces::{network_namespace_inode, network_namespace_mount, unescape};
use rustix::fs::{CWD, RawDir};

use super::super::failures::{of_process, transport};
use super::super::numbering::Numbering;
use super::super::proc;
use super::super::same_files::{Met, Tables};
use super::{Known, NAMED, is_gone, open};
use crate::error::ErrorKind;
use crate::model::Text;
use crate::source::{Errno, Failure};

/// How often is looked again for what came and went; after that the answer says so.
const ROUNDS: usize = 16;

impl Known {
    /// Names of what was found; with `all`, what has a name is found too.
    pub(super) fn read_names(&mut self, all: bool) {
        for directory in NAMED {
            let names = match names_in(directory) {
                Ok(names) => names,
                // Nobody has made any.
                Err(failure) if is_gone(failure) => continue,
                Err(failure) => {
                    self.told.without_names = Some(failure);
                    continue;
                }
            };
            for name in names {
                let Ok(path) = CString::new([directory.as_bytes(), b"/", &name].concat()) else { continue };
                let (file, inode) = match open(&path) {
                    Ok(found) => found,
                    // Its namespace was taken away, which leaves an empty file, or the name was as well.
                    Err(failure) if is_gone(failure) => continue,
                    Err(failure) => {
                        self.told.without_names = Some(failure);
                        continue;
                    }
                };
                if all {
                    self.keep(inode, file, path);
                }
                if let Some(found) = self.found.get_mut(&inode) {
                    let name = Text::from(name);
                    if !found.names.contains(&name) {
                        found.names.push(name);
                    }
                }
            }
        }
    }

    /// What is mounted elsewhere, as Docker does it.
    pub(super) fn read_mounts(&mut self) -> Result<(), Failure> {
        // What could not be opened the last time.
        let mut before = BTreeSet::new();
        for _ in 0..ROUNDS {
            let table = proc::read_whole(c"/proc/self/mountinfo")?;
            // Every process has a root.
            if table.is_empty() {
                return Err(Failure::MALFORMED);
            }
            let mut failed = BTreeSet::new();
            for (inode, place) in table.split(|byte| *byte == b'\n').filter_map(network_namespace_mount) {
                let Ok(path) = CString::new(unescape(place).collect::<Vec<u8>>()) else { continue };
                let failure = match self.hold(inode, path) {
                    Ok(true) => continue,
                    Ok(false) => Failure::Transport(Errno::ENOENT),
                    Err(failure) => failure,
                };
                if before.contains(&inode) {
                    // It stays mounted, and something else is at its path: the answer lacks it.
                    self.found.entry(inode).or_default().failure = Some(failure);
                } else {
                    failed.insert(inode);
                }
            }
            if failed.is_empty() {
                return Ok(());
            }
            before = failed;
        }
        self.told.unsettled = true;
        Ok(())
    }

    /// The namespaces of processes. One whose processes end and leave it to new ones all the time is found by looking into
    /// those that came meanwhile, until none ended before it was looked into.
    pub(super) fn read_processes(&mut self) -> Result<(), Failure> {
        let numbering = Numbering::of_proc();
        let mut seen = BTreeSet::new();
        for _ in 0..ROUNDS {
            let pids = proc::ids(&proc::open_directory(CWD, c"/proc")?).map_err(transport)?;
            if pids.is_empty() {
                return Err(Failure::Answer(Errno::ENOENT));
            }
            self.told.hidden = !pids.contains(&1);
            let mut ended = false;
            for pid in pids {
                if !seen.insert(pid) {
                    continue;
                }
                match self.read_process(pid, numbering) {
                    Ok(Looked::Whole) => {}
                    Ok(Looked::Ended) => ended = true,
                    Ok(Looked::ThreadEnded) => {
                        ended = true;
                        seen.remove(&pid);
                    }
                    Err(failure) if is_gone(failure) => ended = true,
                    Err(failure) if failure.kind() == ErrorKind::NotPermitted => self.told.refused += 1,
                    Err(failure) => {
                        self.told.unread += 1;
                        self.told.why_unread = Some(failure);
                    }
                }
            }
            if !ended {
                return Ok(());
            }
        }
        self.told.unsettled = true;
        Ok(())
    }

    /// The namespaces that a process and its threads are in, and those that it has open.
    fn read_process(&mut self, pid: u32, numbering: Numbering) -> Result<Looked, Failure> {
        let path = |rest: &str| CString::new(format!("/proc/{pid}/{rest}")).map_err(|_| Failure::MALFORMED);
        let mut looked = Looked::Whole;
        // A leader can end before its threads, and stays until somebody takes note of its end.
        if !self.read_link(path("ns/net")?)? {
            looked = Looked::Ended;
        }
        let mut tables = vec![String::new()];
        let mut met = Tables::default();
        let mut is_new = |thread| {
            let Some(thread) = numbering.own(thread) else { return true };
            let found = met.find(thread);
            if let Met::New(part, at) = found {
                met.add(thread, part, at);
            }
            found != Met::Before
        };
        is_new(pid);
        for thread in proc::ids(&proc::open_directory(CWD, &path("task")?)?).map_err(of_process)? {
            if thread != pid {
                if !self.read_link(path(&format!("task/{thread}/ns/net"))?)? {
                    looked = Looked::ThreadEnded;
                }
                // A table that several threads share is read once.
                if is_new(thread) {
                    tables.push(format!("task/{thread}/"));
                }
            }
        }
        for table in tables {
            let opened = proc::open_directory(CWD, &path(&format!("{table}fd"))?);
            match opened.and_then(|open| proc::ids(&open).map_err(of_process)) {
                Ok(fds) => {
                    for fd in fds {
                        // One that was closed meanwhile is no loss.
                        self.read_link(path(&format!("{table}fd/{fd}"))?)?;
                    }
                }
                // A thread that has ended.
                Err(failure) if is_gone(failure) => {}
                Err(failure) => return Err(failure),
            }
        }
        Ok(looked)
    }

    /// Opens the namespace that this link leads to, if it leads to one. False when the link is not there any more.
    fn read_link(&mut self, path: CString) -> Result<bool, Failure> {
        match proc::read_link(&path) {
            Ok(link) => match network_namespace_inode(&link) {
                Some(inode) => self.hold(inode, path),
                None => Ok(true),
            },
            Err(failure) if is_gone(failure) => Ok(false),
            Err(failure) => Err(failure),
        }
    }
}

/// What came of looking into a process.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Looked {
    Whole,
    /// It ended before all of it was seen: what it started then is new.
    Ended,
    /// The same of a thread, so that the process has new ones.
    ThreadEnded,
}

/// The names in a directory, in order.
fn names_in(directory: &str) -> Result<Vec<Vec<u8>>, Failure> {
    let path = CString::new(directory).map_err(|_| Failure::MALFORMED)?;
    let directory = proc::open_directory(CWD, &path)?;
    let mut names = Vec::new();
    let mut buffer = [MaybeUninit::uninit(); 4096];
    let mut entries = RawDir::new(&directory, &mut buffer);
    while let Some(entry) = entries.next() {
        let entry = entry.map_err(transport)?;
        let name = entry.file_name().to_bytes();
        if !matches!(name, b"." | b"..") {
            names.push(name.to_vec());
        }
    }
    names.sort_unstable();
    Ok(names)
}
