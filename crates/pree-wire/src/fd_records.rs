//! Our own record for "this descriptor is that socket": what reading /proc/PID/fd, or a BPF program, comes down to.
//!
//! Little-endian on every machine, because it is our format and travels in recordings. Whose descriptors they are
//! stands around the records, in the container.

use crate::malformed::Malformed;

/// One descriptor of a process that is a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FdRecord {
    /// Number of the descriptor.
    pub fd: u32,
    /// Inode number of the socket.
    pub inode: u64,
}

impl FdRecord {
    /// Bytes of a record.
    pub const SIZE: usize = 12;

    /// The record as bytes.
    pub fn encode(self) -> [u8; Self::SIZE] {
        let mut bytes = [0; Self::SIZE];
        let (fd, inode) = bytes.split_at_mut(4);
        fd.copy_from_slice(&self.fd.to_le_bytes());
        inode.copy_from_slice(&self.inode.to_le_bytes());
        bytes
    }

    /// The record in these bytes; all bytes are valid.
    pub fn decode(bytes: [u8; Self::SIZE]) -> Self {
        let [a, b, c, d, inode @ ..] = bytes;
        Self { fd: u32::from_le_bytes([a, b, c, d]), inode: u64::from_le_bytes(inode) }
    }
}

/// The records in `bytes`, in order. A rest too short for a record is a [`Malformed`], the last item.
pub fn decode_all(bytes: &[u8]) -> impl Iterator<Item = Result<FdRecord, Malformed>> + Clone + '_ {
    bytes.chunks(FdRecord::SIZE).enumerate().map(|(i, chunk)| match chunk.try_into() {
        Ok(record) => Ok(FdRecord::decode(record)),
        Err(_) => Err(Malformed::new("descriptor record (cut short)", i * FdRecord::SIZE)),
    })
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::vec::Vec;

    #[test]
    fn bytes_are_little_endian_everywhere() {
        let record = FdRecord { fd: 0x0102_0304, inode: 5 };
        assert_eq!(record.encode(), [4, 3, 2, 1, 5, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(FdRecord::decode(record.encode()), record);
    }

    #[test]
    fn a_cut_record_is_said() {
        let bytes =
            [FdRecord { fd: 1, inode: u64::MAX }.encode(), FdRecord { fd: 2, inode: 0 }.encode()].concat();
        for length in 0..=bytes.len() {
            let records: Vec<_> = decode_all(&bytes[..length]).collect();
            assert_eq!(records.iter().filter(|r| r.is_ok()).count(), length / 12);
            assert_eq!(records.last().is_some_and(Result::is_err), length % 12 != 0);
        }
    }
}
