//! The house rules that neither the compiler nor clippy knows, over every source file of the repository. `cargo test` holds
//! them too.

mod imports;

use crate::{Result, cargo};
use imports::{Graph, circles};

/// The library's door to the system, the command's, and who may run on one system only.
const NAME_SYSTEMS: [&str; 5] = [
    "crates/pree/src/sys/mod.rs",
    "crates/pree-cli/src/sys/mod.rs",
    "crates/pree-testkit/",
    "xtask/",
    "fuzz/",
];
/// Crates whose files do not use each other in circles, and those where two may: what does not ship.
const CRATES: [&str; 5] =
    ["crates/pree-wire/src/", "crates/pree/src/", COMMAND, "crates/pree-testkit/src/", "xtask/src/"];
const MAY_HAVE_PAIRS: [&str; 2] = ["crates/pree-testkit/src/", "xtask/src/"];
const COMMAND: &str = "crates/pree-cli/src/";
/// The rooms of the command. None is used by an earlier one.
const ROOMS: [&str; 5] = ["text", "columns", "output exit files sys", "session", "args commands docs"];
/// Who sees the arguments: a command's entry makes its own options of them.
const SEE_ARGUMENTS: &str = "args.rs args/ commands/mod.rs commands/capture.rs commands/close.rs commands/diff.rs commands/doctor.rs \
                             commands/explain.rs commands/kill.rs commands/list.rs commands/port.rs commands/summary.rs commands/watch.rs";
/// Lines of a file in `src/`.
const LONGEST: usize = 500;

pub(crate) fn run() -> Result<()> {
    let mut files = Vec::new();
    for folder in ["bench", "crates", "fuzz", "xtask"] {
        read(folder, &mut files).map_err(|error| format!("{folder}: {error}"))?;
    }
    let broken = complaints(&files)?;
    println!("{} files, {} places that are not tidy", files.len(), broken.len());
    if broken.is_empty() { Ok(()) } else { Err(broken.join("\n")) }
}

/// Every source file and manifest below a folder: its path from the root of the repository, and its text.
fn read(folder: &str, files: &mut Vec<(String, String)>) -> std::io::Result<()> {
    for entry in cargo::root().join(folder).read_dir()? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{folder}/{name}");
        if entry.file_type()?.is_dir() && name != "target" && !name.starts_with('.') {
            read(&path, files)?;
        } else if name == "Cargo.toml" || entry.path().extension().is_some_and(|extension| extension == "rs")
        {
            files.push((path, std::fs::read_to_string(entry.path())?));
        }
    }
    Ok(())
}

/// What breaks a rule, and what would be right.
fn complaints(files: &[(String, String)]) -> Result<Vec<String>> {
    let mut broken: Vec<String> = files.iter().flat_map(|(path, text)| in_file(path, text)).collect();
    for folder in CRATES {
        let own = files.iter().filter_map(|(path, text)| Some((path.strip_prefix(folder)?, text.as_str())));
        let graph = Graph::new(own).map_err(|error| format!("{folder}: {error}"))?;
        let all = graph.arrows();
        if folder == COMMAND {
            let up = all.iter().filter(|(from, to)| room(from) < room(to));
            broken.extend(up.map(|(from, to)| format!("{from} -> {to}: a later room, of {ROOMS:?}")));
            let sees = graph.named().filter(|(_, path)| *path == ["args", "Args"]);
            let below =
                sees.filter(|(file, _)| !SEE_ARGUMENTS.split(' ').any(|entry| file.starts_with(entry)));
            broken.extend(
                below.map(|(file, _)| format!("{file}: Args below a command's entry: give it options")),
            );
        }
        let arrows = all
            .iter()
            .filter(|&&(from, to)| !(MAY_HAVE_PAIRS.contains(&folder) && all.contains(&(to, from))));
        let circles = circles(arrows.copied().collect());
        let say = |(from, to)| {
            format!("{folder}: {from} -> {to} in a circle: what both need stands in a third file")
        };
        broken.extend(circles.into_iter().map(say));
    }
    Ok(broken)
}

/// The number of a file's room; nobody is below `main.rs`.
fn room(file: &str) -> usize {
    let name = file.trim_end_matches(".rs").split('/').next();
    ROOMS.iter().position(|rooms| rooms.split(' ').any(|room| Some(room) == name)).unwrap_or(ROOMS.len())
}

fn in_file(path: &str, text: &str) -> Vec<String> {
    let mut broken = Vec::new();
    let mut must = |holds: bool, says: &str| (!holds).then(|| broken.push(format!("{path}: {says}")));
    if path.ends_with("Cargo.toml") {
        // The workspaces of their own have lints of their own.
        let member = path.starts_with("crates/") || path.starts_with("xtask/");
        must(
            !member || text.contains("\n[lints]\nworkspace = true"),
            "promises are lints: [lints], workspace = true",
        );
        let shipped =
            |section: &&str| section.contains("dependencies]") && !section.contains("dev-dependencies]");
        let mut taken = text.split("\n[").filter(shipped).flat_map(str::lines);
        must(!taken.any(|line| line.starts_with("pree-testkit")), "the test kit is for [dev-dependencies]");
        must(
            !path.contains("pree-wire/") || !text.contains("\n[dependencies]"),
            "the formats depend on nothing",
        );
        return broken;
    }
    let names_system = |line: &str| line.contains("target_os") && !line.trim_start().starts_with("//");
    let may = NAME_SYSTEMS.iter().any(|door| path.starts_with(door));
    must(text.starts_with("//! "), "begins with //!: what it owns and what it leaves to others");
    must(may || !text.lines().any(names_system), "says target_os: what differs stands behind sys/mod.rs");
    must(
        !path.contains("/src/") || text.lines().count() <= LONGEST,
        "is too long: split it at its second topic",
    );
    broken
}

#[cfg(test)]
mod tests;
