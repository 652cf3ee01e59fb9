//! What a watch says of itself: its source, and what is missing of what it told.

use super::Watch;
use crate::coverage::{Coverage, Gap, Missing};
use crate::error::{Error, ErrorKind};
use crate::model::Provenance;
use crate::needs::WatchSource;

impl Watch<'_> {
    /// How TCP sockets are followed, or all if there are none of TCP.
    pub fn source(&self) -> WatchSource {
        match &self.polls {
            _ if self.lives.is_some() => WatchSource::Bpf,
            Some(polls) if polls.ends.is_some() => WatchSource::Destroy,
            _ => WatchSource::Poll,
        }
    }

    /// How sums of what its events tell are known, as long as nothing is lost.
    pub fn provenance(&self) -> Provenance {
        if self.polls.is_none() { Provenance::Exact } else { Provenance::Counters }
    }

    /// Why TCP sockets are not followed by BPF, where that was tried and refused.
    pub fn refused(&self) -> Option<&Error> {
        self.refused.as_ref()
    }

    /// Events about sockets so far.
    pub fn seen(&self) -> u64 {
        self.told.seen
    }

    /// Records of the kernel that were lost so far; `None` where that is not counted: by polling, which cannot know what it did not
    /// see, and when ends were lost that the kernel reported.
    pub fn lost(&self) -> Option<u64> {
        let of_looks = match &self.polls {
            Some(polls) => (polls.tells_ends() && polls.losses() == 0).then_some(0)?,
            None => 0,
        };
        Some(of_looks + self.lives.as_ref().map_or(0, |lives| lives.lost))
    }

    /// What is missing of what was told so far, and why.
    pub fn coverage(&self) -> Coverage {
        let mut coverage = self.coverage.clone();
        match &self.polls {
            Some(polls) if polls.tells_ends() => coverage.note(
                "openings by looking ten times a second: of what lives shorter only the end is seen, and not whose it was"
                    .to_owned(),
            ),
            Some(_) => coverage.note("by looking ten times a second: what lives shorter is not seen".to_owned()),
            None => {}
        }
        let mut lacks = |why, count, object: &str, hint| {
            let (object, count) = (object.to_owned(), Some(count).filter(|count| *count > 0));
            coverage.add(Gap { what: Missing::Events, why, count, object, hint });
        };
        if self.polls.as_ref().is_some_and(|polls| polls.losses() > 0) {
            lacks(ErrorKind::Exhausted, 0, "ends of sockets", "they came faster than they were read");
        }
        if let Some(lives) = self.lives.as_ref().filter(|lives| lives.lost > 0) {
            lacks(
                ErrorKind::Exhausted,
                lives.lost,
                "records of the kernel",
                "they came faster than they were read",
            );
        }
        if let Some(lives) = self.lives.as_ref().filter(|lives| lives.let_go > 0) {
            lacks(
                ErrorKind::Exhausted,
                lives.let_go,
                "sockets that were not followed",
                "a narrower filter helps",
            );
        }
        if let Some((polls, why)) = self.polls.as_ref().and_then(|polls| Some((polls, polls.why?))) {
            lacks(why, polls.failures, "looks", "");
        }
        if let Some((failed, why)) = self.failed_ticks {
            lacks(why, failed, "readings of statistics", "");
        }
        if self.told.undecided > 0 {
            let hint = "the filter asks what this source does not tell of ends";
            lacks(ErrorKind::Unsupported, self.told.undecided, "ends that may match", hint);
        }
        coverage
    }
}
