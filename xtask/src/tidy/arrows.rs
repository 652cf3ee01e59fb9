//! Arrows go one way: between our crates, wire ← pree ← history ← cli, and inside the command, text ← columns ← output ←
//! session ← args ← commands.

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

/// Rooms of the command, and those that may know of them only.
const ROOMS: [(&str, &[&str]); 5] = [
    ("text/", &["args", "columns", "commands", "docs", "exit", "files", "output", "session", "sys"]),
    ("columns/", &["args", "commands", "docs", "output", "session"]),
    ("output/", &["args", "commands", "docs", "session"]),
    ("session.rs", &["args", "commands", "docs"]),
    ("session/", &["args", "commands", "docs"]),
];

/// Who may see the arguments: a command's entry makes its own options of them.
const SEE_ARGUMENTS: [&str; 9] = [
    "args.rs",
    "args/",
    "commands/mod.rs",
    "commands/capture.rs",
    "commands/doctor.rs",
    "commands/explain.rs",
    "commands/list.rs",
    "commands/port.rs",
    "commands/summary.rs",
];

pub(super) const OWN_OPTIONS: Rule = Rule {
    name: "own-options",
    fix: "text <- columns <- output <- session <- args <- commands: a command's entry makes its own options of `Args`, and what \
          is below takes those, or a part of them; a new command's entry is named in xtask/src/tidy/arrows.rs",
    check: |house| {
        let mut places = Vec::new();
        for source in &house.sources {
            let Some(path) = source.path.strip_prefix("crates/pree-cli/src/") else { continue };
            let (_, above) = ROOMS.into_iter().find(|(room, _)| path.starts_with(room)).unwrap_or_default();
            let sees = SEE_ARGUMENTS.iter().any(|room| path.starts_with(room));
            places.extend(source.places(|line| {
                let room = above.iter().find(|room| line.code.contains(&format!("crate::{room}")));
                match room.filter(|_| !line.test) {
                    Some(room) => Some(format!("{room}/ is above it")),
                    None => {
                        (!sees && is_word(&line.code, "Args")).then(|| "Args below a command's entry".into())
                    }
                }
            }));
        }
        places
    },
};

fn is_word(code: &str, word: &str) -> bool {
    code.split(|c: char| !c.is_alphanumeric() && c != '_').any(|part| part == word)
}

#[cfg(test)]
mod tests {
    use super::super::house::{House, Package};
    use super::super::tests::check;
    use super::ONE_WAY;

    #[test]
    fn own_options() {
        let at = |path: &str, text: &str, expected: &[&str]| {
            let path = format!("crates/pree-cli/src/{path}");
            let expected: Vec<String> = expected.iter().map(|says| format!("{path}:{says}")).collect();
            check("own-options", &[(&path, text)], &expected.iter().map(String::as_str).collect::<Vec<_>>());
        };
        at("commands/port/screen.rs", "use crate::args::Args;\n", &["1: Args below"]);
        at("commands/look.rs", "fn look(args: &crate::args::Args) {}\n", &["1: Args below"]);
        at("commands/port.rs", "use crate::args::Args;\n", &[]);
        at("commands/look.rs", "use crate::args::Command; // Args\nstruct MyArgs;\n", &[]);
        at("output/request.rs", "use crate::args::Command;\n", &["1: args/ is above"]);
        at("output/request.rs", "#[cfg(test)]\nmod tests {\n    crate::args::parse(a);\n}\n", &[]);
        at("text/words.rs", "use crate::output::screen;\n", &["1: output/ is above"]);
        at("columns/sort.rs", "use crate::text::escape;\n", &[]);
        at("session.rs", "use crate::output::options::Rows;\n", &[]);
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
