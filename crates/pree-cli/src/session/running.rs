//! The running system, asked with the rights that the program's file lends (`sys::Rights`).
//!
//! They are raised for one question at a time, and never for a name that the user chose: what one may not open oneself
//! is not opened, nor told to be there.

use std::io;

use pree::source::{Errno, Failure, Namespaces, Question, Reachable, Source, System, live};

use crate::exit;
use crate::sys::Rights;

struct Running<'r, S> {
    source: S,
    rights: &'r Rights,
}

/// This system, now.
pub(crate) fn running(rights: &Rights) -> Result<impl Source, exit::Failure> {
    Ok(Running { source: live()?, rights })
}

impl<S: Source> Running<'_, S> {
    fn with_lent<T>(&mut self, ask: impl FnOnce(&mut S) -> Result<T, Failure>) -> Result<T, Failure> {
        let Self { source, rights } = self;
        rights.with_lent(|| ask(source)).unwrap_or_else(|error| Err(failed(&error)))
    }
}

impl<S: Source> Source for Running<'_, S> {
    fn system(&self) -> System {
        self.source.system()
    }

    fn ask(&mut self, question: &Question<'_>) -> Result<(), Failure> {
        match question {
            // A path that a filter names.
            Question::Cgroup(_) => self.source.ask(question),
            _ => self.with_lent(|source| source.ask(question)),
        }
    }

    fn next(&mut self, batch: &mut Vec<u8>) -> Result<bool, Failure> {
        self.with_lent(|source| source.next(batch))
    }

    fn namespaces(&mut self, which: &Namespaces) -> Result<Reachable, Failure> {
        match which {
            Namespaces::One(path) if path.as_bytes().contains(&b'/') => self.source.namespaces(which),
            _ => self.with_lent(|source| source.namespaces(which)),
        }
    }

    fn enter(&mut self, inode: Option<u64>) -> Result<(), Failure> {
        self.with_lent(|source| source.enter(inode))
    }
}

/// The rights could not be raised: that is no answer to the question.
fn failed(error: &io::Error) -> Failure {
    Failure::Transport(error.raw_os_error().map_or(Errno::EPERM, Errno::linux))
}
