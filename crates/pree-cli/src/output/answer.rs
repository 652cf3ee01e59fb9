//! What every output does with an answer.

use std::io;

use pree::Coverage;
use pree::field::View;

/// Writes one answer. Every write is checked; nothing is written after an error.
pub(crate) trait Output {
    /// Takes what is missing, where it is known before the first row. What comes first in the output need not wait then.
    fn begin(&mut self, _: &Coverage) -> io::Result<()> {
        Ok(())
    }

    /// Writes a socket, or keeps it for the end.
    fn row(&mut self, view: &View<'_>) -> io::Result<()>;

    /// Passes on what was written so far, where rows go out as they come.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// Writes what comes last, and makes sure that everything is out.
    fn end(&mut self, coverage: &Coverage) -> io::Result<()>;
}
