//! One look, or with `--for` many, so that what happens meanwhile can be judged.

use std::io::{self, IsTerminal, Write};
use std::thread;
use std::time::{Duration, Instant};

use pree::quality::Intervals;
use pree::{Needs, Query, Snapshot};

use super::source::{self, Place};
use crate::args::Args;
use crate::exit::Failure;

/// From one look to the next.
const TICK: Duration = Duration::from_millis(100);
/// A look that takes long waits three times as long for the next, so that looking takes a quarter of a processor.
const REST: u32 = 3;
/// Silence that nobody wonders about.
const PATIENCE: Duration = Duration::from_millis(500);

/// What was seen.
pub(super) struct Seen {
    /// The only look, or the last.
    pub(super) snapshot: Snapshot,
    /// What was seen from the first look to the last.
    pub(super) intervals: Option<Intervals>,
}

/// Asks `query`, with `--for` after so long a time in which the same sockets are looked at without their owners.
pub(super) fn look(place: &Place, args: &Args, query: &Query) -> Result<Seen, Failure> {
    let Some(length) = args.look_for else {
        return Ok(Seen { snapshot: place.collect(query)?, intervals: None });
    };
    let between = between(args);
    let progress = io::stderr().is_terminal() && !args.quiet;
    let start = Instant::now();
    let mut intervals = Intervals::default();
    let mut told = false;
    loop {
        let before = start.elapsed();
        let look = place.collect(&between)?;
        // The owners of the last look are looked for before its rows; so the end of each look is its time.
        let now = start.elapsed();
        intervals.add(now, &look);
        let rest = TICK.max((now.saturating_sub(before)).saturating_mul(REST));
        let left = length.saturating_sub(now);
        if progress && now >= PATIENCE {
            told = true;
            // With stderr gone there is nobody left to tell.
            let _ = write!(io::stderr(), "\rlooking, {}s left \x1b[K", left.as_secs());
        }
        thread::sleep(rest.min(left));
        if left <= rest {
            break;
        }
    }
    if told {
        let _ = write!(io::stderr(), "\r\x1b[K");
    }
    let snapshot = place.collect(query)?;
    intervals.add(start.elapsed(), &snapshot);
    Ok(Seen { snapshot, intervals: Some(intervals) })
}

/// The question of the looks before the last: whose sockets they are is asked once, at the end.
fn between(args: &Args) -> Query {
    let asks_owners =
        args.filter.as_ref().is_some_and(|filter| filter.needs().intersects(Needs::FROM_OWNERS));
    let all = Args { filter: None, ..args.clone() };
    let query = source::query(if asks_owners { &all } else { args }, Needs::empty());
    query.stats()
}
