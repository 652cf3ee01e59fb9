//! The benchmark's own arguments.

use std::path::PathBuf;

use lexopt::prelude::*;

pub(crate) const HELP: &str = "\
pree-bench: what pree costs, beside its peers and beside the bare system calls

Usage: cargo run --release --manifest-path bench/Cargo.toml -- [FLAGS]

      --quick         1k and 10k sockets only (under two minutes)
      --sizes LIST    populations by their TCP sockets: 1k,10k,100k (the
                      default) and 1m; an almost empty one comes always
      --only TEXT     only comparisons with this in their words or programs
      --limited       only comparisons that have a limit
      --runs N        paired runs that count, at least (5)
      --pree FILE     this pree instead of the one built here
      --name NAME     results go to bench/results/NAME.json, .md and .svg
                      (latest)
      --list          the comparisons and their limits; nothing is run
      --inside TEXT   give this to sh beside the first population; nothing
                      is measured
  -h, --help          this help
";

#[derive(Debug)]
pub(crate) struct Args {
    pub(crate) sizes: Vec<u32>,
    pub(crate) only: Option<String>,
    pub(crate) limited: bool,
    pub(crate) runs: u32,
    pub(crate) pree: Option<PathBuf>,
    pub(crate) name: String,
    pub(crate) list: bool,
    pub(crate) inside: Option<String>,
    pub(crate) help: bool,
}

pub(crate) fn parse() -> Result<Args, lexopt::Error> {
    let mut args = Args {
        sizes: vec![1_000, 10_000, 100_000],
        only: None,
        limited: false,
        runs: 5,
        pree: None,
        name: "latest".to_owned(),
        list: false,
        inside: None,
        help: false,
    };
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("quick") => args.sizes = vec![1_000, 10_000],
            Long("sizes") => args.sizes = parser.value()?.parse_with(sizes)?,
            Long("only") => args.only = Some(parser.value()?.string()?),
            Long("limited") => args.limited = true,
            Long("runs") => {
                args.runs = parser.value()?.parse_with(|text| match text.parse() {
                    Ok(runs @ 1..=31) => Ok(runs),
                    _ => Err("not a number from 1 to 31"),
                })?
            }
            Long("pree") => args.pree = Some(parser.value()?.into()),
            Long("name") => args.name = parser.value()?.parse_with(name)?,
            Long("list") => args.list = true,
            Long("inside") => args.inside = Some(parser.value()?.string()?),
            Short('h') | Long("help") => args.help = true,
            other => return Err(other.unexpected()),
        }
    }
    Ok(args)
}

fn sizes(text: &str) -> Result<Vec<u32>, String> {
    let size = |text: &str| match text {
        "1k" => Ok(1_000),
        "10k" => Ok(10_000),
        "100k" => Ok(100_000),
        "1m" => Ok(1_000_000),
        _ => Err(format!("no population {text}: there are 1k, 10k, 100k and 1m")),
    };
    text.split(',').map(size).collect()
}

/// A file name of its own, without a folder.
fn name(text: &str) -> Result<String, &'static str> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if text.is_empty() || text.starts_with('.') || !text.bytes().all(plain) {
        return Err("not letters, digits, - _ and .");
    }
    Ok(text.to_owned())
}
