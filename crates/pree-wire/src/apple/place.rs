//! Where a member lies.

/// Where a member lies in its structure, in bytes.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    pub(crate) offset: usize,
    pub(crate) size: usize,
}

impl Place {
    /// The bytes of the member, or `None` where the structure ends before them.
    pub(crate) fn of(self, bytes: &[u8]) -> Option<&[u8]> {
        bytes.get(self.offset..self.offset.checked_add(self.size)?)
    }
}
