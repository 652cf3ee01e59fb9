//! The rule that arrows between our crates go one way: wire ← pree ← history ← cli.

use super::house::{Package, Rule};

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

#[cfg(test)]
mod tests {
    use super::super::house::{House, Package};
    use super::ONE_WAY;

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
