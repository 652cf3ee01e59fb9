//! From the comparisons to what is run: one series for each program that others are compared with.

use crate::args::Args;
use crate::lab::Job;
use crate::population::Population;
use crate::rounds::{Failed, Series};
use crate::rows::{Figure, Program, ROWS, Row};
use crate::tools::Tools;

/// Longest run of a program that a limit is about, and of one that is only told.
const PATIENCE_S: u64 = 120;
const PATIENCE_TOLD_S: u64 = 30;
/// Time in which short programs are run more often.
const BUDGET_MS: u64 = 1_000;

/// What is run at this population, and which programs cannot be.
pub(crate) fn job(tools: &Tools, size: u32, args: &Args) -> (Job, Vec<Failed>) {
    let wanted = |row: &&Row| {
        let named = |only: &String| {
            let programs = [Some(row.ours), row.other].into_iter().flatten();
            row.work.contains(only.as_str())
                || programs.into_iter().any(|p| p.label().contains(only.as_str()))
        };
        row.at(size).is_some_and(|limit| limit.is_some() || !args.limited)
            && args.only.as_ref().is_none_or(named)
    };
    let rows: Vec<&Row> = ROWS.iter().filter(wanted).collect();
    let mut groups: Vec<(Program, Vec<Program>, Vec<&Row>)> = Vec::new();
    for row in rows {
        // What stands alone is a series of its own.
        let (first, then) = match row.other {
            Some(other) => (other, Some(row.ours)),
            None => (row.ours, None),
        };
        match groups
            .iter_mut()
            .find(|(program, _, rows)| *program == first && alone(rows) == row.other.is_none())
        {
            Some((_, programs, rows)) => {
                programs.extend(then.filter(|program| !programs.contains(program)));
                rows.push(row);
            }
            None => groups.push((first, then.into_iter().collect(), vec![row])),
        }
    }
    let (mut series, mut absent) = (Vec::new(), Vec::new());
    for (first, programs, rows) in groups {
        let mut invocations = Vec::new();
        for program in std::iter::once(first).chain(programs) {
            match tools.invocation(&program) {
                Ok(invocation) => invocations.push(invocation),
                Err(why) => absent.push(Failed { label: program.label(), why }),
            }
        }
        let first_is_there = invocations.first().is_some_and(|invocation| invocation.label == first.label());
        if !first_is_there {
            continue;
        }
        let limited = rows.iter().any(|row| row.at(size).flatten().is_some());
        let tick = rows.iter().any(|row| row.figure == Figure::CoreShare);
        series.push(Series {
            invocations,
            rounds: if limited && !tick { args.runs } else { args.runs.min(3) },
            budget_ms: if tick { 0 } else { BUDGET_MS },
            patience_s: if limited { PATIENCE_S } else { PATIENCE_TOLD_S },
        });
    }
    absent.dedup_by(|a, b| a.label == b.label);
    (Job { population: Population::of(size), series, inside: None }, absent)
}

fn alone(rows: &[&Row]) -> bool {
    rows.iter().all(|row| row.other.is_none())
}
