//! Network namespaces: finding them, and asking in one.
//!
//! A netlink socket, and a file of /proc, belong to the namespace of the thread that opened them, and are read from any.
//! So only the opening is done inside, by a thread that ends with it: the caller's thread never moves.

use std::collections::BTreeMap;
use std::ffi::{CStr, CString};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::thread;

use pree_wire::namespaces::{network_namespace_inode, network_namespace_mount, unescape};
use rustix::fs::{AtFlags, CWD, Mode, OFlags, RawDir, fstat, fstatfs, openat, statat, statfs};
use rustix::io::fcntl_dupfd_cloexec;
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use super::failures::{errno, lookup_named, of_process, transport};
use super::numbering::Numbering;
use super::proc;
use crate::model::{NetworkNamespace, Text};
use crate::source::{Errno, Failure, Namespaces, Reachable};

/// Where `ip netns` mounts namespaces under names.
const NAMED: [&str; 2] = ["/run/netns", "/var/run/netns"];

/// `NSFS_MAGIC` of linux/magic.h: the file system of namespaces.
const NSFS: i64 = 0x6e73_6673;

/// What is there is no namespace.
const NO_NAMESPACE: Failure = Failure::Answer(Errno::EINVAL);

/// Ways to one namespace that are remembered: what is at the first can be gone when it is needed.
const WAYS: usize = 16;

/// Stack of a thread that opens one file.
const STACK: usize = 128 * 1024;

/// The namespaces that were found, and where they can be opened.
#[derive(Default)]
pub(super) struct Known {
    own: Option<u64>,
    found: BTreeMap<u64, Found>,
    refused: u64,
    hidden: bool,
    without_processes: Option<Failure>,
}

#[derive(Default)]
struct Found {
    name: Option<Text>,
    ways: Vec<CString>,
    /// Where somebody named it: what is at that path now may be another by the time it is needed.
    file: Option<OwnedFd>,
}

impl Known {
    /// Finds those that are meant.
    pub(super) fn find(&mut self, which: &Namespaces) -> Result<Reachable, Failure> {
        *self = Self::default();
        let own = proc::read_link(c"/proc/thread-self/ns/net");
        self.own = own.as_deref().ok().and_then(network_namespace_inode);
        match which {
            Namespaces::Own => {
                self.add(self.own.ok_or(own.err().unwrap_or(Failure::MALFORMED))?, None);
                self.read_names(false);
            }
            Namespaces::One(which) => {
                let (file, inode) = open_one(which.as_bytes())?;
                self.add(inode, None).file = Some(file);
                self.read_names(false);
            }
            Namespaces::All => {
                // Which one is our own must be known: by a name it would be found a second time.
                self.add(self.own.ok_or(own.err().unwrap_or(Failure::MALFORMED))?, None);
                self.read_names(true);
                self.read_mounts();
                self.without_processes = self.read_processes().err();
            }
        }
        let mut namespaces: Vec<_> = self
            .found
            .iter()
            .map(|(inode, found)| NetworkNamespace::new(*inode, found.name.clone()))
            .collect();
        namespaces.sort_by_key(|namespace| Some(namespace.inode) != self.own);
        Ok(Reachable {
            namespaces,
            refused: self.refused,
            hidden: self.hidden,
            without_processes: self.without_processes,
        })
    }

    /// Opens one of those found; `None` for the caller's own, which need not be entered.
    pub(super) fn open(&self, inode: u64) -> Result<Option<OwnedFd>, Failure> {
        if self.own == Some(inode) {
            return Ok(None);
        }
        let found = self.found.get(&inode).ok_or(Failure::Answer(Errno::ENOENT))?;
        if let Some(file) = &found.file {
            let file = fcntl_dupfd_cloexec(file, 0).map_err(transport)?;
            return enterable(file).map(Some);
        }
        let mut last = Failure::Answer(Errno::ENOENT);
        for way in &found.ways {
            match open(way) {
                Ok((file, found)) if found == inode => return enterable(file).map(Some),
                // Something else is there by now.
                Ok(_) => {}
                Err(failure) => last = failure,
            }
        }
        Err(last)
    }

    fn add(&mut self, inode: u64, way: Option<CString>) -> &mut Found {
        let found = self.found.entry(inode).or_default();
        if found.ways.len() < WAYS {
            found.ways.extend(way);
        }
        found
    }

    /// Names of what was found; with `all`, what has a name is found too.
    fn read_names(&mut self, all: bool) {
        for directory in NAMED {
            for name in names_in(directory) {
                let Ok(path) = CString::new([directory.as_bytes(), b"/", &name].concat()) else { continue };
                // A name whose namespace was taken away is an empty file.
                if !statfs(&path).is_ok_and(|stat| i128::from(stat.f_type) == i128::from(NSFS)) {
                    continue;
                }
                let Ok(stat) = statat(CWD, &path, AtFlags::empty()) else { continue };
                let inode = stat.st_ino;
                if all || self.found.contains_key(&inode) {
                    self.add(inode, Some(path)).name.get_or_insert_with(|| Text::from(name));
                }
            }
        }
    }

    /// What is mounted elsewhere, as Docker does it.
    fn read_mounts(&mut self) {
        let table = proc::read_whole(c"/proc/self/mountinfo").unwrap_or_default();
        for (inode, place) in table.split(|byte| *byte == b'\n').filter_map(network_namespace_mount) {
            let path: Vec<u8> = unescape(place).collect();
            self.add(inode, CString::new(path).ok());
        }
    }

    fn read_processes(&mut self) -> Result<(), Failure> {
        let pids = proc::ids(&proc::open_directory(CWD, c"/proc")?).map_err(transport)?;
        if pids.is_empty() {
            return Err(Failure::Answer(Errno::ENOENT));
        }
        self.hidden = !pids.contains(&1);
        let numbering = Numbering::of_proc();
        for pid in pids {
            match self.read_process(pid, numbering) {
                // It has ended.
                Ok(()) | Err(Failure::Answer(Errno::ENOENT | Errno::ESRCH)) => {}
                Err(_) => self.refused += 1,
            }
        }
        Ok(())
    }

    /// The namespaces that a process and its threads are in, and those that it has open.
    fn read_process(&mut self, pid: u32, numbering: Numbering) -> Result<(), Failure> {
        let path = |rest: &str| CString::new(format!("/proc/{pid}/{rest}")).map_err(|_| Failure::MALFORMED);
        let mut add = |path: CString| -> Result<(), Failure> {
            match proc::read_link(&path) {
                Ok(link) => {
                    if let Some(inode) = network_namespace_inode(&link) {
                        self.add(inode, Some(path));
                    }
                    Ok(())
                }
                // A leader that has ended while its threads live; a descriptor that was closed.
                Err(Failure::Answer(Errno::ENOENT | Errno::ESRCH)) => Ok(()),
                Err(failure) => Err(failure),
            }
        };
        add(path("ns/net")?)?;
        let mut tables = vec![String::new()];
        for thread in proc::ids(&proc::open_directory(CWD, &path("task")?)?).map_err(of_process)? {
            if thread != pid {
                add(path(&format!("task/{thread}/ns/net"))?)?;
                // A table that it shares with its process is read once.
                if !proc::share_files(numbering, pid, thread) {
                    tables.push(format!("task/{thread}/"));
                }
            }
        }
        for table in tables {
            let opened = proc::open_directory(CWD, &path(&format!("{table}fd"))?);
            match opened.and_then(|open| proc::ids(&open).map_err(of_process)) {
                Ok(fds) => fds.into_iter().try_for_each(|fd| add(path(&format!("{table}fd/{fd}"))?))?,
                // A thread that has ended.
                Err(Failure::Answer(Errno::ENOENT | Errno::ESRCH)) => {}
                Err(failure) => return Err(failure),
            }
        }
        Ok(())
    }
}

/// Does this in a namespace, on a thread that ends with it.
pub(super) fn within<T: Send>(
    namespace: &OwnedFd,
    work: impl FnOnce() -> Result<T, Failure> + Send,
) -> Result<T, Failure> {
    thread::scope(|scope| {
        let inside = || {
            let network = Some(LinkNameSpaceType::Network);
            move_into_link_name_space(namespace.as_fd(), network)
                .map_err(|error| Failure::of_call(&[Errno::EPERM, Errno::EINVAL], errno(error)))?;
            work()
        };
        let builder = thread::Builder::new().name("pree-netns".to_owned()).stack_size(STACK);
        let thread = builder
            .spawn_scoped(scope, inside)
            .map_err(|error| Failure::Transport(error.raw_os_error().map_or(Errno::EAGAIN, Errno::linux)))?;
        thread.join().unwrap_or(Err(Failure::Transport(Errno::EIO)))
    })
}

/// The namespace, if it can be entered: a refusal comes now, not as one of each question.
fn enterable(namespace: OwnedFd) -> Result<OwnedFd, Failure> {
    within(&namespace, || Ok(()))?;
    Ok(namespace)
}

/// The namespace that somebody means, and its inode.
fn open_one(which: &[u8]) -> Result<(OwnedFd, u64), Failure> {
    let mut ways = Vec::new();
    if which.contains(&b'/') {
        ways.push(which.to_vec());
    } else if !matches!(which, b"" | b"." | b"..") {
        ways.extend(NAMED.map(|directory| [directory.as_bytes(), b"/", which].concat()));
        if which.iter().all(u8::is_ascii_digit) {
            ways.push([b"/proc/", which, b"/ns/net"].concat());
        }
    }
    for way in ways {
        let way = CString::new(way).map_err(|_| Failure::Answer(Errno::ENOENT))?;
        match open(&way) {
            Ok(found) => return Ok(found),
            Err(Failure::Answer(Errno::ENOENT | Errno::ENOTDIR | Errno::ESRCH)) => {}
            Err(failure) => return Err(failure),
        }
    }
    Err(Failure::Answer(Errno::ENOENT))
}

/// A namespace and its inode; `EINVAL` for what is none. That it is one of the network is seen when it is entered.
///
/// Only what was seen to be one is opened, whoever chose the path: to open a FIFO or a device can block or do something.
fn open(path: &CStr) -> Result<(OwnedFd, u64), Failure> {
    let place = openat(CWD, path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).map_err(lookup_named)?;
    if !is_namespace(&place)? {
        return Err(NO_NAMESPACE);
    }
    let inode = fstat(&place).map_err(transport)?.st_ino;
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let seen = CString::new(format!("/proc/thread-self/fd/{}", place.as_raw_fd()))
        .map_err(|_| Failure::MALFORMED)?;
    let file = match openat(CWD, &seen, flags, Mode::empty()) {
        Ok(file) => file,
        // No /proc: by its path once more, where another thing may be by now.
        Err(rustix::io::Errno::NOENT) => {
            let file = openat(CWD, path, flags, Mode::empty()).map_err(lookup_named)?;
            if !is_namespace(&file)? || fstat(&file).map_err(transport)?.st_ino != inode {
                return Err(NO_NAMESPACE);
            }
            file
        }
        Err(error) => return Err(lookup_named(error)),
    };
    Ok((file, inode))
}

fn is_namespace(file: &OwnedFd) -> Result<bool, Failure> {
    Ok(i128::from(fstatfs(file).map_err(transport)?.f_type) == i128::from(NSFS))
}

/// The names in a directory, in order; none where there is no such directory.
fn names_in(directory: &str) -> Vec<Vec<u8>> {
    let mut names = Vec::new();
    let opened = CString::new(directory).map_err(|_| Failure::MALFORMED);
    let Ok(directory) = opened.and_then(|path| proc::open_directory(CWD, &path)) else { return names };
    let mut buffer = [MaybeUninit::uninit(); 4096];
    let mut entries = RawDir::new(&directory, &mut buffer);
    while let Some(Ok(entry)) = entries.next() {
        let name = entry.file_name().to_bytes();
        if !matches!(name, b"." | b"..") {
            names.push(name.to_vec());
        }
    }
    names.sort_unstable();
    names
}
