//! Resolves names of interfaces and cgroups to ids.

use std::os::fd::OwnedFd;

use rustix::fs::{stat, statfs};
use rustix::net::netdevice::{index_to_name, name_to_index};
use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with};

use super::failures::{errno, lookup_named, transport};
use crate::source::{Errno, Failure};

/// The interface's index in this thread's network namespace.
pub(super) fn interface_index(name: &str) -> Result<u32, Failure> {
    // The kernel would read the name up to here.
    if name.contains('\0') {
        return Err(Failure::Answer(Errno::ENODEV));
    }
    name_to_index(any_socket()?, name).map_err(no_device)
}

/// The name of the interface with this index in this thread's network namespace.
pub(super) fn interface_name(index: u32) -> Result<Vec<u8>, Failure> {
    index_to_name(any_socket()?, index).map(String::into_bytes).map_err(no_device)
}

/// Any does: the namespace is what counts.
fn any_socket() -> Result<OwnedFd, Failure> {
    socket_with(AddressFamily::UNIX, SocketType::DGRAM, SocketFlags::CLOEXEC, None).map_err(transport)
}

fn no_device(error: rustix::io::Errno) -> Failure {
    Failure::of_call(&[Errno::ENODEV], errno(error))
}

/// There is none of this name.
const NONE: Failure = Failure::Answer(Errno::ENOENT);

/// Where the tree of cgroups is mounted; where there are those of v1 beside it, it is below them.
const ROOTS: [&str; 2] = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"];

/// The cgroup's id, which is the inode of its directory. The path counts from the root of the cgroup v2 tree, or is
/// the directory itself.
pub(super) fn cgroup_id(path: &str) -> Result<u64, Failure> {
    if path.contains('\0') {
        return Err(NONE);
    }
    let whole = if path.starts_with(ROOTS[0]) {
        path.to_owned()
    } else {
        let mut root = None;
        for place in ROOTS {
            if is_in_v2(place)? {
                root = Some(place);
                break;
            }
        }
        format!("{}/{path}", root.ok_or(NONE)?)
    };
    let id = stat(&whole).map_err(lookup_named)?.st_ino;
    // The directory of another file system has a number too, which is no cgroup's.
    if is_in_v2(&whole)? { Ok(id) } else { Err(NONE) }
}

fn is_in_v2(path: &str) -> Result<bool, Failure> {
    /// `CGROUP2_SUPER_MAGIC`, include/uapi/linux/magic.h.
    const MAGIC: u32 = 0x6367_7270;
    // The kernel has a long there, whose width is the machine's.
    match statfs(path).map_err(lookup_named) {
        Ok(fs) => Ok(fs.f_type as u32 == MAGIC),
        Err(NONE) => Ok(false),
        Err(failure) => Err(failure),
    }
}
