//! Rules on `unsafe`: in which files it may stand, and that each block says why it is sound.

use super::house::{Rule, Source};
use crate::rust_text::has_word;

/// The files that may say `unsafe`: leaf files named for it. Everything above them is safe.
const LEAVES: &[&str] = &[
    "crates/pree/src/sys/",
    "crates/pree-cli/src/sys/",
    "crates/pree-cli/src/output/console/windows.rs",
    "crates/pree-testkit/src/sys.rs",
    "crates/pree/tests/live/sys.rs",
    "bench/src/sys.rs",
];

pub(super) const LEAF_FILES: Rule = Rule {
    name: "unsafe-leaf-files",
    fix: "move the call behind a safe function in crates/pree/src/sys/ (tests: crates/pree-testkit/src/sys.rs); \
          rustix often has one already",
    check: |house| {
        let outside = house.sources.iter().filter(|source| !source.is_under(LEAVES));
        outside
            .flat_map(|source| {
                source.places(|line| has_word(&line.code, "unsafe").then(|| "says unsafe".into()))
            })
            .collect()
    },
};

pub(super) const REASONS: Rule = Rule {
    name: "unsafe-reasons",
    fix: "write `// SAFETY:` and why it is sound, not what it does, right above the block",
    check: |house| {
        let mut places = Vec::new();
        for source in &house.sources {
            for index in 0..source.lines.len() {
                if opens_unsafe(source, index) && !has_reason(source, index) {
                    places.push(format!("{}:{}: no // SAFETY: above", source.path, index + 1));
                }
            }
        }
        places
    },
};

/// Whether an unsafe block or impl begins on this line.
fn opens_unsafe(source: &Source, index: usize) -> bool {
    let code = &source.lines[index].code;
    code.match_indices("unsafe").any(|(at, word)| {
        let after = code[at + word.len()..].trim_start();
        let next = source.lines.get(index + 1).map_or("", |line| line.code.trim_start());
        let after = if after.is_empty() { next } else { after };
        has_word(code, "unsafe") && (after.starts_with('{') || after.starts_with("impl"))
    })
}

/// Looks up from the block, past attributes and the beginning of its own statement, to the comment above.
fn has_reason(source: &Source, index: usize) -> bool {
    let mut above = source.lines[..index].iter().rev().peekable();
    while let Some(line) = above.next_if(|line| !line.code.trim().is_empty()) {
        let code = line.code.trim();
        let attribute = code.starts_with("#[") && code.ends_with(']');
        if !attribute && code.ends_with([';', '{', '}', ',']) {
            return false;
        }
    }
    above.take_while(|line| line.code.trim().is_empty() && !line.comment.is_empty()).any(|line| {
        let words = line.comment.trim_start_matches(['/', '*', ' ']);
        words.strip_prefix("SAFETY:").is_some_and(|reason| !reason.trim().is_empty())
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;

    #[test]
    fn leaf_files() {
        let text = "//! Doc.\n// SAFETY: sound.\nfn f() { unsafe { g() } }\n";
        let at = |path: &str, expected: &[&str]| check("unsafe-leaf-files", &[(path, text)], expected);
        at("crates/pree/src/sys/linux/fd.rs", &[]);
        at("crates/pree-testkit/src/sys.rs", &[]);
        at("crates/pree-testkit/src/net.rs", &["crates/pree-testkit/src/net.rs:3: "]);
        at("crates/pree/src/plan.rs", &["crates/pree/src/plan.rs:3: "]);
        check(
            "unsafe-leaf-files",
            &[("a.rs", "#![forbid(unsafe_code)]\n// unsafe\nlet a = \"unsafe\";\n")],
            &[],
        );
    }

    #[test]
    fn reasons() {
        let text = |text: &str, expected: &[&str]| check("unsafe-reasons", &[("a.rs", text)], expected);
        text("// SAFETY: it is open.\nunsafe { close(fd) }\n", &[]);
        text("// SAFETY: it is open\n// and ours.\nlet a = unsafe { close(fd) };\n", &[]);
        text("// SAFETY: it is open.\n#[allow(x)]\nlet a =\n    unsafe { close(fd) };\n", &[]);
        text("// SAFETY: no fields.\nunsafe impl Send for A {}\n", &[]);
        text("unsafe fn f() {}\n", &[]);
        text("unsafe { close(fd) }\n", &["a.rs:1: "]);
        text("// SAFETY:\nunsafe { close(fd) }\n", &["a.rs:2: "]);
        text("// It is open.\nunsafe { close(fd) }\n", &["a.rs:2: "]);
        text("// SAFETY: it is open.\n\nunsafe { close(fd) }\n", &["a.rs:3: "]);
        text("// SAFETY: it is open.\nlet a = 1;\nlet b = unsafe { close(fd) };\n", &["a.rs:3: "]);
        text("fn f() {\n    unsafe {\n", &["a.rs:2: "]);
    }
}
