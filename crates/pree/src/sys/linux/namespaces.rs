//! Network namespaces: finding them, and asking in one.
//!
//! A netlink socket, and a file of /proc, belong to the namespace of the thread that opened them, and are read from any.
//! So only the opening is done inside, by a thread that ends with it: the caller's thread never moves.

mod search;
mod way;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::CString;
use std::os::fd::{AsFd, OwnedFd};
use std::thread;

use pree_wire::namespaces::network_namespace_inode;
use pree_wire::proc_pid::most_descriptors;
use rustix::fs::CWD;
use rustix::io::fcntl_dupfd_cloexec;
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use super::failures::{errno, transport};
use super::proc;
use crate::error::ErrorKind;
use crate::model::{NetworkNamespace, Text};
use crate::source::{Errno, Failure, Namespaces, Reachable};
use way::{NO_NAMESPACE, Way, is_gone, open};

/// Where `ip netns` mounts namespaces under names.
const NAMED: [&str; 2] = ["/run/netns", "/var/run/netns"];

/// Namespaces that are kept open from the finding on at most, so that they cannot end before they are entered. The caller needs
/// descriptors too, so where few are left it is half of these: of more the places are remembered where they can be opened.
const HELD_OPEN: usize = 256;

/// Such places of one namespace that are remembered: what is at the first can be gone when it is needed.
const WAYS: usize = 16;

/// Stack of a thread that opens one file.
const STACK: usize = 128 * 1024;

/// The namespaces that were found, each open or with the places where it can be opened.
#[derive(Default)]
pub(super) struct Known {
    own: Option<u64>,
    found: BTreeMap<u64, Found>,
    /// The only one that is meant, as it was asked for. It stays open for questions to come: its name or process can go meanwhile.
    one: Option<(Text, u64)>,
    /// How many more may be held open.
    may_hold: usize,
    /// Whose mounts were read: by mount namespace and root, as their links have them.
    mounts_read: BTreeSet<(Vec<u8>, Vec<u8>)>,
    /// What was said of the search.
    told: Reachable,
}

#[derive(Default)]
struct Found {
    /// In the order of their directories, each once.
    names: Vec<Text>,
    /// Open since it was found: what is at that path now may be another by the time it is needed.
    file: Option<OwnedFd>,
    ways: Vec<Way>,
    /// Why it is not open.
    failure: Option<Failure>,
}

impl Known {
    /// Finds those that are meant.
    pub(super) fn find(&mut self, which: &Namespaces) -> Result<Reachable, Failure> {
        let before = std::mem::take(self);
        let own = proc::read_link(c"/proc/thread-self/ns/net");
        self.own = own.as_deref().ok().and_then(network_namespace_inode);
        match which {
            Namespaces::One(which) => {
                let (file, inode) = before.held(which).map_or_else(|| open_one(which.as_bytes()), Ok)?;
                self.one = Some((which.clone(), inode));
                self.found.entry(inode).or_default().file = Some(file);
                self.read_names(false);
                self.prefer(inode, which.as_bytes());
            }
            Namespaces::Own | Namespaces::All => {
                // Of all, which one is our own must be known: by a name it would be found a second time.
                let inode = self.own.ok_or(own.err().unwrap_or(Failure::MALFORMED))?;
                self.found.entry(inode).or_default();
                let all = *which == Namespaces::All;
                if all {
                    self.may_hold = free_descriptors().map_or(HELD_OPEN, |free| HELD_OPEN.min(free / 2));
                }
                self.read_names(all);
                if all {
                    self.told.without_mounts = self.read_own_mounts().err();
                    self.told.without_processes = self.read_processes().err();
                }
            }
        }
        let mut told = self.told.clone();
        told.namespaces = self
            .found
            .iter()
            .map(|(inode, found)| {
                let mut names = found.names.iter().cloned();
                let mut namespace = NetworkNamespace::new(*inode, names.next());
                namespace.other_names = names.collect();
                namespace
            })
            .collect();
        told.namespaces.sort_by_key(|namespace| Some(namespace.inode) != self.own);
        Ok(told)
    }

    /// The only one, which was found and is open.
    fn held(mut self, which: &Text) -> Option<(OwnedFd, u64)> {
        let (_, inode) = self.one.filter(|(name, _)| name == which)?;
        Some((self.found.remove(&inode)?.file?, inode))
    }

    /// Puts the name by which it was asked for first, itself or as a path.
    fn prefer(&mut self, inode: u64, which: &[u8]) {
        let in_directory = |directory: &str| which.strip_prefix(directory.as_bytes())?.strip_prefix(b"/");
        let name = NAMED.into_iter().find_map(in_directory).unwrap_or(which);
        if let Some(found) = self.found.get_mut(&inode) {
            found.names.sort_by_key(|other| other.as_bytes() != name);
        }
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
        let mut last = None;
        for way in &found.ways {
            match way.open() {
                Ok((file, found)) if found == inode => return enterable(file).map(Some),
                // Something else is there by now.
                Ok(_) => {}
                Err(failure) => last = Some(failure),
            }
        }
        Err(found.failure.or(last).unwrap_or(Failure::Answer(Errno::ENOENT)))
    }

    /// Opens what was seen to be this namespace, where it was seen, unless it is open already. False when it is not there
    /// any more.
    fn hold(&mut self, inode: u64, way: Way) -> Result<bool, Failure> {
        if self.own == Some(inode) || self.found.get(&inode).is_some_and(Found::is_known) {
            return Ok(true);
        }
        let failure = match way.open() {
            // Another one by now is as good a find.
            Ok((file, inode)) => {
                self.keep(inode, file, way);
                return Ok(true);
            }
            Err(failure) if is_gone(failure) => return Ok(false),
            Err(failure) if failure.kind() == ErrorKind::Exhausted => failure,
            Err(failure) => return Err(failure),
        };
        let found = self.found.entry(inode).or_default();
        found.failure = Some(failure);
        found.remember(way);
        Ok(true)
    }

    /// Keeps a namespace open, or remembers where it can be opened when too many are.
    fn keep(&mut self, inode: u64, file: OwnedFd, way: Way) {
        let found = self.found.entry(inode).or_default();
        if self.own == Some(inode) || found.file.is_some() {
            return;
        }
        match self.may_hold.checked_sub(1) {
            Some(more) => {
                self.may_hold = more;
                found.file = Some(file);
            }
            None => found.remember(way),
        }
    }
}

impl Found {
    /// Nothing more is remembered of it.
    fn is_known(&self) -> bool {
        self.file.is_some() || self.ways.len() >= WAYS
    }

    fn remember(&mut self, way: Way) {
        if self.ways.len() < WAYS {
            self.ways.push(way);
        }
    }
}

/// How many descriptors this process can still open, where that is known.
fn free_descriptors() -> Option<usize> {
    let limits = proc::read_whole(c"/proc/thread-self/limits").ok()?;
    let most = usize::try_from(most_descriptors(&limits)?).unwrap_or(usize::MAX);
    let open = proc::ids(&proc::open_directory(CWD, c"/proc/thread-self/fd").ok()?).ok()?;
    Some(most.saturating_sub(open.len()))
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

/// The threads of a process, of which some live when the leader has ended; none when it has as well.
fn threads_of(process: &[u8]) -> impl Iterator<Item = Vec<u8>> + use<> {
    let tasks = [process, b"/task"].concat();
    let path = CString::new(tasks.as_slice()).ok();
    let directory = path.and_then(|path| proc::open_directory(CWD, &path).ok());
    let threads = directory.and_then(|directory| proc::ids(&directory).ok()).unwrap_or_default();
    threads.into_iter().map(move |thread| [tasks.as_slice(), format!("/{thread}").as_bytes()].concat())
}

/// The namespace that somebody means, and its inode.
/// The inode of the namespace that this name or path leads to now.
pub(super) fn inode_of(which: &[u8]) -> Result<u64, Failure> {
    open_one(which).map(|(_, inode)| inode)
}

fn open_one(which: &[u8]) -> Result<(OwnedFd, u64), Failure> {
    let mut ways = Vec::new();
    if which.contains(&b'/') {
        ways.push(which.to_vec());
    } else if !matches!(which, b"" | b"." | b"..") {
        ways.extend(NAMED.map(|directory| [directory.as_bytes(), b"/", which].concat()));
        if which.iter().all(u8::is_ascii_digit) {
            let process = [b"/proc/", which].concat();
            ways.push([&process, &b"/ns/net"[..]].concat());
            ways.extend(threads_of(&process).map(|thread| [&thread, &b"/ns/net"[..]].concat()));
        }
    }
    for way in ways {
        let way = CString::new(way).map_err(|_| Failure::Answer(Errno::ENOENT))?;
        match open(&way) {
            Ok(found) => return Ok(found),
            Err(failure) if failure != NO_NAMESPACE && is_gone(failure) => {}
            Err(failure) => return Err(failure),
        }
    }
    Err(Failure::Answer(Errno::ENOENT))
}
