//! The order of long texts. Any number of sockets can have the same one, and two of them can be alike up to their ends: so each is
//! compared once, and its place among them then.

use std::cmp::Ordering;
use std::collections::HashMap;

use pree::field::View;

use super::column::Column;
use super::key::Key;

/// Only command lines are longer.
pub(crate) const LONG: usize = 4096;

/// The place of each long text, by where in memory it is.
pub(crate) struct Ranks(HashMap<*const u8, usize>);

impl Ranks {
    /// Of the texts in these columns.
    pub(crate) fn of(columns: impl Iterator<Item = Column>, views: &[View<'_>]) -> Self {
        let keys = columns.flat_map(|column| views.iter().map(move |view| column.key(view)));
        let long: HashMap<*const u8, &[u8]> = keys
            .filter_map(|key| match key {
                Key::Text(text) if text.len() > LONG => Some((text.as_ptr(), text)),
                _ => None,
            })
            .collect();
        let mut sorted: Vec<(*const u8, &[u8])> = long.into_iter().collect();
        sorted.sort_by(|(_, a), (_, b)| compare_texts(a, b));
        let alike = sorted.chunk_by(|(_, a), (_, b)| a == b).enumerate();
        Self(alike.flat_map(|(rank, all)| all.iter().map(move |(at, _)| (*at, rank))).collect())
    }

    pub(super) fn compare(&self, a: Key<'_>, b: Key<'_>) -> Ordering {
        let (Key::Text(a), Key::Text(b)) = (a, b) else { return a.cmp(&b) };
        let rank = |text: &[u8]| self.0.get(&text.as_ptr()).filter(|_| text.len() > LONG);
        match (rank(a), rank(b)) {
            (Some(a), Some(b)) => a.cmp(b),
            _ => compare_texts(a, b),
        }
    }
}

fn compare_texts(a: &[u8], b: &[u8]) -> Ordering {
    #[cfg(test)]
    crate::steps::count(a.len().min(b.len()));
    a.cmp(b)
}
