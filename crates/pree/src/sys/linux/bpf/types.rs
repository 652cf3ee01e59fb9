//! The running kernel's own types, `/sys/kernel/btf/vmlinux`: mapped where the kernel permits that, else read.

use std::ffi::c_void;
use std::os::fd::OwnedFd;
use std::ptr::NonNull;

use rustix::fs::{CWD, Mode, OFlags, fstat, openat};
use rustix::mm::{MapFlags, ProtFlags, mmap, mmap_anonymous, munmap};

use super::super::failures::{lookup, transport};
use crate::source::{Errno, Failure};

/// More than any kernel has (6 MiB on 6.18): what is larger is none.
const LARGEST: usize = 256 << 20;

/// The file's bytes in our address space, until this is dropped. Not on the heap: where there is no room for them, who
/// wants them must hear of it and go another way.
pub(super) struct Types {
    address: NonNull<c_void>,
    length: usize,
}

impl Types {
    /// Opens the file of the running kernel.
    pub(super) fn of_kernel() -> Result<Self, Failure> {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        let file = openat(CWD, c"/sys/kernel/btf/vmlinux", flags, Mode::empty()).map_err(lookup)?;
        let length =
            usize::try_from(fstat(&file).map_err(transport)?.st_size).map_err(|_| Failure::MALFORMED)?;
        if length == 0 || length > LARGEST {
            return Err(Failure::MALFORMED);
        }
        // Linux 6.16: the kernel's own copy, which costs us no memory.
        Self::mapped(&file, length).or_else(|_| Self::copied(&file, length))
    }

    fn mapped(file: &OwnedFd, length: usize) -> Result<Self, Failure> {
        // SAFETY: a new mapping at an address that the kernel chooses: nothing of ours is there.
        let address =
            unsafe { mmap(std::ptr::null_mut(), length, ProtFlags::READ, MapFlags::PRIVATE, file, 0) };
        Self::at(address, length)
    }

    fn copied(file: &OwnedFd, length: usize) -> Result<Self, Failure> {
        let rights = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: a new mapping at an address that the kernel chooses: nothing of ours is there.
        let address = unsafe { mmap_anonymous(std::ptr::null_mut(), length, rights, MapFlags::PRIVATE) };
        let types = Self::at(address, length)?;
        // SAFETY: so many bytes are mapped, zero and writable, and nobody else knows of them.
        let mut rest = unsafe { std::slice::from_raw_parts_mut(types.address.as_ptr().cast::<u8>(), length) };
        // The kernel gives a page at a time, and the file does not change.
        while !rest.is_empty() {
            match rustix::io::read(file, &mut *rest).map_err(transport)? {
                0 => return Err(Failure::MALFORMED),
                read => rest = &mut rest[read..],
            }
        }
        Ok(types)
    }

    fn at(address: rustix::io::Result<*mut c_void>, length: usize) -> Result<Self, Failure> {
        let address = NonNull::new(address.map_err(transport)?).ok_or(Failure::Transport(Errno::ENOMEM))?;
        Ok(Self { address, length })
    }

    pub(super) fn bytes(&self) -> &[u8] {
        // SAFETY: so many bytes are mapped and readable as long as `self` lives. They are the kernel's read-only data,
        // or a copy, and nobody changes them.
        unsafe { std::slice::from_raw_parts(self.address.as_ptr().cast::<u8>(), self.length) }
    }
}

impl Drop for Types {
    fn drop(&mut self) {
        // SAFETY: we made the mapping, and the slices of it cannot outlive `self`.
        let _ = unsafe { munmap(self.address.as_ptr(), self.length) };
    }
}
