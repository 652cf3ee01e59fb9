//! bpf(2): maps, programs, iterators. The commands we need, each behind a safe function that owns what it gives.
//!
//! `union bpf_attr` of include/uapi/linux/bpf.h, one structure a command. The kernel takes a shorter one and reads the
//! rest as zeros.

use std::ffi::CStr;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use crate::source::{Errno, Failure};

const MAP_CREATE: libc::c_int = 0;
const MAP_UPDATE_ELEM: libc::c_int = 2;
const PROG_LOAD: libc::c_int = 5;
const LINK_CREATE: libc::c_int = 28;
const ITER_CREATE: libc::c_int = 33;

const MAP_TYPE_ARRAY: u32 = 2;
const PROG_TYPE_TRACING: u32 = 26;
const ATTACH_TRACE_ITER: u32 = 28;

/// The kernel's functions that we call are for programs under its own licence.
const LICENCE: &CStr = c"Dual MIT/GPL";

/// With these the kernel says that it is not permitted, or that it does not know the command or the program. 524 is its
/// `ENOTSUPP`, which has no name outside.
const REFUSALS: &[Errno] = &[
    Errno::EPERM,
    Errno::EACCES,
    Errno::EINVAL,
    Errno::E2BIG,
    Errno::ENOSYS,
    Errno::EOPNOTSUPP,
    Errno::linux(524),
];

/// An array with one value of so many bytes.
pub(super) fn array_of_one(value_size: u32) -> Result<OwnedFd, Failure> {
    #[repr(C)]
    struct Attr {
        map_type: u32,
        key_size: u32,
        value_size: u32,
        max_entries: u32,
    }
    let attr = Attr { map_type: MAP_TYPE_ARRAY, key_size: 4, value_size, max_entries: 1 };
    // SAFETY: the structure is what the command reads, and holds no addresses.
    unsafe { bpf_fd(MAP_CREATE, &attr) }
}

/// Replaces the value of an [`array_of_one`].
pub(super) fn set_value(map: BorrowedFd<'_>, value: &[u64]) -> Result<(), Failure> {
    #[repr(C)]
    struct Attr {
        map: i32,
        pad: u32,
        key: u64,
        value: u64,
        flags: u64,
    }
    let key = 0_u32;
    let attr = Attr {
        map: map.as_raw_fd(),
        pad: 0,
        key: address(std::ptr::from_ref(&key)),
        value: address(value.as_ptr()),
        flags: 0,
    };
    // SAFETY: key and value outlive the call, which reads them: 4 bytes, and as many as the map was made with.
    // The only caller made the map for a value of just this length.
    unsafe { bpf(MAP_UPDATE_ELEM, &attr) }.map(drop)
}

/// Loads an iterator's program; `target` is the number of its function in the kernel's BTF.
pub(super) fn load_iterator(code: &[[u8; 8]], target: u32) -> Result<OwnedFd, Failure> {
    #[repr(C)]
    struct Attr {
        prog_type: u32,
        insn_cnt: u32,
        insns: u64,
        license: u64,
        log: [u32; 4],
        kern_version: u32,
        prog_flags: u32,
        prog_name: [u8; 16],
        prog_ifindex: u32,
        expected_attach_type: u32,
        /// `prog_btf_fd` to `line_info_cnt`.
        debug: [u32; 9],
        attach_btf_id: u32,
    }
    // As the kernel's header has it.
    const { assert!(std::mem::offset_of!(Attr, attach_btf_id) == 108) };
    let attr = Attr {
        prog_type: PROG_TYPE_TRACING,
        insn_cnt: u32::try_from(code.len()).map_err(|_| Failure::MALFORMED)?,
        insns: address(code.as_ptr()),
        license: address(LICENCE.as_ptr()),
        log: [0; 4],
        kern_version: 0,
        prog_flags: 0,
        prog_name: *b"pree\0\0\0\0\0\0\0\0\0\0\0\0",
        prog_ifindex: 0,
        expected_attach_type: ATTACH_TRACE_ITER,
        debug: [0; 9],
        attach_btf_id: target,
    };
    // SAFETY: code and licence outlive the call, which reads them: as many instructions as said, and text up to a NUL.
    unsafe { bpf_fd(PROG_LOAD, &attr) }
}

/// Attaches an iterator's program, so that it can be run.
pub(super) fn attach_iterator(program: BorrowedFd<'_>) -> Result<OwnedFd, Failure> {
    #[repr(C)]
    struct Attr {
        program: i32,
        target: u32,
        attach_type: u32,
        flags: u32,
    }
    let attr = Attr { program: program.as_raw_fd(), target: 0, attach_type: ATTACH_TRACE_ITER, flags: 0 };
    // SAFETY: the structure is what the command reads, and holds no addresses.
    unsafe { bpf_fd(LINK_CREATE, &attr) }
}

/// A run of an attached iterator: reading it runs the program.
pub(super) fn run_iterator(link: BorrowedFd<'_>) -> Result<OwnedFd, Failure> {
    #[repr(C)]
    struct Attr {
        link: i32,
        flags: u32,
    }
    let attr = Attr { link: link.as_raw_fd(), flags: 0 };
    // SAFETY: the structure is what the command reads, and holds no addresses.
    unsafe { bpf_fd(ITER_CREATE, &attr) }
}

fn address<T>(of: *const T) -> u64 {
    of.expose_provenance() as u64
}

/// A command that answers with a descriptor.
///
/// # Safety
/// As for [`bpf`].
unsafe fn bpf_fd<T>(command: libc::c_int, attr: &T) -> Result<OwnedFd, Failure> {
    // SAFETY: promised by the caller.
    let fd = unsafe { bpf(command, attr) }?;
    // SAFETY: the kernel made this descriptor for us, and nobody else knows of it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// # Safety
/// `attr` must begin as `union bpf_attr` does for this command, and the addresses in it must lead to what the command
/// reads there.
unsafe fn bpf<T>(command: libc::c_int, attr: &T) -> Result<i32, Failure> {
    let size = libc::c_uint::try_from(size_of::<T>()).map_err(|_| Failure::MALFORMED)?;
    // SAFETY: the kernel reads `size` bytes of `attr` (for these commands it writes none), and the rest is the
    // caller's promise.
    let result = unsafe { libc::syscall(libc::SYS_bpf, command, std::ptr::from_ref(attr), size) };
    if result < 0 {
        let error = std::io::Error::last_os_error();
        return Err(Failure::of_call(REFUSALS, error.raw_os_error().map_or(Errno::EIO, Errno::linux)));
    }
    i32::try_from(result).map_err(|_| Failure::MALFORMED)
}
