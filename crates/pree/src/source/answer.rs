//! An answer that is being given.

use std::any::Any;
use std::collections::VecDeque;
use std::fmt;

use super::Failure;

/// What a [`Source`](super::Source) answers, read with [`Source::next`](super::Source::next). Several can be open at the
/// same source; an answer ends when it is dropped.
pub struct Answer(State);

enum State {
    /// Batches that are there.
    Batches(VecDeque<Vec<u8>>),
    /// One batch that is there.
    Whole(Option<Vec<u8>>),
    /// What the source reads on.
    Open(Box<dyn Any>),
}

impl Answer {
    /// One batch.
    pub fn whole(bytes: Vec<u8>) -> Self {
        Self(State::Whole(Some(bytes)))
    }

    /// These batches, one after the other; without any the answer is empty.
    pub fn batches(batches: impl Into<VecDeque<Vec<u8>>>) -> Self {
        Self(State::Batches(batches.into()))
    }

    /// What its source reads on in [`Source::next`](super::Source::next), where it gets this back ([`Answer::open`]).
    pub fn reading<T: 'static>(state: T) -> Self {
        Self(State::Open(Box::new(state)))
    }

    /// What [`Answer::reading`] was given, of this type.
    pub fn open<T: 'static>(&mut self) -> Option<&mut T> {
        match &mut self.0 {
            State::Open(state) => state.downcast_mut(),
            _ => None,
        }
    }

    /// The same to look at.
    pub fn opened<T: 'static>(&self) -> Option<&T> {
        match &self.0 {
            State::Open(state) => state.downcast_ref(),
            _ => None,
        }
    }

    /// Replaces `batch` with the next part of what is there; `false` and an empty batch when there is no more.
    ///
    /// # Errors
    /// None: what its source reads on is read by its source.
    pub fn next(&mut self, batch: &mut Vec<u8>) -> Result<bool, Failure> {
        batch.clear();
        let next = match &mut self.0 {
            State::Batches(batches) => batches.pop_front(),
            State::Whole(bytes) => bytes.take(),
            State::Open(_) => None,
        };
        Ok(next.map(|bytes| *batch = bytes).is_some())
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Answer")
    }
}
