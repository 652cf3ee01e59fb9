//! Paired runs: in each round every program of a series runs once, in turn, so that what disturbs the machine disturbs
//! all of them alike.

use std::io::Result;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::measure::{self, Invocation, Run, Sink};

/// Programs that are compared with each other.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Series {
    pub(crate) invocations: Vec<Invocation>,
    /// Rounds that count, at least.
    pub(crate) rounds: u32,
    /// More rounds as long as they fit into this, up to [`MOST_ROUNDS`].
    pub(crate) budget_ms: u64,
    /// Longest run.
    pub(crate) patience_s: u64,
}

/// Short programs are run this often at most.
const MOST_ROUNDS: u32 = 31;

/// The runs of one program, by round.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Measured {
    pub(crate) label: String,
    /// What it is compared with: the first program of its series.
    pub(crate) beside: String,
    /// Lines of its output, in the round that does not count.
    pub(crate) lines: u64,
    pub(crate) runs: Vec<Run>,
}

/// A program that could not be measured.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Failed {
    pub(crate) label: String,
    pub(crate) why: String,
}

/// Does a series and tells of each program.
pub(crate) fn run(
    series: &Series,
    mut told: impl FnMut(std::result::Result<Measured, Failed>) -> Result<()>,
) -> Result<()> {
    let beside = series.invocations.first().map(|first| first.label.clone()).unwrap_or_default();
    let patience = Duration::from_secs(series.patience_s);
    let mut going: Vec<(&Invocation, Measured)> = Vec::new();
    // A round that does not count: it fills caches, counts lines and shows who cannot.
    for invocation in &series.invocations {
        let sink = if invocation.sink == Sink::Null { Sink::Pipe } else { invocation.sink };
        let outcome = measure::run(invocation, sink, patience)?;
        let label = invocation.label.clone();
        match outcome.trouble {
            Some(why) => told(Err(Failed { label, why }))?,
            None => going.push((
                invocation,
                Measured { label, beside: beside.clone(), lines: outcome.lines, runs: Vec::new() },
            )),
        }
    }
    let start = Instant::now();
    let mut round = 0;
    while round < series.rounds
        || (round < MOST_ROUNDS && start.elapsed() < Duration::from_millis(series.budget_ms))
    {
        // There and back, so that no program always comes after the same one.
        let mut order: Vec<usize> = (0..going.len()).collect();
        if round % 2 == 1 {
            order.reverse();
        }
        for index in order {
            let (invocation, measured) = &mut going[index];
            let outcome = measure::run(invocation, invocation.sink, patience)?;
            if let Some(why) = outcome.trouble {
                told(Err(Failed { label: measured.label.clone(), why }))?;
                going.remove(index);
                // The round is not whole: without it the runs of one round stay pairs.
                let whole = going.iter().map(|(_, other)| other.runs.len()).min().unwrap_or(0);
                going.iter_mut().for_each(|(_, other)| other.runs.truncate(whole));
                break;
            }
            measured.runs.push(outcome.run);
        }
        round += 1;
    }
    for (_, measured) in going {
        told(Ok(measured))?;
    }
    Ok(())
}
