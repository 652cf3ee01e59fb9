//! Arbitrary bytes as a supply of decisions: when they run out, every decision is 0.

use std::cell::Cell;

pub(crate) struct Input<'d> {
    data: &'d [u8],
    at: Cell<usize>,
}

impl<'d> Input<'d> {
    pub(crate) fn new(data: &'d [u8]) -> Self {
        Self { data, at: Cell::new(0) }
    }

    pub(crate) fn byte(&self) -> u8 {
        self.bytes(1).first().copied().unwrap_or(0)
    }

    /// A number below `limit`.
    pub(crate) fn below(&self, limit: usize) -> usize {
        usize::from(self.byte()) % limit
    }

    /// Up to so many bytes.
    pub(crate) fn bytes(&self, count: usize) -> &'d [u8] {
        let rest = self.data.get(self.at.get()..).unwrap_or_default();
        let taken = &rest[..count.min(rest.len())];
        self.at.set(self.at.get() + taken.len());
        taken
    }

    pub(crate) fn array<const N: usize>(&self) -> [u8; N] {
        let mut array = [0; N];
        let bytes = self.bytes(N);
        array[..bytes.len()].copy_from_slice(bytes);
        array
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.at.get() >= self.data.len()
    }
}
