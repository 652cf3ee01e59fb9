//! A field's name stands in its entry and nowhere else: code that is about one field asks its entry (`field::PID`), and what is
//! true of several is something that their entries say.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use pree_testkit::{Case, Failed};

/// Where names are what the text is about, below `crates`.
const ELSEWHERE: [&str; 10] = [
    "pree/src/field/",
    "pree/src/filter/keys.rs",
    "pree-cli/src/columns/usual.rs",
    // Help, and what the schema adds to the entries.
    "pree-cli/src/docs/",
    // Members that no entry stands for: objects, lists and what is in them.
    "pree-cli/src/output/json/",
    // Evidence has the kernel's names.
    "pree/src/quality/",
    // Files, and members of the kernel's structures.
    "pree/src/sys/",
    "pree/src/source/",
    // Tests.
    "pree/src/decode/linux/nothing.rs",
    "pree-cli/src/output/sample.rs",
];

/// Words that are something else there, though a field is called so: words of the grammar, flags, what stands before a line for people, numbers of things.
const OTHER_WORDS: [(&str, &[&str]); 6] = [
    ("pree/src/collect/linux/untold.rs", &["options"]),
    ("pree/src/filter/parse.rs", &["state"]),
    ("pree-cli/src/args/flags.rs", &["family", "options"]),
    ("pree-cli/src/args/habits.rs", &["tos", "protocol"]),
    (
        "pree-cli/src/commands/explain/screen.rs",
        &["score", "loss", "efficiency", "path", "rtt", "pmtu", "cwnd", "ssthresh", "drops"],
    ),
    ("pree-cli/src/commands/summary.rs", &["process"]),
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
    let mut places = Vec::new();
    for file in &files {
        let path = file.strip_prefix(&crates)?.display().to_string();
        if ELSEWHERE.iter().any(|place| path.starts_with(place)) || path.contains("tests") {
            continue;
        }
        let words = OTHER_WORDS.iter().find(|(other, _)| *other == path).map_or(&[][..], |(_, words)| words);
        let text = fs::read_to_string(file)?;
        let found = found(text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default(), &names);
        places
            .extend(found.iter().filter(|name| !words.contains(name)).map(|name| format!("{path}: {name}")));
        // What is no longer there is taken from the list.
        places.extend(
            words.iter().filter(|word| !found.contains(word)).map(|word| format!("{path}: no {word}")),
        );
    }
    if files.len() < 200 || !places.is_empty() {
        return Err(format!("ask the entry, as field::PID, in {} files: {places:#?}", files.len()).into());
    }
    Ok(())
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
