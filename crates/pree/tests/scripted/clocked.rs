//! A source whose clock the test moves.
#![allow(unreachable_pub, reason = "a module of tests")]

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use pree::quality::Intervals;
use pree::source::{Answer, Failure, Question, Source, System};
use pree::{Moment, Query, Session, Snapshot};

/// Answers as another source does, at the time that it is.
struct Clocked<S> {
    source: S,
    now: Rc<Cell<Duration>>,
}

impl<S: Source> Source for Clocked<S> {
    fn system(&self) -> System {
        self.source.system()
    }

    fn ask(&mut self, question: &Question<'_>) -> Result<Answer, Failure> {
        self.source.ask(question)
    }

    fn next(&mut self, answer: &mut Answer, batch: &mut Vec<u8>) -> Result<bool, Failure> {
        self.source.next(answer, batch)
    }

    fn now(&mut self) -> Moment {
        let mut now = Moment::default();
        now.monotonic = Some(self.now.get());
        now
    }
}

/// Looks at a source for a second by its clock, which nothing moves but the waits: eleven times.
pub fn look_for_a_second<S: Source>(source: S, query: &Query) -> (Snapshot, Intervals, S) {
    let now = Rc::new(Cell::new(Duration::from_secs(100)));
    let mut session = Session::new(Clocked { source, now: Rc::clone(&now) });
    let mut waits = 0;
    let (last, intervals) = session
        .look_for(Duration::from_secs(1), query, |rest| {
            waits += 1;
            now.set(now.get() + rest.length);
        })
        .unwrap();
    assert_eq!((waits, last.taken().monotonic), (10, Some(Duration::from_secs(101))));
    (last, intervals, session.into_source().source)
}
