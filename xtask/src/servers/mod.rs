//! `cargo xtask servers`: `pree doctor` beside real programs under load, which must find nothing, and beside troubles made on
//! purpose, each of which it must name. Every run is in namespaces of its own (`beside.sh`), and ends with all in them.

mod page;
mod tables;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::{Result, arguments, cargo};
pub(crate) use page::kept;
use tables::{COMMON, PROGRAMS, Program, TROUBLES, Trouble};

/// How long `doctor --for` looks.
const LENGTH: &str = "10s";
/// The program beside which the troubles are made.
const BESIDE: &str = "nginx";

/// What `doctor` said beside one program.
pub(super) struct Run {
    program: &'static str,
    trouble: Option<&'static Trouble>,
    /// By one look, and over the interval.
    said: [Said; 2],
    /// What was not as it must be; empty where nothing was.
    wrong: String,
}

/// An answer of `doctor`.
#[derive(Default)]
pub(super) struct Said {
    code: String,
    sockets: u64,
    /// Names of the findings that are a warning or worse.
    findings: Vec<String>,
}

pub(crate) fn run(args: &[&str]) -> Result<()> {
    let takes = "servers takes --for TIME, --pree FILE and part of a name";
    let ([length, program], filter) = arguments::read(args, ["--for", "--pree"], takes)?;
    let length = length.unwrap_or(LENGTH);
    let pree = match program {
        Some(file) => fs::canonicalize(file).map_err(|error| format!("{file}: {error}"))?,
        None => cargo::release_build()?,
    };
    lacking(COMMON).map_or(Ok(()), |name| Err(format!("servers needs {name}")))?;
    let wanted = |name: &str| filter.is_none_or(|part| name.contains(part));
    let (mut runs, mut skipped) = (Vec::new(), Vec::new());
    let programs = PROGRAMS.iter().map(|program| (program, None));
    let beside = PROGRAMS.iter().filter(|program| program.name == BESIDE);
    let troubles = beside.flat_map(|program| TROUBLES.iter().map(move |trouble| (program, Some(trouble))));
    for (program, trouble) in programs.chain(troubles) {
        let name = trouble.map_or(program.name, |trouble| trouble.name);
        if !wanted(name) {
            continue;
        }
        let needs = trouble.map_or(&[][..], |trouble| trouble.needs);
        if let Some(command) = lacking(program.needs).or_else(|| lacking(needs)) {
            println!("{name}: skipped, there is no {command}");
            skipped.push((name, command));
            continue;
        }
        let run = one(&pree, program, trouble, length)?;
        println!("{name}: {}", if run.wrong.is_empty() { "right" } else { &run.wrong });
        runs.push(run);
    }
    if runs.is_empty() {
        return Err("nothing was run".to_owned());
    }
    let section = page::section(&runs, &skipped, length);
    if filter.is_none() {
        page::write(&section)?;
    } else {
        println!("{section}");
    }
    let wrong = runs.iter().filter(|run| !run.wrong.is_empty()).count();
    if wrong == 0 { Ok(()) } else { Err(format!("{wrong} of {} runs were not as they must be", runs.len())) }
}

/// The first of these commands that is not there.
fn lacking(commands: &[&'static str]) -> Option<&'static str> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    folders.extend(["/usr/sbin", "/sbin"].map(PathBuf::from));
    commands.iter().copied().find(|name| !folders.iter().any(|folder| folder.join(name).is_file()))
}

fn one(
    pree: &Path,
    program: &'static Program,
    trouble: Option<&'static Trouble>,
    length: &str,
) -> Result<Run> {
    let folder = std::env::temp_dir().join(format!("pree-servers-{}", std::process::id()));
    let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
    fs::create_dir(&folder).map_err(failed)?;
    let mut command = Command::new("unshare");
    command.args(["--net", "--pid", "--ipc", "--mount-proc", "--fork", "--kill-child", "bash"]);
    command.arg(cargo::root().join("xtask/src/servers/beside.sh"));
    command.arg(program.name).args(trouble.map(|trouble| trouble.name));
    command.current_dir(&folder).env("PREE", pree).env("FOR", length).stdin(Stdio::null());
    let output = command.output().map_err(|error| format!("unshare: {error}"))?;
    let said = ["once", "while"].map(|when| said(&folder, when).unwrap_or_default());
    fs::remove_dir_all(&folder).map_err(failed)?;
    let wrong = if output.status.success() {
        judge(&said, trouble)
    } else {
        format!("did not run: {}", String::from_utf8_lossy(&output.stderr).trim())
    };
    Ok(Run { program: program.name, trouble, said, wrong })
}

fn said(folder: &Path, when: &str) -> Option<Said> {
    let code = fs::read_to_string(folder.join(format!("{when}.code"))).ok()?.trim().to_owned();
    let answer = fs::read(folder.join(format!("{when}.json"))).ok()?;
    let answer: Value = serde_json::from_slice(&answer).ok()?;
    let of_sockets = cargo::list(&answer, "sockets");
    let of_sockets = of_sockets.iter().flat_map(|socket| cargo::list(&socket["quality"], "findings"));
    let all = cargo::list(&answer, "findings").iter().chain(of_sockets);
    let costs = all.filter(|finding| cargo::text(finding, "severity") != "info");
    let mut findings: Vec<String> = costs.map(|it| cargo::text(it, "name").to_owned()).collect();
    findings.sort_unstable();
    findings.dedup();
    Some(Said { code, sockets: answer["looked_at"]["sockets"].as_u64()?, findings })
}

/// What is wrong with that.
fn judge(said: &[Said; 2], trouble: Option<&Trouble>) -> String {
    let fine = |said: &Said| match trouble {
        None => said.code == "0",
        Some(trouble) => said.code == "5" && said.findings.iter().any(|name| name == trouble.says),
    };
    let [once, meanwhile] = said;
    // Some take time to show.
    let once_is_fine = fine(once) || trouble.is_some_and(|trouble| trouble.takes_time);
    let tell = |what: &str, said: &Said| format!("{what} ended with {}: {:?}", said.code, said.findings);
    match (once_is_fine, fine(meanwhile)) {
        (true, true) => String::new(),
        (false, true) => tell("one look", once),
        (_, false) => tell("--for", meanwhile),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_must_be_well_and_a_trouble_named() {
        let said = |code: &str, name: &str| Said {
            code: code.to_owned(),
            findings: vec![name.to_owned()],
            ..Said::default()
        };
        let lossy = Trouble { name: "loss", needs: &[], says: "lossy", takes_time: false };
        let grows = Trouble { takes_time: true, ..lossy };
        for (once, meanwhile, trouble, right) in [
            (said("0", ""), said("0", ""), None, true),
            (said("5", "lossy"), said("0", ""), None, false),
            (said("0", ""), said("3", ""), None, false),
            (said("5", "lossy"), said("5", "lossy"), Some(&lossy), true),
            (said("5", "lossy"), said("5", "other"), Some(&lossy), false),
            (said("0", ""), said("5", "lossy"), Some(&lossy), false),
            (said("0", ""), said("5", "lossy"), Some(&grows), true),
        ] {
            assert_eq!(judge(&[once, meanwhile], trouble).is_empty(), right);
        }
    }

    #[test]
    fn every_script_is_in_a_table() {
        for (folder, mut names) in [
            ("programs", PROGRAMS.iter().map(|it| it.name).collect::<Vec<_>>()),
            ("troubles", TROUBLES.iter().map(|it| it.name).collect()),
        ] {
            let files = fs::read_dir(cargo::root().join("xtask/src/servers").join(folder)).unwrap();
            let mut files: Vec<_> =
                files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
            files.sort_unstable();
            names.sort_unstable();
            assert_eq!(files, names.iter().map(|name| format!("{name}.sh")).collect::<Vec<_>>());
        }
    }
}
