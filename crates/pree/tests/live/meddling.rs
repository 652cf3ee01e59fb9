//! Sources that stand between the library and the running system, and do something at a chosen moment.

use pree::source::{Answer, Failure, Question, Source};

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
    fn ask(&mut self, question: &Question<'_>) -> Result<Answer, Failure> {
        (self.before)(self.asked);
        self.asked += 1;
        self.inner.ask(question)
    }

    fn next(&mut self, answer: &mut Answer, batch: &mut Vec<u8>) -> Result<bool, Failure> {
        self.inner.next(answer, batch)
    }
}
