//! The rule that no import runs back up: the graph of who uses whom among the files of a crate has no circle.
//!
//! A name is used where it is defined, however it is reached: `crate::`, `super::`, a module that was imported, and what a
//! parent passes on (`pub use`) are followed to the file of the item. A file that only passes a name on does not use it.

use std::collections::{BTreeMap, BTreeSet};

use super::house::{House, Rule, Source};

/// Folders with the most files that a circle may have: what ships has none, tests and chores pairs at most.
const FOLDERS: [(&str, usize); 5] = [
    ("crates/pree-wire/src/", 1),
    ("crates/pree/src/", 1),
    ("crates/pree-cli/src/", 1),
    ("crates/pree-testkit/src/", 2),
    ("xtask/src/", 2),
];

pub(super) const NO_CIRCLES: Rule = Rule {
    name: "no-circles",
    fix: "what two files share stands in a file beside them, which uses neither",
    check: |house| {
        FOLDERS.iter().flat_map(|(folder, most)| Graph::of(house, folder).circles(*most)).collect()
    },
};

/// Names of modules, or of a module and an item in it.
type Path = Vec<String>;

/// A file: what it is called, what its imports mean, and all that it names.
#[derive(Default)]
struct Module {
    file: String,
    imports: BTreeMap<String, Path>,
    named: Vec<Path>,
}

struct Graph {
    modules: BTreeMap<Path, Module>,
}

impl Graph {
    fn of(house: &House, folder: &str) -> Self {
        let sources = || house.sources.iter().filter(|source| source.path.starts_with(folder));
        let paths: BTreeSet<Path> = sources().map(|source| module_of(source, folder)).collect();
        let modules = sources().map(|source| {
            let path = module_of(source, folder);
            let mut module = Module { file: source.path.clone(), ..Module::default() };
            read(&tokens(source), &path, &paths, &mut module);
            (path, module)
        });
        Self { modules: modules.collect() }
    }

    /// The module of the file that defines what is reached by this path.
    fn defines(&self, path: &[String], tries: usize) -> Option<&Path> {
        let (at, module) = (0..=path.len()).rev().find_map(|length| {
            let (path, module) = self.modules.get_key_value(path.get(..length)?)?;
            Some((path, module))
        })?;
        let rest = path.get(at.len()..)?;
        let passed_on = rest.split_first().and_then(|(name, rest)| Some((module.imports.get(name)?, rest)));
        match passed_on {
            Some((target, rest)) if tries > 0 => self.defines(&[target, rest].concat(), tries - 1),
            _ => Some(at),
        }
    }

    /// What each file uses of the others.
    fn uses(&self, path: &Path, module: &Module) -> BTreeSet<Path> {
        let used = module.named.iter().filter_map(|named| self.defines(named, 8));
        used.filter(|used| *used != path).cloned().collect()
    }

    /// The circles of more than `most` files: each a set of files that all lead to each other.
    fn circles(&self, most: usize) -> Vec<String> {
        let uses: BTreeMap<&Path, BTreeSet<Path>> =
            self.modules.iter().map(|(path, module)| (path, self.uses(path, module))).collect();
        let reached: BTreeMap<&Path, BTreeSet<&Path>> =
            uses.keys().map(|from| (*from, reach(from, &uses))).collect();
        let mut told = BTreeSet::new();
        let mut circles = Vec::new();
        for from in self.modules.keys() {
            let back = |to: &&&Path| reached.get(**to).is_some_and(|from_there| from_there.contains(from));
            let circle: BTreeSet<&Path> = reached[from].iter().filter(back).copied().collect();
            if circle.len() > most && circle.iter().all(|path| told.insert(*path)) {
                let arrows = circle.iter().flat_map(|from| {
                    uses[from].iter().filter(|to| circle.contains(to)).map(|to| (*from, to))
                });
                let file = |path: &Path| &self.modules[path].file;
                let arrows: Vec<_> =
                    arrows.map(|(from, to)| format!("{} -> {}", file(from), file(to))).collect();
                circles.push(format!(
                    "{} files use each other:\n    {}",
                    circle.len(),
                    arrows.join("\n    ")
                ));
            }
        }
        circles
    }
}

/// All that can be reached from there.
fn reach<'g>(from: &'g Path, uses: &'g BTreeMap<&Path, BTreeSet<Path>>) -> BTreeSet<&'g Path> {
    let mut reached = BTreeSet::new();
    let mut open = vec![from];
    while let Some(path) = open.pop() {
        open.extend(uses[path].iter().filter(|next| reached.insert(*next)));
    }
    reached
}

fn module_of(source: &Source, folder: &str) -> Path {
    let path = source.path.trim_start_matches(folder).trim_end_matches(".rs");
    let mut parts: Path = path.split('/').map(str::to_owned).collect();
    if parts.last().is_some_and(|last| matches!(last.as_str(), "mod" | "lib" | "main")) {
        parts.pop();
    }
    parts
}

/// Words, `::`, and every other character by itself; without what is only for tests.
fn tokens(source: &Source) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    for line in source.lines.iter().filter(|line| !line.test) {
        let mut word = String::new();
        for c in line.code.chars().chain([' ']) {
            if c.is_alphanumeric() || c == '_' {
                word.push(c);
                continue;
            }
            if !word.is_empty() {
                tokens.push(std::mem::take(&mut word));
            }
            if c == ':' && tokens.last().is_some_and(|last| last == ":") {
                tokens.pop();
                tokens.push("::".into());
            } else if !c.is_whitespace() {
                tokens.push(c.into());
            }
        }
    }
    tokens
}

/// Notes what the tokens of a module import and name.
fn read(tokens: &[String], path: &Path, modules: &BTreeSet<Path>, module: &mut Module) {
    let is_word = |token: &String| token.chars().all(|c| c.is_alphanumeric() || c == '_');
    let mut plain = Vec::new();
    let mut rest = tokens.iter();
    while let Some(token) = rest.next() {
        if token != "use" {
            plain.push(token.clone());
            continue;
        }
        let tree: Vec<String> = rest.by_ref().take_while(|token| *token != ";").cloned().collect();
        // What a file passes on, it does not use.
        let passes_on = matches!(plain.last().map(String::as_str), Some("pub" | ")"));
        for (target, name) in expand(&tree) {
            let Some(target) = absolute(&target, path, modules, &BTreeMap::new()) else { continue };
            if !passes_on && !modules.contains(&target) {
                module.named.push(target.clone());
            }
            module.imports.insert(name, target);
        }
    }
    for (index, token) in plain.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|before| plain.get(before));
        let starts = is_word(token) && before.is_none_or(|before| before != "::" && before != "in");
        if !starts || plain.get(index + 1).is_none_or(|next| next != "::") {
            continue;
        }
        let parts = plain[index..].chunks(2).take_while(|pair| is_word(&pair[0]));
        let mut named = Vec::new();
        for pair in parts {
            named.push(pair[0].clone());
            if pair.get(1).is_none_or(|next| next != "::") {
                break;
            }
        }
        module.named.extend(absolute(&named, path, modules, &module.imports));
    }
}

/// The paths of a tree of imports, and the name that each gets.
fn expand(tree: &[String]) -> Vec<(Path, String)> {
    let Some(brace) = tree.iter().position(|token| token == "{") else {
        let alias = tree.iter().position(|token| token == "as");
        let (path, alias) = tree.split_at(alias.unwrap_or(tree.len()));
        let mut path: Path = path.iter().filter(|token| *token != "::").cloned().collect();
        if path.len() > 1 && path.last().is_some_and(|last| last == "self") {
            path.pop();
        }
        let name = alias.last().or(path.last()).cloned().unwrap_or_default();
        return vec![(path, name)];
    };
    let before: Path = tree[..brace].iter().filter(|token| *token != "::").cloned().collect();
    let (mut parts, mut depth) = (vec![Vec::new()], 0);
    for token in &tree[brace + 1..tree.len() - 1] {
        depth += i32::from(token == "{") - i32::from(token == "}");
        match parts.last_mut() {
            Some(last) if token != "," || depth > 0 => last.push(token.clone()),
            _ => parts.push(Vec::new()),
        }
    }
    let of_part = |part: &Vec<String>| expand(part);
    let parts = parts.iter().filter(|part| !part.is_empty()).flat_map(of_part);
    parts
        .map(|(path, name)| match path.as_slice() {
            [only] if only == "self" => (before.clone(), before.last().cloned().unwrap_or_default()),
            _ => ([before.clone(), path].concat(), name),
        })
        .collect()
}

/// From the root of the crate; `None` for what is not of this crate.
fn absolute(
    path: &[String],
    from: &Path,
    modules: &BTreeSet<Path>,
    imports: &BTreeMap<String, Path>,
) -> Option<Path> {
    let (first, rest) = path.split_first()?;
    match first.as_str() {
        "crate" => Some(rest.to_vec()),
        "self" => Some([from, rest].concat()),
        "super" => {
            let ups = path.iter().take_while(|part| *part == "super").count();
            Some([from.get(..from.len().checked_sub(ups)?)?, &path[ups..]].concat())
        }
        _ => {
            let child = [from.as_slice(), std::slice::from_ref(first)].concat();
            let target = imports.get(first).cloned().or_else(|| modules.contains(&child).then_some(child))?;
            Some([target.as_slice(), rest].concat())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::check as check_files;

    #[test]
    fn circles() {
        let check = |files: &[(&str, &str)], circles: &[&str]| {
            let named: Vec<_> =
                files.iter().map(|(path, text)| (format!("crates/pree-wire/src/{path}"), *text)).collect();
            let named: Vec<_> = named.iter().map(|(path, text)| (path.as_str(), *text)).collect();
            check_files("no-circles", &named, circles);
        };
        let lib = ("lib.rs", "mod a;\nmod b;");
        check(&[lib, ("a.rs", "use crate::b::B;"), ("b.rs", "pub struct B;")], &[]);
        check(
            &[lib, ("a.rs", "use crate::b::B;"), ("b.rs", "use super::a::A;")],
            &["2 files use each other"],
        );
        check(
            &[lib, ("a.rs", "use crate::b;\nfn f() { b::g() }"), ("b.rs", "fn g() { crate::a::f() }")],
            &["2 "],
        );
        check(
            &[lib, ("a.rs", "use crate::b::B;"), ("b.rs", "#[cfg(test)]\nmod tests { use crate::a::A; }")],
            &[],
        );
        check(
            &[lib, ("a.rs", "use crate::{b::{self, B as C}};"), ("b.rs", "pub(in crate::a) struct B;")],
            &[],
        );
        // A parent that passes on what its child defines is not used by another child.
        let passes = ("a/mod.rs", "mod one;\nmod two;\npub use one::One;");
        check(&[passes, ("a/one.rs", "pub struct One;"), ("a/two.rs", "use super::One;")], &[]);
        check(&[passes, ("a/one.rs", "use super::two::f;"), ("a/two.rs", "use crate::a::One;")], &["2 "]);
        // One that uses its child and has what the child uses is.
        let uses = ("a/mod.rs", "mod one;\nuse one::One;\npub struct Two(One);");
        check(&[uses, ("a/one.rs", "use super::Two;")], &["2 "]);
        check(&[uses, ("a/one.rs", "use super::*;")], &["2 "]);
        check(&[("c/mod.rs", "mod d;\nfn f() { d::g() }"), ("c/d.rs", "fn g() { super::f() }")], &["2 "]);
    }
}
