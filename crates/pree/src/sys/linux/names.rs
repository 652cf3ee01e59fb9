//! Numbers of what has a name: interfaces, cgroups.

use std::ffi::CString;

use rustix::fs::stat;
use rustix::net::netdevice::name_to_index;
use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with};

use super::errno;
use crate::source::Errno;

/// The interface's index in this thread's network namespace.
pub(super) fn interface_index(name: &str) -> Result<u32, Errno> {
    // Any socket does: the namespace is what counts.
    let socket =
        socket_with(AddressFamily::UNIX, SocketType::DGRAM, SocketFlags::CLOEXEC, None).map_err(errno)?;
    name_to_index(&socket, name).map_err(errno)
}

/// The cgroup's id, which is the inode of its directory. The path counts from the root of the cgroup v2 tree, or is
/// the directory itself.
pub(super) fn cgroup_id(path: &str) -> Result<u64, Errno> {
    const ROOT: &str = "/sys/fs/cgroup";
    let absolute = if path.starts_with(ROOT) { path.to_owned() } else { format!("{ROOT}/{path}") };
    let absolute = CString::new(absolute).map_err(|_| Errno::EINVAL)?;
    Ok(stat(&absolute).map_err(errno)?.st_ino)
}
