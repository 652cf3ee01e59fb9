//! What the rules look at: every source file of the repository, its manifests, its packages.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::rust_text::{self, Line};
use crate::{Result, cargo};

/// What the rules look at.
#[derive(Default)]
pub(super) struct House {
    pub(super) sources: Vec<Source>,
    pub(super) manifests: Vec<Manifest>,
    pub(super) packages: Vec<Package>,
}

/// A `.rs` file. Paths are relative to the root of the repository, with `/`.
pub(super) struct Source {
    pub(super) path: String,
    pub(super) lines: Vec<Line>,
}

/// A `Cargo.toml`.
pub(super) struct Manifest {
    pub(super) path: String,
    pub(super) text: String,
}

pub(super) struct Rule {
    pub(super) name: &'static str,
    /// What to do about a finding.
    pub(super) fix: &'static str,
    /// `path:line: what is wrong`, one for each place.
    pub(super) check: fn(&House) -> Vec<String>,
}

/// A member of the workspace and what it depends on outside its tests.
pub(super) struct Package {
    pub(super) name: String,
    pub(super) dependencies: Vec<String>,
}

pub(super) fn packages() -> Result<Vec<Package>> {
    let metadata = cargo::metadata(&["--no-deps", "--offline"])?;
    let package = |value: &serde_json::Value| Package {
        name: cargo::text(value, "name").to_owned(),
        dependencies: cargo::list(value, "dependencies")
            .iter()
            .filter(|dependency| cargo::text(dependency, "kind") != "dev")
            .map(|dependency| cargo::text(dependency, "name").to_owned())
            .collect(),
    };
    Ok(cargo::list(&metadata, "packages").iter().map(package).collect())
}

impl House {
    pub(super) fn read(root: &Path) -> Result<House> {
        let mut house = House { packages: packages()?, ..House::default() };
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
    pub(super) fn mark_test_modules(&mut self) {
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
pub(super) fn modules_of(path: &str) -> String {
    let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
    match file {
        "mod.rs" | "lib.rs" | "main.rs" => format!("{folder}/"),
        _ => format!("{}/", path.trim_end_matches(".rs")),
    }
}

impl Source {
    pub(super) fn new(path: String, text: &str) -> Source {
        let mut lines = rust_text::lines(text);
        // Integration tests and benchmarks have folders of their own.
        if path.contains("/tests/") || path.contains("/benches/") {
            rust_text::mark_all(&mut lines);
        }
        Source { path, lines }
    }

    pub(super) fn is_under(&self, folders: &[&str]) -> bool {
        folders.iter().any(|folder| self.path.starts_with(folder))
    }

    /// The lines for which `wrong` says what is wrong with them.
    pub(super) fn places(&self, wrong: impl Fn(&Line) -> Option<String>) -> Vec<String> {
        let numbered = self.lines.iter().enumerate();
        numbered
            .filter_map(|(index, line)| Some(format!("{}:{}: {}", self.path, index + 1, wrong(line)?)))
            .collect()
    }
}

/// Every file git knows or would add; without git, every file outside hidden and build folders.
pub(super) fn files(root: &Path) -> Result<Vec<String>> {
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

pub(super) fn walk(folder: &Path, prefix: &str, files: &mut Vec<String>) -> std::io::Result<()> {
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
