//! What a command line says.

use std::path::PathBuf;
use std::time::Duration;

use pree::act::Signal;
use pree::quality::Severity;

use super::command::Command;
use crate::{output, session};

/// All of it, read. A command makes its own options of what it takes.
#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) struct Args {
    pub(crate) command: Command,
    /// Words after the command's name: a filter for most, a topic, a shell, a file for others.
    pub(crate) words: Vec<String>,
    /// A flag that stands for a command: `-s`, `-V`, `-h`.
    pub(crate) instead: Option<Command>,
    /// `-f inet`: every protocol of the family, unless some are named.
    pub(crate) whole_family: bool,
    pub(crate) asked: session::Options,
    pub(crate) shown: output::Options,
    /// `--for`: how long is looked.
    pub(crate) look_for: Option<Duration>,
    /// `--fail-on`: from which severity on `doctor` ends with code 5.
    pub(crate) fail_on: Option<Severity>,
    pub(crate) pager: bool,
    /// `--watch`: between two looks.
    pub(crate) repeat: Option<Duration>,
    pub(crate) watched: Watched,
    pub(crate) acting: Acting,
    /// `--save`: where the list of listeners goes.
    pub(crate) save: Option<PathBuf>,
    /// `--force`: what is there is replaced.
    pub(crate) force: bool,
    /// `--strict-pid`: a process is its number, not what it stands for.
    pub(crate) strict_pid: bool,
}

/// What `pree kill` and `pree close` do, and whether.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Acting {
    pub(crate) yes: bool,
    pub(crate) dry_run: bool,
    pub(crate) listeners: bool,
    pub(crate) signal: Option<Signal>,
    pub(crate) grace: Option<Duration>,
}

/// Which events `pree watch` shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Watched {
    pub(crate) events: bool,
    pub(crate) ends: bool,
    pub(crate) failed: bool,
    /// `--stats`: between two readings of statistics.
    pub(crate) stats: Option<Duration>,
    /// `--every`: of what time the sums are.
    pub(crate) every: Option<Duration>,
}

impl Watched {
    /// What of it does not go together.
    pub(super) fn contradiction(&self, command: Command, has_groups: bool) -> Option<&'static str> {
        let chosen = [self.events, self.ends, self.failed].into_iter().filter(|flag| *flag).count();
        let sums = self.every.is_some() || (has_groups && command == Command::Watch);
        if chosen > 1 {
            Some("--events, --ends and --failed each say which events are shown: take one of them")
        } else if sums && (chosen > 0 || self.stats.is_some()) {
            Some("-g and --every show sums: --events, --ends, --failed and --stats show single events")
        } else {
            None
        }
    }
}
