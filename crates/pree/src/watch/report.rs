//! What a watch says of itself: its source, and what is missing of what it told.

use super::Watch;
use super::polls::Polls;
use crate::coverage::{Coverage, Gap, Missing};
use crate::error::{Error, ErrorKind};
use crate::model::Provenance;
use crate::needs::WatchSource;

impl Watch<'_> {
    /// How TCP sockets are followed, or all if there are none of TCP.
    pub fn source(&self) -> WatchSource {
        match &self.polls {
            _ if self.lives.is_some() => WatchSource::Bpf,
            Some(polls) if polls.follows_tcp() => polls.source(),
            _ if self.datagrams.is_some() => WatchSource::Bpf,
            Some(polls) => polls.source(),
            None => WatchSource::Poll,
        }
    }

    /// How sums of what its events tell are known, as long as nothing is lost.
    pub fn provenance(&self) -> Provenance {
        if self.polls.is_none() { Provenance::Exact } else { Provenance::Counters }
    }

    /// Why TCP or UDP sockets are not followed by BPF, where that was tried and refused.
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
        let is_counted = self.polls.as_ref().is_none_or(Polls::tells_ends) && !self.lost_ends();
        is_counted.then(|| self.lost_records() + self.missed())
    }

    /// Whether reports of ends were lost, which nobody counts.
    fn lost_ends(&self) -> bool {
        self.polls.as_ref().is_some_and(|polls| polls.losses() > 0)
            || self.datagrams.as_ref().is_some_and(|datagrams| datagrams.losses() > 0)
    }

    /// What was not reported.
    fn missed(&self) -> u64 {
        self.lives.as_ref().map_or(0, |lives| lives.missed)
    }

    /// Records of programs that were lost.
    fn lost_records(&self) -> u64 {
        self.lives.as_ref().map_or(0, |lives| lives.records.lost)
            + self.datagrams.as_ref().map_or(0, |datagrams| datagrams.records.lost)
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
        if self.datagrams.as_ref().is_some_and(|datagrams| datagrams.ends.is_none()) {
            coverage.note(
                "ends of UDP sockets by looking ten times a second: they are told when they are seen"
                    .to_owned(),
            );
        }
        let mut lacks = |why, count, object: &str, hint| {
            let (object, count) = (object.to_owned(), Some(count).filter(|count| *count > 0));
            coverage.add(Gap { what: Missing::Events, why, count, object, hint });
        };
        if self.lost_ends() {
            lacks(ErrorKind::Exhausted, 0, "ends of sockets", "they came faster than they were read");
        }
        if self.lost_records() > 0 {
            let hint = "they came faster than they were read";
            lacks(ErrorKind::Exhausted, self.lost_records(), "records of the kernel", hint);
        }
        if self.missed() > 0 {
            let hint = "looks found what the kernel had not reported";
            lacks(ErrorKind::Unsettled, self.missed(), "events of the kernel", hint);
        }
        let let_go = self.lives.as_ref().map_or(0, |lives| lives.let_go)
            + self.datagrams.as_ref().map_or(0, |datagrams| datagrams.let_go);
        if let_go > 0 {
            let hint = "a narrower filter helps";
            lacks(ErrorKind::Exhausted, let_go, "sockets that were not followed", hint);
        }
        if let Some((polls, why)) = self.polls.as_ref().and_then(|polls| Some((polls, polls.why?))) {
            lacks(why, polls.failures, "looks", "");
        }
        if let Some((failed, why)) = self.failed_ticks {
            lacks(why, failed, "readings of statistics", "");
        }
        if let Some(home) = self.home.as_ref().filter(|_| self.is_deserted) {
            let what = format!("what comes later in the network namespace {}", home.name());
            lacks(ErrorKind::Absent, 0, &what, "its name was deleted, and no socket is left in it");
        }
        if self.told.undecided > 0 {
            let hint = "the filter asks what this source does not tell of ends";
            lacks(ErrorKind::Unsupported, self.told.undecided, "ends that may match", hint);
        }
        coverage
    }
}
