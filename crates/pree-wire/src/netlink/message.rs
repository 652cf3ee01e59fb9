//! Splitting a datagram into messages, and telling data from the messages of netlink itself.

use super::{ACK_TLVS, CAPPED, DONE, DUMP_INTR, ERROR, HEADER, Malformed, NOOP, OVERRUN, attributes};
use crate::bytes::{Native, align4, fixed};
use crate::errno::Errno;

/// One message: the fields of `struct nlmsghdr` and what follows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message<'a> {
    /// `nlmsg_type`: below 16 netlink's own, else the protocol's.
    pub kind: u16,
    /// `nlmsg_flags`.
    pub flags: u16,
    /// `nlmsg_seq`: the number the request carried.
    pub sequence: u32,
    /// `nlmsg_pid`: the port (not process) the message is for; 0 is the kernel.
    pub port: u32,
    /// What follows the header, without alignment.
    pub payload: &'a [u8],
}

/// What a message says, with netlink's own messages understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body<'a> {
    /// A message of the protocol.
    Data(&'a [u8]),
    /// The end of a dump; an error if the dump did not get to its end.
    Done(Option<Errno>),
    /// The answer to a request: an error, or `None` for an acknowledgement.
    Error(Option<Errno>),
    /// To be ignored.
    Noop,
    /// Messages were lost.
    Overrun,
}

impl<'a> Message<'a> {
    /// The payload, with netlink's own message types understood.
    ///
    /// An error message too short to hold its number is [`Errno::EBADMSG`]; it must not pass for an acknowledgement.
    #[inline]
    pub fn body(&self) -> Body<'a> {
        match self.kind {
            DONE => Body::Done(i32::at(self.payload, 0).filter(|code| *code < 0).map(errno)),
            ERROR => Body::Error(match i32::at(self.payload, 0) {
                Some(0) => None,
                Some(code) => Some(errno(code)),
                None => Some(Errno::EBADMSG),
            }),
            NOOP => Body::Noop,
            OVERRUN => Body::Overrun,
            _ => Body::Data(self.payload),
        }
    }

    /// Whether the kernel says that the dump is torn (`NLM_F_DUMP_INTR`). Its silence proves nothing: `sock_diag`
    /// never says it.
    #[inline]
    pub const fn interrupted(&self) -> bool {
        self.flags & DUMP_INTR != 0
    }

    /// The kernel's own words about an error (`NLMSGERR_ATTR_MSG`, Linux 4.12), without the ending NUL. Only sent to
    /// sockets that set `NETLINK_EXT_ACK`.
    pub fn error_text(&self) -> Option<&'a [u8]> {
        const TEXT: u16 = 1;
        if self.flags & ACK_TLVS == 0 {
            return None;
        }
        let start = match self.kind {
            DONE => 4,
            // The request comes back between the number and the attributes: all of it, or its header.
            ERROR if self.flags & CAPPED != 0 => 4 + HEADER,
            ERROR => align4(u32::at(self.payload, 4)? as usize).checked_add(4)?,
            _ => return None,
        };
        let text =
            attributes(self.payload.get(start..)?).map_while(Result::ok).find(|a| a.kind == TEXT)?.payload;
        Some(text.strip_suffix(b"\0").unwrap_or(text))
    }
}

fn errno(code: i32) -> Errno {
    Errno::linux(code.saturating_abs())
}

/// The messages of one datagram, in order.
///
/// After a [`Malformed`] the iterator ends: without a believable length nothing behind it can be found.
///
/// ```
/// let datagram: Vec<u8> = [20_u32, 3 << if cfg!(target_endian = "big") { 16 } else { 0 }, 7, 0, 0]
///     .iter().flat_map(|word| word.to_ne_bytes()).collect();
/// for message in pree_wire::netlink::messages(&datagram) {
///     let message = message?;
///     assert_eq!((message.kind, message.sequence), (pree_wire::netlink::DONE, 7));
/// }
/// # Ok::<(), pree_wire::Malformed>(())
/// ```
pub fn messages(datagram: &[u8]) -> Messages<'_> {
    Messages { datagram, offset: 0 }
}

/// Iterator of [`messages`].
#[derive(Clone, Debug)]
pub struct Messages<'a> {
    datagram: &'a [u8],
    offset: usize,
}

impl<'a> Iterator for Messages<'a> {
    type Item = Result<Message<'a>, Malformed>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.datagram.get(self.offset..)?;
        if rest.is_empty() {
            return None;
        }
        let Some((message, length)) = split(rest) else {
            let at = self.offset;
            self.offset = self.datagram.len();
            return Some(Err(Malformed::new("netlink message", at)));
        };
        // The last message need not be followed by its alignment.
        self.offset += align4(length).min(rest.len());
        Some(Ok(message))
    }
}

/// The first message and its `nlmsg_len`; `None` where the header is cut short or its length is impossible.
#[inline]
fn split(rest: &[u8]) -> Option<(Message<'_>, usize)> {
    let header: &[u8; HEADER] = rest.first_chunk()?;
    let length = u32::from_ne_bytes(fixed::<0, 4, HEADER>(header)) as usize;
    let message = Message {
        kind: u16::from_ne_bytes(fixed::<4, 2, HEADER>(header)),
        flags: u16::from_ne_bytes(fixed::<6, 2, HEADER>(header)),
        sequence: u32::from_ne_bytes(fixed::<8, 4, HEADER>(header)),
        port: u32::from_ne_bytes(fixed::<12, 4, HEADER>(header)),
        payload: rest.get(HEADER..length)?,
    };
    Some((message, length))
}
