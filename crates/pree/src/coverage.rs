//! What an answer lacks, why, and how to get it: a partial answer is a value with its gaps.

use std::fmt;

use crate::error::{ErrorKind, NOT_RECORDED};
use crate::model::Protocol;
use crate::named::named;

named! {
    /// What is missing in an answer.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
    #[non_exhaustive]
    pub enum Missing, name: "The name in JSON." {
        /// Sockets themselves.
        Rows = "rows",
        /// Who holds some sockets.
        Owners = "owners",
        /// Statistics of some sockets that have them.
        Stats = "stats",
        /// Other things about sockets, named in [`Gap::object`].
        Fields = "fields",
        /// Some of several looks, or parts of them ([`Intervals`](crate::quality::Intervals)).
        Looks = "looks",
        /// Events of a watch.
        Events = "events",
    }
}

/// One thing that an answer lacks.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Gap {
    /// What is missing.
    pub what: Missing,
    /// Why.
    pub why: ErrorKind,
    /// How many sockets or looks are affected, where that is known.
    pub count: Option<u64>,
    /// Where: `tcp`, `/proc/net/tcp6`; empty when the reason is enough.
    pub object: String,
    /// How to get it, in one sentence.
    pub hint: &'static str,
}

/// Hints of gaps in tables that changed while they were read: every socket that stayed is there, and one that came or went meanwhile
/// may be missing.
pub(crate) const NO_SNAPSHOT: &str = "/proc is not a snapshot: sock_diag is";
pub(crate) const CAME_OR_WENT: &str = "sockets came or went while it was read: try again";

impl Gap {
    /// True when only sockets that came or went meanwhile can be missing.
    pub(crate) fn is_of_changes_only(&self) -> bool {
        self.what == Missing::Rows
            && self.why == ErrorKind::Unsettled
            && [NO_SNAPSHOT, CAME_OR_WENT].contains(&self.hint)
    }
}

impl Origin {
    /// True for text of /proc/net, whichever parser read it.
    pub(crate) fn is_proc(self) -> bool {
        matches!(self, Self::Proc | Self::Procfs)
    }
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = match self.why {
            ErrorKind::NotPermitted => "not permitted",
            ErrorKind::Absent => "not available",
            ErrorKind::Unsupported => "not supported",
            ErrorKind::Exhausted => "out of memory, descriptors or buffer space",
            ErrorKind::Unsettled => "changed faster than it could be read",
            ErrorKind::Malformed => "the answer cannot be decoded",
            ErrorKind::NotRecorded => "not in the recording",
            ErrorKind::Invalid | ErrorKind::Contradictory | ErrorKind::Io => "failed",
        };
        f.write_str(match self.what {
            Missing::Rows => "sockets missing",
            Missing::Owners => "owner unknown",
            Missing::Stats => "statistics unknown",
            Missing::Fields => "fields unknown",
            Missing::Looks => "looks failed or incomplete",
            Missing::Events => "events missing",
        })?;
        if let Some(count) = self.count {
            let word = if self.what == Missing::Looks { ":" } else { " for" };
            write!(f, "{word} {count}")?;
        }
        if !self.object.is_empty() {
            write!(f, " ({})", self.object)?;
        }
        write!(f, ": {why}")?;
        if !self.hint.is_empty() {
            write!(f, "; {}", self.hint)?;
        }
        Ok(())
    }
}

named! {
    /// Where the rows of one table, or the owners, came from.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
    #[non_exhaustive]
    pub enum Origin, name: "The name in output." {
        /// `sock_diag` netlink.
        Diag = "diag",
        /// Rows: /proc/net, our own parser. Owners: /proc/PID.
        Proc = "proc",
        /// /proc/net, the parser of the `procfs` crates.
        Procfs = "procfs",
        /// A BPF program that the kernel ran for us.
        Bpf = "bpf",
        /// macOS: sysctl, lists of control blocks.
        Sysctl = "sysctl",
        /// macOS: the descriptors of processes, as libproc gives them.
        Libproc = "libproc",
        /// Windows: the tables of IP Helper; owners: the same, and Toolhelp.
        IpHelper = "ip_helper",
    }
}

/// A protocol or family that this system lacks or does not report.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Untold {
    name: String,
    sentence: String,
    /// Whether this system lacks it: then there are no such sockets.
    is_absent: bool,
}

/// How complete an answer is, and where it came from.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct Coverage {
    gaps: Vec<Gap>,
    notes: Vec<String>,
    untold: Vec<Untold>,
    origins: Vec<(Protocol, Origin)>,
    owners: Option<Origin>,
    sees_every_pid_namespace: bool,
    lacks_bound: bool,
}

impl Coverage {
    /// True when nothing that was asked for is missing.
    pub fn is_complete(&self) -> bool {
        self.gaps.is_empty()
    }

    /// What is missing.
    pub fn gaps(&self) -> &[Gap] {
        &self.gaps
    }

    /// True when sockets themselves are missing.
    pub fn lacks_rows(&self) -> bool {
        self.gaps.iter().any(|gap| gap.what == Missing::Rows)
    }

    /// Which source the sockets of each protocol came from, in the order they were read.
    pub fn origins(&self) -> &[(Protocol, Origin)] {
        &self.origins
    }

    /// Which source the owners came from; `None` when owners were not asked for.
    pub fn owners_origin(&self) -> Option<Origin> {
        self.owners
    }

    /// True where it was found out, for a socket without a visible holder, that no process is outside the pid namespaces that were
    /// looked at: on Linux the machine's first one was.
    pub fn sees_every_pid_namespace(&self) -> bool {
        self.sees_every_pid_namespace
    }

    /// True where the source reports no TCP sockets that are only bound (/proc/net, and `sock_diag` before Linux 6.8): then at least the
    /// local ports of the others are in use.
    pub fn lacks_bound(&self) -> bool {
        self.lacks_bound
    }

    /// Remarks that are no gaps: a protocol this kernel lacks, a fallback that was taken.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Protocols and families, by their names in filters, that this system lacks or does not report, with a sentence each. They are
    /// those [`notes`](Self::notes) that matter to a caller who asked for just these. What this system lacks is no gap.
    pub fn untold(&self) -> impl Iterator<Item = (&str, &str)> {
        self.untold.iter().map(|it| (it.name.as_str(), it.sentence.as_str()))
    }

    /// Those of [`untold`](Self::untold) whose sockets may exist all the same: their absence from the answer proves nothing.
    pub fn not_told(&self) -> impl Iterator<Item = &str> {
        self.untold.iter().filter(|it| !it.is_absent).map(|it| it.name.as_str())
    }

    /// Adds to what is missing; counts of the same gap are added up.
    pub(crate) fn add(&mut self, mut gap: Gap) {
        if gap.why == ErrorKind::NotRecorded && gap.hint.is_empty() {
            gap.hint = NOT_RECORDED;
        }
        let same =
            |g: &&mut Gap| (g.what, g.why, &g.object, g.hint) == (gap.what, gap.why, &gap.object, gap.hint);
        match self.gaps.iter_mut().find(same) {
            Some(known) => {
                known.count = match (known.count, gap.count) {
                    (Some(a), Some(b)) => Some(a + b),
                    _ => None,
                };
            }
            None => self.gaps.push(gap),
        }
    }

    /// Adds that so many sockets may be missing because their rates, by which they were filtered, are not known.
    pub fn lacks_rates_of(&mut self, sockets: u64) {
        self.add(Gap {
            what: Missing::Rows,
            why: ErrorKind::Unsupported,
            count: Some(sockets),
            object: "filter by rates".to_owned(),
            hint: "their statistics, or which sockets they were in an earlier look, are not known",
        });
    }

    /// Adds what another answer lacked, and where it came from; of its gaps those that concern this one.
    #[cfg(feature = "socket-tracking")]
    pub(crate) fn join(&mut self, other: &Self, concerns: impl Fn(&Gap) -> bool) {
        other.gaps.iter().filter(|gap| concerns(gap)).for_each(|gap| self.add(gap.clone()));
        other.notes.iter().for_each(|note| self.note(note.clone()));
        self.untold.extend(other.untold.iter().cloned());
        self.origins.extend(&other.origins);
        self.owners = self.owners.or(other.owners);
        self.sees_every_pid_namespace |= other.sees_every_pid_namespace;
        self.lacks_bound |= other.lacks_bound;
    }

    pub(crate) fn note(&mut self, note: String) {
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// Notes that this protocol or family is not reported although its sockets may exist.
    pub(crate) fn tells_nothing_of(&mut self, name: &str, sentence: String) {
        self.add_untold(name, sentence, false);
    }

    /// Notes that this system does not have this protocol or family.
    pub(crate) fn has_no(&mut self, name: &str, sentence: String) {
        self.add_untold(name, sentence, true);
    }

    fn add_untold(&mut self, name: &str, sentence: String, is_absent: bool) {
        if !self.notes.contains(&sentence) {
            self.untold.push(Untold { name: name.to_owned(), sentence: sentence.clone(), is_absent });
            self.notes.push(sentence);
        }
    }

    /// True when a table of this protocol, of one family or both, was read from /proc/net.
    pub fn is_from_proc(&self, protocol: Protocol) -> bool {
        self.origins.iter().any(|(table, origin)| *table == protocol && origin.is_proc())
    }

    pub(crate) fn came_from(&mut self, protocol: Protocol, origin: Origin) {
        self.origins.push((protocol, origin));
    }

    pub(crate) fn without_bound(&mut self) {
        self.lacks_bound = true;
    }

    pub(crate) fn saw_every_pid_namespace(&mut self) {
        self.sees_every_pid_namespace = true;
    }

    pub(crate) fn owners_came_from(&mut self, origin: Origin) {
        self.owners = Some(origin);
    }
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.gaps.is_empty() {
            return f.write_str("complete");
        }
        for (index, gap) in self.gaps.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            gap.fmt(f)?;
        }
        Ok(())
    }
}
