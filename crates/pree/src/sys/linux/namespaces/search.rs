//! The search for every network namespace: under names, mounted elsewhere, and through processes.
//!
//! What is found is opened at once. What comes and goes meanwhile is looked for again, and what cannot be read is reported.

use std::collections::BTreeSet;
use std::ffi::{CStr, CString};
use std::mem::MaybeUninit;

use pree_wire::namespaces::{network_namespace_inode, network_namespace_mount, unescape};
use rustix::fs::{CWD, RawDir};

use super::super::failures::{of_process, transport};
use super::super::numbering::Numbering;
use super::super::proc;
use super::super::same_files::{Met, Tables, Unsorted};
use super::way::{COVERED, Way, is_gone, open};
use super::{Known, NAMED};
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
                    self.keep(inode, file, Way::Path(path));
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
    pub(super) fn read_own_mounts(&mut self) -> Result<(), Failure> {
        self.mounts_read.extend(mounts_seen_by("/proc/thread-self").ok());
        self.read_mounts(c"/proc/self/mountinfo", None)
    }

    /// What is mounted in a table of mounts: our own, or that of a process with this root.
    fn read_mounts(&mut self, table: &CStr, root: Option<&CStr>) -> Result<(), Failure> {
        // What could not be opened the last time.
        let mut before = BTreeSet::new();
        for _ in 0..ROUNDS {
            let table = proc::read_whole(table)?;
            // Every process has a root.
            if table.is_empty() {
                return Err(Failure::MALFORMED);
            }
            let mut failed = BTreeSet::new();
            for (inode, place) in table.split(|byte| *byte == b'\n').filter_map(network_namespace_mount) {
                let Ok(path) = CString::new(unescape(place).collect::<Vec<u8>>()) else { continue };
                let way = match root {
                    None => Way::Path(path),
                    Some(root) => Way::Mount { root: root.to_owned(), path },
                };
                let failure = match self.hold(inode, way) {
                    Ok(true) => continue,
                    Ok(false) => COVERED,
                    Err(failure) => failure,
                };
                if before.contains(&inode) {
                    // It stays mounted, and something else is at its path, or nothing that the kernel has in its cache,
                    // where every way to a mount is: the answer lacks it.
                    let is_covered = is_gone(failure) || failure.errno() == Some(Errno::EAGAIN);
                    let failure = if is_covered { COVERED } else { failure };
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

    /// What is mounted where a process or thread sees other mounts than were read before.
    fn read_mounts_of(&mut self, at: &str) -> Result<(), Failure> {
        let seen = mounts_seen_by(at)?;
        if self.mounts_read.contains(&seen) {
            return Ok(());
        }
        self.read_mounts(&below(at, "mountinfo")?, Some(&below(at, "root")?))?;
        self.mounts_read.insert(seen);
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
                match self.read_process(pid, numbering, Unsorted::default()) {
                    Ok(Looked::Whole) => {}
                    Ok(Looked::Ended) => ended = true,
                    Ok(Looked::ThreadEnded) => {
                        ended = true;
                        seen.remove(&pid);
                    }
                    Err(_) if has_ended(&format!("/proc/{pid}")) => ended = true,
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

    /// The namespaces that a process and its threads are in, those that it has open, and those that are mounted where it is.
    fn read_process(
        &mut self,
        pid: u32,
        numbering: Numbering,
        mut unsorted: Unsorted,
    ) -> Result<Looked, Failure> {
        let at = format!("/proc/{pid}");
        // A leader can end before its threads, and stays until somebody takes note of its end.
        let mut looked = if self.read_places_of(&at)? { Looked::Whole } else { Looked::Ended };
        let mut tables = vec![(at.clone(), Met::New(0, 0), Looked::Ended)];
        let mut known = Tables::default();
        let mut meet = |thread| {
            let Some(thread) = numbering.own(thread) else { return Met::Unknown };
            let met = known.find(thread);
            if let Met::New(part, at) = met {
                known.add(thread, part, at);
            }
            met
        };
        meet(pid);
        for thread in proc::ids(&proc::open_directory(CWD, &below(&at, "task")?)?).map_err(of_process)? {
            if thread != pid {
                let at = format!("{at}/task/{thread}");
                if !self.read_places_of(&at)? {
                    looked = Looked::ThreadEnded;
                }
                // A table that several threads share is read once.
                match meet(thread) {
                    Met::Before => {}
                    met => tables.push((at, met, Looked::ThreadEnded)),
                }
            }
        }
        for (at, met, without) in tables {
            let unsorted = (met == Met::Unknown).then_some(&mut unsorted);
            let read = self.read_table_of(&at, unsorted);
            // Then the table is empty, or was when its end was read, and another process may have what was in it.
            if has_ended(&at) {
                looked = looked.max(without);
            } else {
                read?;
            }
        }
        Ok(looked)
    }

    /// The namespace that a process or thread is in, and those that are mounted where it is. False when it has ended.
    fn read_places_of(&mut self, at: &str) -> Result<bool, Failure> {
        let net = self.read_link(below(at, "ns/net")?);
        unless_ended(at, net.and_then(|()| self.read_mounts_of(at)))
    }

    /// The namespaces that a process or thread has open.
    fn read_table_of(&mut self, at: &str, mut unsorted: Option<&mut Unsorted>) -> Result<(), Failure> {
        let table = proc::open_directory(CWD, &below(at, "fd")?)?;
        for fd in proc::ids(&table).map_err(of_process)? {
            unsorted.as_mut().map_or(Ok(()), |unsorted| unsorted.take())?;
            match self.read_link(below(at, &format!("fd/{fd}"))?) {
                // One that was closed meanwhile is no loss.
                Err(failure) if is_gone(failure) => {}
                result => result?,
            }
        }
        Ok(())
    }

    /// Opens the namespace that this link leads to, if it leads to one.
    fn read_link(&mut self, path: CString) -> Result<(), Failure> {
        let Some(inode) = network_namespace_inode(&proc::read_link(&path)?) else { return Ok(()) };
        if self.hold(inode, Way::Path(path))? { Ok(()) } else { Err(Failure::Answer(Errno::ENOENT)) }
    }
}

/// False when it failed because this process or thread has ended.
fn unless_ended(at: &str, result: Result<(), Failure>) -> Result<bool, Failure> {
    match result {
        Err(_) if has_ended(at) => Ok(false),
        result => result.map(|()| true),
    }
}

fn has_ended(at: &str) -> bool {
    below(at, "stat").is_ok_and(|stat| proc::has_ended(CWD, &stat))
}

/// Which mounts a process or thread sees: its mount namespace, and its root there.
fn mounts_seen_by(at: &str) -> Result<(Vec<u8>, Vec<u8>), Failure> {
    Ok((proc::read_link(&below(at, "ns/mnt")?)?, proc::read_long_link(&below(at, "root")?)?))
}

fn below(at: &str, name: &str) -> Result<CString, Failure> {
    CString::new(format!("{at}/{name}")).map_err(|_| Failure::MALFORMED)
}

/// What came of looking into a process.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
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

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    /// A process can have any number of threads and of descriptors: where it cannot be said which of its threads share them, not
    /// every thread's are read.
    #[test]
    fn threads_that_may_share_descriptors_are_read_up_to_a_limit() {
        let (stay, end) = mpsc::channel::<()>();
        let (here, there) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            here.send(()).unwrap();
            let _ = end.recv();
        });
        there.recv().unwrap();
        let read = |numbering, most| {
            Known::default().read_process(std::process::id(), numbering, Unsorted::at_most(most)).map(drop)
        };
        // Standard input, output and error are open, and as often as there are threads.
        assert_eq!(read(Numbering::FOREIGN, 2), Err(Failure::Transport(Errno::ENOBUFS)));
        assert_eq!(read(Numbering::FOREIGN, usize::MAX), Ok(()));
        assert_eq!(read(Numbering::of_proc(), 2), Ok(()));
        drop(stay);
        thread.join().unwrap();
    }
}
