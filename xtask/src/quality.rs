//! `cargo xtask quality`: every scenario of the quality suite in every combination, and a page of what came out.
//!
//! The suite (`crates/pree/tests/quality`) makes the runs and writes a line for each; here they are added up and beside
//! them what two widespread rules would have said of the same runs. Fails where the promised shares are not met.

mod page;
mod runs;

use std::fs;
use std::path::{Path, PathBuf};

use crate::{Result, arguments, cargo, servers};
use runs::Run;

/// Where the page is.
const PAGE: &str = "docs/quality-results.md";
const SEEDS: &str = "3";

pub(crate) fn run(args: &[&str]) -> Result<()> {
    let takes = "quality takes --seeds N, --runs FILE and part of a name";
    let ([seeds, kept], filter) = arguments::read(args, ["--seeds", "--runs"], takes)?;
    let (file, passed) = match kept {
        Some(file) => (PathBuf::from(file), true),
        None => make_runs(seeds.unwrap_or(SEEDS), filter)?,
    };
    let text = fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
    let runs: Vec<Run> = text.lines().map(Run::read).collect::<Result<_>>()?;
    if runs.is_empty() {
        return Err("there were no runs".into());
    }
    if !passed && runs.iter().all(|run| run.text("wrong").is_empty()) {
        return Err("the suite failed though no run that was reported is wrong".into());
    }
    let (page, broken) = page::page(&runs);
    if filter.is_none() {
        let path = cargo::root().join(PAGE);
        // The section of `cargo xtask servers` stays.
        let before = fs::read_to_string(&path).unwrap_or_default();
        fs::write(&path, format!("{page}{}", servers::kept(&before)))
            .map_err(|error| format!("{}: {error}", path.display()))?;
        println!("{} runs, written to {PAGE}", runs.len());
    } else {
        println!("{page}");
    }
    for promise in &broken {
        eprintln!("not kept: {promise}");
    }
    if broken.is_empty() { Ok(()) } else { Err("not every promise is kept".into()) }
}

/// Has the suite make the runs. The file with their lines, and whether the suite was content.
fn make_runs(seeds: &str, filter: Option<&str>) -> Result<(PathBuf, bool)> {
    let folder = cargo::target_directory(&cargo::metadata(&["--no-deps"])?);
    let file = folder.join("quality-runs.tsv");
    remove(&file)?;
    let mut command = cargo::command();
    command.args(["test", "-p", "pree", "--test", "quality", "--no-fail-fast", "--"]).args(filter);
    command.env("PREE_QUALITY_SEEDS", seeds).env("PREE_QUALITY_REPORT", &file);
    let status = command.status().map_err(|error| format!("cannot run cargo: {error}"))?;
    Ok((file, status.success()))
}

fn remove(file: &Path) -> Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(format!("{}: {error}", file.display()))
        }
        _ => Ok(()),
    }
}
