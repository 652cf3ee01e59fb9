//! That the rules hold, and that each finds what breaks it.

use super::{LONGEST, complaints};

#[test]
fn tidy() {
    super::run().unwrap();
}

/// How many places of these files break a rule: `b.rs`, `args.rs` and these, in the command where they do not say where.
fn check(files: &[(&str, &str)], broken: usize) {
    let shared =
        [("b.rs", "use super::a::A;\npub struct B;"), ("args.rs", "pub struct Args;\npub struct Command;")];
    let file = |&(path, text): &(&str, &str)| match path.split_once('/') {
        Some(("crates" | "xtask", _)) => (path.to_owned(), text.to_owned()),
        _ => (format!("crates/pree-cli/src/{path}"), format!("//! Doc.\n{text}")),
    };
    let places = complaints(&shared.iter().chain(files).map(file).collect::<Vec<_>>()).unwrap();
    assert_eq!(places.len(), broken, "{files:?}: {places:?}");
}

#[test]
fn each_rule_finds_what_breaks_it() {
    check(&[("xtask/src/a.rs", "//! Doc.\n// not target_os")], 0);
    check(&[("xtask/src/a.rs", "// No doc.\n")], 1);
    check(&[("c.rs", "#[cfg(target_os = \"linux\")]\nmod linux;\n")], 1);
    check(&[("sys/mod.rs", "#[cfg(target_os = \"linux\")]\nmod linux;\n")], 0);
    check(&[("c.rs", &"fn f() {}\n".repeat(LONGEST - 1))], 0);
    check(&[("c.rs", &"fn f() {}\n".repeat(LONGEST))], 1);
    let lints = "\n[lints]\nworkspace = true\n";
    check(&[("crates/a/Cargo.toml", &format!("[dev-dependencies]\npree-testkit = 1\n{lints}"))], 0);
    check(&[("crates/a/Cargo.toml", &format!("[dependencies]\npree-testkit = 1\n{lints}"))], 1);
    check(&[("crates/pree-wire/Cargo.toml", &format!("\n[dependencies]\nlibc = 1\n{lints}"))], 1);
    check(&[("crates/a/Cargo.toml", "[package]\n\n[lints.rust]\n")], 1);

    check(&[("text/words.rs", "use crate::args::Command;")], 1);
    check(&[("session.rs", "fn f() { crate::text::g() }"), ("text.rs", "")], 0);
    check(&[("output/c.rs", "#[cfg(test)]\nmod tests { use crate::args::Args; }")], 0);
    check(&[("commands/port.rs", "use crate::args::Args;")], 0);
    check(&[("commands/look.rs", "use crate::args::Command;")], 0);
    check(&[("commands/look.rs", "fn look(args: &crate::args::Args) {}")], 1);
    check(&[("commands/port/screen.rs", "use crate::args;\nfn f(_: args::Args) {}")], 1);
}

#[test]
fn every_circle_is_found() {
    check(&[("a.rs", "pub struct A;")], 0);
    check(&[("a.rs", "use crate::b;\nfn f() { b::g() }")], 2);
    check(&[("a.rs", "use crate::{b::{self, B as C}};\n")], 2);
    check(&[("a.rs", "fn f() { format!(\"{}\", [crate::b::g()]) }")], 2);
    check(&[("a.rs", "//! crate::b::B\npub use crate::b::B;\npub(in crate::b) struct A;")], 0);
    check(&[("a.rs", "#[cfg(test)]\nmod tests;"), ("a/tests.rs", "use crate::b::B;")], 0);
    check(&[("a.rs", "mod a { use super::super::b::B; }")], 2);
    check(&[("a.rs", "use crate::c::C;"), ("c.rs", "use crate::b::B;")], 3);
    // A parent that passes on what its child defines is not used by another child; one that uses its child is.
    let passes = ("c/mod.rs", "mod one;\nmod two;\npub use one::One;");
    check(&[passes, ("c/one.rs", "pub struct One;"), ("c/two.rs", "use super::One;")], 0);
    check(&[passes, ("c/one.rs", "use super::two::f;"), ("c/two.rs", "use crate::c::One;")], 2);
    check(&[("c/mod.rs", "use one::One;\npub struct Two(One);"), ("c/one.rs", "use super::*;")], 2);
}
