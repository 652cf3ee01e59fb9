//! A detector finds one kind of issue.

use super::{Evidence, Reads, Severity, Value};
use crate::quality::{Assessment, Subject};

/// An issue's name, and the function that looks for it.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Detector {
    /// The name its findings have.
    pub name: &'static str,
    /// A short part of the name, for narrow columns: `issue~bloat` finds what was shown.
    pub short: &'static str,
    /// Whether it takes several looks.
    pub takes_time: bool,
    /// What to do about them.
    pub advice: &'static str,
    /// Where to read more: a standard, a manual page.
    pub more: &'static str,
    /// What a source must report about a socket for it to be checked.
    pub(in crate::quality) reads: Reads,
    pub(super) check: fn(&Subject<'_>, &Assessment) -> Option<Hit>,
}

impl Detector {
    /// True when the program at this end causes it whatever the path, so that all its sockets have it for the same reason.
    pub fn is_local(&self) -> bool {
        self.reads != Reads::Statistics
    }
}

/// What a detector found.
pub(super) struct Hit {
    pub(super) severity: Severity,
    pub(super) evidence: Vec<Evidence>,
}

impl Hit {
    /// Evidence that the system does not report is left out.
    pub(super) fn new<const N: usize>(
        severity: Severity,
        evidence: [(&'static str, Option<Value>); N],
    ) -> Self {
        let mut told = Vec::with_capacity(N);
        told.extend(evidence.into_iter().filter_map(|(name, value)| Some(Evidence { name, value: value? })));
        Self { severity, evidence: told }
    }
}
