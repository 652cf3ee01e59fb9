//! Passes questions on to the running system and counts them: what the library had to do to get its answer.

use std::collections::{BTreeMap, HashSet};

use pree::source::{Answer, DiagPass, Failure, Question, Source};

/// A source with a tally.
pub struct Counting<'c, S> {
    pub inner: S,
    /// Cookies of the sockets that stay.
    pub lasting: &'c HashSet<u64>,
    pub tally: Tally,
}

/// What was asked, in one run or in many.
#[derive(Clone, Default, Debug)]
pub struct Tally {
    /// Questions by kind.
    pub asked: BTreeMap<&'static str, u64>,
    /// Exact questions about a socket that stays: the first pass has missed it, so the dump was torn.
    pub torn: u64,
}

impl Tally {
    pub fn add(&mut self, other: &Self) {
        for (kind, count) in &other.asked {
            *self.asked.entry(kind).or_default() += count;
        }
        self.torn += other.torn;
    }
}

impl<S: Source> Source for Counting<'_, S> {
    fn ask(&mut self, question: &Question<'_>) -> Result<Answer, Failure> {
        let kind = match question {
            Question::Diag { pass: DiagPass::Exact(cookie), .. } => {
                self.tally.torn += u64::from(self.lasting.contains(cookie));
                "exact"
            }
            Question::Diag { pass: DiagPass::First, .. } => "first",
            Question::Diag { pass: DiagPass::Check, .. } => "check",
            Question::Diag { .. } => "later",
            Question::NetTable(_) => "table",
            _ => "other",
        };
        *self.tally.asked.entry(kind).or_default() += 1;
        self.inner.ask(question)
    }

    fn next(&mut self, answer: &mut Answer, batch: &mut Vec<u8>) -> Result<bool, Failure> {
        self.inner.next(answer, batch)
    }
}
