//! Words in lines that fit on a screen.

use std::fmt::Write as _;

/// Every terminal has as many columns.
pub(crate) const SCREEN: usize = 80;

/// A paragraph.
pub(crate) fn paragraph(text: &mut String, indent: usize, words: &str) {
    for line in wrapped(words, SCREEN - indent) {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{:indent$}{line}", "");
    }
}

/// The text in lines of at most this width.
pub(crate) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}
