//! What all rows of `sock_diag` have in common: a fixed part of known size, then attributes.
//!
//! Owns finding the attributes; which there are and what they hold belongs to the module of the family. This is the hot
//! path: a row is walked once, and its attributes are found by number after that.

use crate::bytes::Native;
use crate::malformed::Malformed;
use crate::netlink::{RequestBuffer, attributes};
use crate::{BufferTooSmall, netlink};

/// Message type of requests and rows (`SOCK_DIAG_BY_FAMILY`, Linux 3.3).
const SOCK_DIAG_BY_FAMILY: u16 = 20;

/// A row of `FIXED` bytes and attributes numbered below `KNOWN`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DiagRow<'a, const FIXED: usize, const KNOWN: usize> {
    pub(crate) fixed: &'a [u8; FIXED],
    attributes: &'a [u8],
    // Offset and length of each value. Half of the 16 bytes a slice takes, twice: this table is cleared for every row.
    // Offset 0 means absent, a value has its header before it.
    spans: [(u16, u16); KNOWN],
}

/// What a row that cannot be read is called.
pub(crate) struct Names {
    pub(crate) short: &'static str,
    pub(crate) long: &'static str,
    pub(crate) attribute: &'static str,
}

impl<'a, const FIXED: usize, const KNOWN: usize> DiagRow<'a, FIXED, KNOWN> {
    /// Finds the attributes. Unknown ones are skipped; of repeated ones the last counts, as in the kernel.
    #[inline]
    pub(crate) fn parse(payload: &'a [u8], names: &Names) -> Result<Self, Malformed> {
        let Some((fixed, attribute_bytes)) = payload.split_first_chunk() else {
            return Err(Malformed::new(names.short, payload.len()));
        };
        if attribute_bytes.len() > usize::from(u16::MAX) {
            return Err(Malformed::new(names.long, FIXED));
        }
        let mut spans = [(0, 0); KNOWN];
        let mut rest = attributes(attribute_bytes);
        while let Some(next) = rest.next_at() {
            match next {
                Ok((at, attribute)) => {
                    if let Some(span) = spans.get_mut(usize::from(attribute.kind)) {
                        *span = (at as u16, attribute.payload.len() as u16);
                    }
                }
                Err(broken) => return Err(Malformed::new(names.attribute, FIXED + broken.offset)),
            }
        }
        Ok(Self { fixed, attributes: attribute_bytes, spans })
    }

    /// The value of an attribute by its number; `None` where absent or not below `KNOWN`.
    #[inline]
    pub(crate) fn attribute(&self, kind: u16) -> Option<&'a [u8]> {
        let (at, length) = *self.spans.get(usize::from(kind))?;
        if at == 0 {
            return None;
        }
        self.attributes.get(usize::from(at)..)?.get(..usize::from(length))
    }

    /// The number that an attribute begins with.
    #[inline]
    pub(crate) fn number<T: Native>(&self, kind: u16) -> Option<T> {
        T::at(self.attribute(kind)?, 0)
    }
}

/// `Row = "packet", of 16 bytes, cookie at 8, attributes below 8;` → the row of a family: a view of `struct packet_diag_msg`
/// and what follows it. An attribute can be asked for by its number where there are any.
macro_rules! diag_row {
    ($(#[$doc:meta])* $kernel:literal, of $fixed:literal bytes, cookie at $cookie:literal, attributes below $known:expr;) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct Row<'a> {
            row: $crate::diag_row::DiagRow<'a, FIXED, { $known as usize }>,
        }

        #[doc = concat!("Bytes of `struct ", $kernel, "_msg`.")]
        const FIXED: usize = $fixed;

        impl<'a> Row<'a> {
            /// Checks the payload of a message and finds its attributes. Unknown attributes are skipped; of repeated ones the
            /// last counts, as in the kernel.
            ///
            /// # Errors
            #[doc = concat!("The payload is shorter than `struct ", $kernel, "_msg`, its attributes are broken, or it is longer")]
            /// than the 64 KiB no row reaches.
            #[inline]
            pub fn parse(payload: &'a [u8]) -> Result<Self, $crate::malformed::Malformed> {
                const NAMES: $crate::diag_row::Names = $crate::diag_row::Names {
                    short: concat!($kernel, " row (shorter than its fixed part)"),
                    long: concat!($kernel, " row (longer than 64 KiB)"),
                    attribute: concat!($kernel, " attribute"),
                };
                $crate::diag_row::DiagRow::parse(payload, &NAMES).map(|row| Self { row })
            }

            /// The socket's cookie: unique in its network namespace as long as the kernel runs.
            #[inline]
            pub fn cookie(&self) -> u64 {
                $crate::diag_row::cookie($crate::bytes::fixed::<$cookie, 8, FIXED>(self.row.fixed))
            }

            /// The value of an attribute by its number; `None` where absent or unknown to this crate.
            #[inline]
            pub fn attribute(&self, kind: u16) -> Option<&'a [u8]> {
                self.row.attribute(kind)
            }
        }
    };
}

/// `name: type = from_ne_bytes, offset` → accessors of a row's fixed part, on a type with a [`DiagRow`] called `row` and
/// a constant `FIXED`.
macro_rules! fixed_fields {
    ($($(#[$doc:meta])* $name:ident: $type:ident = $read:ident, $at:literal;)*) => {$(
        $(#[$doc])*
        #[inline]
        pub fn $name(&self) -> $type {
            $type::$read($crate::bytes::fixed::<$at, { size_of::<$type>() }, FIXED>(self.row.fixed))
        }
    )*};
}

/// A cookie is two words, the low one first on every machine.
#[inline]
pub(crate) fn cookie(words: [u8; 8]) -> u64 {
    let both = u64::from_ne_bytes(words);
    if cfg!(target_endian = "big") { both.rotate_left(32) } else { both }
}

/// Writes a request of a family that asks with words behind its first four bytes: states if it has them, inode, what to
/// show, and the cookie. `exact` asks for one socket instead of all.
pub(crate) fn encode_request(
    buffer: &mut [u8],
    [family, protocol]: [u8; 2],
    words: &[u32],
    cookie: u64,
    exact: bool,
    sequence: u32,
) -> Result<usize, BufferTooSmall> {
    let flags = if exact { netlink::REQUEST } else { netlink::REQUEST | netlink::DUMP };
    let mut message = RequestBuffer::new(buffer, SOCK_DIAG_BY_FAMILY, flags, sequence)?;
    message.payload(&[family, protocol, 0, 0])?;
    for word in words {
        message.payload(&word.to_ne_bytes())?;
    }
    message.payload(&(cookie as u32).to_ne_bytes())?;
    message.payload(&((cookie >> 32) as u32).to_ne_bytes())?;
    Ok(message.finish().len())
}
