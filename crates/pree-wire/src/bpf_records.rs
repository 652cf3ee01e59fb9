//! What our own BPF programs write: which descriptors of which process are sockets; sequence numbers.
//!
//! Whole records one after another, in the kernel's byte order, each a multiple of 8 bytes. A process is told once,
//! before the first of its sockets: most have many. The programs that write this are in `pree`, `sys/linux/bpf/`.

use crate::bytes::{Native, array_at};
use crate::malformed::Malformed;

/// First word of a [`Holder`].
pub const TAG_HOLDER: u32 = 1;
/// First word of a [`Descriptor`].
pub const TAG_DESCRIPTOR: u32 = 2;

/// Bytes of `comm` (`TASK_COMM_LEN`), the NUL included.
pub const NAME_SIZE: usize = 16;

/// A table of descriptors: whose are the sockets that follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Holder {
    /// Process id, as the pid namespace that was asked for sees it.
    pub pid: u32,
    /// The thread whose table it is; the process id for the table that the leader has.
    pub thread: u32,
    /// Process id of the parent; 0 for none, or one outside the pid namespace.
    pub parent: u32,
    /// Start of the process in nanoseconds after boot.
    pub start_time_ns: u64,
    /// `comm` of the leader, up to the first NUL.
    name: [u8; NAME_SIZE],
}

impl Holder {
    /// Bytes of a record.
    pub const SIZE: usize = 40;

    /// `comm` of the thread-group leader, at most 15 bytes of anything.
    pub fn name(&self) -> &[u8] {
        self.name.split(|byte| *byte == 0).next().unwrap_or_default()
    }
}

/// A descriptor that is a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Descriptor {
    /// Number of the descriptor.
    pub fd: u32,
    /// Inode number of the socket.
    pub inode: u64,
}

impl Descriptor {
    /// Bytes of a record.
    pub const SIZE: usize = 16;
}

/// One record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Record {
    /// The descriptors that follow are in this table.
    Holder(Holder),
    /// One of them.
    Descriptor(Descriptor),
}

/// Sequence numbers of a TCP socket: the only record of its program, without a tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Sequence {
    /// The socket's cookie.
    pub cookie: u64,
    /// `tcp_sock.snd_una`: oldest number not acknowledged.
    pub snd_una: u32,
    /// `tcp_sock.snd_nxt`: next number to send.
    pub snd_nxt: u32,
    /// `tcp_sock.rcv_nxt`: next number expected.
    pub rcv_nxt: u32,
    /// `tcp_sock.write_seq`: number after the last byte written by the program.
    pub write_seq: u32,
    /// `tcp_sock.copied_seq`: number after the last byte read by the program.
    pub copied_seq: u32,
}

impl Sequence {
    /// Bytes of a record: the last four are 0.
    pub const SIZE: usize = 32;

    /// The record at the start of `bytes`, if they hold a whole one.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let whole = bytes.get(..Self::SIZE)?;
        Some(Self {
            cookie: u64::at(whole, 0)?,
            snd_una: u32::at(whole, 8)?,
            snd_nxt: u32::at(whole, 12)?,
            rcv_nxt: u32::at(whole, 16)?,
            write_seq: u32::at(whole, 20)?,
            copied_seq: u32::at(whole, 24)?,
        })
    }
}

/// Takes the first record off `bytes`. `None` when they hold no whole one: more may come.
///
/// # Errors
/// The first word is none of ours: what follows cannot be read.
pub fn take(bytes: &mut &[u8]) -> Result<Option<Record>, Malformed> {
    let whole = *bytes;
    let Some(tag) = u32::at(whole, 0) else { return Ok(None) };
    let (record, size) = match tag {
        TAG_HOLDER => (holder(whole).map(Record::Holder), Holder::SIZE),
        TAG_DESCRIPTOR => (descriptor(whole).map(Record::Descriptor), Descriptor::SIZE),
        _ => return Err(Malformed::new("record of a BPF program (unknown)", 0)),
    };
    if record.is_some() {
        *bytes = whole.get(size..).unwrap_or_default();
    }
    Ok(record)
}

fn holder(bytes: &[u8]) -> Option<Holder> {
    Some(Holder {
        pid: u32::at(bytes, 4)?,
        thread: u32::at(bytes, 8)?,
        parent: u32::at(bytes, 12)?,
        start_time_ns: u64::at(bytes, 16)?,
        name: array_at(bytes, 24)?,
    })
}

fn descriptor(bytes: &[u8]) -> Option<Descriptor> {
    Some(Descriptor { fd: u32::at(bytes, 4)?, inode: u64::at(bytes, 8)? })
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::vec::Vec;

    fn sample() -> Vec<u8> {
        let mut bytes = Vec::new();
        for word in [1, 300, 301, 1] {
            bytes.extend(u32::to_ne_bytes(word));
        }
        bytes.extend(u64::MAX.to_ne_bytes());
        bytes.extend(*b"na\xffme\0rest of it");
        for (fd, inode) in [(3, 77), (u32::MAX, u64::MAX)] {
            bytes.extend(2_u32.to_ne_bytes());
            bytes.extend(u32::to_ne_bytes(fd));
            bytes.extend(u64::to_ne_bytes(inode));
        }
        bytes
    }

    #[test]
    fn records_come_in_order() {
        let bytes = sample();
        assert_eq!(bytes.len(), Holder::SIZE + 2 * Descriptor::SIZE);
        let mut rest = &bytes[..];
        let Ok(Some(Record::Holder(holder))) = take(&mut rest) else { panic!("a holder") };
        assert_eq!((holder.pid, holder.thread, holder.parent), (300, 301, 1));
        assert_eq!((holder.start_time_ns, holder.name()), (u64::MAX, &b"na\xffme"[..]));
        for (fd, inode) in [(3, 77), (u32::MAX, u64::MAX)] {
            assert_eq!(take(&mut rest), Ok(Some(Record::Descriptor(Descriptor { fd, inode }))));
        }
        assert_eq!(take(&mut rest), Ok(None));
        assert!(rest.is_empty());
    }

    #[test]
    fn a_part_of_a_record_waits_for_the_rest() {
        let bytes = sample();
        for length in 0..bytes.len() {
            let mut rest = &bytes[..length];
            while let Some(_record) = take(&mut rest).unwrap() {}
            let whole =
                if length < Holder::SIZE { 0 } else { 1 + (length - Holder::SIZE) / Descriptor::SIZE };
            let taken = if whole == 0 { 0 } else { Holder::SIZE + (whole - 1) * Descriptor::SIZE };
            assert_eq!(rest.len(), length - taken, "{length}");
        }
    }

    #[test]
    fn sequence_numbers_in_their_order() {
        let mut bytes = 9_u64.to_ne_bytes().to_vec();
        for word in [1, 2, 3, 4, u32::MAX, 0] {
            bytes.extend(u32::to_ne_bytes(word));
        }
        let sequence =
            Sequence { cookie: 9, snd_una: 1, snd_nxt: 2, rcv_nxt: 3, write_seq: 4, copied_seq: u32::MAX };
        assert_eq!(Sequence::decode(&bytes), Some(sequence));
        assert_eq!(Sequence::decode(&bytes[..31]), None);
    }

    #[test]
    fn an_unknown_record_is_said() {
        for tag in [0, 3, u32::MAX] {
            let mut bytes = sample();
            bytes[..4].copy_from_slice(&tag.to_ne_bytes());
            assert!(take(&mut &bytes[..]).is_err());
        }
    }
}
