//! How the command ends: one code a meaning, one line a failure.

use std::fmt;
use std::io;
use std::process::ExitCode;

use crate::sys::{interrupts, reader_is_gone};
use crate::text::escape;

/// Answered.
pub(crate) const ANSWERED: u8 = 0;
/// Nothing matched, where one thing was asked for.
pub(crate) const NOTHING: u8 = 1;
/// `diff`: the two are not the same.
pub(crate) const DIFFERENT: u8 = 1;
/// The arguments make no sense.
pub(crate) const USAGE: u8 = 2;
/// Rows are missing, or with `--strict` anything is.
pub(crate) const INCOMPLETE: u8 = 3;
/// Could not read, could not write, or was not permitted.
pub(crate) const FAILED: u8 = 4;
/// `doctor` found something.
pub(crate) const TROUBLE: u8 = 5;

/// What ended the command early.
pub(crate) enum Failure {
    /// The arguments make no sense: what was wrong and what would be right.
    Usage(String),
    /// The filter makes no sense.
    Filter(pree::FilterError),
    /// The library could not answer.
    Library(pree::Error),
    /// A file could not be read or written: the whole line.
    File(String),
    /// The answer could not be written.
    Write(io::Error),
    /// The user ended it while something had to be put back first.
    Interrupted,
}

impl Failure {
    /// The line for stderr; `None` when the reader has just gone, which is how pipes end.
    pub(crate) fn text(&self) -> Option<impl fmt::Display> {
        Some(match self {
            Self::Usage(text) => format!("{text} (see pree --help)"),
            Self::Filter(error) => {
                let (text, carets) = error.excerpt();
                let what = escape::text(error.what().as_bytes());
                let line = format!("{what} (see pree help FILTER)");
                // The carets stand right under a text that shows as it is.
                if !text.is_empty() && escape::text(text.as_bytes()) == text {
                    format!("{line}\n  {text}\n  {carets}")
                } else {
                    line
                }
            }
            Self::Library(error) => match error.hint() {
                Some(hint) => format!("{error}; {hint}"),
                None => error.to_string(),
            },
            Self::File(text) => text.clone(),
            Self::Interrupted => return None,
            Self::Write(error) if reader_is_gone(error) => return None,
            Self::Write(error) => format!("cannot write the output: {error}"),
        })
    }

    pub(crate) fn code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Interrupted => return interrupts::end(),
            Self::Usage(_) | Self::Filter(_) => USAGE,
            // What was named is not there: the question was wrong, not the answer.
            Self::Library(error) if error.kind() == pree::ErrorKind::Invalid => USAGE,
            Self::Write(error) if reader_is_gone(error) => ANSWERED,
            Self::Library(_) | Self::File(_) | Self::Write(_) => FAILED,
        })
    }
}

impl From<pree::Error> for Failure {
    fn from(error: pree::Error) -> Self {
        Self::Library(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Write(error)
    }
}
