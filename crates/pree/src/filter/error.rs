//! A mistake in a filter, shown where it is.

use std::fmt;
use std::ops::Range;

/// What is wrong with a filter, and where.
///
/// Its [`Display`](fmt::Display) is one line; [`FilterError::excerpt`] shows the place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FilterError {
    text: String,
    range: Range<usize>,
    what: String,
}

impl FilterError {
    pub(super) fn new(text: &str, range: Range<usize>, what: impl Into<String>) -> Self {
        Self { text: text.to_owned(), range, what: shortened(&what.into()) }
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

    /// Some words around the mistake, and carets to stand under them, a column a character. Never the whole of a long
    /// filter: it can come from a file that is not for everybody's eyes, and errors are passed on and logged.
    pub fn excerpt(&self) -> (String, String) {
        let part = |range: Range<usize>| self.text.get(range).unwrap_or_default();
        let (before, after) = (part(0..self.range.start), part(self.range.end..self.text.len()));
        let before: String = before.chars().rev().take(AROUND + 1).collect();
        let before = words(&before, AROUND, ' ');
        let before: String = before.chars().rev().collect();
        let wrong = words(part(self.range.clone()), WRONG, '\0');
        let whole = wrong.len() == self.range.len();
        let after = if whole { words(after, AROUND, ' ') } else { String::new() };
        let carets = "^".repeat(wrong.chars().count().max(1));
        (format!("{before}{wrong}{after}"), format!("{:1$}{carets}", "", before.chars().count()))
    }
}

/// Characters that are shown on each side of a mistake.
const AROUND: usize = 24;
/// Characters that are shown of the mistake itself, and of a value in the words about it.
const WRONG: usize = 40;

/// The beginning of a text, with `…` for the rest where it is longer than `most`: cut behind the last `border`, if there
/// is one.
fn words(text: &str, most: usize, border: char) -> String {
    let Some((end, _)) = text.char_indices().nth(most) else { return text.to_owned() };
    let last = text[..end].rfind(border).map(|last| last + border.len_utf8());
    // One that leaves next to nothing is none.
    let end = last.filter(|last| *last > end / 2).unwrap_or(end);
    format!("{}…", &text[..end])
}

/// The same words, of each text in quotes no more than its beginning.
pub(super) fn shortened(what: &str) -> String {
    let (mut short, mut rest) = (String::new(), what);
    while let Some((before, quoted)) = rest.split_once('"') {
        let mut escaped = false;
        let ends = |c| {
            let ends = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        };
        let (text, after) = quoted.split_at(quoted.find(ends).unwrap_or(quoted.len()));
        short.extend([before, "\"", &words(text, WRONG, '\0'), after.get(..1).unwrap_or_default()]);
        rest = after.get(1..).unwrap_or_default();
    }
    short + rest
}

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for FilterError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_is_shown_with_some_words_around_it_and_never_the_whole() {
        let check = |text: &str, range: Range<usize>, excerpt: &str, carets: &str| {
            let (shown, under) = FilterError::new(text, range, "wrong").excerpt();
            assert_eq!((&*shown, &*under), (excerpt, carets), "{text}");
        };
        check("a = b", 4..5, "a = b", "    ^");
        check("", 0..0, "", "^");
        check("sport =", 7..7, "sport =", "       ^");
        let secret = format!("{0} ssn = 7 {0}", "word ".repeat(20).trim_end());
        check(
            &secret,
            secret.find("ssn").map_or(0..0, |at| at..at + 3),
            "… word word word word ssn = 7 word word word …",
            "                      ^^^",
        );
        let key = "x".repeat(60_000);
        check(
            &format!("a b {key} c"),
            4..60_004,
            &format!("a b {}…", &key[..40]),
            &format!("    {}", "^".repeat(41)),
        );
        let wide = "ü".repeat(100);
        check(&format!("{wide} = 1"), 201..202, &format!("…{} = 1", "ü".repeat(23)), &format!("{:25}^", ""));
    }

    #[test]
    fn a_value_in_quotes_is_shortened() {
        let long = "y".repeat(50);
        assert_eq!(shortened("no key \"a\\\"b\"; near \"c\""), "no key \"a\\\"b\"; near \"c\"");
        assert_eq!(shortened(&format!("no \"{long}\"; take x")), format!("no \"{}…\"; take x", &long[..40]));
        assert_eq!(shortened("\"open"), "\"open");
    }
}
