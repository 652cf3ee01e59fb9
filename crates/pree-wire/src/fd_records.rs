//! Our own record for "this descriptor is that socket": what reading /proc/PID/fd, or a BPF program, comes down to.
//!
//! Little-endian on every machine, because it is our format and travels in recordings. Whose descriptors they are
//! stands around the records, in the container.

use crate::bytes::fixed;
use crate::malformed::Malformed;

/// One descriptor of a process that is a socket, or an `io_uring`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FdRecord {
    /// Number of the descriptor.
    pub fd: u32,
    /// Inode number of the socket; [`FdRecord::RING`] of a ring.
    pub inode: u64,
}

impl FdRecord {
    /// In place of an inode, which no socket has: the descriptor is an `io_uring`, and may stand for sockets itself.
    pub const RING: u64 = 0;

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

/// What a descriptor tells of its socket: owner and protocol, for sockets that no table tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct HeldSocket<'b> {
    /// Inode number of the socket.
    pub inode: u64,
    /// User who made it, the owner of that inode.
    pub uid: u32,
    /// The kernel's name for its protocol (`system.sockprotoname`), without the NUL at its end.
    pub protocol: &'b [u8],
}

impl<'b> HeldSocket<'b> {
    /// The bytes before the name.
    pub fn encode_head(inode: u64, uid: u32) -> [u8; FdRecord::SIZE] {
        FdRecord { fd: uid, inode }.encode()
    }

    /// The record that `bytes` are: a name of any length ends it.
    ///
    /// # Errors
    /// They are too few.
    pub fn decode(bytes: &'b [u8]) -> Result<Self, Malformed> {
        let (head, protocol) =
            bytes.split_first_chunk().ok_or(Malformed::new("socket of a descriptor (cut short)", 0))?;
        let FdRecord { fd: uid, inode } = FdRecord::decode(*head);
        Ok(Self { inode, uid, protocol: protocol.strip_suffix(b"\0").unwrap_or(protocol) })
    }
}

/// Where a socket can be met in the tables, as it says itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BoundPort {
    /// Inode number of the socket.
    pub inode: u64,
    /// Address family (`SO_DOMAIN`).
    pub family: u16,
    /// Protocol (`SO_PROTOCOL`).
    pub protocol: u16,
    /// Local port (getsockname(2)); 0 while there is none, and for families without ports.
    pub port: u16,
}

impl BoundPort {
    /// Bytes of a record.
    pub const SIZE: usize = 14;

    /// The record as bytes, little-endian.
    pub fn encode(self) -> [u8; Self::SIZE] {
        let inode = self.inode.to_le_bytes().into_iter();
        let rest = [self.family, self.protocol, self.port].into_iter().flat_map(u16::to_le_bytes);
        let mut bytes = [0; Self::SIZE];
        bytes.iter_mut().zip(inode.chain(rest)).for_each(|(to, from)| *to = from);
        bytes
    }

    /// The record that these bytes are; all bytes are valid.
    pub fn decode(bytes: [u8; Self::SIZE]) -> Self {
        Self {
            inode: u64::from_le_bytes(fixed::<0, 8, { Self::SIZE }>(&bytes)),
            family: u16::from_le_bytes(fixed::<8, 2, { Self::SIZE }>(&bytes)),
            protocol: u16::from_le_bytes(fixed::<10, 2, { Self::SIZE }>(&bytes)),
            port: u16::from_le_bytes(fixed::<12, 2, { Self::SIZE }>(&bytes)),
        }
    }
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
    fn where_a_socket_is_bound() {
        let record = BoundPort { inode: 0x0102, family: 2, protocol: 262, port: 0x1f90 };
        assert_eq!(record.encode(), [2, 1, 0, 0, 0, 0, 0, 0, 2, 0, 6, 1, 0x90, 0x1f]);
        assert_eq!(BoundPort::decode(record.encode()), record);
    }

    #[test]
    fn what_a_descriptor_tells_of_its_socket() {
        let head = HeldSocket::encode_head(u64::MAX - 1, 1000);
        for (name, protocol) in [(&b"XDP\0"[..], &b"XDP"[..]), (b"AF_VSOCK", b"AF_VSOCK"), (b"", b"")] {
            let bytes = [&head[..], name].concat();
            assert_eq!(
                HeldSocket::decode(&bytes),
                Ok(HeldSocket { inode: u64::MAX - 1, uid: 1000, protocol })
            );
        }
        for length in 0..FdRecord::SIZE {
            assert!(HeldSocket::decode(&head[..length]).is_err());
        }
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
