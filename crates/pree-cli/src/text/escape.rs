//! The one place where text from outside becomes something that may be shown.
//!
//! Control characters could command a terminal, bidirectional and invisible ones could make one name look like
//! another, newlines could forge a row. They are written as visible escapes, in pipes too, and so is the backslash:
//! different bytes never print alike.

use std::borrow::Cow;
use std::fmt::Write;

use pree::Filter;

/// Characters that show nothing, or nothing of their own, or change how others show.
fn is_deceptive(c: char) -> bool {
    matches!(c,
        '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}'
        // Spaces that look like another space, and what takes no room at all.
        | '\u{a0}' | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{1680}'
        | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{2000}'..='\u{200f}'
        // Line and paragraph separators, bidirectional controls, invisible operators.
        | '\u{2028}'..='\u{202f}' | '\u{205f}'..='\u{206f}' | '\u{2800}' | '\u{3000}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
        // What stands for bytes that are no text.
        | '\u{fffd}'..='\u{ffff}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{10ffff}'
        // Private use: whatever the font says.
        | '\u{e000}'..='\u{f8ff}')
        // Combining marks join what stands before them.
        || matches!(c, '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{1ab0}'..='\u{1aff}'
            | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}')
}

/// True for what must be escaped wherever it is shown, JSON included.
pub(crate) fn must_escape(c: char) -> bool {
    is_deceptive(c)
}

/// Bytes as text that is safe to show.
pub(crate) fn text(bytes: &[u8]) -> Cow<'_, str> {
    escaped(bytes, |c| c == '\\')
}

/// Bytes as one word of a row: in quotes when they could be taken for something else, such as the `-` of the unknown or a filter's `not`.
pub(crate) fn word(bytes: &[u8]) -> Cow<'_, str> {
    let plain = |b: &u8| b.is_ascii_alphanumeric() || b"._-+:/@%~#".contains(b);
    if matches!(bytes, b"" | b"-") || !bytes.iter().all(plain) || Filter::is_operator(bytes) {
        return quoted(bytes).into();
    }
    // Every plain byte is ASCII that needs no escape.
    std::str::from_utf8(bytes).unwrap_or_default().into()
}

/// Bytes in quotes.
pub(crate) fn quoted(bytes: &[u8]) -> String {
    format!("\"{}\"", escaped(bytes, |c| matches!(c, '\\' | '"')))
}

fn escaped(bytes: &[u8], also: impl Fn(char) -> bool) -> Cow<'_, str> {
    let harmless = |c: char| !is_deceptive(c) && !also(c);
    if let Ok(clean) = std::str::from_utf8(bytes)
        && clean.chars().all(harmless)
    {
        return clean.into();
    }
    let mut out = String::with_capacity(bytes.len() + 8);
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            // Writing to a String cannot fail.
            let _ = match c {
                '\n' => write!(out, "\\n"),
                '\r' => write!(out, "\\r"),
                '\t' => write!(out, "\\t"),
                c if is_deceptive(c) => write!(out, "\\u{{{:x}}}", u32::from(c)),
                c if also(c) => write!(out, "\\{c}"),
                c => write!(out, "{c}"),
            };
        }
        for byte in chunk.invalid() {
            let _ = write!(out, "\\x{byte:02x}");
        }
    }
    out.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_what_would_hide() {
        for (bytes, shown) in [
            (&b"plain"[..], "plain"),
            ("grün 世界".as_bytes(), "grün 世界"),
            (b"a\nb\tc\r", r"a\nb\tc\r"),
            (b"\x1b[31m\x07", r"\u{1b}[31m\u{7}"),
            (b"\xff\xfe", r"\xff\xfe"),
            (b"back\\slash", r"back\\slash"),
            ("\u{202e}exe".as_bytes(), r"\u{202e}exe"),
            ("a\u{200b}b".as_bytes(), r"a\u{200b}b"),
            ("\u{85}".as_bytes(), r"\u{85}"),
            (b"\x85", r"\x85"),
            (b"\0abstract", r"\u{0}abstract"),
            ("\u{fffd}".as_bytes(), r"\u{fffd}"),
            ("e\u{301}".as_bytes(), r"e\u{301}"),
        ] {
            assert_eq!(text(bytes), shown);
        }
    }

    #[test]
    fn words_cannot_pretend_to_be_several() {
        for (bytes, shown) in [
            (&b"nginx"[..], "nginx"),
            (b"Web Content", "\"Web Content\""),
            (b"a[1]/2,b", "\"a[1]/2,b\""),
            (b"\"quoted\"", r#""\"quoted\"""#),
            (b"", "\"\""),
            (b"-", "\"-\""),
            (b"not", "\"not\""),
            (b"GT", "\"GT\""),
            (b"nothing", "nothing"),
            (b"kworker/0:1", "kworker/0:1"),
        ] {
            assert_eq!(word(bytes), shown);
        }
    }

    /// Every byte string of up to two of these, and what it prints: no two alike.
    #[test]
    fn different_bytes_never_print_alike() {
        let pieces: Vec<Vec<u8>> = (0..=255_u8)
            .map(|b| vec![b])
            .chain(
                ["\u{85}", "\u{200b}", "\u{fffd}", "\\u{85}", "\\x85", "\\n", "é", "e\u{301}"].map(Vec::from),
            )
            .collect();
        let mut seen = std::collections::HashMap::new();
        for first in &pieces {
            for second in &pieces {
                let bytes = [first.as_slice(), second].concat();
                for shown in [text(&bytes).into_owned(), word(&bytes).into_owned()] {
                    assert!(!shown.contains(|c: char| c.is_control()));
                    let before = seen.entry(shown).or_insert_with(|| bytes.clone());
                    assert_eq!(*before, bytes);
                }
            }
        }
    }
}
