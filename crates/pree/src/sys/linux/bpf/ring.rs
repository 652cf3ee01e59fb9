//! A ring buffer that programs write and we read (`BPF_MAP_TYPE_RINGBUF`, Documentation/bpf/ringbuf.rst): two pages with
//! the positions of reader and writer, then the data, mapped twice in a row so that no record is ever in two parts.

use std::ffi::c_void;
use std::os::fd::OwnedFd;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};

use super::super::failures::transport;
use super::call;
use crate::source::{Errno, Failure};

/// Before each record: its length and two flags, then where its page is.
const HEAD: usize = 8;
/// The record is being written.
const BUSY: u32 = 1 << 31;
/// It was given up.
const DISCARDED: u32 = 1 << 30;

/// A ring, mapped.
pub(super) struct Ring {
    map: OwnedFd,
    /// The reader's page, which we write.
    reader: Mapping,
    /// The writer's page and the data, which we only read.
    writer: Mapping,
    page: usize,
    /// Bytes of data, a power of two.
    size: usize,
}

impl Ring {
    /// A new one of so many bytes: a power of two, and whole pages.
    pub(super) fn new(size: u32) -> Result<Self, Failure> {
        let map = call::ring(size)?;
        let (page, size) = (rustix::param::page_size(), size as usize);
        let reader = Mapping::new(&map, ProtFlags::READ | ProtFlags::WRITE, page, 0)?;
        let writer = Mapping::new(&map, ProtFlags::READ, page + 2 * size, page as u64)?;
        Ok(Self { map, reader, writer, page, size })
    }

    /// The map, for programs that write to it.
    pub(super) fn map(&self) -> &OwnedFd {
        &self.map
    }

    /// Where the writer is.
    pub(super) fn end(&self) -> usize {
        Self::position(&self.writer)
    }

    /// Whether everything that was written until `end` was read.
    pub(super) fn is_read_until(&self, end: usize) -> bool {
        // Positions go around; less than half a turn is ahead.
        end.wrapping_sub(Self::position(&self.reader)).wrapping_sub(1) > usize::MAX / 2
    }

    fn position(page: &Mapping) -> usize {
        // SAFETY: the first word of each of the two pages is a position, aligned, and changed atomically; the mappings live as
        // long as `self`.
        unsafe { page.address.cast::<AtomicUsize>().as_ref() }.load(Ordering::Acquire)
    }

    /// Appends the records that are there, up to about `most` bytes, and makes room for others. True when some are left.
    pub(super) fn read(&mut self, batch: &mut Vec<u8>, most: usize) -> Result<bool, Failure> {
        // SAFETY: the first word of the page is the reader's position, aligned, which only we change; the mapping lives as long as
        // `self`.
        let reader = unsafe { self.reader.address.cast::<AtomicUsize>().as_ref() };
        // SAFETY: the same of the writer's, which the kernel changes atomically.
        let writer = unsafe { self.writer.address.cast::<AtomicUsize>().as_ref() };
        let mut position = reader.load(Ordering::Relaxed);
        let end = writer.load(Ordering::Acquire);
        while position != end && batch.len() < most {
            let offset = position & (self.size - 1);
            // SAFETY: below `size`, and data of `size` bytes is mapped twice from the second page on, so a head and what
            // its length says (checked next) are within the mapping. The kernel keeps heads at multiples of 8.
            let head = unsafe { self.writer.address.byte_add(self.page + offset) };
            // SAFETY: as above; the kernel changes the word atomically.
            let word = unsafe { head.cast::<AtomicU32>().as_ref() }.load(Ordering::Acquire);
            if word & BUSY != 0 {
                break;
            }
            let length = (word & !(BUSY | DISCARDED)) as usize;
            if length > self.size - HEAD {
                return Err(Failure::MALFORMED);
            }
            if word & DISCARDED == 0 {
                // SAFETY: within the mapping, see above.
                let record = unsafe { head.byte_add(HEAD) };
                // SAFETY: the same. The record is written, and stays until we move our position.
                let record = unsafe { std::slice::from_raw_parts(record.as_ptr().cast::<u8>(), length) };
                batch.extend_from_slice(record);
            }
            position = position.wrapping_add((HEAD + length).next_multiple_of(8));
            reader.store(position, Ordering::Release);
        }
        Ok(position != end)
    }
}

/// Memory that is shared with the kernel.
struct Mapping {
    address: NonNull<c_void>,
    length: usize,
}

impl Mapping {
    fn new(map: &OwnedFd, rights: ProtFlags, length: usize, offset: u64) -> Result<Self, Failure> {
        // SAFETY: a new mapping at an address that the kernel chooses: nothing of ours is there.
        let address = unsafe { mmap(std::ptr::null_mut(), length, rights, MapFlags::SHARED, map, offset) };
        let address = NonNull::new(address.map_err(transport)?).ok_or(Failure::Transport(Errno::ENOMEM))?;
        Ok(Self { address, length })
    }
}

// SAFETY: the memory is reached through the one owner of the mapping alone.
unsafe impl Send for Mapping {}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: we made the mapping, and no reference to it outlives `self`.
        let _ = unsafe { munmap(self.address.as_ptr(), self.length) };
    }
}
