//! What came of it as a section of the page of results, which the other chore that writes that page keeps.

use std::fmt::Write as _;
use std::fs;

use super::{BESIDE, Run, Said};
use crate::{Result, cargo};

/// Where the section is, the last one.
const PAGE: &str = "docs/quality-results.md";
const TITLE: &str = "\n## Beside real servers\n";

/// The section in this text of the page; empty where there is none.
pub(crate) fn kept(page: &str) -> &str {
    page.find(TITLE).map_or("", |at| page.split_at(at).1)
}

pub(super) fn section(runs: &[Run], skipped: &[(&str, &str)], length: &str) -> String {
    let mut page = format!(
        "{TITLE}\nMade by `cargo xtask servers`: each program under load in namespaces of its own, `pree doctor` and \
         `pree doctor --for {length}`\nbeside it. Beside the programs it must end with 0; the troubles are made on purpose beside \
         {BESIDE}, and must be named.\nHow each is started, loaded or made stands in `xtask/src/servers/`.\n\n\
         | beside | sockets | one look | `--for {length}` | |\n|---|---|---|---|---|\n"
    );
    for run in runs {
        let name =
            run.trouble.map_or(run.program.to_owned(), |trouble| format!("{BESIDE}, {}", trouble.name));
        let [once, meanwhile] = &run.said;
        let right = if run.wrong.is_empty() { "right" } else { "wrong" };
        let _ = writeln!(
            page,
            "| {} | {} | {} | {} | {right} |",
            name.replace('_', " "),
            meanwhile.sockets,
            words(once),
            words(meanwhile)
        );
    }
    for (name, command) in skipped {
        let _ = writeln!(page, "| {} | | no `{command}` | | skipped |", name.replace('_', " "));
    }
    page
}

fn words(said: &Said) -> String {
    let names: Vec<String> = said.findings.iter().map(|name| format!("`{name}`")).collect();
    format!("{} {}", said.code, names.join(" ")).trim_end().to_owned()
}

/// Puts the section where the former one was.
pub(super) fn write(section: &str) -> Result<()> {
    let path = cargo::root().join(PAGE);
    let page = fs::read_to_string(&path).map_err(|error| format!("{PAGE}: {error}"))?;
    let rest = page.strip_suffix(kept(&page)).unwrap_or(&page);
    fs::write(&path, format!("{}\n{section}", rest.trim_end()))
        .map_err(|error| format!("{PAGE}: {error}"))?;
    println!("written to {PAGE}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_section_is_kept_alone() {
        let rest = "# Page\n\ntext\n";
        assert_eq!(kept(rest), "");
        let section = section(&[], &[("java", "java")], "10s");
        assert!(section.ends_with("| java | | no `java` | | skipped |\n"));
        assert_eq!(kept(&format!("{rest}{section}")), section);
    }
}
