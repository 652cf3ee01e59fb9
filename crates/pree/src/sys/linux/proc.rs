//! /proc: files, links and directories.

use std::ffi::CStr;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};

use pree_wire::proc_pid::{Stat, fd_name};
use rustix::buffer::spare_capacity;
use rustix::fs::{CWD, Mode, OFlags, RawDir, openat, readlinkat_raw};

use super::failures::{lookup, of_process, transport};
use crate::error::ErrorKind;
use crate::source::{Errno, Failure, NetTable, Setting};

/// One read(2) of a file; /proc gives at most a page or so at a time, whatever is asked for.
const CHUNK: usize = 32 * 1024;

/// One getdents64(2).
pub(super) const DIRECTORY_BUFFER: usize = 16 * 1024;

/// Longest path that is kept.
pub(super) const LINK: usize = 4096;

/// Room for `socket:[18446744073709551615]`; what does not fit is no socket.
pub(super) const SOCKET_LINK: usize = 64;

pub(super) fn open(path: &CStr) -> Result<OwnedFd, Failure> {
    openat(CWD, path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).map_err(lookup)
}

/// The whole of a small file.
pub(super) fn read_whole(path: &CStr) -> Result<Vec<u8>, Failure> {
    whole(&open(path)?).map_err(transport)
}

fn whole(file: &OwnedFd) -> rustix::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    while read_on(file, &mut bytes)? {}
    Ok(bytes)
}

/// Whether the process or thread with this `stat` has ended or is about to. Others than root are refused then as if it were
/// somebody else's: to /proc what has no memory any more is root's (`task_dump_owner` of fs/proc/base.c).
#[expect(clippy::redundant_closure_for_method_calls, reason = "the method alone is of one lifetime")]
pub(super) fn has_ended(at: impl AsFd, stat: &CStr) -> bool {
    is_absent_or(at, stat, |stat| stat.is_ending())
}

/// Whether it has ended or runs no program: it is a thread of the kernel.
pub(super) fn has_no_program(at: impl AsFd, stat: &CStr) -> bool {
    is_absent_or(at, stat, |stat| stat.is_ending() || stat.is_of_kernel())
}

fn is_absent_or(at: impl AsFd, stat: &CStr, is_so: fn(&Stat<'_>) -> bool) -> bool {
    let file = openat(at, stat, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).map_err(lookup);
    match file.and_then(|file| whole(&file).map_err(of_process)) {
        Ok(stat) => Stat::parse(&stat).is_ok_and(|stat| is_so(&stat)),
        Err(failure) => failure.kind() == ErrorKind::Absent,
    }
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

pub(super) fn link(at: impl AsFd, path: &CStr, longest: usize) -> Result<Vec<u8>, Failure> {
    let mut text = Vec::with_capacity(longest);
    readlinkat_raw(at, path, spare_capacity(&mut text)).map_err(lookup)?;
    Ok(text)
}
