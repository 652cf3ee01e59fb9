//! Sources that stand between the library and the running system, and do something at a chosen moment.

use pree::source::{Errno, Question, Source};

/// Calls a function before each question, with the question's number (from 0).
pub struct Meddling<S, F> {
    inner: S,
    before: F,
    pub asked: usize,
}

impl<S: Source, F: FnMut(usize)> Meddling<S, F> {
    pub fn new(inner: S, before: F) -> Self {
        Self { inner, before, asked: 0 }
    }
}

impl<S: Source, F: FnMut(usize)> Source for Meddling<S, F> {
    fn ask(&mut self, question: &Question<'_>) -> Result<(), Errno> {
        (self.before)(self.asked);
        self.asked += 1;
        self.inner.ask(question)
    }

    fn next(&mut self, batch: &mut Vec<u8>) -> Result<bool, Errno> {
        self.inner.next(batch)
    }
}

/// Fails the n-th call (from 1), questions and batches counted alike.
pub struct FailNth<S> {
    pub inner: S,
    pub n: usize,
    pub errno: Errno,
    pub calls: usize,
}

impl<S: Source> FailNth<S> {
    fn call(&mut self) -> Result<(), Errno> {
        self.calls += 1;
        if self.calls == self.n { Err(self.errno) } else { Ok(()) }
    }
}

impl<S: Source> Source for FailNth<S> {
    fn ask(&mut self, question: &Question<'_>) -> Result<(), Errno> {
        self.call()?;
        self.inner.ask(question)
    }

    fn next(&mut self, batch: &mut Vec<u8>) -> Result<bool, Errno> {
        self.call()?;
        self.inner.next(batch)
    }
}
