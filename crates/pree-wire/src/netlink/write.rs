//! Writing one request into a buffer of the caller.

use super::{BufferTooSmall, HEADER, attribute};
use crate::bytes::align4;

/// One message being written: header, then payload, then attributes; the length is filled in at the end.
///
/// ```
/// use pree_wire::netlink::{REQUEST, RequestBuffer, messages};
/// let mut buffer = [0; 64];
/// let mut request = RequestBuffer::new(&mut buffer, 20, REQUEST, 1)?;
/// request.payload(&[2, 6, 0, 0])?;
/// request.attribute(1, b"abc")?;
/// let bytes = request.finish();
/// assert_eq!(bytes.len(), 16 + 4 + 8);
/// assert_eq!(messages(bytes).next().unwrap().unwrap().kind, 20);
/// # Ok::<(), pree_wire::BufferTooSmall>(())
/// ```
#[derive(Debug)]
pub struct RequestBuffer<'b> {
    buffer: &'b mut [u8],
    length: usize,
}

impl<'b> RequestBuffer<'b> {
    /// Begins a message of type `kind` in `buffer`. Destination is the kernel (port 0).
    ///
    /// # Errors
    /// The buffer has no room for the header.
    pub fn new(buffer: &'b mut [u8], kind: u16, flags: u16, sequence: u32) -> Result<Self, BufferTooSmall> {
        let mut message = Self { buffer, length: 0 };
        message.payload(&[0; 4])?;
        message.payload(join(kind, flags).as_slice())?;
        message.payload(&sequence.to_ne_bytes())?;
        message.payload(&[0; 4])?;
        Ok(message)
    }

    /// Appends bytes of the fixed part, and zeroes up to the next multiple of 4.
    ///
    /// # Errors
    /// The buffer has no room for them; the message is unchanged.
    pub fn payload(&mut self, bytes: &[u8]) -> Result<(), BufferTooSmall> {
        let end = self.length.saturating_add(align4(bytes.len()));
        let room = self.buffer.get_mut(self.length..end).ok_or(BufferTooSmall { needed: end })?;
        room.fill(0);
        for (to, from) in room.iter_mut().zip(bytes) {
            *to = *from;
        }
        self.length = end;
        Ok(())
    }

    /// Appends one attribute.
    ///
    /// # Errors
    /// The buffer, or the 16 bits of an attribute's length, have no room for it; the message is unchanged.
    pub fn attribute(&mut self, kind: u16, value: &[u8]) -> Result<(), BufferTooSmall> {
        let length = value.len().saturating_add(attribute::HEADER);
        let end = self.length.saturating_add(align4(length));
        let Ok(length) = u16::try_from(length) else { return Err(BufferTooSmall { needed: end }) };
        if end > self.buffer.len() {
            return Err(BufferTooSmall { needed: end });
        }
        self.payload(join(length, kind).as_slice())?;
        self.payload(value)
    }

    /// Fills in the length and hands out the finished message.
    pub fn finish(self) -> &'b [u8] {
        debug_assert!(self.length >= HEADER, "new() wrote the header");
        let message = self.buffer.get_mut(..self.length).unwrap_or_default();
        if let Some(length) = message.first_chunk_mut() {
            // Kernels take no message near 4 GiB; the slice above cannot be that long in a request.
            *length = (self.length as u32).to_ne_bytes();
        }
        message
    }
}

/// Two neighbouring 16-bit fields.
fn join(first: u16, second: u16) -> [u8; 4] {
    let ([a, b], [c, d]) = (first.to_ne_bytes(), second.to_ne_bytes());
    [a, b, c, d]
}
