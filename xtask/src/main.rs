//! The project's chores, one a file: what a contributor runs by hand, `.ci/run` runs too.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a tool for developers: it runs programs, reads its environment and speaks"
)]

mod arguments;
mod cargo;
mod cross;
#[cfg(target_os = "linux")]
mod faults;
mod kernels;
mod msrv;
mod quality;
mod result;
mod servers;
mod suite;
mod tidy;

use std::process::ExitCode;

pub(crate) use result::Result;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  test [--strict] [CARGO TEST OPTIONS] [-- TEST OPTIONS]
                          every test this machine permits, and a summary; --strict allows no skip
  quality [--seeds N] [--runs FILE] [FILTER]
                          every scenario in every combination with 3 seeds, and docs/quality-results.md of it; with
                          a filter only on the terminal; --runs reads the lines of runs made before
  faults [--short] [--write] [--pree FILE]
                          every system call of the release build fails, by strace, with 14 errors: right or told;
                          --short takes a minute, --write makes docs/faults.md of it
  servers [--for TIME] [--pree FILE] [FILTER]
                          doctor beside real programs under load, and beside troubles made on purpose: the last section
                          of docs/quality-results.md; with a filter only on the terminal
  tidy                    the house rules that no lint knows (`cargo test` checks them too)
  kernels [--update] [--golden] [5.10|6.1|6.12|newest …]
                          pree on other kernels, booted under emulation; --update asks Debian for newer ones,
                          --golden keeps their recordings for the tests of pree-wire
  cross [--bless] [windows|macos]
                          pree for Windows, run under Wine, and for macOS, linked; --bless keeps what C compilers say
                          of the systems' headers, and a recording
  msrv --toolchain DIR    the library with the oldest compiler it declares; DIR holds usr/bin/rustc";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let outcome = match args.as_slice() {
        ["test", rest @ ..] => suite::run(rest),
        ["quality", rest @ ..] => quality::run(rest),
        #[cfg(target_os = "linux")]
        ["faults", rest @ ..] => faults::run(rest),
        ["servers", rest @ ..] => servers::run(rest),
        ["tidy"] => tidy::run(),
        ["kernels", rest @ ..] => kernels::run(rest),
        ["cross", rest @ ..] => cross::run(rest),
        ["msrv", "--toolchain", dir] => msrv::run(dir),
        [] | ["help" | "--help" | "-h"] => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        ["msrv", ..] => return usage("msrv needs --toolchain DIR, where DIR/usr/bin/rustc is"),
        ["tidy", extra, ..] => return usage(&format!("unexpected argument {extra:?}")),
        [unknown, ..] => return usage(&format!("no command {unknown:?}; `cargo xtask help` lists them")),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(line) => {
            if !line.is_empty() {
                eprintln!("xtask: {line}");
            }
            ExitCode::FAILURE
        }
    }
}

fn usage(line: &str) -> ExitCode {
    eprintln!("xtask: {line}");
    ExitCode::from(2)
}
