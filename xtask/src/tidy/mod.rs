//! The house rules that neither the compiler nor clippy knows, over every source file of the repository.
//!
//! One entry of `RULES` a rule, each with the way to fix what it finds. `cargo test` holds them all, and each is
//! shown to fire on a bad sample and to be silent on a good one.

mod arrows;
mod promises;
mod shape;
mod unsafety;

use std::path::Path;
use std::process::{Command, Stdio};

use crate::rust_text::{self, Line};
use crate::{Result, cargo};

/// What the rules look at.
#[derive(Default)]
struct House {
    sources: Vec<Source>,
    manifests: Vec<Manifest>,
    packages: Vec<arrows::Package>,
}

/// A `.rs` file. Paths are relative to the root of the repository, with `/`.
struct Source {
    path: String,
    lines: Vec<Line>,
}

/// A `Cargo.toml`.
struct Manifest {
    path: String,
    text: String,
}

struct Rule {
    name: &'static str,
    /// What to do about a finding.
    fix: &'static str,
    /// `path:line: what is wrong`, one for each place.
    check: fn(&House) -> Vec<String>,
}

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
    arrows::GROUND_FLOOR,
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

impl House {
    fn read(root: &Path) -> Result<House> {
        let mut house = House { packages: arrows::packages()?, ..House::default() };
        for path in files(root)? {
            let manifest = Path::new(&path).file_name().is_some_and(|name| name == "Cargo.toml");
            if !manifest && Path::new(&path).extension().is_none_or(|extension| extension != "rs") {
                continue;
            }
            // Deleted but not yet committed: git still lists it.
            let Ok(text) = std::fs::read_to_string(root.join(&path)) else { continue };
            if manifest {
                house.manifests.push(Manifest { path, text });
            } else {
                house.sources.push(Source::new(path, &text));
            }
        }
        house.mark_test_modules();
        Ok(house)
    }

    /// A file declared by `#[cfg(test)] mod name;` is test code from its first line, and so are the files under it.
    fn mark_test_modules(&mut self) {
        let mut stems = Vec::new();
        for Source { path, lines } in &self.sources {
            for line in lines.iter().filter(|line| line.test) {
                if let Some((_, name)) = line.code.split_once("mod ").filter(|_| line.code.contains(';')) {
                    let name = name.trim_end_matches([';', ' ']);
                    stems.push(format!("{}{name}", modules_of(path)));
                }
            }
        }
        for source in &mut self.sources {
            let path = source.path.trim_end_matches(".rs");
            if stems.iter().any(|stem| path == stem || path.starts_with(&format!("{stem}/"))) {
                rust_text::mark_all(&mut source.lines);
            }
        }
    }
}

/// The folder, with its slash, in which the modules that a file declares are looked for.
fn modules_of(path: &str) -> String {
    let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
    match file {
        "mod.rs" | "lib.rs" | "main.rs" => format!("{folder}/"),
        _ => format!("{}/", path.trim_end_matches(".rs")),
    }
}

impl Source {
    fn new(path: String, text: &str) -> Source {
        let mut lines = rust_text::lines(text);
        // Integration tests and benchmarks have folders of their own.
        if path.contains("/tests/") || path.contains("/benches/") {
            rust_text::mark_all(&mut lines);
        }
        Source { path, lines }
    }

    fn is_under(&self, folders: &[&str]) -> bool {
        folders.iter().any(|folder| self.path.starts_with(folder))
    }

    /// The lines for which `wrong` says what is wrong with them.
    fn places(&self, wrong: impl Fn(&Line) -> Option<String>) -> Vec<String> {
        let numbered = self.lines.iter().enumerate();
        numbered
            .filter_map(|(index, line)| Some(format!("{}:{}: {}", self.path, index + 1, wrong(line)?)))
            .collect()
    }
}

/// Every file git knows or would add; without git, every file outside hidden and build folders.
fn files(root: &Path) -> Result<Vec<String>> {
    let listed = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .stderr(Stdio::null())
        .output();
    let mut files = match listed {
        Ok(output) if output.status.success() && !output.stdout.is_empty() => {
            String::from_utf8_lossy(&output.stdout).split_terminator('\0').map(str::to_owned).collect()
        }
        _ => {
            let mut files = Vec::new();
            walk(root, "", &mut files).map_err(|error| format!("cannot list {}: {error}", root.display()))?;
            files
        }
    };
    files.sort();
    files.dedup();
    Ok(files)
}

fn walk(folder: &Path, prefix: &str, files: &mut Vec<String>) -> std::io::Result<()> {
    for entry in folder.read_dir()? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type()?.is_dir() {
            if name != "target" && !name.starts_with('.') {
                walk(&entry.path(), &format!("{prefix}{name}/"), files)?;
            }
        } else {
            files.push(format!("{prefix}{name}"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{House, Manifest, RULES, Rule, Source, cargo, complaint, files, walk};

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
