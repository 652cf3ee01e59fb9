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

const PROG_TEST_RUN: libc::c_int = 10;
const OBJ_GET_INFO_BY_FD: libc::c_int = 15;
const RAW_TRACEPOINT_OPEN: libc::c_int = 17;
const BTF_LOAD: libc::c_int = 18;
const MAP_LOOKUP_ELEM: libc::c_int = 1;

const MAP_LOOKUP_AND_DELETE_ELEM: libc::c_int = 21;
const MAP_LOOKUP_BATCH: libc::c_int = 24;

const MAP_TYPE_HASH: u32 = 1;
const MAP_TYPE_ARRAY: u32 = 2;
const MAP_TYPE_SK_STORAGE: u32 = 24;
const MAP_TYPE_RINGBUF: u32 = 27;
/// `BPF_F_NO_PREALLOC`: memory only for what is there. The storage of sockets must have it.
const NO_PREALLOC: u32 = 1;
const PROG_TYPE_RAW_TRACEPOINT: u32 = 17;
const PROG_TYPE_TRACING: u32 = 26;
const ATTACH_RAW_TRACEPOINT: u32 = 23;
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

/// What commands about one element of a map read.
#[repr(C)]
struct Element {
    map: i32,
    pad: u32,
    key: u64,
    value: u64,
    flags: u64,
}

/// An array with one value of so many bytes.
pub(super) fn array_of_one(value_size: u32) -> Result<OwnedFd, Failure> {
    map(MAP_TYPE_ARRAY, 4, value_size, 1, 0)
}

fn map(
    map_type: u32,
    key_size: u32,
    value_size: u32,
    max_entries: u32,
    map_flags: u32,
) -> Result<OwnedFd, Failure> {
    #[repr(C)]
    struct Attr {
        map_type: u32,
        key_size: u32,
        value_size: u32,
        max_entries: u32,
        map_flags: u32,
    }
    let mut attr = Attr { map_type, key_size, value_size, max_entries, map_flags };
    // SAFETY: the structure is what the command reads, and holds no addresses.
    unsafe { bpf_fd(MAP_CREATE, &mut attr) }
}

/// Replaces the value of an [`array_of_one`].
pub(super) fn set_value(map: BorrowedFd<'_>, value: &[u64]) -> Result<(), Failure> {
    let key = 0_u32;
    let mut attr = Element {
        map: map.as_raw_fd(),
        pad: 0,
        key: address(std::ptr::from_ref(&key)),
        value: address(value.as_ptr()),
        flags: 0,
    };
    // SAFETY: key and value outlive the call, which reads them: 4 bytes, and as many as the map was made with.
    // The only caller made the map for a value of just this length.
    unsafe { bpf(MAP_UPDATE_ELEM, &mut attr) }.map(drop)
}

/// A ring of so many bytes, a power of two, into which programs write and we read.
pub(super) fn ring(size: u32) -> Result<OwnedFd, Failure> {
    map(MAP_TYPE_RINGBUF, 0, 0, size, 0)
}

/// A table of at most so many values, by numbers of 64 bits.
pub(super) fn table(value_size: u32, most: u32) -> Result<OwnedFd, Failure> {
    map(MAP_TYPE_HASH, 8, value_size, most, NO_PREALLOC)
}

/// Takes a value out of a [`table`], which has values of just this size; `None` where there is none. Linux 5.14.
pub(super) fn take<const SIZE: usize>(map: BorrowedFd<'_>, key: u64) -> Result<Option<[u8; SIZE]>, Failure> {
    let mut value = [0; SIZE];
    let mut attr = Element {
        map: map.as_raw_fd(),
        pad: 0,
        key: address(std::ptr::from_ref(&key)),
        value: address(value.as_mut_ptr()),
        flags: 0,
    };
    // SAFETY: key and value outlive the call, which reads 8 bytes and writes as many as the map was made with: the only caller
    // made it for values of just this length.
    match unsafe { bpf(MAP_LOOKUP_AND_DELETE_ELEM, &mut attr) } {
        Ok(_) => Ok(Some(value)),
        Err(failure) if failure.errno() == Some(Errno::ENOENT) => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// Everything in a [`table`] with values of just this size: each key and what is there. Linux 5.6.
pub(super) fn entries<const SIZE: usize>(map: BorrowedFd<'_>) -> Result<Vec<(u64, [u8; SIZE])>, Failure> {
    #[repr(C)]
    struct Attr {
        from: u64,
        to: u64,
        keys: u64,
        values: u64,
        count: u32,
        map: i32,
        elem_flags: u64,
        flags: u64,
    }
    /// More than ever are in one bucket, which is read whole.
    const AT_ONCE: usize = 4096;
    let (mut from, mut to) = (0_u64, 0_u64);
    let (mut keys, mut values) = (vec![0_u64; AT_ONCE], vec![[0_u8; SIZE]; AT_ONCE]);
    let mut all = Vec::new();
    let mut is_first = true;
    loop {
        let mut attr = Attr {
            from: if is_first { 0 } else { address(std::ptr::from_ref(&from)) },
            to: address(std::ptr::from_mut(&mut to).cast_const()),
            keys: address(keys.as_mut_ptr().cast_const()),
            values: address(values.as_mut_ptr().cast_const()),
            count: AT_ONCE as u32,
            map: map.as_raw_fd(),
            elem_flags: 0,
            flags: 0,
        };
        // SAFETY: all that the structure leads to outlives the call, which reads and writes 8 bytes of a place, and writes at most
        // `count` keys and values of the sizes that the only caller made the map with.
        let result = unsafe { bpf(MAP_LOOKUP_BATCH, &mut attr) };
        let is_last = match result {
            Ok(_) => false,
            Err(failure) if failure.errno() == Some(Errno::ENOENT) => true,
            Err(failure) => return Err(failure),
        };
        let read = keys.iter().copied().zip(values.iter().copied());
        all.extend(read.take(attr.count as usize));
        if is_last {
            return Ok(all);
        }
        (from, is_first) = (to, false);
    }
}

/// So many bytes kept with each socket that programs choose.
pub(super) fn socket_storage(value_size: u32) -> Result<OwnedFd, Failure> {
    #[repr(C)]
    struct Attr {
        map_type: u32,
        key_size: u32,
        value_size: u32,
        max_entries: u32,
        map_flags: u32,
        /// `inner_map_fd`, `numa_node`, `map_name`, `map_ifindex`.
        rest: [u32; 7],
        btf: i32,
        btf_key_type: u32,
        btf_value_type: u32,
    }
    // As the kernel's header has it.
    const { assert!(std::mem::offset_of!(Attr, btf) == 48) };
    let types = load_types(value_size)?;
    let mut attr = Attr {
        map_type: MAP_TYPE_SK_STORAGE,
        key_size: 4,
        value_size,
        max_entries: 0,
        map_flags: NO_PREALLOC,
        rest: [0; 7],
        btf: types.as_raw_fd(),
        btf_key_type: 1,
        btf_value_type: 2,
    };
    // SAFETY: the structure is what the command reads, and holds no addresses.
    unsafe { bpf_fd(MAP_CREATE, &mut attr) }
}

/// The description that such a storage must have: an `int`, and a structure of so many bytes.
fn load_types(size: u32) -> Result<OwnedFd, Failure> {
    #[repr(C)]
    struct Attr {
        btf: u64,
        log: u64,
        btf_size: u32,
        log_size: u32,
        log_level: u32,
        pad: u32,
    }
    /// Magic number and version; lengths of the head, of the types from its end on, of the names after these.
    const HEAD: [u32; 6] = [0x0001_eb9f, 24, 0, 28, 28, 7];
    const SIGNED_32: u32 = 1 << 24 | 32;
    let types = [1, 1 << 24, 4, SIGNED_32, 5, 4 << 24, size];
    let mut btf: Vec<u8> = HEAD.into_iter().chain(types).flat_map(u32::to_ne_bytes).collect();
    if cfg!(target_endian = "big") {
        btf.splice(..4, [0xeb, 0x9f, 1, 0]);
    }
    btf.extend(b"\0int\0s\0");
    let mut attr = Attr {
        btf: address(btf.as_ptr()),
        log: 0,
        btf_size: u32::try_from(btf.len()).map_err(|_| Failure::MALFORMED)?,
        log_size: 0,
        log_level: 0,
        pad: 0,
    };
    // SAFETY: the bytes outlive the call, which reads as many as said.
    unsafe { bpf_fd(BTF_LOAD, &mut attr) }
}

/// Reads the value of an [`array_of_one`].
pub(super) fn value<const WORDS: usize>(map: BorrowedFd<'_>) -> Result<[u64; WORDS], Failure> {
    let key = 0_u32;
    let mut words = [0_u64; WORDS];
    let mut attr = Element {
        map: map.as_raw_fd(),
        pad: 0,
        key: address(std::ptr::from_ref(&key)),
        value: address(words.as_mut_ptr()),
        flags: 0,
    };
    // SAFETY: key and value outlive the call, which reads 4 bytes and writes as many as the map was made with. The only
    // caller made the map for a value of just this length.
    unsafe { bpf(MAP_LOOKUP_ELEM, &mut attr) }?;
    Ok(words)
}

/// What a program is for.
#[derive(Clone, Copy)]
pub(super) enum Purpose {
    /// An iterator: the number of its function in the kernel's BTF.
    Iterator(u32),
    /// A tracepoint: the number of its type.
    Tracepoint(u32),
    /// We call it ourselves.
    Call,
}

/// Loads a program.
pub(super) fn load(code: &[[u8; 8]], purpose: Purpose) -> Result<OwnedFd, Failure> {
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
    let (prog_type, expected_attach_type, attach_btf_id) = match purpose {
        Purpose::Iterator(target) => (PROG_TYPE_TRACING, ATTACH_TRACE_ITER, target),
        Purpose::Tracepoint(target) => (PROG_TYPE_TRACING, ATTACH_RAW_TRACEPOINT, target),
        Purpose::Call => (PROG_TYPE_RAW_TRACEPOINT, 0, 0),
    };
    let mut attr = Attr {
        prog_type,
        insn_cnt: u32::try_from(code.len()).map_err(|_| Failure::MALFORMED)?,
        insns: address(code.as_ptr()),
        license: address(LICENCE.as_ptr()),
        log: [0; 4],
        kern_version: 0,
        prog_flags: 0,
        prog_name: *b"pree\0\0\0\0\0\0\0\0\0\0\0\0",
        prog_ifindex: 0,
        expected_attach_type,
        debug: [0; 9],
        attach_btf_id,
    };
    // SAFETY: code and licence outlive the call, which reads them: as many instructions as said, and text up to a NUL.
    unsafe { bpf_fd(PROG_LOAD, &mut attr) }
}

/// How often a tracepoint's program was not run, because an interrupt came to it while it ran on the same processor.
pub(super) fn misses(program: BorrowedFd<'_>) -> Result<u64, Failure> {
    /// `struct bpf_prog_info`, as far as it is read. Zeros ask for none of its lists.
    #[repr(C)]
    struct Info {
        before: [u64; 26],
        recursion_misses: u64,
    }
    #[repr(C)]
    struct Attr {
        program: i32,
        info_len: u32,
        info: u64,
    }
    // As the kernel's header has it (Linux 5.12).
    const { assert!(std::mem::offset_of!(Info, recursion_misses) == 208) };
    let mut info = Info { before: [0; 26], recursion_misses: 0 };
    let mut attr = Attr {
        program: program.as_raw_fd(),
        info_len: size_of::<Info>() as u32,
        info: address(std::ptr::from_mut(&mut info).cast_const()),
    };
    // SAFETY: `info` outlives the call, which writes as many bytes as said, and holds no addresses.
    unsafe { bpf(OBJ_GET_INFO_BY_FD, &mut attr) }?;
    Ok(info.recursion_misses)
}

/// Calls a program for [`Purpose::Call`] once, on this thread.
pub(super) fn call_once(program: BorrowedFd<'_>) -> Result<(), Failure> {
    #[repr(C)]
    struct Attr {
        program: i32,
        retval: u32,
        data_sizes: [u32; 2],
        data: [u64; 2],
        repeat: u32,
        duration: u32,
        context_sizes: [u32; 2],
        context: [u64; 2],
        flags: u32,
        cpu: u32,
    }
    // The kernel writes the result into the structure.
    let mut attr = Attr {
        program: program.as_raw_fd(),
        retval: 0,
        data_sizes: [0; 2],
        data: [0; 2],
        repeat: 0,
        duration: 0,
        context_sizes: [0; 2],
        context: [0; 2],
        flags: 0,
        cpu: 0,
    };
    // SAFETY: the structure is what the command reads and writes, and holds no addresses.
    unsafe { bpf(PROG_TEST_RUN, &mut attr) }.map(drop)
}

/// Attaches a tracepoint's program: it runs until what this gives is dropped.
pub(super) fn attach_tracepoint(program: BorrowedFd<'_>) -> Result<OwnedFd, Failure> {
    #[repr(C)]
    struct Attr {
        name: u64,
        program: i32,
        pad: u32,
    }
    let mut attr = Attr { name: 0, program: program.as_raw_fd(), pad: 0 };
    // SAFETY: the structure is what the command reads; without a name the program says what it is for.
    unsafe { bpf_fd(RAW_TRACEPOINT_OPEN, &mut attr) }
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
    let mut attr = Attr { program: program.as_raw_fd(), target: 0, attach_type: ATTACH_TRACE_ITER, flags: 0 };
    // SAFETY: the structure is what the command reads, and holds no addresses.
    unsafe { bpf_fd(LINK_CREATE, &mut attr) }
}

/// A run of an attached iterator: reading it runs the program.
pub(super) fn run_iterator(link: BorrowedFd<'_>) -> Result<OwnedFd, Failure> {
    #[repr(C)]
    struct Attr {
        link: i32,
        flags: u32,
    }
    let mut attr = Attr { link: link.as_raw_fd(), flags: 0 };
    // SAFETY: the structure is what the command reads, and holds no addresses.
    unsafe { bpf_fd(ITER_CREATE, &mut attr) }
}

fn address<T>(of: *const T) -> u64 {
    of.expose_provenance() as u64
}

/// A command that answers with a descriptor.
///
/// # Safety
/// As for [`bpf`].
unsafe fn bpf_fd<T>(command: libc::c_int, attr: &mut T) -> Result<OwnedFd, Failure> {
    // SAFETY: promised by the caller.
    let fd = unsafe { bpf(command, attr) }?;
    // SAFETY: the kernel made this descriptor for us, and nobody else knows of it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// # Safety
/// `attr` must begin as `union bpf_attr` does for this command, and the addresses in it must lead to what the command
/// reads there.
unsafe fn bpf<T>(command: libc::c_int, attr: &mut T) -> Result<i32, Failure> {
    let size = libc::c_uint::try_from(size_of::<T>()).map_err(|_| Failure::MALFORMED)?;
    // SAFETY: the kernel reads `size` bytes of `attr`, and writes no others; the rest is the caller's promise.
    let result = unsafe { libc::syscall(libc::SYS_bpf, command, std::ptr::from_mut(attr), size) };
    if result < 0 {
        let error = std::io::Error::last_os_error();
        return Err(Failure::of_call(REFUSALS, error.raw_os_error().map_or(Errno::EIO, Errno::linux)));
    }
    i32::try_from(result).map_err(|_| Failure::MALFORMED)
}
