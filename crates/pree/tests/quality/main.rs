//! What pree says of connections, beside what the link under them has counted.
//!
//! `scenarios.rs` is the table; a run is one scenario with one congestion control, IP version and seed. By default each
//! scenario runs once; `PREE_QUALITY_SEEDS` runs all combinations with so many seeds, and what each run saw is appended
//! to the file that `PREE_QUALITY_REPORT` names. `cargo xtask quality` does both and makes a table of it.
#![allow(
    clippy::pedantic,
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    unreachable_pub,
    reason = "test code"
)]
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a test program with its own environment"
)]

mod check;
mod observe;
mod report;
mod scenario;
mod scenarios;

use std::process::ExitCode;

use pree_testkit::{Case, Failed, Need};

use scenario::{Run, Scenario};

fn main() -> ExitCode {
    let seeds = std::env::var("PREE_QUALITY_SEEDS").ok();
    let seeds = seeds.map(|seeds| seeds.parse().expect("PREE_QUALITY_SEEDS is a number"));
    let runs = |scenario: &'static Scenario| match seeds {
        Some(seeds) => scenario.every_run(seeds),
        None => vec![scenario.one_run()],
    };
    let mut runs: Vec<Run> = scenarios::ALL.iter().flat_map(runs).collect();
    // Whoever ends it early has seen every scenario.
    runs.sort_by_key(|run| run.seed * u64::from(seeds.is_some()));
    let cases = runs.into_iter().map(case).collect();
    // Two labs at once on two cores stall the relay.
    pree_testkit::main_one_at_a_time(cases)
}

fn case(run: Run) -> Case {
    let case = Case::new(run.name(), move || judge(&run)).lab().needs(Need::Congestion(run.congestion));
    run.scenario.needs().iter().fold(case, |case, need| case.needs(*need))
}

/// A run in which the relay itself was late tells nothing about pree, and is made again.
const ATTEMPTS: usize = 3;

fn judge(run: &Run) -> Result<(), Failed> {
    let mut attempt = 1;
    let seen = loop {
        let seen = match observe::observe(run) {
            Ok(seen) => seen,
            Err(error) => {
                report::keep(&report::failed(run, error.message().unwrap_or("no reason given")))?;
                return Err(error);
            }
        };
        if !seen.is_disturbed() || attempt == ATTEMPTS {
            break seen;
        }
        attempt += 1;
    };
    let wrong = check::check(run, &seen);
    let line = report::line(run, &seen, &wrong, attempt);
    println!("{line}");
    report::keep(&line)?;
    if wrong.is_empty() { Ok(()) } else { Err(format!("{}\n{}", wrong.join("\n"), seen.words()).into()) }
}
