//! Rules on promises: no panic outside tests, no test set aside, and no lint that holds a promise switched off.

use super::house::{House, Rule};

/// What users of the libraries and of the command run.
const SHIPPED: &[&str] =
    &["crates/pree-wire/src/", "crates/pree/src/", "crates/pree-history/src/", "crates/pree-cli/src/"];
/// The part of it that must not speak, exit, or run programs.
const LIBRARIES: &[&str] = &["crates/pree-wire/src/", "crates/pree/src/", "crates/pree-history/src/"];

pub(super) const NO_PANIC: Rule = Rule {
    name: "no-panic",
    fix: "return the error, or restructure so that the compiler sees it cannot happen; tests may unwrap",
    check: |house| {
        let calls = [".unwrap()", ".expect(", ".unwrap_err()", ".expect_err("];
        let shipped = house.sources.iter().filter(|source| source.is_under(SHIPPED));
        shipped
            .flat_map(|source| {
                source.places(|line| {
                    let call = calls.iter().find(|&&call| !line.test && line.code.contains(call))?;
                    Some(format!("{call} outside tests"))
                })
            })
            .collect()
    },
};

pub(super) const NAMED_FILES: Rule = Rule {
    name: "named-files",
    fix: "open and write what the user names through crates/pree-cli/src/files/: there are limits, and no link is followed",
    check: |house| {
        let calls = ["File::open", "File::create", "File::options", "OpenOptions", "fs::read", "fs::write"];
        let command = house.sources.iter().filter(|source| {
            source.is_under(&["crates/pree-cli/src/"])
                && !source.is_under(&["crates/pree-cli/src/files/", "crates/pree-cli/src/sys/"])
        });
        command
            .flat_map(|source| {
                source.places(|line| {
                    let call = calls.iter().find(|&&call| !line.test && line.code.contains(call))?;
                    Some(format!("{call} outside files/"))
                })
            })
            .collect()
    },
};

pub(super) const NO_IGNORE: Rule = Rule {
    name: "no-ignore",
    fix: "assert the wrong behaviour with a FIXME, or make the need a named skip of the test harness; \
          an example that cannot run is `no_run`",
    check: |house| {
        house
            .sources
            .iter()
            .flat_map(|source| {
                source.places(|line| {
                    let attribute = line.code.contains("#[ignore")
                        || (line.code.contains("cfg_attr(") && line.code.contains(", ignore"));
                    let example = line.comment.trim_start_matches(['/', '!', '*', ' ']);
                    let example = example.starts_with("```") && example.contains("ignore");
                    (attribute || example).then(|| "a test that never runs".into())
                })
            })
            .collect()
    },
};

pub(super) const LINTS_STAY: Rule = Rule {
    name: "lints-stay",
    fix: "document the item; in the libraries, do not print, exit, read the environment or run programs: \
          return what the caller needs to do it",
    check: |house| {
        let promises = [
            "disallowed_methods",
            "print_stdout",
            "print_stderr",
            "exit",
            "dbg_macro",
            "undocumented_unsafe_blocks",
        ]
        .map(|lint| format!("clippy::{lint}"));
        let mut places = Vec::new();
        for source in &house.sources {
            let library = source.is_under(LIBRARIES);
            // An attribute may go over several lines.
            let mut off = false;
            for (index, line) in source.lines.iter().enumerate() {
                let code = line.code.as_str();
                off |= ["allow(", "expect("].iter().any(|level| code.contains(&format!("[{level}")));
                off |= code.contains("cfg_attr(") && (code.contains("allow(") || code.contains("expect("));
                let documented = off && !line.test && code.contains("missing_docs");
                let promised =
                    off && library && !line.test && promises.iter().any(|lint| code.contains(lint));
                if documented || promised {
                    places.push(format!("{}:{}: switches off a promise", source.path, index + 1));
                }
                off &= !code.contains(']');
            }
        }
        for manifest in &house.manifests {
            for (index, line) in manifest.text.lines().enumerate() {
                if line.trim_start().starts_with("missing_docs") && line.contains("allow") {
                    places.push(format!("{}:{}: switches off a promise", manifest.path, index + 1));
                }
            }
        }
        places
    },
};

pub(super) const LINTS_TAKEN: Rule = Rule {
    name: "lints-taken",
    fix: "add `[lints]` with `workspace = true` to the crate's Cargo.toml: promises are lints",
    check: |house: &House| {
        let takes = |text: &str| {
            let table = text.split("\n[lints]\n").nth(1).unwrap_or_default();
            table
                .lines()
                .take_while(|line| !line.starts_with('['))
                .any(|line| line.trim() == "workspace = true")
        };
        let members = house
            .manifests
            .iter()
            .filter(|manifest| manifest.path.starts_with("crates/") || manifest.path == "xtask/Cargo.toml");
        members
            .filter(|manifest| !takes(&manifest.text))
            .map(|manifest| format!("{}:1: does not take the workspace's lints", manifest.path))
            .collect()
    },
};

#[cfg(test)]
mod tests {
    use super::super::tests::check;

    #[test]
    fn no_panic() {
        let at = |path: &str, text: &str, expected: &[&str]| check("no-panic", &[(path, text)], expected);
        at("crates/pree/src/a.rs", "let a = b.unwrap();\n", &["crates/pree/src/a.rs:1: .unwrap()"]);
        at("crates/pree/src/a.rs", "let a = b\n    .expect(\"c\");\n", &["crates/pree/src/a.rs:2: .expect("]);
        at(
            "crates/pree-cli/src/a.rs",
            "a.expect_err(\"b\");\n",
            &["crates/pree-cli/src/a.rs:1: .expect_err("],
        );
        at("crates/pree/src/a.rs", "let a = b.unwrap_or(1); // not .unwrap()\n", &[]);
        at("crates/pree/src/a.rs", "#[cfg(test)]\nmod tests {\n    a.unwrap();\n}\n", &[]);
        at(
            "crates/pree/src/a.rs",
            "#[cfg(test)]\nuse a;\nfn f() { a.unwrap() }\n",
            &["crates/pree/src/a.rs:3: "],
        );
        at("crates/pree/examples/a.rs", "a.unwrap();\n", &[]);
        at("crates/pree-testkit/src/a.rs", "a.unwrap();\n", &[]);
    }

    #[test]
    fn named_files() {
        let at = |path: &str, text: &str, expected: &[&str]| check("named-files", &[(path, text)], expected);
        let open = "let a = File::open(b)?;\n";
        at("crates/pree-cli/src/args.rs", open, &["crates/pree-cli/src/args.rs:1: File::open"]);
        at("crates/pree-cli/src/files/mod.rs", open, &[]);
        at("crates/pree-cli/src/a.rs", "#[cfg(test)]\nmod tests {\n    fs::read(a);\n}\n", &[]);
        at("crates/pree-cli/tests/command/a.rs", open, &[]);
    }

    #[test]
    fn no_ignore() {
        let text = |text: &str, expected: &[&str]| check("no-ignore", &[("a.rs", text)], expected);
        text("#[ignore]\n", &["a.rs:1: "]);
        text("#[ignore = \"slow\"]\n", &["a.rs:1: "]);
        text("#[cfg_attr(windows, ignore)]\n", &["a.rs:1: "]);
        text("/// ```ignore\n", &["a.rs:1: "]);
        text("//! ```rust,ignore\n", &["a.rs:1: "]);
        text(
            "/// ```no_run\n/// An unknown tail is ignored.\n// #[ignore] is banned\nlet a = \"#[ignore]\";\n",
            &[],
        );
    }

    #[test]
    fn lints_stay() {
        let at = |path: &str, text: &str, expected: &[&str]| check("lints-stay", &[(path, text)], expected);
        at("crates/pree/src/a.rs", "#![allow(missing_docs)]\n", &["crates/pree/src/a.rs:1: "]);
        at(
            "crates/pree-cli/src/a.rs",
            "#[expect(missing_docs, reason = \"\")]\n",
            &["crates/pree-cli/src/a.rs:1: "],
        );
        at(
            "crates/pree/src/a.rs",
            "#[allow(\n    clippy::print_stdout,\n)]\n",
            &["crates/pree/src/a.rs:2: "],
        );
        at("crates/pree/src/a.rs", "#![allow(clippy::disallowed_methods)]\n", &["crates/pree/src/a.rs:1: "]);
        at("crates/pree-cli/src/main.rs", "#![allow(clippy::print_stdout)]\n", &[]);
        at("crates/pree/src/a.rs", "#[allow(clippy::too_many_lines)]\n#[cfg(clippy::exit)]\n", &[]);
        at("crates/pree/src/a.rs", "#[cfg(test)]\nmod tests {\n#![allow(clippy::print_stdout)]\n}\n", &[]);
        at("Cargo.toml", "missing_docs = \"allow\"\n", &["Cargo.toml:1: "]);
        at("Cargo.toml", "missing_docs = \"warn\"\n", &[]);
    }

    #[test]
    fn lints_taken() {
        let at = |path: &str, text: &str, expected: &[&str]| check("lints-taken", &[(path, text)], expected);
        at("crates/a/Cargo.toml", "[package]\nname = \"a\"\n\n[lints]\nworkspace = true\n", &[]);
        at("crates/a/Cargo.toml", "[package]\nname = \"a\"\n", &["crates/a/Cargo.toml:1: "]);
        at(
            "crates/a/Cargo.toml",
            "[package]\n\n[lints]\n[x]\nworkspace = true\n",
            &["crates/a/Cargo.toml:1: "],
        );
        at("Cargo.toml", "[workspace]\n", &[]);
    }
}
