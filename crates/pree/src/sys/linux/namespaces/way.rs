//! Ways to a namespace: opening what is at a path, and only what is a namespace.

use std::ffi::{CStr, CString};
use std::os::fd::{AsRawFd, OwnedFd};

use rustix::fs::{
    AtFlags, CWD, Mode, OFlags, ResolveFlags, StatxFlags, fstat, fstatfs, major, minor, openat, openat2,
    statat, statx,
};

use super::super::failures::{lookup, lookup_named, transport};
use crate::source::{Errno, Failure};

/// What is there is no namespace.
pub(super) const NO_NAMESPACE: Failure = Failure::Answer(Errno::EINVAL);

/// A namespace is mounted, and no path leads to it: another mount covers it.
pub(super) const COVERED: Failure = Failure::Answer(Errno::ENOENT);

/// `NSFS_MAGIC` of linux/magic.h: the file system of namespaces.
const NSFS: i64 = 0x6e73_6673;

/// A look into the kernel's cache fails when something is renamed or mounted meanwhile, anywhere.
const TRIES: usize = 16;

/// Where a namespace was seen, and can be opened.
#[derive(Clone)]
pub(super) enum Way {
    Path(CString),
    /// In the mounts of another process: a path from its root.
    Mount {
        root: CString,
        path: CString,
    },
}

impl Way {
    /// A namespace and its inode; [`NO_NAMESPACE`] for what is none. That it is one of the network is seen when it is entered.
    pub(super) fn open(&self) -> Result<(OwnedFd, u64), Failure> {
        match self {
            Self::Path(path) => open(path),
            Self::Mount { root, path } => open_mount(root, path),
        }
    }
}

/// Nothing is at this path any more, or something that is no namespace.
pub(super) fn is_gone(failure: Failure) -> bool {
    failure == NO_NAMESPACE
        || matches!(failure, Failure::Answer(Errno::ENOENT | Errno::ENOTDIR | Errno::ESRCH))
}

/// A namespace and its inode; [`NO_NAMESPACE`] for what is none.
///
/// Only what was seen to be one is opened, whoever chose the path: to open a FIFO or a device can block or do something.
pub(super) fn open(path: &CStr) -> Result<(OwnedFd, u64), Failure> {
    let place = openat(CWD, path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).map_err(lookup_named)?;
    if !is_namespace(&place)? {
        return Err(NO_NAMESPACE);
    }
    let inode = fstat(&place).map_err(transport)?.st_ino;
    match open_seen(&place) {
        Ok(file) => Ok((file, inode)),
        // No /proc: by its path once more, where another thing may be by now.
        Err(Failure::Answer(Errno::ENOENT)) => {
            let file = openat(CWD, path, READ, Mode::empty()).map_err(lookup_named)?;
            if !is_namespace(&file)? || fstat(&file).map_err(transport)?.st_ino != inode {
                return Err(NO_NAMESPACE);
            }
            Ok((file, inode))
        }
        Err(failure) => Err(failure),
    }
}

/// What is mounted in another mount namespace, whose owner may have chosen every file system on the way, such as one that never
/// answers: so the kernel is asked only for what it has in its cache, which is every directory that leads to a mount (Linux
/// 5.12), and what it knows of the file itself.
fn open_mount(root: &CStr, path: &CStr) -> Result<(OwnedFd, u64), Failure> {
    let flags = OFlags::PATH | OFlags::CLOEXEC;
    let root = openat(CWD, root, flags | OFlags::DIRECTORY, Mode::empty()).map_err(lookup)?;
    let resolve = ResolveFlags::CACHED | ResolveFlags::IN_ROOT | ResolveFlags::NO_SYMLINKS;
    let mut tries = 0;
    let place = loop {
        tries += 1;
        match openat2(&root, path, flags, Mode::empty(), resolve) {
            Err(rustix::io::Errno::AGAIN) if tries < TRIES => {}
            place => break place.map_err(lookup_named)?,
        }
    };
    let here = statat(CWD, c"/proc/thread-self/ns/net", AtFlags::empty()).map_err(lookup)?.st_dev;
    let known = AtFlags::EMPTY_PATH | AtFlags::STATX_DONT_SYNC;
    let found = statx(&place, c"", known, StatxFlags::INO).map_err(transport)?;
    if (found.stx_dev_major, found.stx_dev_minor) != (major(here), minor(here)) {
        return Err(NO_NAMESPACE);
    }
    Ok((open_seen(&place)?, found.stx_ino))
}

const READ: OFlags = OFlags::RDONLY.union(OFlags::CLOEXEC).union(OFlags::NONBLOCK).union(OFlags::NOCTTY);

fn open_seen(place: &OwnedFd) -> Result<OwnedFd, Failure> {
    openat(CWD, &own_path(place)?, READ, Mode::empty()).map_err(lookup_named)
}

fn own_path(file: &OwnedFd) -> Result<CString, Failure> {
    CString::new(format!("/proc/thread-self/fd/{}", file.as_raw_fd())).map_err(|_| Failure::MALFORMED)
}

fn is_namespace(file: &OwnedFd) -> Result<bool, Failure> {
    Ok(i128::from(fstatfs(file).map_err(transport)?.f_type) == i128::from(NSFS))
}
