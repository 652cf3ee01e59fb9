//! Lines of /proc/net/unix.
//!
//! The file writes names as they are, and whoever binds a socket chooses the name: one with a newline goes on in the
//! next line, and one made for it looks like a line of its own. `unix_diag` has no such holes.

use super::{Fields, decimal_fit, hex_fit};
use crate::bytes::words;
use crate::malformed::Malformed;

/// One socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnixLine<'a> {
    /// Whether it listens (`__SO_ACCEPTCON`).
    pub is_listening: bool,
    /// Type: 1 stream, 2 datagram, 5 sequenced packets.
    pub socket_type: u16,
    /// State of the file (`SS_*`), not of the protocol: 1 not connected, 2 connected and waiting to be accepted,
    /// 3 connected, 4 closed.
    pub state: u8,
    /// Inode number; 0 if the socket has none: it waits to be accepted, or was closed.
    pub inode: u64,
    /// The name as it is written: each NUL of an abstract name is an `@` here, the first one too.
    pub name: Option<&'a [u8]>,
}

/// The lines of the file, in order, without the header. A name goes on up to the next line that begins as a line does.
///
/// A last line without its newline is no line: there is more to read.
pub fn unix_lines(text: &[u8]) -> UnixLines<'_> {
    UnixLines { text, offset: 0 }
}

/// Iterator of [`unix_lines`].
#[derive(Clone, Debug)]
pub struct UnixLines<'a> {
    text: &'a [u8],
    offset: usize,
}

impl<'a> Iterator for UnixLines<'a> {
    type Item = Result<UnixLine<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let rest = self.text.get(self.offset..).unwrap_or_default();
            let mut end = line_length(rest)?;
            if rest.starts_with(b"Num ") {
                self.offset += end;
                continue;
            }
            let line = unix_line(rest.get(..end - 1)?);
            // Only a name can go on.
            let may_go_on = line.is_ok_and(|line| line.name.is_some());
            while let Some(length) = may_go_on.then(|| line_length(rest.get(end..)?)).flatten() {
                if rest.get(end..end + length - 1).is_none_or(|more| unix_line(more).is_ok()) {
                    break;
                }
                end += length;
            }
            let start = self.offset;
            self.offset += end;
            let whole = unix_line(rest.get(..end - 1)?);
            return Some(whole.map_err(|broken| Malformed::new(broken.what, start + broken.offset)));
        }
    }
}

/// Bytes up to the next newline and with it.
fn line_length(text: &[u8]) -> Option<usize> {
    text.iter().position(|byte| *byte == b'\n').map(|at| at + 1)
}

/// Decodes one line without its newline.
///
/// # Errors
/// A field is missing or no number of its kind.
pub fn unix_line(line: &[u8]) -> Result<UnixLine<'_>, Malformed> {
    /// `__SO_ACCEPTCON`.
    const ACCEPTS: u32 = 1 << 16;
    let mut fields = Fields { line, words: words(line) };
    let number = fields.next("pointer of a /proc/net/unix line")?;
    if !number.ends_with(b":") {
        return Err(fields.broken("pointer of a /proc/net/unix line", number));
    }
    fields.decode("references of a /proc/net/unix line", hex_fit::<u32>)?;
    fields.decode("protocol of a /proc/net/unix line", hex_fit::<u32>)?;
    let flags: u32 = fields.decode("flags of a /proc/net/unix line", hex_fit)?;
    let socket_type = fields.decode("type of a /proc/net/unix line", hex_fit)?;
    let state = fields.decode("state of a /proc/net/unix line", hex_fit)?;
    let inode = fields.next("inode of a /proc/net/unix line")?;
    let after = (inode.as_ptr() as usize).saturating_sub(line.as_ptr() as usize) + inode.len();
    let inode = decimal_fit(inode).ok_or_else(|| fields.broken("inode of a /proc/net/unix line", inode))?;
    // One blank, then the name, whatever is in it.
    let name = line.get(after..).and_then(|rest| rest.strip_prefix(b" "));
    Ok(UnixLine { is_listening: flags & ACCEPTS != 0, socket_type, state, inode, name })
}
