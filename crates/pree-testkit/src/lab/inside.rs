//! What a case may do to its lab: cover `/proc`, add an address, give up rights.

use std::io;
use std::net::IpAddr;

use rustix::mount::{MountFlags, UnmountFlags};
use rustix::process::Uid;
use rustix::thread::{CapabilitySet, CapabilitySets, set_thread_res_uid};

use crate::fresh::fresh_path;
use crate::rtnetlink::{LOOPBACK, Rtnetlink};

/// Mounts a new `/proc` over the old one, with options such as `hidepid=2`. For cases in a lab.
///
/// # Errors
/// The kernel's.
pub fn mount_proc(options: &str) -> io::Result<()> {
    let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    let options = std::ffi::CString::new(options)?;
    Ok(rustix::mount::mount("proc", "/proc", "proc", flags, Some(options.as_c_str()))?)
}

/// Hides `/proc` under an empty file system until the end of the lab. For cases in a lab.
///
/// # Errors
/// The kernel's.
pub fn hide_proc() -> io::Result<()> {
    Ok(rustix::mount::mount("none", "/proc", "tmpfs", MountFlags::empty(), None)?)
}

/// Puts these bytes in the place of a file until the end of the lab. For cases in a lab.
///
/// # Errors
/// The kernel's.
pub fn cover_file(path: &str, bytes: &[u8]) -> io::Result<()> {
    let from = fresh_path("cover")?;
    std::fs::write(&from, bytes)?;
    rustix::mount::mount_bind(&from, path)?;
    std::fs::remove_file(&from)
}

/// Takes away what [`mount_proc`] or [`hide_proc`] put over `/proc` last. For cases in a lab.
///
/// # Errors
/// The kernel's.
pub fn uncover_proc() -> io::Result<()> {
    Ok(rustix::mount::unmount("/proc", UnmountFlags::DETACH)?)
}

/// Gives the loopback interface of the lab one more address.
///
/// # Errors
/// The kernel's.
pub fn add_address(address: IpAddr) -> io::Result<()> {
    let prefix = if address.is_ipv4() { 32 } else { 128 };
    Rtnetlink::open()?.add_address(LOOPBACK, address, prefix)
}

/// Leaves this thread with the capabilities for BPF and no other.
///
/// # Errors
/// The kernel's.
pub fn keep_bpf_rights() -> io::Result<()> {
    let (bpf, none) = (CapabilitySet::BPF | CapabilitySet::PERFMON, CapabilitySet::empty());
    let sets = CapabilitySets { effective: bpf, permitted: bpf, inheritable: none };
    Ok(rustix::thread::set_capabilities(None, sets)?)
}

/// Leaves this thread, and every program that it starts from now on, without any capability, though with uid 0: it
/// can no longer look into processes that were started before, such as holders (the numbers of their descriptors can be
/// listed, but what those are is refused). There is no way back.
///
/// # Errors
/// The kernel's.
pub fn give_up_rights() -> io::Result<()> {
    for number in 0..64 {
        match rustix::thread::remove_capability_from_bounding_set(CapabilitySet::from_bits_retain(
            1 << number,
        )) {
            // The end of what this kernel knows.
            Err(rustix::io::Errno::INVAL) => break,
            result => result?,
        }
    }
    let none = CapabilitySet::empty();
    let sets = CapabilitySets { effective: none, permitted: none, inheritable: none };
    Ok(rustix::thread::set_capabilities(None, sets)?)
}

/// Goes on as an ordinary user: not the one to whom `/proc` gives what is nobody's, such as what an ended process had. Programs
/// that are started from now on may be looked into, those of before may not where the case was root's. There is no way back.
///
/// # Errors
/// The kernel's.
pub fn become_ordinary() -> io::Result<()> {
    let other = Uid::from_raw(65_534);
    match set_thread_res_uid(other, other, other) {
        // In a user namespace with a single user one is an ordinary user seen from outside.
        Err(rustix::io::Errno::INVAL) => Ok(()),
        result => Ok(result?),
    }
}
