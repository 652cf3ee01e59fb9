//! Completions, in the shells that this machine has.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use pree_testkit::{Case, Failed, Need, need};

use crate::folder::Folder;
use crate::run;

pub fn cases() -> Vec<Case> {
    vec![
        Case::new("bash_completes", bash).needs(Need::Tool("bash")),
        Case::new("fish_completes", fish).needs(Need::Tool("fish")),
        Case::new("zsh_reads_its_completions", zsh).needs(Need::Tool("zsh")),
    ]
}

/// A line that ends where the cursor is, what must be offered, and what must not.
const LINES: &[(&str, &[&str], &[&str])] = &[
    ("pree po", &["port", "port="], &[]),
    ("pree dpor", &["dport="], &[]),
    ("pree -l dpor", &["dport="], &[]),
    ("pree --so", &["--sort", "--source"], &[]),
    ("pree --source pr", &["proc", "procfs"], &[]),
    ("pree -c pid,rtt", &["pid,rtt", "pid,rttvar"], &[]),
    ("pree -A udp,tc", &["udp,tcp"], &[]),
    ("pree state close-", &["close-wait"], &[]),
    ("pree state=close-", &["close-wait"], &[]),
    ("pree has minr", &["minrtt"], &[]),
    ("pree completions z", &["zsh"], &[]),
    ("pree help EX", &["EXIT"], &[]),
    ("pree port 80 --jsonl", &["--jsonl"], &[]),
    ("pree doctor --so", &["--source"], &["--sort"]),
    ("pree doctor --f", &["--for"], &["--filter", "--format"]),
    ("pree --fo", &["--format"], &["--for"]),
    ("pree help ", &["FILTER", "port"], &["dport="]),
];

/// Every flag, key, field and command is offered where it can stand, and no flag that the help does not tell.
fn offers_everything(offers: impl Fn(&str) -> Result<Vec<String>, Failed>) -> Result<(), Failed> {
    let help = run::pree("--help")?.whole()?.out;
    let lines = || help.lines().filter(|line| !line.starts_with("        "));
    let flags: BTreeSet<String> = lines()
        .filter(|line| line.trim_start().starts_with('-'))
        .filter_map(|line| line.split_whitespace().take(2).find(|word| word.starts_with("--")))
        .filter_map(|word| Some(word.split('[').next()?.to_owned()))
        .collect();
    let mut offered = BTreeSet::new();
    for command in
        ["", "port 80 ", "explain ", "doctor ", "summary ", "watch ", "kill ", "close ", "capture file "]
    {
        offered.extend(offers(&format!("pree {command}--"))?);
    }
    if flags.len() < 40 || flags != offered {
        return Err(format!("pree --: {offered:?}, and the help has {flags:?}").into());
    }
    let keys = pree::Filter::keys().map(|key| format!("{key}="));
    let commands = ["list", "port", "explain", "capture", "help"].map(str::to_owned);
    let fields = pree::field::all().filter(|field| !field.takes_time && !field.is_of_events());
    let fields = fields.map(|field| field.name.to_owned());
    for (line, words) in [
        ("pree ", keys.chain(commands).collect::<Vec<_>>()),
        ("pree has ", fields.collect()),
        ("pree state ", ["listen", "time-wait", "bound-inactive"].map(str::to_owned).into()),
    ] {
        let offered = offers(line)?;
        if let Some(word) = words.iter().find(|word| !offered.contains(word)) {
            return Err(format!("{line}: no {word} in {offered:?}").into());
        }
    }
    Ok(())
}

fn script(shell: &str) -> Result<(Folder, String), Failed> {
    let folder = Folder::new(shell)?;
    let file = folder.file("script");
    fs::write(&file, run::pree(&format!("completions {shell}"))?.whole()?.out)?;
    Ok((folder, file))
}

fn shell(name: &str) -> Result<Command, Failed> {
    let program = need::tool(name).ok_or_else(|| format!("no {name}"))?;
    let mut command = run::hermetic(&program.display().to_string());
    command.env("PATH", "/usr/bin:/bin");
    Ok(command)
}

fn output(mut command: Command) -> Result<String, Failed> {
    let output = command.output()?;
    let told = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() || !told.is_empty() {
        return Err(format!("{}: {told}", output.status).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

fn offered(line: &str, expected: &[impl AsRef<str>], never: &[&str], found: &[String]) -> Result<(), Failed> {
    if let Some(wrong) = never.iter().find(|word| found.iter().any(|found| found == *word)) {
        return Err(format!("{line}: {wrong} is offered").into());
    }
    let expected: Vec<&str> = expected.iter().map(AsRef::as_ref).collect();
    if expected.iter().all(|word| found.iter().any(|found| found == word)) {
        return Ok(());
    }
    Err(format!("{line}: {found:?}, without one of {expected:?}").into())
}

fn bash() -> Result<(), Failed> {
    let (_folder, file) = script("bash")?;
    let mut syntax = shell("bash")?;
    syntax.args(["-n", &file]);
    output(syntax)?;
    let offers = |line: &str| -> Result<Vec<String>, Failed> {
        // As bash breaks words: at spaces and around =.
        let words: Vec<String> =
            line.replace('=', " = ").split(' ').map(|word| format!("'{word}'")).collect();
        let drive = format!(
            "source {file}; COMP_WORDS=({}); COMP_CWORD=$((${{#COMP_WORDS[@]}}-1)); _pree; \
             printf '%s\\n' \"${{COMPREPLY[@]}}\"",
            words.join(" ")
        );
        let mut command = shell("bash")?;
        command.args(["--norc", "-c", &drive]);
        Ok(output(command)?.lines().map(str::to_owned).collect())
    };
    for (line, expected, never) in LINES {
        offered(line, expected, never, &offers(line)?)?;
    }
    offers_everything(offers)
}

fn fish() -> Result<(), Failed> {
    let (folder, file) = script("fish")?;
    let offers = |line: &str| -> Result<Vec<String>, Failed> {
        let mut command = shell("fish")?;
        let home = folder.path().display().to_string();
        command.env("HOME", &home).args([
            "--no-config",
            "-c",
            &format!("source {file}; complete -C '{line}'"),
        ]);
        let text = output(command)?;
        Ok(text.lines().filter_map(|line| line.split('\t').next()).map(str::to_owned).collect())
    };
    for (line, expected, never) in LINES {
        // Fish keeps the key before the value.
        let keyed: Vec<String> = match line.rsplit_once(' ').and_then(|(_, word)| word.split_once('=')) {
            Some((key, _)) => expected.iter().map(|word| format!("{key}={word}")).collect(),
            None => expected.iter().map(|word| (*word).to_owned()).collect(),
        };
        offered(line, &keyed, never, &offers(line)?)?;
    }
    offers_everything(offers)
}

fn zsh() -> Result<(), Failed> {
    let (_folder, file) = script("zsh")?;
    let mut command = shell("zsh")?;
    command.args(["-f", "-n", &file]);
    output(command).map(|_| ())
}
