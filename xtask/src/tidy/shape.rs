//! Rules on what a file looks like: its opening, its length, what it may name and what it must not leave behind.

use super::house::Rule;
use crate::rust_text::has_word;

/// The library's, and the command's own.
const DOORS: &[&str] = &["crates/pree/src/sys/mod.rs", "crates/pree-cli/src/sys/mod.rs"];
/// Tests and chores may run on one platform only.
const NOT_PORTABLE: &[&str] = &["crates/pree-testkit/", "xtask/", "fuzz/"];

pub(super) const ONE_DOOR: Rule = Rule {
    name: "one-door",
    fix: "only sys/mod.rs of the library and of the command says target_os: put what differs behind its contract, \
          one file a platform (in a Cargo.toml: under [target.'cfg(…)'])",
    check: |house| {
        let mut places = Vec::new();
        for source in house
            .sources
            .iter()
            .filter(|source| !DOORS.contains(&&*source.path) && !source.is_under(NOT_PORTABLE))
        {
            places.extend(
                source.places(|line| has_word(&line.code, "target_os").then(|| "says target_os".into())),
            );
        }
        for manifest in &house.manifests {
            for (index, line) in manifest.text.lines().enumerate() {
                let line = line.split('#').next().unwrap_or_default().trim();
                if line.contains("target_os") && !line.starts_with("[target.") {
                    places.push(format!(
                        "{}:{}: says target_os outside a target table",
                        manifest.path,
                        index + 1
                    ));
                }
            }
        }
        places
    },
};

pub(super) const MODULE_DOC: Rule = Rule {
    name: "module-doc",
    fix: "open the file with two or three lines of //!: what it owns and what it leaves to others",
    check: |house| {
        let opens = |source: &&super::house::Source| {
            let first =
                source.lines.iter().find(|line| !(line.code.trim().is_empty() && line.comment.is_empty()));
            first.is_some_and(|line| line.comment.starts_with("//!") && line.comment.len() > 4)
        };
        let silent = house.sources.iter().filter(|source| !opens(source));
        silent.map(|source| format!("{}:1: does not begin with //!", source.path)).collect()
    },
};

/// Lines of a file that are not tests.
const LONGEST: usize = 600;

pub(super) const LENGTH: Rule = Rule {
    name: "length",
    fix: "split the file at its second topic (test code does not count)",
    check: |house| {
        let mut places = Vec::new();
        for source in &house.sources {
            let lines = source.lines.iter().filter(|line| !line.test).count();
            if lines > LONGEST {
                places.push(format!("{}:{LONGEST}: {lines} lines", source.path));
            }
        }
        places
    },
};

pub(super) const FINISHED: Rule = Rule {
    name: "finished",
    fix: "finish it, or return an error that says what is not there; known wrong behaviour is asserted by a test \
          and marked `FIXME: why it stays for now`",
    check: |house| {
        let macros = ["todo", "unimplemented"];
        let marks = ["FIXME", "TODO", "XXX"];
        let mut places = Vec::new();
        for source in &house.sources {
            places.extend(source.places(|line| {
                let called = macros
                    .iter()
                    .find(|name| has_word(&line.code, name) && line.code.contains(&format!("{name}!")));
                if let Some(name) = called {
                    return Some(format!("{name}!"));
                }
                let mark = marks
                    .iter()
                    .find(|mark| has_word(&line.comment, mark) && !has_reason(&line.comment, mark))?;
                Some(format!("{mark} without a reason"))
            }));
        }
        places
    },
};

/// `MARK: words` or `MARK(#12): words`.
fn has_reason(comment: &str, mark: &str) -> bool {
    let after = comment.split_once(mark).map_or("", |(_, after)| after);
    let after = match after.strip_prefix('(') {
        Some(rest) => rest.split_once(')').map_or("", |(_, after)| after),
        None => after,
    };
    after.strip_prefix(':').is_some_and(|reason| reason.split_whitespace().count() >= 2)
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;

    #[test]
    fn one_door() {
        let bad = "//! Doc.\n#[cfg(target_os = \"linux\")]\nmod linux;\n";
        let place = |path: &str, expected: &[&str]| check("one-door", &[(path, bad)], expected);
        place("crates/pree/src/collect.rs", &["crates/pree/src/collect.rs:2: "]);
        place("crates/pree/src/sys/linux/mod.rs", &["crates/pree/src/sys/linux/mod.rs:2: "]);
        place("crates/pree/src/sys/mod.rs", &[]);
        place("crates/pree-testkit/src/lib.rs", &[]);
        check("one-door", &[("crates/pree/src/a.rs", "//! Doc.\n// not target_os\n")], &[]);
        check(
            "one-door",
            &[("crates/pree/src/a.rs", "//! Doc.\nif cfg!(target_os = \"x\") {}\n")],
            &["crates/pree/src/a.rs:2: "],
        );
        check("one-door", &[("a/Cargo.toml", "[target.'cfg(target_os = \"linux\")'.dependencies]\n")], &[]);
        check("one-door", &[("a/Cargo.toml", "check = 'target_os'\n")], &["a/Cargo.toml:1: "]);
    }

    #[test]
    fn module_doc() {
        check("module-doc", &[("a.rs", "//! What it owns.\n\nfn f() {}\n")], &[]);
        check("module-doc", &[("a.rs", "\n//! What it owns.\n")], &[]);
        check("module-doc", &[("a.rs", "fn f() {}\n")], &["a.rs:1: "]);
        check("module-doc", &[("a.rs", "// What it owns.\n")], &["a.rs:1: "]);
        check("module-doc", &[("a.rs", "//!\n")], &["a.rs:1: "]);
        check("module-doc", &[("a.rs", "use std::io;\n//! Late.\n")], &["a.rs:1: "]);
        check("module-doc", &[("a.rs", "")], &["a.rs:1: "]);
    }

    #[test]
    fn length() {
        let file = |code: usize, tests: usize| {
            let code = "fn f() {}\n".repeat(code);
            format!("{code}#[cfg(test)]\nmod tests {{\n{}}}", "fn t() {}\n".repeat(tests))
        };
        check("length", &[("a.rs", &file(600, 0))], &[]);
        check("length", &[("a.rs", &file(600, 500))], &[]);
        check("length", &[("a.rs", &file(601, 0))], &["a.rs:600: 601 lines"]);
        check("length", &[("crates/a/tests/b.rs", &"fn f() {}\n".repeat(700))], &[]);
    }

    #[test]
    fn finished() {
        let line = |line: &str, expected: &[&str]| check("finished", &[("a.rs", line)], expected);
        line("todo!()", &["a.rs:1: todo!"]);
        line("std::unimplemented!(\"later\")", &["a.rs:1: unimplemented!"]);
        line("// FIXME", &["a.rs:1: FIXME"]);
        line("// FIXME later", &["a.rs:1: FIXME"]);
        line("let a = 1; // TODO: x", &["a.rs:1: TODO"]);
        line("// FIXME: the kernel gives no more here", &[]);
        line("// FIXME(#12): the kernel gives no more", &[]);
        line("let todo = \"todo!() FIXME\";", &[]);
        line("while let Some(id) = todo.pop() {}", &[]);
    }
}
