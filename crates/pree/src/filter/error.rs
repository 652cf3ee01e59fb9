//! A mistake in a filter, shown where it is.

use std::fmt;
use std::ops::Range;

/// What is wrong with a filter, and where.
///
/// Its [`Display`](fmt::Display) is one line; [`FilterError::carets`] show the place under the text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FilterError {
    text: String,
    range: Range<usize>,
    what: String,
}

impl FilterError {
    pub(super) fn new(text: &str, range: Range<usize>, what: impl Into<String>) -> Self {
        Self { text: text.to_owned(), range, what: what.into() }
    }

    /// The filter as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The bytes of the text that are wrong; empty at the end when something is missing.
    pub fn range(&self) -> Range<usize> {
        self.range.clone()
    }

    /// What is wrong and what would be right.
    pub fn what(&self) -> &str {
        &self.what
    }

    /// Carets to stand under [`FilterError::text`], a column a character.
    pub fn carets(&self) -> String {
        let before = self.text.get(..self.range.start).map_or(0, |text| text.chars().count());
        let wrong = self.text.get(self.range.clone()).map_or(0, |text| text.chars().count());
        format!("{:before$}{}", "", "^".repeat(wrong.max(1)))
    }
}

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for FilterError {}
