//! Many looks through one source. What a look takes and the next can use stays: BPF programs that are loaded, what is
//! known of the kernel. No thread and no clock of its own: the caller waits between looks.

use std::ops::ControlFlow;
use std::time::Duration;

use crate::coverage::Coverage;
use crate::error::Result;
use crate::filter::Filter;
use crate::model::Socket;
use crate::needs::Needs;
use crate::quality::Intervals;
use crate::query::Query;
use crate::snapshot::Snapshot;
use crate::source::Source;
use crate::sys;

/// Between the beginnings of two looks.
const TICK: Duration = Duration::from_millis(100);
/// After a look that took long, three times as long passes before the next, so that looking takes a quarter of a processor.
const REST: u32 = 3;
/// Tries of the last look, without which there is no answer.
const LAST_TRIES: usize = 3;

/// A source that stays open from query to query.
///
/// ```no_run
/// use std::time::Duration;
///
/// let mut session = pree::Session::new(pree::source::live()?);
/// let query = pree::Query::new().tcp().stats().owners();
/// let wait = |rest: pree::Rest| std::thread::sleep(rest.length);
/// let (last, intervals) = session.look_for(Duration::from_secs(5), &query, wait)?;
/// for socket in &last {
///     let sent = intervals.get(socket).and_then(|interval| interval.stats()?.bytes_sent);
///     println!("{} {sent:?}", socket.local);
/// }
/// # Ok::<(), pree::Error>(())
/// ```
#[derive(Debug)]
pub struct Session<S> {
    source: S,
}

/// The wait before the next look of [`Session::look_for`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Rest {
    /// How long to wait.
    pub length: Duration,
    /// The time until the last look, the wait included.
    pub left: Duration,
    /// The whole time is over when the next look begins.
    is_last: bool,
}

impl<S: Source> Session<S> {
    /// Asks this source.
    pub fn new(source: S) -> Self {
        Self { source }
    }

    /// What is asked.
    pub fn source(&mut self) -> &mut S {
        &mut self.source
    }

    /// What was asked, for other questions.
    pub fn into_source(self) -> S {
        self.source
    }

    /// [`Query::collect`] from this session's source.
    ///
    /// # Errors
    /// As [`Query::collect`].
    pub fn collect(&mut self, query: &Query) -> Result<Snapshot> {
        query.collect_from(&mut self.source)
    }

    /// [`Query::visit`] from this session's source.
    ///
    /// # Errors
    /// As [`Query::visit`].
    pub fn visit(
        &mut self,
        query: &Query,
        visitor: impl FnMut(&Socket) -> ControlFlow<()>,
    ) -> Result<Coverage> {
        query.visit_from(&mut self.source, visitor)
    }

    /// Takes looks for so long and joins them: the last one, and what was seen of each socket from the first to it. `wait` is
    /// to let the time pass; it may be longer than asked for.
    ///
    /// Whose the sockets are is asked in the last look only. Looks between that fail are said in its coverage.
    ///
    /// # Errors
    /// The first look or the last one fails in a way that another one would not be without.
    pub fn look_for(
        &mut self,
        length: Duration,
        query: &Query,
        mut wait: impl FnMut(Rest),
    ) -> Result<(Snapshot, Intervals)> {
        let mut between = without_owners(query);
        let mut schedule = Schedule::new(length);
        let mut intervals = Intervals::default();
        loop {
            let begun = self.now();
            let look = self.collect(&between);
            let done = self.now();
            match look {
                Ok(look) => {
                    intervals.add(done, &look);
                    // What the machine counts is compared between the first look and the last.
                    between.needs -= Needs::HOST;
                }
                Err(error) if intervals.has_looked() || error.passes() => intervals.add_failed(done, &error),
                Err(error) => return Err(error),
            }
            let rest = schedule.after(begun, done);
            wait(rest);
            if rest.is_last {
                break;
            }
        }
        let mut tries = 0;
        loop {
            tries += 1;
            match self.collect(query) {
                // The owners of the last look are looked for before its rows: so the end of each look is its time.
                Ok(last) => return Ok((intervals.conclude(self.now(), last), intervals)),
                Err(error) if tries < LAST_TRIES && error.passes() => {
                    intervals.add_failed(self.now(), &error);
                    wait(Rest { length: TICK, left: Duration::ZERO, is_last: true });
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// By the source's clock, or this machine's where it has none.
    fn now(&mut self) -> Duration {
        self.source.now().monotonic.or(sys::clock::now().monotonic).unwrap_or_default()
    }
}

/// The query of the looks before the last: with the sockets of the whole one among its answer. Whose they are is asked at
/// the end; a filter that asks it is not asked before.
fn without_owners(query: &Query) -> Query {
    let asks = |filter: &Filter| filter.needs().intersects(Needs::FROM_OWNERS);
    let mut between = query.clone();
    between.needs -= Needs::FROM_OWNERS;
    between.owners = None;
    between.filter = between.filter.filter(|filter| !asks(filter));
    between
}

/// When to look, for so long.
struct Schedule {
    length: Duration,
    /// The end of the first look. What it saw was so then at the latest, so the time is counted from there.
    first: Option<Duration>,
}

impl Schedule {
    fn new(length: Duration) -> Self {
        Self { length, first: None }
    }

    /// After a look that took from `begun` to `done`.
    fn after(&mut self, begun: Duration, done: Duration) -> Rest {
        let end = self.first.get_or_insert(done).saturating_add(self.length);
        let left = end.saturating_sub(done);
        let rest = TICK.max(done.saturating_sub(begun).saturating_mul(REST));
        Rest { length: rest.min(left), left, is_last: left <= rest }
    }
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
            now += next.length;
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
