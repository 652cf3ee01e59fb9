//! A field's name stands in its entry and nowhere else: code that is about one field asks its entry (`field::PID`), and what is
//! true of several is something that their entries say.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use pree_testkit::{Case, Failed};

/// Where names are what the text is about, below `crates`: these files and folders, and why.
const ELSEWHERE: [(&str, &str); 4] = [
    ("pree/src/field/", "the entries themselves, and the one place where they are found by name"),
    ("pree/src/filter/keys.rs", "ss's grammar"),
    ("pree-cli/src/columns/usual.rs", "the columns of the lists"),
    ("pree-cli/src/docs/help/", "help"),
];

/// Words that are something else there, though a field is called so: in which file, and what they are.
const OTHER_WORDS: [(&str, &str, &str); 3] = [
    (
        "pree-cli/src/commands/explain/screen.rs",
        "the way to the other end, where the field is a Unix socket's",
        "path",
    ),
    ("pree-cli/src/output/json/document.rs", "the number of an address", "protocol"),
    ("pree-cli/src/docs/schema/parts.rs", "JSON Schema's word", "type"),
];

pub fn cases() -> Vec<Case> {
    vec![Case::new("a_fields_name_stands_in_its_entry", every_file)]
}

fn every_file() -> Result<(), Failed> {
    let names: BTreeSet<&str> = pree::field::all().map(|field| field.name).collect();
    let seen = found("let a = \"rtt\"; // \"cwnd\"\nlet b = ['\"', \"score\\\"\", \"pid\"];", &names);
    if seen != ["rtt", "pid"] {
        return Err(format!("of a sample {seen:?}").into());
    }
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut files = Vec::new();
    for name in ["pree/src", "pree-cli/src"] {
        files_below(&crates.join(name), &mut files)?;
    }
    let mut texts = Vec::new();
    for file in files {
        texts.push((file.strip_prefix(&crates)?.display().to_string(), fs::read_to_string(&file)?));
    }
    // Only what has the registry at hand can mean a field by its name: in rooms that nowhere do (the system's calls, recordings,
    // judgements, flags), the word is something else.
    let rooms: BTreeSet<&str> =
        texts.iter().filter(|(_, text)| has_registry(text)).map(|(path, _)| room(path)).collect();
    let tests: BTreeSet<String> = texts.iter().flat_map(|(path, text)| test_modules(path, text)).collect();
    let is_test = |path: &str| path.contains("tests") || tests.contains(path);
    let mut places = Vec::new();
    for (path, text) in &texts {
        if ELSEWHERE.iter().any(|(place, _)| path.starts_with(place))
            || is_test(path)
            || !rooms.contains(room(path))
        {
            continue;
        }
        let other = OTHER_WORDS.iter().find(|(other, ..)| other == path).map(|(.., word)| *word);
        let found = found(text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default(), &names);
        places
            .extend(found.iter().filter(|name| other != Some(**name)).map(|name| format!("{path}: {name}")));
        // What is no longer there is taken from the list.
        places.extend(other.filter(|word| !found.contains(word)).map(|word| format!("{path}: no {word}")));
    }
    if texts.len() < 200 || rooms.len() < 8 || tests.len() < 2 || !places.is_empty() {
        let texts = texts.len();
        return Err(
            format!("ask the entry, as field::PID, in {texts} files of {rooms:?}: {places:#?}").into()
        );
    }
    Ok(())
}

/// The folder or the file below a crate's `src`.
fn room(path: &str) -> &str {
    let end = path.match_indices('/').nth(2).map_or(path.len(), |(at, _)| at);
    &path[..end]
}

fn has_registry(text: &str) -> bool {
    ["crate::field", "pree::field", "field::"].iter().any(|import| text.contains(import))
}

/// The files of modules that are only there for tests.
fn test_modules(path: &str, text: &str) -> Vec<String> {
    let folder = path.strip_suffix("/mod.rs").or(path.strip_suffix(".rs")).unwrap_or(path);
    let declared = text.split("#[cfg(test)]\n").skip(1).filter_map(|rest| {
        rest.lines().next()?.trim_start_matches("pub(crate) ").strip_prefix("mod ")?.strip_suffix(';')
    });
    declared.map(|name| format!("{folder}/{name}.rs")).collect()
}

fn files_below(folder: &Path, files: &mut Vec<std::path::PathBuf>) -> Result<(), Failed> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            files_below(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

/// The names that are string literals of their own.
fn found<'n>(text: &str, names: &BTreeSet<&'n str>) -> Vec<&'n str> {
    let code = text.lines().map(|line| line.split("//").next().unwrap_or_default());
    let mut found = Vec::new();
    for line in code {
        let line = line.replace("'\"'", "").replace("\\\"", "\\");
        let literals = line.split('"').skip(1).step_by(2);
        found.extend(literals.filter_map(|literal| names.get(literal).copied()));
    }
    found
}
