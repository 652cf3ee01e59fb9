//! One look, or with `--for` many, so that what happens meanwhile can be judged.

use std::io::{self, IsTerminal, Write};
use std::thread;
use std::time::{Duration, Instant};

use pree::field::View;
use pree::quality::{Assessment, Intervals};
use pree::{Needs, Protocols, Query, Rest, Snapshot, Socket};

use crate::exit::Failure;
use crate::session::Session;

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

/// Which sockets are looked at, and what of them.
#[derive(Clone, Copy)]
pub(super) struct Question {
    /// Where the command line names no protocols; `None`: those that the filter can match, else the usual ones.
    pub(super) protocols: Option<Protocols>,
    /// Beside statistics.
    pub(super) needs: Needs,
}

impl Question {
    fn query(self, session: &Session) -> Query {
        let query = session.query(self.needs).stats();
        match (session.options.protocols, self.protocols) {
            (None, Some(usual)) => query.protocols(usual),
            _ => query,
        }
    }
}

/// Asks the question, with `--for` after so long a time in which the same sockets are looked at without their owners.
pub(super) fn look(session: &Session, length: Option<Duration>, question: Question) -> Result<Seen, Failure> {
    let query = question.query(session);
    let Some(length) = length else {
        return Ok(Seen { snapshot: session.collect(&query)?, intervals: None });
    };
    let shows = io::stderr().is_terminal() && !session.options.quiet;
    let (start, mut told) = (Instant::now(), false);
    let seen = session.look_for(length, &query, |rest: Rest| {
        if shows && start.elapsed() >= PATIENCE {
            told = true;
            // With stderr gone there is nobody left to tell.
            let _ = write!(io::stderr(), "\rlooking, {}s left \x1b[K", rest.left.as_secs());
        }
        thread::sleep(rest.length);
    });
    if told {
        let _ = write!(io::stderr(), "\r\x1b[K");
    }
    let (snapshot, intervals) = seen?;
    Ok(Seen { snapshot, intervals: Some(intervals) })
}
