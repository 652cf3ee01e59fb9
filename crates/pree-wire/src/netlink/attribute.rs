//! Attributes (`struct nlattr`): 2 bytes length, 2 bytes type, value, alignment to 4.

use super::Malformed;
use crate::bytes::{align4, fixed};

/// Bytes of `struct nlattr`.
pub(crate) const HEADER: usize = 4;

/// One attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attribute<'a> {
    /// `nla_type` without its two flag bits.
    pub kind: u16,
    /// Whether the value is said to consist of attributes (`NLA_F_NESTED`). Old parts of the kernel nest without it.
    pub nested: bool,
    /// The value.
    pub payload: &'a [u8],
}

/// The attributes in `area`, in order. After a [`Malformed`] the iterator ends.
pub fn attributes(area: &[u8]) -> Attributes<'_> {
    Attributes { area, offset: 0 }
}

/// Iterator of [`attributes`].
#[derive(Clone, Debug)]
pub struct Attributes<'a> {
    area: &'a [u8],
    offset: usize,
}

impl<'a> Attributes<'a> {
    /// Like `next`, with the offset of the value in the area.
    #[inline]
    pub(crate) fn next_at(&mut self) -> Option<Result<(usize, Attribute<'a>), Malformed>> {
        let at = self.offset;
        let rest = self.area.get(at..)?;
        if rest.is_empty() {
            return None;
        }
        let Some((attribute, length)) = split(rest) else {
            self.offset = self.area.len();
            return Some(Err(Malformed::new("netlink attribute", at)));
        };
        // The last attribute need not be followed by its alignment.
        self.offset = at + align4(length).min(rest.len());
        Some(Ok((at + HEADER, attribute)))
    }
}

impl<'a> Iterator for Attributes<'a> {
    type Item = Result<Attribute<'a>, Malformed>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        Some(self.next_at()?.map(|(_, attribute)| attribute))
    }
}

#[inline]
fn split(rest: &[u8]) -> Option<(Attribute<'_>, usize)> {
    const NESTED: u16 = 0x8000;
    const NET_BYTEORDER: u16 = 0x4000;
    let header: &[u8; HEADER] = rest.first_chunk()?;
    let length = usize::from(u16::from_ne_bytes(fixed::<0, 2, HEADER>(header)));
    let kind = u16::from_ne_bytes(fixed::<2, 2, HEADER>(header));
    let payload = rest.get(HEADER..length)?;
    Some((Attribute { kind: kind & !(NESTED | NET_BYTEORDER), nested: kind & NESTED != 0, payload }, length))
}
