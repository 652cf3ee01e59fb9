//! Schema, manual page and help: they parse, they fit, and JSON follows its schema.

use std::fs::File;
use std::io::Write;
use std::process::Stdio;

use pree_testkit::{Case, Failed, Need, need};
use serde_json::{Value, json};

use crate::check::check;
use crate::{population, run};

pub fn cases() -> Vec<Case> {
    vec![
        Case::new("json_follows_its_schema", schema).lab().needs(Need::Ipv6).needs(Need::Veth),
        Case::new("groff_takes_the_manual_page", groff).needs(Need::Tool("groff")),
        Case::new("help_on_every_topic", topics),
        Case::new("texts_that_cannot_be_written", full),
    ]
}

fn schema() -> Result<(), Failed> {
    let all = population::everything()?;
    let root: Value = serde_json::from_str(&run::pree("schema")?.whole()?.out)?;
    let follows = |of: &str, text: &str| {
        let schema = json!({ "$ref": format!("#/$defs/{of}") });
        let wrong = check(&root, &schema, &serde_json::from_str(text)?, "");
        if wrong.is_empty() { Ok(()) } else { Err(Failed::from(format!("{of}: {wrong:?}"))) }
    };
    let held = all.truth().iter().find(|truth| truth.state == "listen").ok_or("no listener")?;
    let port = format!("port {}", held.local.port());
    for words in
        ["", "-a -c +cmd,+exe,+user,+cgroup", "--source proc", "--owners none", "-c local", port.as_str()]
    {
        let answer = run::pree(&format!("{words} --json"))?;
        follows("document", &answer.out).map_err(|failed| run::while_doing(words, failed))?;
        let document: Value = serde_json::from_str(&answer.out)?;
        if document["sockets"].as_array().is_none_or(Vec::is_empty) {
            return Err(format!("{words}: no socket to look at").into());
        }
    }
    for (flags, of) in
        [("-g state", "groups"), ("--count", "count"), ("-s", "summary"), ("-s --owners none", "summary")]
    {
        follows(of, &run::pree(&format!("{flags} --json"))?.whole()?.out)?;
    }
    let text = run::pree("--jsonl")?.whole()?.out;
    let mut lines: Vec<&str> = text.lines().collect();
    follows("end", lines.pop().ok_or("no last line")?)?;
    if lines.len() < all.truth().len() {
        return Err(format!("{} lines", lines.len()).into());
    }
    for line in lines {
        follows("socket", line)?;
    }
    Ok(())
}

fn groff() -> Result<(), Failed> {
    let page = run::pree("man")?.whole()?.out;
    let program = need::tool("groff").ok_or("no groff")?;
    let mut command = run::hermetic(&program.display().to_string());
    command.env("PATH", "/usr/bin:/bin").args(["-man", "-Tutf8", "-ww"]).stdin(Stdio::piped());
    let mut child = command.spawn()?;
    let mut input = child.stdin.take().ok_or("no pipe")?;
    // A pipe holds the page while groff reads on.
    let writer = std::thread::spawn(move || input.write_all(page.as_bytes()));
    let output = child.wait_with_output()?;
    writer.join().map_err(|_| "the writer panicked")??;
    if !output.status.success() || !output.stderr.is_empty() || output.stdout.len() < 10_000 {
        return Err(format!("{}: {}", output.status, String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(())
}

fn topics() -> Result<(), Failed> {
    let main = run::pree("help")?.whole()?.out;
    for same in ["--help", "-h", "dport=80 -h", "-t --help"] {
        if run::pree(same)?.whole()?.out != main {
            return Err(format!("{same} is other help").into());
        }
    }
    let commands = main.split_once("\nCommands:\n").ok_or("no commands")?.1;
    let commands = commands.lines().take_while(|line| !line.is_empty());
    // An explanation goes on further right.
    let commands: Vec<&str> =
        commands.filter_map(|line| line.strip_prefix("  ")?.split(' ').next()).collect();
    let commands: Vec<&str> = commands.into_iter().filter(|name| !name.is_empty()).collect();
    if commands.len() < 10 {
        return Err(format!("only {commands:?}").into());
    }
    for topic in ["FILTER", "filter", "Columns", "EXIT"].into_iter().chain(commands) {
        let text = run::pree(&format!("help {topic}"))?.whole()?.out;
        if text == main || text.lines().any(|line| line.chars().count() > 80) {
            return Err(format!("help {topic}: {text}").into());
        }
    }
    run::pree("help nonsense")?.code(2)?.silent()?.tells("FILTER, COLUMNS, EXIT")?;
    run::pree("help FILTER EXIT")?.code(2)?.silent()?.tells("one topic or command")?;
    run::pree("completions tcsh")?.code(2)?.silent()?.tells("bash, zsh, fish, powershell")?;
    run::pree("completions")?.code(2)?.silent()?.tells("bash, zsh, fish or powershell")?;
    Ok(())
}

fn full() -> Result<(), Failed> {
    for words in
        ["schema", "man", "completions bash", "help FILTER", "help port", "--help", "-s", "-s --json"]
    {
        let file = File::options().write(true).open("/dev/full")?;
        run::into_file(words, file)?.code(4)?.tells("No space left")?;
    }
    Ok(())
}
