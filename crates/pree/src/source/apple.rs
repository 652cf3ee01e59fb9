//! What a [`Source`](super::Source) of macOS can be asked.

use std::fmt;

/// A question that only macOS answers. There is none yet.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum AppleQuestion {}

impl fmt::Display for AppleQuestion {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {}
    }
}
