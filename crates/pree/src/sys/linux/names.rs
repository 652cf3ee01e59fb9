//! Numbers of what has a name: interfaces, cgroups.

use rustix::fs::{stat, statfs};
use rustix::net::netdevice::name_to_index;
use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with};

use super::errno;
use crate::source::Errno;

/// The interface's index in this thread's network namespace.
pub(super) fn interface_index(name: &str) -> Result<u32, Errno> {
    // The kernel would read the name up to here.
    if name.contains('\0') {
        return Err(Errno::ENODEV);
    }
    // Any socket does: the namespace is what counts.
    let socket =
        socket_with(AddressFamily::UNIX, SocketType::DGRAM, SocketFlags::CLOEXEC, None).map_err(errno)?;
    name_to_index(&socket, name).map_err(errno)
}

/// Where the tree of cgroups is mounted; where there are those of v1 beside it, it is below them.
const ROOTS: [&str; 2] = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"];

/// The cgroup's id, which is the inode of its directory. The path counts from the root of the cgroup v2 tree, or is
/// the directory itself.
pub(super) fn cgroup_id(path: &str) -> Result<u64, Errno> {
    if path.contains('\0') {
        return Err(Errno::ENOENT);
    }
    let whole = if path.starts_with(ROOTS[0]) {
        path.to_owned()
    } else {
        let root = ROOTS.into_iter().find(|root| is_in_v2(root)).ok_or(Errno::ENOENT)?;
        format!("{root}/{path}")
    };
    let id = stat(&whole).map_err(errno)?.st_ino;
    // The directory of another file system has a number too, which is no cgroup's.
    if is_in_v2(&whole) { Ok(id) } else { Err(Errno::ENOENT) }
}

fn is_in_v2(path: &str) -> bool {
    /// `CGROUP2_SUPER_MAGIC`, include/uapi/linux/magic.h.
    const MAGIC: u32 = 0x6367_7270;
    // The kernel has a long there, whose width is the machine's.
    statfs(path).is_ok_and(|fs| fs.f_type as u32 == MAGIC)
}
