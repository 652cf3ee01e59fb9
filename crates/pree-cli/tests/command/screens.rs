//! `--help` and `--version`, as they are. After a change that is meant: `PREE_UPDATE_SNAPSHOTS=1 cargo test`.

use std::path::Path;
use std::{env, fs};

use pree_testkit::{Case, Failed};

use crate::run;

pub fn cases() -> Vec<Case> {
    vec![
        Case::new("help_is_the_snapshot", help),
        Case::new("help_tells_every_letter_and_no_other", letters),
        Case::new("what_help_tells_is_taken", help_is_true),
        Case::new("version_is_one_line", version),
    ]
}

const UPDATE: &str = "if it should be, PREE_UPDATE_SNAPSHOTS=1 writes tests/snapshots/help.txt anew";

fn help() -> Result<(), Failed> {
    let text = run::pree("--help")?.whole()?.out;
    if run::pree("-h")?.whole()?.out != text {
        return Err("-h says something else".into());
    }
    let odd = |line: &&str| line.chars().count() > 80 || *line != line.trim_end();
    if let Some(line) = text.lines().find(odd) {
        return Err(format!("wider than 80 columns, or blanks at the end: {line:?}").into());
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots/help.txt");
    if env::var_os("PREE_UPDATE_SNAPSHOTS").is_some_and(|value| value == "1") {
        return Ok(fs::write(file, text)?);
    }
    let expected = fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
    for (number, (line, expected)) in text.lines().zip(expected.lines()).enumerate() {
        if line != expected {
            let number = number + 1;
            return Err(format!("line {number}: {line:?} is not {expected:?}; {UPDATE}").into());
        }
    }
    if text == expected { Ok(()) } else { Err(format!("one is longer than the other; {UPDATE}").into()) }
}

/// A letter is a flag exactly where the help says so.
fn letters() -> Result<(), Failed> {
    let told: String = told(&run::pree("--help")?.whole()?.out)
        .iter()
        .filter_map(|flag| flag.strip_prefix('-')?.chars().next().filter(|letter| *letter != '-'))
        .collect();
    for letter in ('0'..='9').chain('A'..='Z').chain('a'..='z') {
        let answer = run::pree(&format!("-{letter}"))?;
        // What is no flag is refused by name; what needs a value, or a right, is known.
        let refused =
            [format!("no flag -{letter}"), format!("-{letter} is not implemented yet"), "pree close".into()];
        let known = !refused.iter().any(|words| answer.err.contains(words));
        if known != told.contains(letter) {
            return Err(format!("-{letter}: the help tells {told}, and pree says {:?}", answer.err).into());
        }
    }
    Ok(())
}

/// The flags of the help, with all their names and what they take.
fn told(help: &str) -> Vec<&str> {
    help.lines()
        .filter(|line| line.starts_with("  ") && line.trim_start().starts_with('-'))
        .map(|line| line.trim_start().split("  ").next().unwrap_or_default())
        .collect()
}

/// What fingers know, and what is agreed.
const FLAGS: &[&str] = &[
    "-t, --tcp",
    "-u, --udp",
    "-4, --ipv4",
    "-6, --ipv6",
    "-l, --listening",
    "-a, --all",
    "-p, --processes",
    "-i, --info",
    "-e, --extended",
    "-m, --memory",
    "-o, --options",
    "--json",
    "--jsonl",
    "-H, --no-header",
    "-n, --numeric",
    "--source auto|diag|proc|procfs|bpf|destroy|poll",
    "--owners auto|bpf|proc|first|none",
    "--strict",
    "-h, --help",
    "-V, --version",
];

fn help_is_true() -> Result<(), Failed> {
    let help = run::pree("--help")?.whole()?.out;
    let told = told(&help);
    if let Some(flag) = FLAGS.iter().find(|flag| !told.contains(flag)) {
        return Err(format!("--help does not tell {flag}").into());
    }
    for flag in told {
        let flag = flag.replace("[=TIME]", "=10s");
        let (names, value) =
            flag.rsplit_once(' ').filter(|(_, v)| !v.starts_with('-')).unwrap_or((&flag, ""));
        let samples = match (names, value) {
            ("-A, --query", _) => "tcp,udp",
            (_, "LIST") => "+rtt",
            (_, "FIELD") => "rtt",
            (_, "N") => "1",
            (_, "FILE") => "/dev/null",
            (_, "TIME") => "10s",
            (_, value) => value,
        };
        for name in names.split(", ") {
            for sample in samples.split('|') {
                // With --help nothing is listed, but everything before it is read.
                run::pree(&format!("{name} {sample} --help"))?.whole()?;
            }
        }
    }
    Ok(())
}

fn version() -> Result<(), Failed> {
    for flag in ["--version", "-V", "list -V"] {
        let text = run::pree(flag)?.whole()?.out;
        if text != concat!("pree ", env!("CARGO_PKG_VERSION"), "\n") {
            return Err(format!("{text:?}").into());
        }
    }
    Ok(())
}
