//! One look, or with `--for` many, so that what happens meanwhile can be judged.

use std::io::{self, IsTerminal, Write};
use std::thread;
use std::time::{Duration, Instant};

use pree::field::View;
use pree::quality::{Assessment, Intervals};
use pree::{ErrorKind, Needs, Protocols, Query, Snapshot, Socket};

use crate::exit::Failure;
use crate::session::Session;

/// From one look to the next.
const TICK: Duration = Duration::from_millis(100);
/// A look that takes long waits three times as long for the next, so that looking takes a quarter of a processor.
const REST: u32 = 3;
/// Tries of the last look, without which there is no answer.
const LAST_TRIES: usize = 3;
/// Silence that nobody wonders about.
const PATIENCE: Duration = Duration::from_millis(500);

/// What was seen.
pub(super) struct Seen {
    /// The only look, or the last.
    pub(super) snapshot: Snapshot,
    /// What was seen from the first look to the last.
    pub(super) intervals: Option<Intervals>,
}

/// A socket with its judgement, and as it was in the first look at it.
pub(super) fn view<'s>(
    intervals: Option<&'s Intervals>,
    socket: &'s Socket,
    assessment: &'s Assessment,
) -> View<'s> {
    let view = View::new(socket).judged(assessment);
    match intervals.and_then(|intervals| intervals.get(socket)) {
        Some(interval) if interval.looks() > 1 => view.since(interval.first(), interval.length()),
        _ => view,
    }
}

/// When to look, for so long.
struct Schedule {
    length: Duration,
    /// The end of the first look. What it saw was so then at the latest, so the time is counted from there.
    first: Option<Duration>,
}

/// What comes after a look.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Next {
    /// The wait before the next look.
    rest: Duration,
    /// The time that is left, the rest included.
    left: Duration,
    /// Whether the next look is the last: the whole time is over when it begins.
    is_last: bool,
}

impl Schedule {
    fn new(length: Duration) -> Self {
        Self { length, first: None }
    }

    /// After a look that took from `begun` to `done`.
    fn after(&mut self, begun: Duration, done: Duration) -> Next {
        let end = self.first.get_or_insert(done).saturating_add(self.length);
        let left = end.saturating_sub(done);
        let rest = TICK.max(done.saturating_sub(begun).saturating_mul(REST));
        Next { rest: rest.min(left), left, is_last: left <= rest }
    }
}

/// Which sockets are looked at, and what of them.
#[derive(Clone, Copy)]
pub(super) struct Question {
    /// Where the command line names no protocols; `None`: those that the filter can match, else the usual ones.
    pub(super) protocols: Option<Protocols>,
    /// Beside statistics.
    pub(super) needs: Needs,
}

impl Question {
    /// Of a look that is judged by itself, or of the last one.
    fn last(self, session: &Session) -> Query {
        self.of(session, session.query(self.needs))
    }

    /// Of the looks before the last: whose sockets they are is asked once, at the end.
    fn between(self, session: &Session) -> Query {
        let needs = self.needs - Needs::FROM_OWNERS;
        let filter = session.options.filter.as_ref();
        let asks_owners = filter.is_some_and(|filter| filter.needs().intersects(Needs::FROM_OWNERS));
        let query = if asks_owners { session.query_unfiltered(needs) } else { session.query(needs) };
        self.of(session, query)
    }

    fn of(self, session: &Session, query: Query) -> Query {
        match (session.options.protocols, self.protocols) {
            (None, Some(usual)) => query.protocols(usual).stats(),
            _ => query.stats(),
        }
    }
}

/// Asks the question, with `--for` after so long a time in which the same sockets are looked at without their owners.
pub(super) fn look(session: &Session, length: Option<Duration>, question: Question) -> Result<Seen, Failure> {
    let last = question.last(session);
    let Some(length) = length else {
        return Ok(Seen { snapshot: session.collect(&last)?, intervals: None });
    };
    let between = question.between(session);
    let progress = io::stderr().is_terminal() && !session.options.quiet;
    let start = Instant::now();
    let mut schedule = Schedule::new(length);
    let mut intervals = Intervals::default();
    let (mut told, mut seen) = (false, false);
    loop {
        let before = start.elapsed();
        let look = session.collect(&between);
        // The owners of the last look are looked for before its rows; so the end of each look is its time.
        let now = start.elapsed();
        match look {
            Ok(look) => {
                intervals.add(now, &look);
                seen = true;
            }
            Err(Failure::Library(error)) if seen || passes(&error) => intervals.add_failed(now, &error),
            Err(failure) => return Err(failure),
        }
        let next = schedule.after(before, now);
        if progress && now >= PATIENCE {
            told = true;
            // With stderr gone there is nobody left to tell.
            let _ = write!(io::stderr(), "\rlooking, {}s left \x1b[K", next.left.as_secs());
        }
        thread::sleep(next.rest);
        if next.is_last {
            break;
        }
    }
    if told {
        let _ = write!(io::stderr(), "\r\x1b[K");
    }
    let mut tries = 0;
    loop {
        tries += 1;
        match session.collect(&last) {
            Ok(snapshot) => {
                let snapshot = intervals.conclude(start.elapsed(), snapshot);
                return Ok(Seen { snapshot, intervals: Some(intervals) });
            }
            Err(Failure::Library(error)) if tries < LAST_TRIES && passes(&error) => {
                intervals.add_failed(start.elapsed(), &error);
                thread::sleep(TICK);
            }
            Err(failure) => return Err(failure),
        }
    }
}

/// True for an error that another look can be without.
fn passes(error: &pree::Error) -> bool {
    use ErrorKind::{Exhausted, Io, Malformed, Unsettled};
    matches!(error.kind(), Exhausted | Io | Malformed | Unsettled)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Plays a clock: looks take so long one after another, the last of these again and again. From the end of the first
    /// look to the beginning of the last, and how many looks there were.
    fn play(length: Duration, looks: &[Duration]) -> (Duration, usize) {
        let mut schedule = Schedule::new(length);
        let (mut now, mut first) = (Duration::ZERO, None);
        for look in 0..100_000 {
            let begun = now;
            now += looks[look.min(looks.len() - 1)];
            let from = *first.get_or_insert(now);
            let next = schedule.after(begun, now);
            now += next.rest;
            if next.is_last {
                return (now.saturating_sub(from), look + 2);
            }
        }
        panic!("no end");
    }

    #[test]
    fn the_whole_time_lies_between_the_first_look_and_the_last() {
        let ms = Duration::from_millis;
        for length in [200, 500, 10_000].map(ms) {
            for looks in [
                &[0][..],
                &[1],
                &[158],
                &[158, 1],
                &[1, 158],
                &[3, 700, 2],
                &[900],
                &[5000, 5000],
                &[99, 101, 100],
            ] {
                let looks: Vec<Duration> = looks.iter().copied().map(ms).collect();
                let (time, _) = play(length, &looks);
                let longest = looks.iter().max().copied().unwrap_or_default();
                assert!(time >= length, "{time:?} of {length:?}, looks of {looks:?}");
                assert!(time <= length + longest, "{time:?} of {length:?}, looks of {looks:?}");
            }
        }
    }

    #[test]
    fn looking_takes_a_quarter_of_the_time() {
        let ms = Duration::from_millis;
        assert_eq!(play(ms(10_000), &[ms(0)]).1, 101);
        // A second of looking, three of rest: they begin at 0, 4, 8 and 12 s, and the last at 13 s.
        assert_eq!(play(ms(12_000), &[ms(1000)]).1, 5);
    }
}
