//! How an answer is put together from a source's bytes: which questions, in which order, and what is done when an
//! answer is torn, refused or damaged. No system calls here: the same code runs on a recording.

mod linux;

use std::ops::ControlFlow;

use crate::coverage::Coverage;
use crate::error::Result;
use crate::model::{HostLimits, Socket};
use crate::plan::Plan;
use crate::query::Query;
use crate::source::Source;

/// Receives each socket once.
pub(crate) type Visitor<'v> = dyn FnMut(&Socket) -> ControlFlow<()> + 'v;

/// Answers `query` from `source`.
pub(crate) fn visit(query: &Query, source: &mut dyn Source, visitor: &mut Visitor<'_>) -> Result<Coverage> {
    linux::visit(&Plan::new(query), source, visitor)
}

/// The limits that sockets share; what the source does not tell is unknown.
pub(crate) fn host_limits(source: &mut dyn Source) -> HostLimits {
    linux::host_limits(source)
}
