//! How many columns of a terminal a text takes. Combining and invisible characters never come here: they are escaped.

use unicode_width::UnicodeWidthChar;

/// Columns of the text: two for the wide characters of East Asia and pictures, mostly one a character.
pub(crate) fn width(text: &[u8]) -> usize {
    if text.is_ascii() {
        return text.len();
    }
    String::from_utf8_lossy(text).chars().map(of_char).sum()
}

/// Columns of one character, by itself.
pub(crate) fn of_char(c: char) -> usize {
    c.width().unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths() {
        for (text, columns) in [("", 0), ("abc", 3), ("grün", 4), ("世界", 4), ("🦀x", 3), ("🌡", 1), ("…", 1)]
        {
            assert_eq!(width(text.as_bytes()), columns, "{text}");
        }
    }
}
