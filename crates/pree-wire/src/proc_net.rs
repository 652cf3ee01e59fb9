//! Lines of /proc/net/{tcp,udp,udplite,raw,icmp} and their IPv6 twins; below, of unix, packet, netlink and protocols.
//!
//! Owns the format of a line and the splitting into lines. The file is never one moment in time: which rows are
//! missing or doubled is for the caller to find out. Reading stops at the fields all kernels write alike.

use crate::bytes::{hexadecimal, words};
use crate::malformed::Malformed;

pub mod netlink;
pub mod packet;
pub mod protocols;
pub mod unix;

/// Which of the twin files a line is from: it decides the width of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// `tcp`, `udp`, `raw`, …
    V4,
    /// `tcp6`, `udp6`, `raw6`, …
    V6,
}

/// One end of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Endpoint {
    /// Address in network order; IPv4 in the first 4 bytes, the rest 0, as in [`inet_diag`](crate::inet_diag).
    pub address: [u8; 16],
    /// Port. In `raw` and `icmp`: protocol number or identifier.
    pub port: u16,
}

/// One socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InetLine {
    /// This end.
    pub local: Endpoint,
    /// The other end; zeros if there is none.
    pub remote: Endpoint,
    /// State number, see [`states`](crate::inet_diag::states). Handshakes are 3 here too.
    pub state: u8,
    /// Bytes not yet acknowledged. 0 for a listener.
    pub send_queue: u32,
    /// Bytes not yet read; for a listener: connections not yet accepted.
    pub receive_queue: u32,
    /// Running timer, numbered as in a row of `inet_diag`.
    pub timer: u8,
    /// Clock ticks (`USER_HZ`) until the timer expires.
    pub timer_expires: u64,
    /// Retransmission timeouts in a row for the oldest segment.
    pub retransmits: u32,
    /// User the socket belongs to; 0 also for `TIME_WAIT` and handshakes, which have none.
    pub uid: u32,
    /// Inode number; 0 if the socket has none (any more).
    pub inode: u64,
    /// Packets dropped at this socket. Files of UDP, raw and icmp have it, TCP's have not.
    pub drops: Option<u32>,
}

/// Decodes one line without its newline; `Ok(None)` is the header line.
///
/// # Errors
/// A field is missing or no number of its kind. An unterminated last line ([`lines`] tells) must not be given: cut
/// between two fields it may look whole.
pub fn inet_line(line: &[u8], family: Family) -> Result<Option<InetLine>, Malformed> {
    if line.trim_ascii_start().starts_with(b"sl ") {
        return Ok(None);
    }
    let mut fields = Fields { line, words: words(line) };
    let slot = fields.next("slot of a /proc/net line")?;
    if !slot.ends_with(b":") {
        return Err(fields.broken("slot of a /proc/net line", slot));
    }
    let local = fields.decode("local address of a /proc/net line", |word| endpoint(word, family))?;
    let remote = fields.decode("remote address of a /proc/net line", |word| endpoint(word, family))?;
    let state = fields.decode("state of a /proc/net line", hex_fit)?;
    let (send_queue, receive_queue) = fields.decode("queues of a /proc/net line", pair)?;
    let (timer, timer_expires) = fields.decode("timer of a /proc/net line", pair)?;
    let retransmits = fields.decode("retransmits of a /proc/net line", hex_fit)?;
    let uid = fields.decode("uid of a /proc/net line", decimal_fit)?;
    fields.next("timeout of a /proc/net line")?;
    let inode = fields.decode("inode of a /proc/net line", decimal_fit)?;
    // The inode is whole only if something follows it: references and pointer, in every file.
    fields.next("references of a /proc/net line")?;
    fields.next("pointer of a /proc/net line")?;
    // Nothing more: a TCP handshake or TIME_WAIT. One number: drops. Several: the timers and windows of a TCP socket.
    let drops = match (fields.words.next(), fields.words.next()) {
        (Some(word), None) => {
            Some(decimal_fit(word).ok_or_else(|| fields.broken("drops of a /proc/net line", word))?)
        }
        _ => None,
    };
    let (send_queue, receive_queue) = (u32::try_from(send_queue), u32::try_from(receive_queue));
    let (Ok(send_queue), Ok(receive_queue), Ok(timer)) = (send_queue, receive_queue, u8::try_from(timer))
    else {
        return Err(Malformed::new("number of a /proc/net line (too large)", 0));
    };
    Ok(Some(InetLine {
        local,
        remote,
        state,
        send_queue,
        receive_queue,
        timer,
        timer_expires,
        retransmits,
        uid,
        inode,
        drops,
    }))
}

/// The words of a line, with errors that say where.
struct Fields<'a, W> {
    line: &'a [u8],
    words: W,
}

impl<'a, W: Iterator<Item = &'a [u8]>> Fields<'a, W> {
    fn next(&mut self, what: &'static str) -> Result<&'a [u8], Malformed> {
        self.words.next().ok_or(Malformed::new(what, self.line.len()))
    }

    fn decode<T>(
        &mut self,
        what: &'static str,
        decode: impl Fn(&'a [u8]) -> Option<T>,
    ) -> Result<T, Malformed> {
        let word = self.next(what)?;
        decode(word).ok_or_else(|| self.broken(what, word))
    }

    fn broken(&self, what: &'static str, word: &[u8]) -> Malformed {
        // A word is a part of the line: its place is the difference of the two addresses.
        Malformed::new(what, (word.as_ptr() as usize).saturating_sub(self.line.as_ptr() as usize))
    }
}

fn hex_fit<T: TryFrom<u64>>(word: &[u8]) -> Option<T> {
    T::try_from(hexadecimal(word)?).ok()
}

fn decimal_fit<T: TryFrom<u64>>(word: &[u8]) -> Option<T> {
    T::try_from(crate::bytes::decimal(word)?).ok()
}

/// Two hexadecimal numbers around a colon.
fn pair(word: &[u8]) -> Option<(u64, u64)> {
    let colon = word.iter().position(|byte| *byte == b':')?;
    Some((hexadecimal(word.get(..colon)?)?, hexadecimal(word.get(colon + 1..)?)?))
}

/// `0100007F:1F90`: each 4 bytes of the address are printed as one number of the machine's own byte order.
fn endpoint(word: &[u8], family: Family) -> Option<Endpoint> {
    let digits = match family {
        Family::V4 => 8,
        Family::V6 => 32,
    };
    let (text, port) = word.split_at_checked(digits)?;
    let port = port.strip_prefix(b":").filter(|port| port.len() == 4).and_then(hex_fit)?;
    let mut address = [0; 16];
    for (to, group) in address.chunks_exact_mut(4).zip(text.chunks_exact(8)) {
        to.copy_from_slice(&hex_fit::<u32>(group)?.to_ne_bytes());
    }
    Some(Endpoint { address, port })
}

/// One line of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// The line without its newline.
    pub bytes: &'a [u8],
    /// Whether a newline ended it. The last line of a cut file has none: there is more to read, or it is torn.
    pub terminated: bool,
}

/// The lines of `text`, in order.
pub fn lines(text: &[u8]) -> impl Iterator<Item = Line<'_>> {
    text.split_inclusive(|byte| *byte == b'\n').map(|line| match line.strip_suffix(b"\n") {
        Some(bytes) => Line { bytes, terminated: true },
        None => Line { bytes: line, terminated: false },
    })
}

#[cfg(test)]
mod tests;
