//! The house rules that neither the compiler nor clippy knows, over every source file of the repository.
//!
//! One entry of `RULES` a rule, each with the way to fix what it finds. `cargo test` holds them all, and each is
//! shown to fire on a bad sample and to be silent on a good one.

mod arrows;
mod circles;
mod house;
mod promises;
mod shape;
mod unsafety;

use crate::{Result, cargo};
use house::{House, Rule};

const RULES: &[Rule] = &[
    shape::ONE_DOOR,
    shape::MODULE_DOC,
    shape::LENGTH,
    shape::FINISHED,
    unsafety::LEAF_FILES,
    unsafety::REASONS,
    promises::NO_PANIC,
    promises::NAMED_FILES,
    promises::NO_IGNORE,
    promises::LINTS_STAY,
    promises::LINTS_TAKEN,
    arrows::ONE_WAY,
    arrows::OWN_OPTIONS,
    circles::NO_CIRCLES,
];

pub(crate) fn run() -> Result<()> {
    let house = House::read(cargo::root())?;
    let mut broken = 0;
    for rule in RULES {
        let places = (rule.check)(&house);
        if !places.is_empty() {
            broken += 1;
            println!("{}", complaint(rule, &places));
        }
    }
    if broken == 0 {
        println!("{} files, {} rules: tidy", house.sources.len() + house.manifests.len(), RULES.len());
        return Ok(());
    }
    Err(format!("{broken} of {} house rules are broken", RULES.len()))
}

fn complaint(rule: &Rule, places: &[String]) -> String {
    format!("{}: {}\n  {}", rule.name, rule.fix, places.join("\n  "))
}

#[cfg(test)]
mod tests {
    use super::house::{House, Manifest, Rule, Source, files, walk};
    use super::{RULES, cargo, complaint};

    fn rule(name: &str) -> &'static Rule {
        RULES.iter().find(|rule| rule.name == name).unwrap_or_else(|| panic!("no rule {name}"))
    }

    /// The rule holds in this repository.
    fn holds(name: &str) {
        let house = House::read(cargo::root()).unwrap();
        let places = (rule(name).check)(&house);
        assert!(places.is_empty(), "\n{}\n", complaint(rule(name), &places));
    }

    #[test]
    fn only_one_file_knows_the_platform() {
        holds("one-door");
    }

    #[test]
    fn every_module_has_its_doc() {
        holds("module-doc");
    }

    #[test]
    fn files_have_one_topic() {
        holds("length");
    }

    #[test]
    fn nothing_is_left_unfinished() {
        holds("finished");
    }

    #[test]
    fn unsafe_stays_in_leaf_files() {
        holds("unsafe-leaf-files");
    }

    #[test]
    fn every_unsafe_block_has_its_reason() {
        holds("unsafe-reasons");
    }

    #[test]
    fn libraries_and_command_do_not_panic() {
        holds("no-panic");
    }

    #[test]
    fn no_test_is_ignored() {
        holds("no-ignore");
    }

    #[test]
    fn promises_are_not_switched_off() {
        holds("lints-stay");
    }

    #[test]
    fn every_crate_takes_the_lints() {
        holds("lints-taken");
    }

    #[test]
    fn arrows_go_one_way() {
        holds("one-way");
        holds("own-options");
    }

    #[test]
    fn no_import_runs_back_up() {
        holds("no-circles");
    }

    /// What the rule finds in a repository of these files.
    pub(super) fn check(name: &str, files: &[(&str, &str)], expected: &[&str]) {
        let mut house = House::default();
        for &(path, text) in files {
            if path.ends_with("Cargo.toml") {
                house.manifests.push(Manifest { path: path.into(), text: text.into() });
            } else {
                house.sources.push(Source::new(path.into(), text));
            }
        }
        house.mark_test_modules();
        let places = (rule(name).check)(&house);
        assert_eq!(places.len(), expected.len(), "{name} on {files:?}: {places:?}");
        for (place, expected) in places.iter().zip(expected) {
            assert!(place.starts_with(expected), "{name}: {place:?} does not start with {expected:?}");
        }
    }

    #[test]
    fn test_modules_in_their_own_files_are_test_code() {
        let uses = "//! Doc.\nfn f() { x.unwrap() }\n";
        let declares = "//! Doc.\n#[cfg(test)]\nmod check;\n";
        let not = "//! Doc.\nmod check;\n";
        let at = |parent, declares| [(parent, declares), ("crates/pree/src/a/check.rs", uses)];
        check("no-panic", &at("crates/pree/src/a/mod.rs", declares), &[]);
        check("no-panic", &at("crates/pree/src/a.rs", declares), &[]);
        check("no-panic", &at("crates/pree/src/a.rs", not), &["crates/pree/src/a/check.rs:2"]);
        check("no-panic", &at("crates/pree/src/b.rs", declares), &["crates/pree/src/a/check.rs:2"]);
        check("no-panic", &[("crates/pree/tests/a.rs", uses)], &[]);
    }

    #[test]
    fn a_copy_without_git_is_read_too() {
        let root = cargo::root();
        let mut walked = Vec::new();
        walk(root, "", &mut walked).unwrap();
        let rust = |files: &[String]| -> Vec<String> {
            files.iter().filter(|path| path.starts_with("xtask/src/")).cloned().collect()
        };
        walked.sort();
        assert!(!rust(&walked).is_empty());
        assert_eq!(rust(&files(root).unwrap()), rust(&walked));
    }
}
