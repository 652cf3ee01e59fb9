//! Processes in /proc, and the sockets that their descriptors lead to.

use std::ffi::{CStr, CString};
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, OwnedFd};

use pree_wire::fd_records::{FdRecord, HeldSocket, decode_all};
use pree_wire::proc_pid::{fd_name, is_ring, socket_inode};
use rustix::fs::{
    AtFlags, CWD, FileType, Mode, OFlags, RawDir, fstat, getxattr, openat, readlinkat_raw, statat,
};

use super::answer::Answer;
use super::borrowed::bound_port;
use super::failures::{lookup, of_process, transport};
use super::numbering::Numbering;
use super::proc::{
    DIRECTORY_BUFFER, LINK, SOCKET_LINK, has_ended, has_no_program, ids, link, open_directory, read_on,
};
use super::same_files::{Met, Tables, Unsorted};
use crate::error::ErrorKind;
use crate::source::{Errno, Failure, ProcessPart};

/// Longest name of a protocol: the kernel's names have 32 bytes at most.
const PROTOCOL_NAME: usize = 64;

/// Answers questions about processes; remembers the last one, so that all questions about it are about the same
/// process even if its pid is used again.
#[derive(Default)]
pub(super) struct Processes {
    pinned: Option<Pinned>,
    /// Whether `stat` of an `fd` directory reports the number of descriptors (Linux 6.2).
    counts_descriptors: Option<bool>,
    numbering: Option<Numbering>,
}

struct Pinned {
    pid: u32,
    process: OwnedFd,
    /// The tables of descriptors that were read.
    tables: Tables,
    unsorted: Unsorted,
}

impl Processes {
    /// The ids of all processes. Ends the questions about the last one.
    pub(super) fn list(&mut self) -> Result<Vec<u8>, Failure> {
        self.forget();
        Ok(encoded(ids(&open_directory(CWD, c"/proc")?).map_err(transport)?))
    }

    /// Ends the questions about the last one.
    pub(super) fn forget(&mut self) {
        self.pinned = None;
    }

    pub(super) fn ask(&mut self, pid: u32, part: ProcessPart) -> Result<Answer, Failure> {
        self.ask_living(pid, part).map_err(|failure| self.judged(pid, part, failure))
    }

    /// What a failure says of the process that was asked about last. It has ended only where its `stat` says so too: that is
    /// not "not permitted", and that a file of a process which lives is not there is no answer.
    pub(super) fn judged(&self, pid: u32, part: ProcessPart, failure: Failure) -> Failure {
        let Some(pinned) = self.pinned.as_ref().filter(|pinned| pinned.pid == pid) else { return failure };
        match (failure, failure.kind()) {
            (_, ErrorKind::NotPermitted) if pinned.has_ended(part) => Failure::Answer(Errno::ESRCH),
            (Failure::Answer(errno), ErrorKind::Absent) if !pinned.lacks(part) => Failure::Transport(errno),
            _ => failure,
        }
    }

    fn ask_living(&mut self, pid: u32, part: ProcessPart) -> Result<Answer, Failure> {
        let counts = self.counts_descriptors();
        let numbering = *self.numbering.get_or_insert_with(Numbering::of_proc);
        let pinned = self.pin(pid)?;
        let process = &pinned.process;
        let file = |name: &CStr| -> Result<Answer, Failure> {
            let flags = OFlags::RDONLY | OFlags::CLOEXEC;
            let file = openat(process, name, flags, Mode::empty()).map_err(lookup)?;
            Ok(Answer::ProcessFile { file, pid, part })
        };
        match part {
            ProcessPart::Stat => file(c"stat"),
            ProcessPart::Status => file(c"status"),
            ProcessPart::CommandLine => file(c"cmdline"),
            ProcessPart::Cgroup => file(c"cgroup"),
            ProcessPart::Executable => link(process, c"exe", LINK).map(Answer::Whole),
            ProcessPart::Threads => {
                let threads = ids(&open_directory(process, c"task")?).map_err(of_process)?;
                Ok(Answer::Whole(encoded(threads)))
            }
            ProcessPart::Sockets => sockets_in(process, c"fd", counts, None).map(Answer::Whole),
            ProcessPart::ThreadSockets(thread) => {
                pinned.sockets_of(thread, numbering, counts).map(Answer::Whole)
            }
            ProcessPart::DescriptorInfo { thread, fd } => {
                file(&path_of(thread, format_args!("fdinfo/{fd}"))?)
            }
            ProcessPart::Rings => {
                let records = sockets_in(process, c"fd", counts, None)?;
                let rings = decode_all(&records).flatten().filter(|record| record.inode == FdRecord::RING);
                Ok(Answer::Whole(rings.flat_map(FdRecord::encode).collect()))
            }
            ProcessPart::RingSockets { thread, fd } => {
                ring_sockets(process, &path_of(thread, format_args!("fdinfo/{fd}"))?).map(Answer::Whole)
            }
            ProcessPart::BoundPort { fd } => {
                let pid = numbering.own(pid).ok_or(Failure::Answer(Errno::EOPNOTSUPP))?;
                Ok(Answer::Whole(bound_port(pid, fd)?.encode().to_vec()))
            }
            ProcessPart::HeldSocket { thread, fd } => {
                held_socket(process, &path_of(thread, format_args!("fd/{fd}"))?).map(Answer::Whole)
            }
        }
    }

    fn pin(&mut self, pid: u32) -> Result<&mut Pinned, Failure> {
        if self.pinned.as_ref().is_none_or(|pinned| pinned.pid != pid) {
            self.pinned = None;
            let path = CString::new(format!("/proc/{pid}")).map_err(|_| Failure::MALFORMED)?;
            let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
            let process = openat(CWD, &path, flags, Mode::empty()).map_err(|error| {
                let stat = CString::new(format!("/proc/{pid}/stat"));
                let has_ended = stat.is_ok_and(|stat| has_ended(CWD, &stat));
                if has_ended { lookup(error) } else { transport(error) }
            })?;
            let (tables, unsorted) = Default::default();
            self.pinned = Some(Pinned { pid, process, tables, unsorted });
        }
        self.pinned.as_mut().ok_or(Failure::MALFORMED)
    }

    /// Asks about ourselves: we have descriptors, so 0 means that this kernel does not count.
    fn counts_descriptors(&mut self) -> bool {
        *self.counts_descriptors.get_or_insert_with(|| {
            statat(CWD, c"/proc/self/fd", AtFlags::empty()).is_ok_and(|stat| stat.st_size > 0)
        })
    }
}

impl Pinned {
    /// The sockets in a thread's table; nothing when its leader or another thread that was asked about has the same.
    fn sockets_of(&mut self, thread: u32, numbering: Numbering, counts: bool) -> Result<Vec<u8>, Failure> {
        if let (Met::New(part, at), Some(leader)) = (self.met(self.pid, numbering), numbering.own(self.pid)) {
            self.tables.add(leader, part, at);
        }
        let met = self.met(thread, numbering);
        let path = path_of(thread, format_args!("fd"))?;
        let unsorted = match met {
            Met::Before => return Ok(Vec::new()),
            Met::New(..) => None,
            Met::Unknown => Some(&mut self.unsorted),
        };
        let sockets = sockets_in(&self.process, &path, counts, unsorted)?;
        // Not before it was read: a caller that asks again after a failure must not be told that it was.
        if let (Met::New(part, at), Some(thread)) = (met, numbering.own(thread)) {
            self.tables.add(thread, part, at);
        }
        Ok(sockets)
    }

    /// Whether the one that this part is of has ended.
    fn has_ended(&self, part: ProcessPart) -> bool {
        let thread = match part {
            ProcessPart::ThreadSockets(thread)
            | ProcessPart::DescriptorInfo { thread, .. }
            | ProcessPart::RingSockets { thread, .. }
            | ProcessPart::HeldSocket { thread, .. } => thread,
            _ => 0,
        };
        path_of(thread, format_args!("stat")).is_ok_and(|stat| has_ended(&self.process, &stat))
    }

    /// Whether it may well be that there is no such part.
    fn lacks(&self, part: ProcessPart) -> bool {
        let is_lacking = match part {
            // A thread of the kernel has no program.
            ProcessPart::Executable => has_no_program(&self.process, c"stat"),
            // The socket was closed.
            ProcessPart::DescriptorInfo { thread, fd } | ProcessPart::HeldSocket { thread, fd } => {
                !path_of(thread, format_args!("fd/{fd}"))
                    .is_ok_and(|path| leads_to_socket(&self.process, &path))
            }
            // The ring was closed.
            ProcessPart::RingSockets { thread, fd } => !path_of(thread, format_args!("fd/{fd}"))
                .and_then(|path| link(&self.process, &path, SOCKET_LINK))
                .is_ok_and(|link| is_ring(&link)),
            ProcessPart::BoundPort { .. } => true,
            // A kernel can be without.
            ProcessPart::Cgroup => statat(CWD, c"/proc/thread-self/cgroup", AtFlags::empty()).is_err(),
            _ => false,
        };
        is_lacking || self.has_ended(part)
    }

    fn met(&self, thread: u32, numbering: Numbering) -> Met {
        numbering.own(thread).map_or(Met::Unknown, |thread| self.tables.find(thread))
    }
}

/// The descriptors in a directory that are sockets, as [`FdRecord`]s.
fn sockets_in(
    process: &OwnedFd,
    path: &CStr,
    counts: bool,
    mut unsorted: Option<&mut Unsorted>,
) -> Result<Vec<u8>, Failure> {
    // Kernel threads have none: one call instead of four.
    if counts && statat(process, path, AtFlags::empty()).map_err(lookup)?.st_size == 0 {
        return Ok(Vec::new());
    }
    let directory = open_directory(process, path)?;
    let mut records = Vec::new();
    let mut buffer = [MaybeUninit::uninit(); DIRECTORY_BUFFER];
    let mut text = [MaybeUninit::uninit(); SOCKET_LINK];
    let mut entries = RawDir::new(&directory, &mut buffer);
    while let Some(entry) = entries.next() {
        let entry = entry.map_err(of_process)?;
        let Some(fd) = fd_name(entry.file_name().to_bytes()) else { continue };
        unsorted.as_mut().map_or(Ok(()), |unsorted| unsorted.take())?;
        let link = match readlinkat_raw(&directory, entry.file_name(), &mut text) {
            Ok((link, _)) => &*link,
            // Closed since the directory was read.
            Err(rustix::io::Errno::NOENT) if !is_there(&directory, entry.file_name()) => continue,
            Err(error) => return Err(lookup(error)),
        };
        let inode = if is_ring(link) { Some(FdRecord::RING) } else { socket_inode(link) };
        if let Some(inode) = inode {
            records.extend_from_slice(&FdRecord { fd, inode }.encode());
        }
    }
    Ok(records)
}

/// Where a process (thread 0) or one of its threads has a file, below the process's directory.
fn path_of(thread: u32, file: std::fmt::Arguments<'_>) -> Result<CString, Failure> {
    let path = if thread == 0 { file.to_string() } else { format!("task/{thread}/{file}") };
    CString::new(path).map_err(|_| Failure::MALFORMED)
}

fn is_there(directory: &OwnedFd, name: &CStr) -> bool {
    statat(directory, name, AtFlags::SYMLINK_NOFOLLOW).is_ok()
}

fn leads_to_socket(process: &OwnedFd, descriptor: &CStr) -> bool {
    link(process, descriptor, SOCKET_LINK).is_ok_and(|link| socket_inode(&link).is_some())
}

/// The sockets that a ring's file tells of, as [`FdRecord`]s.
fn ring_sockets(process: &OwnedFd, path: &CStr) -> Result<Vec<u8>, Failure> {
    let file = openat(process, path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).map_err(lookup)?;
    let mut text = Vec::new();
    while read_on(&file, &mut text).map_err(of_process)? {}
    let sockets = pree_wire::proc_pid::ring_sockets(&text);
    Ok(sockets.flat_map(|(fd, inode)| FdRecord { fd, inode }.encode()).collect())
}

/// What a descriptor reports about its socket, as a [`HeldSocket`].
fn held_socket(process: &OwnedFd, path: &CStr) -> Result<Vec<u8>, Failure> {
    // Pins the inode, so that number, owner and name are of one socket. The socket itself is not held.
    let socket = openat(process, path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).map_err(lookup)?;
    let stat = fstat(&socket).map_err(transport)?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::Socket {
        // The socket was closed, and its number is something else's.
        return Err(Failure::Answer(Errno::ENOENT));
    }
    let own = CString::new(format!("/proc/thread-self/fd/{}", socket.as_raw_fd()))
        .map_err(|_| Failure::MALFORMED)?;
    let mut name = [MaybeUninit::uninit(); PROTOCOL_NAME];
    let (name, _) = getxattr(&own, c"system.sockprotoname", &mut name).map_err(transport)?;
    let mut record = HeldSocket::encode_head(stat.st_ino, stat.st_uid).to_vec();
    record.extend_from_slice(name);
    Ok(record)
}

fn encoded(ids: Vec<u32>) -> Vec<u8> {
    ids.into_iter().flat_map(u32::to_le_bytes).collect()
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;
    use std::process::{Command, Stdio};

    use super::*;

    /// What every process has as long as it lives, and one descriptor of a socket.
    fn parts(fd: u32) -> [ProcessPart; 10] {
        let thread = rustix::thread::gettid().as_raw_nonzero().get() as u32;
        [
            ProcessPart::Stat,
            ProcessPart::Status,
            ProcessPart::CommandLine,
            ProcessPart::Cgroup,
            ProcessPart::Executable,
            ProcessPart::Threads,
            ProcessPart::Sockets,
            ProcessPart::ThreadSockets(thread),
            ProcessPart::DescriptorInfo { thread: 0, fd },
            ProcessPart::HeldSocket { thread, fd },
        ]
    }

    #[test]
    fn of_a_process_that_lives_absent_is_no_answer() {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let mut processes = Processes::default();
        let pid = std::process::id();
        processes.pin(pid).unwrap();
        for part in parts(socket.as_raw_fd() as u32) {
            for errno in [Errno::ENOENT, Errno::ESRCH] {
                let judged = processes.judged(pid, part, Failure::Answer(errno));
                assert_eq!(judged, Failure::Transport(errno), "{part:?}");
            }
            let refused = Failure::Answer(Errno::EACCES);
            assert_eq!(processes.judged(pid, part, refused), refused, "{part:?}");
        }
        // What it can be without.
        let file = std::fs::File::open("/proc/self/stat").unwrap();
        let fd = file.as_raw_fd() as u32;
        for part in [
            ProcessPart::ThreadSockets(u32::MAX),
            ProcessPart::DescriptorInfo { thread: 0, fd: u32::MAX },
            ProcessPart::HeldSocket { thread: 0, fd },
        ] {
            let absent = Failure::Answer(Errno::ENOENT);
            assert_eq!(processes.judged(pid, part, absent), absent, "{part:?}");
        }
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a process that ends")]
    fn of_a_process_that_ended_absent_is_the_answer() {
        let mut child = Command::new("sleep").arg("60").stdin(Stdio::null()).spawn().unwrap();
        let mut processes = Processes::default();
        processes.pin(child.id()).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        for part in parts(0) {
            for errno in [Errno::ENOENT, Errno::ESRCH] {
                let judged = processes.judged(child.id(), part, Failure::Answer(errno));
                assert_eq!(judged, Failure::Answer(errno), "{part:?}");
            }
            let refused = processes.judged(child.id(), part, Failure::Answer(Errno::EACCES));
            assert_eq!(refused, Failure::Answer(Errno::ESRCH), "{part:?}");
        }
        assert_eq!(processes.pin(u32::MAX).map(|_| ()), Err(Failure::Answer(Errno::ENOENT)));
    }
}
