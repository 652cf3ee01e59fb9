//! The two ways a format can fail: bytes that are not what they claim to be, and a buffer without room.
//!
//! Owns these two errors only; what to do about them (redo the dump, grow the buffer) is the caller's.

use core::fmt;

/// Bytes that do not follow their format: what was being read, and where it broke off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Malformed {
    /// The thing that could not be read, as a noun phrase: "netlink header", "inode of a /proc/net line".
    pub what: &'static str,
    /// Offset in bytes from the start of the input the failing decoder was given.
    pub offset: usize,
}

impl Malformed {
    pub(crate) const fn new(what: &'static str, offset: usize) -> Self {
        Self { what, offset }
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "malformed {} at byte {}", self.what, self.offset)
    }
}

impl core::error::Error for Malformed {}

/// The caller's buffer has no room for the message being written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BufferTooSmall {
    /// Bytes the buffer must have for what was written so far; the whole message may need more.
    pub needed: usize,
}

impl fmt::Display for BufferTooSmall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the buffer is too small: at least {} bytes are needed", self.needed)
    }
}

impl core::error::Error for BufferTooSmall {}
