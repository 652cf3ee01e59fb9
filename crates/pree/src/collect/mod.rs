//! How an answer is put together from a source's bytes: which questions, in which order, and what is done when an
//! answer is torn, refused or damaged. No system calls here: the same code runs on a recording, wherever it was made.

mod apple;
mod linux;
mod names;
mod rows;
mod windows;

use std::ops::ControlFlow;

use crate::coverage::Coverage;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{HostCounters, HostLimits, Socket};
use crate::plan::Plan;
use crate::query::Query;
use crate::source::{Errno, Question, Source, System, read_all};

/// How often something that failed in passing is tried.
const TRIES: usize = 3;

/// Receives each socket once.
pub(crate) type Visitor<'v> = dyn FnMut(&Socket) -> ControlFlow<()> + 'v;

/// Answers `query` from `source`, as the system does whose source it is.
pub(crate) fn visit(query: &Query, source: &mut dyn Source, visitor: &mut Visitor<'_>) -> Result<Coverage> {
    let plan = Plan::new(query);
    let system = source.system();
    if plan.estats.is_some() && system != System::Windows {
        return Err(Error::new(ErrorKind::Unsupported, "switch on", format!("statistics of {system}"))
            .with_hint("only Windows has them switched off: elsewhere they are always there"));
    }
    match system {
        System::Linux => linux::visit(&plan, source, visitor),
        System::Macos => apple::visit(&plan, source, visitor),
        System::Windows => windows::visit(&plan, source, visitor),
    }
}

/// What the machine counts of its connections; what the source does not tell is unknown.
pub(crate) fn host_counters(source: &mut dyn Source) -> HostCounters {
    match source.system() {
        System::Linux => linux::host_counters(source),
        System::Macos => HostCounters::default(),
        System::Windows => windows::host_counters(source),
    }
}

/// Reads a whole answer, again if it failed in passing.
fn read_with_retries(
    source: &mut dyn Source,
    question: &Question<'_>,
    is_passing: impl Fn(Errno) -> bool,
) -> std::result::Result<Vec<u8>, Errno> {
    let mut tries = 0;
    loop {
        tries += 1;
        match read_all(source, question) {
            Err(errno) if tries < TRIES && is_passing(errno) => {}
            result => return result,
        }
    }
}

/// The limits that sockets share; what the source does not tell is unknown.
pub(crate) fn host_limits(source: &mut dyn Source) -> HostLimits {
    match source.system() {
        System::Linux => linux::host_limits(source),
        System::Macos | System::Windows => HostLimits::default(),
    }
}
