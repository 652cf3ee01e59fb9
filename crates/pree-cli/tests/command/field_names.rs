//! A field's name stands in its entry and nowhere else: code that is about one field asks its entry (`field::PID`), and what is
//! true of several is something that their entries say.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use pree_testkit::{Case, Failed};

/// Where names are what the text is about, below `crates`: these files and folders, and why.
const ELSEWHERE: [(&str, &str); 6] = [
    ("pree/src/field/", "the entries themselves, and the one place where they are found by name"),
    ("pree/src/filter/keys.rs", "ss's grammar"),
    ("pree-cli/src/columns/usual.rs", "the columns of the lists"),
    ("pree-cli/src/docs/help/", "help"),
    ("pree/src/decode/linux/nothing.rs", "a test"),
    ("pree-cli/src/output/sample.rs", "a test"),
];

/// Words that are something else there, though a field is called so: in which file, and what they are.
const OTHER_WORDS: [(&str, &str, &[&str]); 24] = [
    ("pree/src/collect/linux/untold.rs", "what a gap says", &["options"]),
    ("pree/src/filter/parse.rs", "ss's grammar", &["state"]),
    ("pree/src/quality/findings/congestion_window.rs", "an issue's short name", &["cwnd"]),
    ("pree/src/quality/findings/delay.rs", "an issue's short name", &["bloat"]),
    ("pree/src/quality/findings/drops.rs", "an issue's short name", &["drops"]),
    ("pree/src/quality/findings/reordering.rs", "an issue", &["reordering"]),
    ("pree/src/quality/host/path.rs", "an issue of a host", &["loss"]),
    ("pree/src/source/condensed.rs", "names of entries of a recording", &["process", "thread"]),
    ("pree/src/source/mod.rs", "a file of /proc", &["exe"]),
    (
        "pree/src/sys/linux/bpf/sequences.rs",
        "members of the kernel's tcp_sock",
        &["snd_una", "snd_nxt", "write_seq", "copied_seq", "rcv_nxt"],
    ),
    ("pree/src/sys/linux/bpf/holders.rs", "structures of the kernel's", &["pid", "inode"]),
    ("pree/src/sys/linux/namespaces/search.rs", "a folder of /proc", &["fd"]),
    ("pree/src/sys/linux/processes.rs", "files of /proc", &["exe", "fd"]),
    ("pree-cli/src/args/flags.rs", "flags", &["family", "options"]),
    ("pree-cli/src/args/habits.rs", "flags of others", &["tos", "protocol"]),
    (
        "pree-cli/src/commands/explain/screen.rs",
        "what stands before a line for people",
        &["score", "loss", "efficiency", "path", "rtt", "pmtu", "cwnd", "ssthresh", "drops"],
    ),
    ("pree-cli/src/commands/summary.rs", "a word for people", &["process"]),
    ("pree-cli/src/output/json/document.rs", "a list, and a number of an address", &["options", "protocol"]),
    ("pree-cli/src/output/json/verdicts.rs", "a kind of thing", &["process"]),
    ("pree-cli/src/docs/completions/words.rs", "ss's grammar", &["state"]),
    (
        "pree-cli/src/docs/schema.rs",
        "JSON Schema's word, and members that no field is",
        &["type", "options", "protocol"],
    ),
    (
        "pree-cli/src/docs/schema/fixed.rs",
        "JSON Schema's word, and what a finding is about",
        &["type", "process"],
    ),
    ("pree-cli/src/docs/schema/parts.rs", "JSON Schema's word", &["type"]),
    ("pree-cli/src/docs/schema/check.rs", "JSON Schema's word", &["type"]),
];

/// Judgements stand below the registry, which has entries of them, and cannot ask it: what they rest on is `("rtt", its value)` here.
const JUDGEMENTS: &str = "pree/src/quality/";

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
        if ELSEWHERE.iter().any(|(place, _)| path.starts_with(place)) || path.contains("tests") {
            continue;
        }
        let words =
            OTHER_WORDS.iter().find(|(other, ..)| *other == path).map_or(&[][..], |(.., words)| words);
        let text = fs::read_to_string(file)?;
        let found = found(text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default(), &names);
        let is_evidence =
            |name: &str| path.starts_with(JUDGEMENTS) && text.contains(&format!("(\"{name}\", "));
        let strangers = found.iter().filter(|name| !words.contains(name) && !is_evidence(name));
        places.extend(strangers.map(|name| format!("{path}: {name}")));
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
