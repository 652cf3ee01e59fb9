//! /proc: files, links and directories of descriptors.

use std::ffi::{CStr, CString};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use pree_wire::fd_records::{FdRecord, HeldSocket};
use pree_wire::proc_pid::{fd_name, socket_inode};
use rustix::buffer::spare_capacity;
use rustix::fs::{
    AtFlags, CWD, FileType, Mode, OFlags, RawDir, fstat, getxattr, openat, readlinkat_raw, statat,
};

use super::Answer;
use super::borrowed::bound_port;
use super::failures::{lookup, of_process, transport};
use super::numbering::Numbering;
use super::same_files::{Met, Tables, Unsorted};
use crate::source::{Errno, Failure, NetTable, ProcessPart, Setting};

/// One read(2) of a file; /proc gives at most a page or so at a time, whatever is asked for.
const CHUNK: usize = 32 * 1024;

/// One getdents64(2).
const DIRECTORY_BUFFER: usize = 16 * 1024;

/// Longest path that is kept.
const LINK: usize = 4096;

/// Longest name of a protocol: the kernel's names have 32 bytes at most.
const PROTOCOL_NAME: usize = 64;

/// Room for `socket:[18446744073709551615]`; what does not fit is no socket.
const SOCKET_LINK: usize = 64;

pub(super) fn open(path: &CStr) -> Result<OwnedFd, Failure> {
    openat(CWD, path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).map_err(lookup)
}

/// The whole of a small file.
pub(super) fn read_whole(path: &CStr) -> Result<Vec<u8>, Failure> {
    let file = open(path)?;
    let mut bytes = Vec::new();
    while read_on(&file, &mut bytes).map_err(transport)? {}
    Ok(bytes)
}

/// The table as this thread's network namespace has it; `/proc/net` would be the main thread's.
pub(super) fn open_net_table(table: NetTable) -> Result<OwnedFd, Failure> {
    open(match table {
        NetTable::Tcp => c"/proc/thread-self/net/tcp",
        NetTable::Tcp6 => c"/proc/thread-self/net/tcp6",
        NetTable::Udp => c"/proc/thread-self/net/udp",
        NetTable::Udp6 => c"/proc/thread-self/net/udp6",
        NetTable::UdpLite => c"/proc/thread-self/net/udplite",
        NetTable::UdpLite6 => c"/proc/thread-self/net/udplite6",
        NetTable::Raw => c"/proc/thread-self/net/raw",
        NetTable::Raw6 => c"/proc/thread-self/net/raw6",
        NetTable::Icmp => c"/proc/thread-self/net/icmp",
        NetTable::Icmp6 => c"/proc/thread-self/net/icmp6",
        NetTable::Unix => c"/proc/thread-self/net/unix",
        NetTable::Packet => c"/proc/thread-self/net/packet",
        NetTable::Netlink => c"/proc/thread-self/net/netlink",
    })
}

/// The files of [`crate::source::Question::TcpCounters`]; a kernel without IPv6 lacks the second.
pub(super) fn read_tcp_counters() -> Result<Vec<u8>, Failure> {
    let mut text = Vec::new();
    for path in
        [c"/proc/thread-self/net/sockstat", c"/proc/thread-self/net/sockstat6", c"/proc/thread-self/net/snmp"]
    {
        match open(path) {
            Ok(file) => while read_on(&file, &mut text).map_err(transport)? {},
            Err(Failure::Answer(Errno::ENOENT)) => {}
            Err(failure) => return Err(failure),
        }
    }
    Ok(text)
}

pub(super) fn read_link(path: &CStr) -> Result<Vec<u8>, Failure> {
    link(CWD, path, SOCKET_LINK)
}

/// A link that may lead anywhere.
pub(super) fn read_long_link(path: &CStr) -> Result<Vec<u8>, Failure> {
    link(CWD, path, LINK)
}

/// /proc/sys/net shows the calling thread's network namespace.
pub(super) fn open_setting(setting: Setting) -> Result<OwnedFd, Failure> {
    open(match setting {
        Setting::LocalPortRange => c"/proc/sys/net/ipv4/ip_local_port_range",
        Setting::LocalReservedPorts => c"/proc/sys/net/ipv4/ip_local_reserved_ports",
        Setting::TcpMaxTwBuckets => c"/proc/sys/net/ipv4/tcp_max_tw_buckets",
        Setting::TcpTwReuse => c"/proc/sys/net/ipv4/tcp_tw_reuse",
        Setting::TcpMaxSynBacklog => c"/proc/sys/net/ipv4/tcp_max_syn_backlog",
        Setting::TcpSyncookies => c"/proc/sys/net/ipv4/tcp_syncookies",
    })
}

/// Reads the next part of a file.
pub(super) fn read_on(file: &OwnedFd, batch: &mut Vec<u8>) -> rustix::io::Result<bool> {
    batch.reserve(CHUNK);
    let length = rustix::io::read(file, spare_capacity(batch))?;
    Ok(length > 0)
}

/// Answers questions about processes; remembers the last one, so that all questions about it are about the same
/// process even if its pid is used again.
#[derive(Default)]
pub(super) struct Processes {
    pinned: Option<Pinned>,
    /// Whether `stat` of an `fd` directory tells the number of descriptors (Linux 6.2).
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
        self.pinned = None;
        Ok(encoded(ids(&open_directory(CWD, c"/proc")?).map_err(transport)?))
    }

    pub(super) fn ask(&mut self, pid: u32, part: ProcessPart) -> Result<Answer, Failure> {
        let counts = self.counts_descriptors();
        let numbering = *self.numbering.get_or_insert_with(Numbering::of_proc);
        let pinned = self.pin(pid)?;
        let process = &pinned.process;
        let file = |name: &CStr| -> Result<Answer, Failure> {
            let flags = OFlags::RDONLY | OFlags::CLOEXEC;
            Ok(Answer::ProcessFile(openat(process, name, flags, Mode::empty()).map_err(lookup)?))
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
                let path = match thread {
                    0 => format!("fdinfo/{fd}"),
                    thread => format!("task/{thread}/fdinfo/{fd}"),
                };
                file(&CString::new(path).map_err(|_| Failure::MALFORMED)?)
            }
            ProcessPart::BoundPort { fd } => {
                let pid = numbering.own(pid).ok_or(Failure::Answer(Errno::EOPNOTSUPP))?;
                Ok(Answer::Whole(bound_port(pid, fd)?.encode().to_vec()))
            }
            ProcessPart::HeldSocket { thread: 0, fd } => {
                held_socket(process, &format!("fd/{fd}")).map(Answer::Whole)
            }
            ProcessPart::HeldSocket { thread, fd } => {
                held_socket(process, &format!("task/{thread}/fd/{fd}")).map(Answer::Whole)
            }
        }
    }

    fn pin(&mut self, pid: u32) -> Result<&mut Pinned, Failure> {
        if self.pinned.as_ref().is_none_or(|pinned| pinned.pid != pid) {
            self.pinned = None;
            let path = CString::new(format!("/proc/{pid}")).map_err(|_| Failure::MALFORMED)?;
            let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
            let process = openat(CWD, &path, flags, Mode::empty()).map_err(lookup)?;
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
        let path = CString::new(format!("task/{thread}/fd")).map_err(|_| Failure::MALFORMED)?;
        let unsorted = match met {
            Met::Before => return Ok(Vec::new()),
            Met::New(..) => None,
            Met::Unknown => Some(&mut self.unsorted),
        };
        let sockets = sockets_in(&self.process, &path, counts, unsorted)?;
        // Not before it was read: who is asked again because that failed must not be told that it was.
        if let (Met::New(part, at), Some(thread)) = (met, numbering.own(thread)) {
            self.tables.add(thread, part, at);
        }
        Ok(sockets)
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
            Err(rustix::io::Errno::NOENT) => continue,
            Err(error) => return Err(lookup(error)),
        };
        if let Some(inode) = socket_inode(link) {
            records.extend_from_slice(&FdRecord { fd, inode }.encode());
        }
    }
    Ok(records)
}

/// What a descriptor tells of its socket, as a [`HeldSocket`].
fn held_socket(process: &OwnedFd, path: &str) -> Result<Vec<u8>, Failure> {
    // Pins the inode, so that number, owner and name are of one socket. The socket itself is not held.
    let path = CString::new(path).map_err(|_| Failure::MALFORMED)?;
    let socket = openat(process, &path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).map_err(lookup)?;
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

/// The names in a directory that are numbers.
pub(super) fn ids(directory: &OwnedFd) -> rustix::io::Result<Vec<u32>> {
    let mut ids = Vec::new();
    let mut buffer = [MaybeUninit::uninit(); DIRECTORY_BUFFER];
    let mut entries = RawDir::new(directory, &mut buffer);
    while let Some(entry) = entries.next() {
        ids.extend(fd_name(entry?.file_name().to_bytes()));
    }
    Ok(ids)
}

pub(super) fn open_directory(at: impl AsFd, path: &CStr) -> Result<OwnedFd, Failure> {
    openat(at, path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()).map_err(lookup)
}

fn link(at: impl AsFd, path: &CStr, longest: usize) -> Result<Vec<u8>, Failure> {
    let mut text = Vec::with_capacity(longest);
    readlinkat_raw(at, path, spare_capacity(&mut text)).map_err(lookup)?;
    Ok(text)
}
