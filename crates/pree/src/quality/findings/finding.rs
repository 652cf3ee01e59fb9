//! A named issue, and how much it matters.

use std::fmt;

use super::Evidence;
use crate::named::named;
use crate::quality::Basis;

named! {
    /// How much an issue matters.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
    #[non_exhaustive]
    pub enum Severity, name: "The name in JSON." {
        /// Informative; healthy connections have it too.
        Info = "info",
        /// It costs time.
        Warning = "warning",
        /// Little or nothing gets through.
        Critical = "critical",
    }
}

/// A named issue of one connection. Its `Display` is one line.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct Finding {
    /// Stable name: `buffer_bloat`, `lossy`, …
    pub name: &'static str,
    /// How much it matters here.
    pub severity: Severity,
    /// Which part of the connection's life it covers.
    pub basis: Basis,
    /// The numbers it rests on.
    pub evidence: Vec<Evidence>,
    /// What to do about it, in one sentence.
    pub advice: &'static str,
    /// Where to read more: a standard, a manual page.
    pub more: &'static str,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)?;
        for (index, evidence) in self.evidence.iter().enumerate() {
            write!(f, "{} {evidence}", if index == 0 { ":" } else { "," })?;
        }
        write!(f, "; {}", self.advice)
    }
}
