//! The benchmark: populations of sockets in namespaces of their own, pree and its peers in turn, and what came of it.
#![allow(clippy::disallowed_methods, reason = "it starts the programs that it measures")]

mod args;
mod hold;
mod lab;
mod machine;
mod measure;
mod plan;
mod population;
mod report;
mod rounds;
mod rows;
mod stats;
#[allow(unsafe_code, reason = "the door to the system")]
mod sys;
mod tools;

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use population::Population;
use report::Report;
use tools::Tools;

fn main() -> ExitCode {
    let result = match stage() {
        Some(result) => result,
        None => drive(),
    };
    result.unwrap_or_else(|error| {
        eprintln!("pree-bench: {error}");
        ExitCode::FAILURE
    })
}

/// This program as a part of a lab.
fn stage() -> Option<Result<ExitCode, Box<dyn Error>>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    Some(match words[..] {
        ["stage", "namespaces"] => lab::namespaces_stage().map_err(Into::into),
        ["stage", "inside"] => lab::inside_stage().map_err(Into::into),
        ["stage", "hold", population, index] => held(population, index),
        _ => return None,
    })
}

fn held(population: &str, index: &str) -> Result<ExitCode, Box<dyn Error>> {
    hold::run(&serde_json::from_str(population)?, index.parse()?)?;
    Ok(ExitCode::SUCCESS)
}

fn drive() -> Result<ExitCode, Box<dyn Error>> {
    let args = args::parse()?;
    if args.help {
        print!("{}", args::HELP);
        return Ok(ExitCode::SUCCESS);
    }
    if args.list {
        print!("{}", report::table::limits());
        return Ok(ExitCode::SUCCESS);
    }
    let sizes: Vec<u32> = [rows::EMPTY].into_iter().chain(args.sizes.iter().copied()).collect();
    for &size in &sizes {
        let lacks = machine::lacks(&Population::of(size));
        if !lacks.is_empty() {
            eprintln!("pree-bench: {size} sockets need\n  {}", lacks.join("\n  "));
            return Ok(ExitCode::from(2));
        }
    }
    if let Some(command) = args.inside {
        let population = Population::of(args.sizes.first().copied().unwrap_or(0));
        lab::run(&lab::Job { population, series: Vec::new(), inside: Some(command) }, |_| {})?;
        return Ok(ExitCode::SUCCESS);
    }
    let tools = Tools::find(args.pree.clone())?;
    let mut report = Report::new(&tools);
    for &size in &sizes {
        let population = Population::of(size);
        let (job, absent) = plan::job(&tools, size, &args);
        if job.series.is_empty() {
            continue;
        }
        let start = Instant::now();
        let mut taken = report::Taken::new(size, population, absent);
        lab::run(&job, |event| {
            match &event {
                lab::Event::Ready { seconds } => {
                    eprintln!("{size} sockets: made in {seconds:.1} s");
                }
                lab::Event::Failed(failed) => eprintln!("  {}: {}", failed.label, failed.why),
                lab::Event::Measured(measured) => eprintln!("  {}", report::table::one_line(measured)),
                lab::Event::Finished => {}
            }
            taken.take(event);
        })?;
        eprintln!("{size} sockets: {:.0} s in all", start.elapsed().as_secs_f64());
        report.add(taken);
        // What was measured is kept, whatever becomes of the next one.
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("results");
        report.write(&folder, &args.name)?;
    }
    print!("{}", report::table::markdown(&report));
    Ok(ExitCode::SUCCESS)
}
