//! A detector of one kind of issue across sockets.

use super::finding::About;
use super::overview::Overview;
use crate::quality::{Evidence, Severity, Value};

/// An issue's name, and the function that looks for it.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct HostDetector {
    /// The name its findings have.
    pub name: &'static str,
    /// What to do about them.
    pub advice: &'static str,
    /// Where to read more: a standard, a manual page.
    pub more: &'static str,
    pub(super) check: fn(&Overview<'_>) -> Found,
}

/// What such a detector found, and what kept it from checking everything.
#[derive(Default)]
pub(super) struct Found {
    pub(super) hits: Vec<Hit>,
    pub(super) unchecked: Option<&'static str>,
}

pub(super) struct Hit {
    pub(super) severity: Severity,
    pub(super) about: About,
    pub(super) sockets: Vec<usize>,
    pub(super) evidence: Vec<Evidence>,
}

/// Evidence that the system does not report is left out.
pub(super) fn told<const N: usize>(evidence: [(&'static str, Option<Value>); N]) -> Vec<Evidence> {
    let told = |(name, value): (_, Option<Value>)| Some(Evidence { name, value: value? });
    evidence.into_iter().filter_map(told).collect()
}

/// How many there are, as evidence.
pub(super) fn count(number: impl TryInto<u64>) -> Option<Value> {
    number.try_into().ok().map(Value::Count)
}
