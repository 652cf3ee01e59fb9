//! The running kernel's own types, `/sys/kernel/btf/vmlinux`: mapped where the kernel permits that, else read.

use std::ffi::c_void;
use std::os::fd::OwnedFd;
use std::ptr::NonNull;

use rustix::fs::{CWD, Mode, OFlags, fstat, openat};
use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};

use super::super::failures::{lookup, transport};
use crate::source::{Errno, Failure};

/// More than any kernel has (6 MiB on 6.18): what is larger is none.
const LARGEST: usize = 256 << 20;

/// The file's bytes.
pub(super) enum Types {
    /// Linux 6.16: the kernel's own copy, which costs us no memory.
    Mapped(Mapping),
    Read(Vec<u8>),
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
        if let Ok(mapping) = Mapping::new(&file, length) {
            return Ok(Self::Mapped(mapping));
        }
        let mut bytes = Vec::with_capacity(length);
        // The kernel gives a page at a time, and the file does not change.
        while rustix::io::read(&file, rustix::buffer::spare_capacity(&mut bytes)).map_err(transport)? > 0 {
            if bytes.len() >= length {
                break;
            }
        }
        Ok(Self::Read(bytes))
    }

    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Self::Mapped(mapping) => mapping.bytes(),
            Self::Read(bytes) => bytes,
        }
    }
}

/// A file's bytes in our address space, read-only, until this is dropped.
pub(super) struct Mapping {
    address: NonNull<c_void>,
    length: usize,
}

impl Mapping {
    fn new(file: &OwnedFd, length: usize) -> Result<Self, Failure> {
        // SAFETY: a new mapping at an address that the kernel chooses: nothing of ours is there.
        let address =
            unsafe { mmap(std::ptr::null_mut(), length, ProtFlags::READ, MapFlags::PRIVATE, file, 0) };
        let address = NonNull::new(address.map_err(transport)?).ok_or(Failure::Transport(Errno::ENOMEM))?;
        Ok(Self { address, length })
    }

    fn bytes(&self) -> &[u8] {
        // SAFETY: so many bytes are mapped and readable as long as `self` lives. They are the kernel's read-only data,
        // which nobody changes while it runs.
        unsafe { std::slice::from_raw_parts(self.address.as_ptr().cast::<u8>(), self.length) }
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: we made the mapping, and the slices of it cannot outlive `self`.
        let _ = unsafe { munmap(self.address.as_ptr(), self.length) };
    }
}
