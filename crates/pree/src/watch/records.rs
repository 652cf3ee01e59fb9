//! What the programs write, as it comes: batches, losses, and the times in records.

use std::time::Duration;

use crate::collect::LifeStream;
use crate::error::{Error, Result};
use crate::model::Moment;
use crate::source::{Failure, Source};

/// Between two dumps that put things right.
const REST: Duration = Duration::from_secs(1);
/// A batch this long may not be all that there is.
const WHOLE: usize = 64 * 1024;
const MOST_BATCHES: usize = 256;

/// The records of one stream.
pub(super) struct Records {
    pub(super) stream: LifeStream,
    batch: Vec<u8>,
    /// How many were lost so far.
    pub(super) lost: u64,
    /// When a loss was seen that is not put right yet, the time before which nothing is done about it.
    lacks: Option<Duration>,
    put_right_at: Duration,
    /// The wall clock's time when the other one was 0.
    zero: Option<Duration>,
}

impl Records {
    pub(super) fn new(stream: LifeStream) -> Self {
        Self { stream, batch: Vec::new(), lost: 0, lacks: None, put_right_at: Duration::ZERO, zero: None }
    }

    /// The next batch, which [`Records::done_with`] wants back, and whether more will come.
    pub(super) fn next(&mut self, source: &mut dyn Source, now: Moment) -> Result<(Vec<u8>, bool)> {
        self.set_clock(now);
        let goes_on = self.read(source)?;
        Ok((std::mem::take(&mut self.batch), goes_on))
    }

    pub(super) fn done_with(&mut self, batch: Vec<u8>) {
        self.batch = batch;
    }

    /// All records that there are now.
    pub(super) fn drain(&mut self, source: &mut dyn Source) -> Result<Vec<u8>> {
        let mut all = Vec::new();
        // A ring that is filled faster than it is read is not read for ever.
        for _ in 0..MOST_BATCHES {
            self.read(source)?;
            all.extend_from_slice(&self.batch);
            if self.is_drained() {
                break;
            }
        }
        Ok(all)
    }

    fn read(&mut self, source: &mut dyn Source) -> Result<bool> {
        let failed = |failure: Failure| Error::of(failure, "follow", "sockets through BPF");
        source.next(&mut self.stream.answer, &mut self.batch).map_err(failed)
    }

    /// Whether all that there was has been read.
    pub(super) fn is_drained(&self) -> bool {
        self.batch.len() < WHOLE
    }

    /// So many were lost since the programs run: how many of them just now.
    pub(super) fn lost_until_now(&mut self, count: u64) -> u64 {
        let new = count.saturating_sub(self.lost);
        self.lost = count;
        new
    }

    /// What was lost is to be put right.
    pub(super) fn lack(&mut self) {
        self.lacks.get_or_insert(self.put_right_at);
    }

    /// Whether a loss waits to be put right.
    pub(super) fn lacks(&self) -> bool {
        self.lacks.is_some()
    }

    /// Whether that is to be done now: once.
    pub(super) fn is_to_be_put_right(&mut self, now: Moment) -> bool {
        self.lacks.take_if(|after| now.monotonic.unwrap_or_default() >= *after).is_some()
    }

    /// It took from `begun` to `done`: for some time it is not done again.
    pub(super) fn is_put_right(&mut self, begun: Moment, done: Moment) {
        let begun = begun.monotonic.unwrap_or_default();
        let took = done.monotonic.unwrap_or_default().saturating_sub(begun);
        self.put_right_at = begun + REST.max(took * 10);
        self.lacks = self.lacks.map(|_| self.put_right_at);
    }

    pub(super) fn set_clock(&mut self, now: Moment) {
        self.zero = now.wall.zip(now.monotonic).and_then(|(wall, monotonic)| wall.checked_sub(monotonic));
    }

    /// A time of a record by both clocks.
    pub(super) fn moment(&self, nanos: u64) -> Moment {
        let monotonic = Duration::from_nanos(nanos);
        let mut moment = Moment { wall: None, monotonic: Some(monotonic) };
        moment.wall = self.zero.and_then(|zero| zero.checked_add(monotonic));
        moment
    }
}
