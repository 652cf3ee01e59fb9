//! The rules that arrows go one way: between our crates, wire ← pree ← history ← cli, and in the library from what carries
//! out a question down to what it is made of.

use super::Rule;
use crate::{Result, cargo};

/// A member of the workspace and what it depends on outside its tests.
pub(super) struct Package {
    name: String,
    dependencies: Vec<String>,
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

/// A crate may depend on those before it.
const ORDER: [&str; 4] = ["pree-wire", "pree", "pree-history", "pree-cli"];

pub(super) const ONE_WAY: Rule = Rule {
    name: "one-way",
    fix: "wire <- pree <- history <- cli, wire depends on nothing, and the test kit only serves tests: \
          move the shared part to the left, or use [dev-dependencies]",
    check: |house| {
        let place = |name: &str| ORDER.iter().position(|&crate_name| crate_name == name);
        let mut places = Vec::new();
        for Package { name, dependencies } in &house.packages {
            for dependency in dependencies {
                let wrong = match (place(name), place(dependency)) {
                    (Some(0), _) => true,
                    (Some(from), Some(to)) => to >= from,
                    _ => dependency == "pree-testkit" || dependency == "xtask",
                };
                if wrong {
                    places.push(format!("{name} depends on {dependency}"));
                }
            }
        }
        places
    },
};

/// What a question is made of, and what it means.
const GROUND: &[&str] = &[
    "crates/pree/src/needs.rs",
    "crates/pree/src/query.rs",
    "crates/pree/src/model/",
    "crates/pree/src/field/",
    "crates/pree/src/filter/",
    "crates/pree/src/decode/",
];
/// What carries it out.
const ABOVE: [&str; 3] = ["crate::plan", "crate::collect", "crate::sys"];

pub(super) const GROUND_FLOOR: Rule = Rule {
    name: "ground-floor",
    fix: "needs, queries, fields, filters and decoders use nothing that carries a query out: what both want stands in a file \
          of its own below them, as needs.rs does",
    check: |house| {
        let of_ground = house.sources.iter().filter(|source| source.is_under(GROUND));
        let above = |line: &crate::rust_text::Line| {
            let named = ABOVE.iter().find(|name| line.code.contains(**name));
            named.filter(|_| !line.test).map(|name| format!("uses {name}"))
        };
        of_ground.flat_map(|source| source.places(above)).collect()
    },
};

#[cfg(test)]
mod tests {
    use super::super::House;
    use super::super::tests::check as check_files;
    use super::{ONE_WAY, Package};

    #[test]
    fn ground_floor() {
        let uses = "//! Doc.\nuse crate::plan::Plan;\n";
        let check = |path: &str, text: &str, expected: &[&str]| {
            check_files("ground-floor", &[(path, text)], expected);
        };
        check("crates/pree/src/filter/push.rs", uses, &["crates/pree/src/filter/push.rs:2: "]);
        check("crates/pree/src/query.rs", uses, &["crates/pree/src/query.rs:2: "]);
        check("crates/pree/src/collect/mod.rs", uses, &[]);
        check("crates/pree/src/query.rs", "//! Doc.\nuse crate::needs::Needs; // not crate::plan\n", &[]);
    }

    #[test]
    fn one_way() {
        let check = |name: &str, dependency: &str, fires: bool| {
            let package = Package { name: name.into(), dependencies: vec![dependency.into()] };
            let house = House { packages: vec![package], ..House::default() };
            assert_eq!((ONE_WAY.check)(&house).len(), usize::from(fires), "{name} -> {dependency}");
        };
        check("pree", "pree-wire", false);
        check("pree", "libc", false);
        check("pree-cli", "pree", false);
        check("pree-cli", "pree-history", false);
        check("pree-history", "pree", false);
        check("xtask", "serde_json", false);
        check("pree-wire", "libc", true);
        check("pree-wire", "pree", true);
        check("pree", "pree-cli", true);
        check("pree", "pree-history", true);
        check("pree-history", "pree-cli", true);
        check("pree", "pree-testkit", true);
        check("pree-cli", "pree-testkit", true);
    }
}
