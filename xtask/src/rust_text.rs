//! Rust source split into code and comments, line by line, and which lines are test code.
//!
//! A lexer just good enough for house rules: what strings and characters contain is blanked, so that a rule
//! finds words in code only.

/// One line of a source file.
#[derive(Default)]
pub(crate) struct Line {
    /// The code, without comments; the contents of strings and characters are gone.
    pub(crate) code: String,
    /// What its comments say, with their slashes.
    pub(crate) comment: String,
    /// Inside an item under `#[cfg(test)]`.
    pub(crate) test: bool,
}

enum Inside {
    Code,
    LineComment,
    /// Depth: block comments nest.
    BlockComment(usize),
    Text,
    /// Number of hashes.
    RawText(usize),
}

pub(crate) fn lines(text: &str) -> Vec<Line> {
    let chars: Vec<char> = text.chars().collect();
    let at = |i: usize| chars.get(i).copied().unwrap_or('\0');
    let mut lines = vec![Line::default()];
    let mut inside = Inside::Code;
    let mut i = 0;
    while i < chars.len() {
        let c = chars[i];
        if c == '\n' {
            if matches!(inside, Inside::LineComment) {
                inside = Inside::Code;
            }
            lines.push(Line::default());
            i += 1;
            continue;
        }
        let last = lines.len() - 1;
        let line = &mut lines[last];
        let mut used = 1;
        match inside {
            Inside::Code => match (c, at(i + 1)) {
                ('/', '/') => {
                    inside = Inside::LineComment;
                    line.comment.push(c);
                }
                ('/', '*') => {
                    inside = Inside::BlockComment(1);
                    line.comment.push_str("/*");
                    used = 2;
                }
                ('"', _) => {
                    inside = raw_hashes(&chars[..i]).map_or(Inside::Text, Inside::RawText);
                    line.code.push(c);
                }
                ('\'', next) if next == '\\' || at(i + 2) == '\'' => {
                    // A character, not a lifetime.
                    let close = (i + 3..chars.len()).find(|&end| chars[end] == '\'' && next == '\\');
                    used = close.map_or(3, |end| end + 1 - i);
                    line.code.push_str("''");
                }
                _ => line.code.push(c),
            },
            Inside::LineComment => line.comment.push(c),
            Inside::BlockComment(depth) => match (c, at(i + 1)) {
                ('/', '*') => {
                    inside = Inside::BlockComment(depth + 1);
                    used = 2;
                }
                ('*', '/') => {
                    inside = if depth == 1 { Inside::Code } else { Inside::BlockComment(depth - 1) };
                    used = 2;
                }
                _ => line.comment.push(c),
            },
            // An escaped line end is a line end all the same.
            Inside::Text if c == '\\' => used = if at(i + 1) == '\n' { 1 } else { 2 },
            Inside::Text if c == '"' => {
                inside = Inside::Code;
                line.code.push(c);
            }
            Inside::RawText(hashes) if c == '"' && (1..=hashes).all(|n| at(i + n) == '#') => {
                inside = Inside::Code;
                line.code.push(c);
                used = 1 + hashes;
            }
            Inside::Text | Inside::RawText(_) => {}
        }
        i += used;
    }
    mark_tests(&mut lines);
    lines
}

/// The number of hashes, if what stands before a quote makes it the start of a raw string.
fn raw_hashes(before: &[char]) -> Option<usize> {
    let hashes = before.iter().rev().take_while(|&&c| c == '#').count();
    let prefix: Vec<char> = before.iter().rev().skip(hashes).take_while(|&&c| is_word(c)).copied().collect();
    matches!(prefix.as_slice(), ['r'] | ['r', 'b' | 'c']).then_some(hashes)
}

/// Marks every item under `#[cfg(test)]`, and the whole file under `#![cfg(test)]`.
fn mark_tests(lines: &mut [Line]) {
    let mut number = 0;
    while number < lines.len() {
        let code = &lines[number].code;
        if is_test_cfg(code, "#![cfg(") {
            mark_all(lines);
            return;
        }
        let Some(start) = code.find("#[cfg(").filter(|_| is_test_cfg(code, "#[cfg(")) else {
            number += 1;
            continue;
        };
        // The item ends with the first `;` or closing brace outside all brackets.
        let mut depth = 0_i32;
        let mut from = start;
        'item: while number < lines.len() {
            lines[number].test = true;
            for c in lines[number].code.chars().skip(from) {
                depth += match c {
                    '(' | '[' | '{' => 1,
                    ')' | ']' | '}' => -1,
                    _ => 0,
                };
                if (c == ';' && depth == 0) || (c == '}' && depth <= 0) {
                    break 'item;
                }
            }
            from = 0;
            number += 1;
        }
        number += 1;
    }
}

/// Marks every line as test code.
pub(crate) fn mark_all(lines: &mut [Line]) {
    for line in lines {
        line.test = true;
    }
}

fn is_test_cfg(code: &str, open: &str) -> bool {
    code.split_once(open).is_some_and(|(_, condition)| {
        let condition = condition.split(']').next().unwrap_or_default();
        has_word(condition, "test") && !condition.contains("not(test") && !condition.contains("any(")
    })
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Whether `word` stands in `text` by itself, not as a part of a longer name.
pub(crate) fn has_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back().is_some_and(is_word);
        let after = text[at + word.len()..].chars().next().is_some_and(is_word);
        !before && !after
    })
}

#[cfg(test)]
mod tests {
    use super::{has_word, lines};

    #[test]
    fn code_and_comments_are_told_apart() {
        let check = |source: &str, code: &str, comment: &str| {
            let lines = lines(source);
            let join = |part: fn(&super::Line) -> &String| {
                lines.iter().map(|line| part(line).trim()).collect::<Vec<_>>().join("|")
            };
            assert_eq!(join(|line| &line.code), code, "code of {source:?}");
            assert_eq!(join(|line| &line.comment), comment, "comment of {source:?}");
        };
        check("a // b", "a", "// b");
        check("a /* b /* c */ d */ e", "a  e", "/* b  c  d");
        check("\"// no\\\" \" // yes", "\"\"", "// yes");
        check("r#\"a \" // no\"# b", "r#\"\" b", "");
        check("br\"\\\" b", "br\"\" b", "");
        check("b\"\\\" c\" d", "b\"\" d", "");
        check("'\"' 'a 'static '\\'' '\\\\' x", "'' 'a 'static '' '' x", "");
        check("\"a\n// no\" b", "\"|\" b", "|");
        check("\"a\\\n// no\" b", "\"|\" b", "|");
        check("/// doc\nfn f() {}", "|fn f() {}", "/// doc|");
    }

    #[test]
    fn test_items_are_marked() {
        let check = |source: &str, tests: &[usize]| {
            let lines = lines(source);
            let found: Vec<usize> = (1..=lines.len()).filter(|&n| lines[n - 1].test).collect();
            assert_eq!(found, tests, "{source:?}");
        };
        check("fn a() {}\n#[cfg(test)]\nmod tests {\n fn b() {}\n}\nfn c() {}", &[2, 3, 4, 5]);
        check("#[cfg(test)]\nmod tests;\nfn c() {}", &[1, 2]);
        check(
            "#[cfg(all(test, target_pointer_width = \"64\"))]\nconst A: [u8; 2] = [1, 2];\nfn c() {}",
            &[1, 2],
        );
        check("#[cfg(test)]\n#[allow(unused)]\nfn b<A, B>(\n) {\n}\nfn c() {}", &[1, 2, 3, 4, 5]);
        check("#[cfg(not(test))]\nfn b() {}", &[]);
        check("#[cfg(any(test, fuzzing))]\nfn b() {}", &[]);
        check("//! doc\n#![cfg(test)]\nfn b() {}", &[1, 2, 3]);
    }

    #[test]
    fn words_have_ends() {
        assert!(has_word("unsafe {", "unsafe"));
        assert!(has_word("#[unsafe(no_mangle)]", "unsafe"));
        assert!(!has_word("deny(unsafe_code)", "unsafe"));
    }
}
