//! How many columns of a terminal a text takes. Combining and invisible characters never come here: they are escaped.

/// Columns of the text: two for the wide characters of East Asia and pictures, else one a character.
pub(crate) fn width(text: &[u8]) -> usize {
    if text.is_ascii() {
        return text.len();
    }
    String::from_utf8_lossy(text).chars().map(of_char).sum()
}

/// Columns of one character (Unicode Standard Annex 11, by blocks).
pub(crate) fn of_char(c: char) -> usize {
    let wide = matches!(c,
        '\u{1100}'..='\u{115f}' | '\u{231a}'..='\u{231b}' | '\u{2e80}'..='\u{303e}' | '\u{3041}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{a4cf}' | '\u{a960}'..='\u{a97c}' | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe6f}' | '\u{ff01}'..='\u{ff60}'
        | '\u{ffe0}'..='\u{ffe6}' | '\u{16fe0}'..='\u{1b2ff}' | '\u{1f300}'..='\u{1f64f}'
        | '\u{1f680}'..='\u{1f6ff}' | '\u{1f900}'..='\u{1f9ff}' | '\u{20000}'..='\u{3fffd}');
    if wide { 2 } else { 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths() {
        for (text, columns) in [("", 0), ("abc", 3), ("grün", 4), ("世界", 4), ("🦀x", 3), ("…", 1)] {
            assert_eq!(width(text.as_bytes()), columns, "{text}");
        }
    }
}
