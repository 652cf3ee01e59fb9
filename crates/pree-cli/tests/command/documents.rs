//! Schema, manual page and help: they parse, they fit, and JSON follows its schema.

use std::io::Write;
use std::process::Stdio;

use pree_testkit::{Case, Failed, Need, need};
use serde_json::{Value, json};

use crate::check::check;
use crate::{population, run};

pub fn cases() -> Vec<Case> {
    vec![
        Case::new("json_follows_its_schema", schema).lab().needs(Need::Ipv6).needs(Need::Veth),
        Case::new("another_validator_takes_every_output", validated)
            .lab()
            .needs(Need::Ipv6)
            .needs(Need::Veth)
            .needs(Need::PythonModule("jsonschema")),
        Case::new("groff_takes_the_manual_page", groff).needs(Need::Tool("groff")),
        Case::new("every_topic_has_help_that_fits", topics),
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
        ["", "-a -c +cmd,+exe,+puser,+pcgroup", "--source proc", "--owners none", "-c local", port.as_str()]
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

/// Reads the schema, then lines of a definition's name and a value; writes what is wrong with each.
const VALIDATE: &str = "
import json, sys
from jsonschema import Draft202012Validator as Validator
schema = json.loads(sys.stdin.readline())
Validator.check_schema(schema)
for line in sys.stdin:
    name, value = json.loads(line)
    named = {'$ref': '#/$defs/' + name, '$defs': schema['$defs']}
    wrong = [e.message for s in (named, schema) for e in Validator(s).iter_errors(value)]
    print(json.dumps([name, wrong[:3]]))
";

/// Each kind of output, by a program that knows JSON Schema and not pree; and what is none of them is refused.
fn validated() -> Result<(), Failed> {
    let all = population::everything()?;
    let mut input = String::new();
    let schema: Value = serde_json::from_str(&run::pree("schema")?.whole()?.out)?;
    input.push_str(&schema.to_string());
    input.push('\n');
    let mut names = Vec::new();
    let mut add = |name: &'static str, value: &Value| {
        names.push(name);
        input.push_str(&json!([name, value]).to_string());
        input.push('\n');
    };
    let read = |words: &str| -> Result<Vec<Value>, Failed> {
        let out = run::pree(words)?.out;
        Ok(out.lines().map(serde_json::from_str).collect::<Result<_, _>>()?)
    };
    for (words, of) in [
        ("-A all --json", "document"),
        ("explain state=listen --json", "document"),
        ("-g state --json", "groups"),
        ("--count --json", "count"),
        ("-s --json", "summary"),
        ("doctor --json", "diagnosis"),
        ("kill sport>0 --dry-run --json", "killed"),
        ("close sport>0 --dry-run --json", "closed"),
        ("diff --json now now", "difference"),
    ] {
        let out = run::pree(words)?.out;
        add(of, &serde_json::from_str(&out).map_err(|error| format!("{words}: {error}"))?);
    }
    for (words, of) in [("-A all --jsonl", "socket"), ("-g state --jsonl", "group")] {
        let lines = read(words)?;
        let (end, rows) = lines.split_last().ok_or("no lines")?;
        if rows.is_empty() {
            return Err(format!("{words}: no rows").into());
        }
        rows.iter().for_each(|row| add(of, row));
        add("end", end);
    }
    let lines = read("watch --for 300ms --jsonl")?;
    let (end, told) = lines.split_last().ok_or("no lines")?;
    if told.len() < 2 {
        return Err(format!("watch: {} events", told.len()).into());
    }
    told.iter().for_each(|event| add("event", event));
    add("watched", end);
    for words in ["watch --every 100ms --for 300ms --jsonl", "watch -g state,process --for 300ms --jsonl"] {
        let lines = read(words)?;
        let (end, windows) = lines.split_last().ok_or("no lines")?;
        windows.iter().for_each(|window| add("window", window));
        add("watched", end);
    }
    let wrong = json!({ "schema": "pree/1", "complete": "yes" });
    for of in [
        "document",
        "groups",
        "count",
        "summary",
        "diagnosis",
        "killed",
        "closed",
        "difference",
        "socket",
        "group",
        "end",
        "event",
        "watched",
        "window",
    ] {
        add(of, &wrong);
    }
    drop(all);
    let python = need::python("jsonschema").ok_or("no python")?;
    let mut child =
        run::hermetic(&python.display().to_string()).args(["-c", VALIDATE]).stdin(Stdio::piped()).spawn()?;
    let mut pipe = child.stdin.take().ok_or("no pipe")?;
    let writer = std::thread::spawn(move || pipe.write_all(input.as_bytes()));
    let output = child.wait_with_output()?;
    writer.join().map_err(|_| "the writer panicked")??;
    let said: Vec<(String, Vec<String>)> = String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(serde_json::from_str)
        .collect::<Result<_, _>>()
        .map_err(|error| format!("{error}: {}", String::from_utf8_lossy(&output.stderr)))?;
    if said.len() != names.len() {
        return Err(format!("{} answers, not {}", said.len(), names.len()).into());
    }
    let (right, refused) = said.split_at(said.len() - 14);
    for (name, wrong) in right {
        if !wrong.is_empty() {
            return Err(format!("{name}: {wrong:?}").into());
        }
    }
    match refused.iter().find(|(_, wrong)| wrong.is_empty()) {
        Some((name, _)) => Err(format!("{name} takes what is none").into()),
        None => Ok(()),
    }
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
