//! A source that stands before another one and fails once.
#![allow(unreachable_pub, reason = "a module of a test")]

use pree::source::{Answer, Failure, Question, Source, System};

/// Passes calls on and fails the n-th, counting questions and batches alike.
pub struct FailNth<S> {
    pub inner: S,
    pub n: usize,
    pub failure: Failure,
    pub calls: usize,
}

impl<S: Source> FailNth<S> {
    fn fails(&mut self) -> Result<(), Failure> {
        self.calls += 1;
        if self.calls == self.n { Err(self.failure) } else { Ok(()) }
    }
}

impl<S: Source> Source for FailNth<S> {
    fn system(&self) -> System {
        self.inner.system()
    }

    fn ask(&mut self, question: &Question<'_>) -> Result<Answer, Failure> {
        self.fails()?;
        self.inner.ask(question)
    }

    fn next(&mut self, answer: &mut Answer, batch: &mut Vec<u8>) -> Result<bool, Failure> {
        self.fails()?;
        self.inner.next(answer, batch)
    }
}
