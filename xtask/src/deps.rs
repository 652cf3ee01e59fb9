//! `cargo xtask deps`: what we take from others, under which licence, from where, and nothing twice.
//!
//! Reads `cargo metadata` alone, so it works without network; advisories need one and are a command of their own
//! (see CONTRIBUTING.md).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::{Result, cargo, spdx};

/// Licences that ask for no more than naming the authors.
const LICENCES: &[&str] = &[
    "MIT",
    "MIT-0",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "ISC",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
    "0BSD",
];

/// Crates that may be there in several versions, each with the reason.
const DUPLICATES: &[(&str, &str)] = &[];

/// Workspace members that nobody ships: what only they need is a dependency of development.
const DEVELOPMENT: &[&str] = &["pree-testkit", "xtask"];

pub(crate) fn run() -> Result<()> {
    let metadata = cargo::metadata(&["--locked", "--all-features"])?;
    let packages = packages(&metadata);
    println!("{}", table(&packages));
    let complaints = complaints(&packages, LICENCES, DUPLICATES);
    for complaint in &complaints {
        println!("{complaint}");
    }
    match complaints.len() {
        0 => Ok(()),
        n => Err(format!("{n} complaints about dependencies")),
    }
}

/// One dependency.
#[derive(Debug, Default, Clone)]
struct Package {
    name: String,
    version: String,
    licence: String,
    source: String,
    /// Part of what we build for others, not only of tests and chores.
    shipped: bool,
}

/// Every package of the graph that is not ours, the shipped ones first.
fn packages(metadata: &Value) -> Vec<Package> {
    let members: BTreeSet<&str> =
        cargo::list(metadata, "workspace_members").iter().filter_map(Value::as_str).collect();
    let by_id: BTreeMap<&str, &Value> = cargo::list(metadata, "packages")
        .iter()
        .map(|package| (cargo::text(package, "id"), package))
        .collect();
    let shipped = shipped(metadata, &members, &by_id);
    let mut packages: Vec<Package> = by_id
        .iter()
        .filter(|(id, _)| !members.contains(*id))
        .map(|(id, package)| Package {
            name: cargo::text(package, "name").to_owned(),
            version: cargo::text(package, "version").to_owned(),
            licence: cargo::text(package, "license").to_owned(),
            source: cargo::text(package, "source").to_owned(),
            shipped: shipped.contains(id),
        })
        .collect();
    packages.sort_by(|a, b| (b.shipped, &a.name, &a.version).cmp(&(a.shipped, &b.name, &b.version)));
    packages
}

/// What the shipped members reach without going through a development dependency.
fn shipped<'a>(
    metadata: &'a Value,
    members: &BTreeSet<&'a str>,
    by_id: &BTreeMap<&'a str, &Value>,
) -> BTreeSet<&'a str> {
    let mut edges: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for node in cargo::list(&metadata["resolve"], "nodes") {
        for dep in cargo::list(node, "deps") {
            if cargo::list(dep, "dep_kinds").iter().any(|kind| cargo::text(kind, "kind") != "dev") {
                edges.entry(cargo::text(node, "id")).or_default().push(cargo::text(dep, "pkg"));
            }
        }
    }
    let ours = |id: &&&str| {
        by_id.get(**id).is_some_and(|member| !DEVELOPMENT.contains(&cargo::text(member, "name")))
    };
    let mut todo: Vec<&str> = members.iter().filter(ours).copied().collect();
    let mut reached = BTreeSet::new();
    while let Some(id) = todo.pop() {
        if reached.insert(id) {
            todo.extend(edges.get(id).into_iter().flatten());
        }
    }
    reached
}

/// What is wrong, a line each, with the way to put it right.
fn complaints(packages: &[Package], licences: &[&str], duplicates: &[(&str, &str)]) -> Vec<String> {
    let mut complaints = Vec::new();
    let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for Package { name, version, licence, source, shipped } in packages {
        match spdx::permits(licence, licences) {
            Ok(true) => {}
            Ok(false) => complaints.push(format!(
                "{name} {version}: licence {licence} is not accepted; take another crate, or argue for the licence in xtask/src/deps.rs"
            )),
            Err(error) => complaints.push(format!("{name} {version}: licence {licence:?} cannot be read: {error}")),
        }
        if !(source.starts_with("registry+") && source.ends_with("-index")) {
            complaints.push(format!(
                "{name} {version}: comes from {source:?}; depend on a release of the public registry"
            ));
        }
        if *shipped {
            versions.entry(name).or_default().push(version);
        }
    }
    for (name, versions) in &versions {
        if versions.len() > 1 && !duplicates.iter().any(|(allowed, _)| allowed == name) {
            complaints.push(format!(
                "{name} is there {} times ({}); `cargo tree -d` says by whom; agree on one, or give a reason in xtask/src/deps.rs",
                versions.len(),
                versions.join(", ")
            ));
        }
    }
    for (name, reason) in duplicates {
        if versions.get(name).is_none_or(|versions| versions.len() < 2) {
            complaints.push(format!("{name} has one version now; delete its exception ({reason})"));
        }
    }
    complaints
}

fn table(packages: &[Package]) -> String {
    let width = |part: fn(&Package) -> usize| packages.iter().map(part).max().unwrap_or(0);
    let (names, versions) = (width(|package| package.name.len()), width(|package| package.version.len()));
    let mut lines = Vec::new();
    for (shipped, title) in [(true, "shipped (normal and build)"), (false, "tests and chores only")] {
        let group = packages.iter().filter(|package| package.shipped == shipped);
        lines.push(format!("{title}: {}", group.clone().count()));
        for Package { name, version, licence, .. } in group {
            lines.push(format!("  {name:names$}  {version:versions$}  {licence}"));
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::{Package, complaints, packages, table};

    const REGISTRY: &str = "registry+https://example.org/the-index";

    fn package(name: &str, version: &str, licence: &str, source: &str, shipped: bool) -> Package {
        Package {
            name: name.into(),
            version: version.into(),
            licence: licence.into(),
            source: source.into(),
            shipped,
        }
    }

    /// The first words of each complaint.
    fn check(packages: &[Package], duplicates: &[(&str, &str)], expected: &[&str]) {
        let found = complaints(packages, &["MIT", "Apache-2.0"], duplicates);
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for (found, expected) in found.iter().zip(expected) {
            assert!(found.starts_with(expected), "{found:?} does not start with {expected:?}");
        }
    }

    #[test]
    fn licences() {
        check(&[package("a", "1.0.0", "MIT/Apache-2.0", REGISTRY, true)], &[], &[]);
        check(&[package("a", "1.0.0", "GPL-3.0", REGISTRY, true)], &[], &["a 1.0.0: licence GPL-3.0 is not"]);
        check(
            &[package("a", "1.0.0", "GPL-3.0", REGISTRY, false)],
            &[],
            &["a 1.0.0: licence GPL-3.0 is not"],
        );
        check(&[package("a", "1.0.0", "", REGISTRY, true)], &[], &["a 1.0.0: licence \"\" cannot be read"]);
    }

    #[test]
    fn sources() {
        check(
            &[package("a", "1.0.0", "MIT", "git+https://example.org/a", true)],
            &[],
            &["a 1.0.0: comes from"],
        );
        check(&[package("a", "1.0.0", "MIT", "", false)], &[], &["a 1.0.0: comes from"]);
        check(
            &[package("a", "1.0.0", "MIT", "registry+https://example.org/mine", true)],
            &[],
            &["a 1.0.0: comes"],
        );
    }

    #[test]
    fn duplicates() {
        let two = |shipped| {
            [package("a", "1.0.0", "MIT", REGISTRY, true), package("a", "2.0.0", "MIT", REGISTRY, shipped)]
        };
        check(&two(true), &[], &["a is there 2 times (1.0.0, 2.0.0)"]);
        check(&two(true), &[("a", "b wants the old one")], &[]);
        check(&two(false), &[], &[]);
        check(&two(false), &[("a", "b wants the old one")], &["a has one version now"]);
    }

    #[test]
    fn what_is_shipped_is_told_from_what_tests_need() {
        let node = |id: &str, deps: &[(&str, &str)]| {
            let deps: Vec<_> = deps
                .iter()
                .map(|(id, kind)| {
                    let kind = if *kind == "normal" { None } else { Some(kind) };
                    serde_json::json!({"pkg": id, "dep_kinds": [{"kind": kind}]})
                })
                .collect();
            serde_json::json!({"id": id, "deps": deps})
        };
        let names = ["pree", "pree-testkit", "built", "linked", "tested", "kit", "deep"];
        let metadata = serde_json::json!({
            "workspace_members": ["pree", "pree-testkit"],
            "packages": names.map(|name| serde_json::json!({"id": name, "name": name, "version": "1", "license": "MIT"})),
            "resolve": {"nodes": [
                node("pree", &[("built", "build"), ("linked", "normal"), ("tested", "dev"), ("pree-testkit", "dev")]),
                node("pree-testkit", &[("kit", "normal")]),
                node("linked", &[("deep", "normal")]),
            ]},
        });
        let packages = packages(&metadata);
        let told: Vec<_> = packages.iter().map(|package| (package.name.as_str(), package.shipped)).collect();
        assert_eq!(
            told,
            [("built", true), ("deep", true), ("linked", true), ("kit", false), ("tested", false)],
            "{}",
            table(&packages)
        );
    }
}
