//! What may reach a screen or a log: a list of its own, so that the escaping function does not judge itself.

use pree_testkit::Failed;

/// Text that commands no terminal, forges no row and hides nothing.
pub fn check(bytes: &[u8]) -> Result<&str, Failed> {
    let text = std::str::from_utf8(bytes)
        .map_err(|error| format!("{error} in {:?}", String::from_utf8_lossy(bytes)))?;
    match text.chars().find(|&c| is_harmful(c)) {
        Some(c) => Err(format!("{c:?} unescaped in {text:?}").into()),
        None => Ok(text),
    }
}

fn is_harmful(c: char) -> bool {
    matches!(c,
        // C0 but the end of a line, DEL and C1.
        '\0'..='\u{9}' | '\u{b}'..='\u{1f}' | '\u{7f}'..='\u{9f}'
        // Soft hyphen, Arabic letter mark, zero-width characters and marks of direction.
        | '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
        // Separators of lines and paragraphs, embeddings and overrides.
        | '\u{2028}'..='\u{202e}'
        // Word joiner, invisible operators, isolates.
        | '\u{2060}'..='\u{206f}'
        // Byte order mark, anchors, what stands for bytes that are no text.
        | '\u{feff}' | '\u{fff9}'..='\u{fffd}'
        // Tags.
        | '\u{e0000}'..='\u{e007f}')
}
