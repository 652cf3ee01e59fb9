//! How an answer is put together from a source's bytes: which questions, in which order, and what is done when an
//! answer is torn, refused or damaged. No system calls here: the same code runs on a recording, wherever it was made.

mod apple;
mod collection;
mod delivery;
mod linux;
mod names;
mod retry;
mod unread;
mod untold;
mod visitor;
mod windows;

use std::ops::ControlFlow;

use crate::coverage::Coverage;
use crate::error::{Error, ErrorKind, Result};
#[cfg(feature = "socket-tracking")]
use crate::filter::Filter;
use crate::model::{HostCounters, HostLimits, Socket};
use crate::needs::Needs;
use crate::plan::Plan;
use crate::query::Query;
use crate::snapshot::Snapshot;
use crate::source::{Namespaces, Source, System};
use crate::sys;
use collection::Collection;
#[cfg(feature = "socket-tracking")]
pub(crate) use linux::{EndStream, LifeStream, ProcessDetails};
use visitor::Visitor;

impl Query {
    /// Asks the running system and keeps the answer.
    ///
    /// # Errors
    /// When no rows at all can be had; what is merely missing is in the snapshot's [`Coverage`].
    pub fn collect(&self) -> Result<Snapshot> {
        self.collect_from(&mut sys::live()?)
    }

    /// [`Query::collect`] from another source: a recording, a test.
    ///
    /// # Errors
    /// As [`Query::collect`].
    pub fn collect_from(&self, source: &mut dyn Source) -> Result<Snapshot> {
        let plan = Plan::new(self)?;
        let tells_host = plan.needs.contains(Needs::HOST) && plan.namespaces != Namespaces::All;
        let mut sockets = Vec::new();
        let coverage = visit(Collection::new(plan, source), &mut |socket| {
            sockets.push(socket.clone());
            ControlFlow::Continue(())
        })?;
        let taken = source.now();
        if !tells_host {
            return Ok(Snapshot::new(sockets, coverage, HostLimits::default()).taken_at(taken));
        }
        let counters = host_counters(source);
        Ok(Snapshot::new(sockets, coverage, host_limits(source)).with_counters(counters).taken_at(taken))
    }

    /// Asks the running system and calls `visitor` with each socket as it comes, each once, until it says
    /// [`ControlFlow::Break`]. The socket is reused for the next row.
    ///
    /// # Errors
    /// When no rows at all can be had. Rows that were delivered before are never taken back: what goes wrong after
    /// that is a gap in the [`Coverage`].
    pub fn visit(&self, visitor: impl FnMut(&Socket) -> ControlFlow<()>) -> Result<Coverage> {
        self.visit_from(&mut sys::live()?, visitor)
    }

    /// [`Query::visit`] from another source: a recording, a test.
    ///
    /// # Errors
    /// As [`Query::visit`].
    pub fn visit_from(
        &self,
        source: &mut dyn Source,
        mut visitor: impl FnMut(&Socket) -> ControlFlow<()>,
    ) -> Result<Coverage> {
        visit(Collection::new(Plan::new(self)?, source), &mut visitor)
    }
}

/// The filter with the numbers of what it names: users, interfaces.
#[cfg(feature = "socket-tracking")]
pub(crate) fn resolved(filter: &Filter, source: &mut dyn Source) -> Result<Filter> {
    let mut filter = filter.clone();
    filter.resolve(|what, name| names::number(source, what, name))?;
    Ok(filter)
}

/// Carries out the plan, as the system does whose source it is.
fn visit(collection: Collection<'_>, visitor: &mut Visitor<'_>) -> Result<Coverage> {
    let system = collection.source.system();
    if collection.plan.estats.is_some() && system != System::Windows {
        return Err(Error::new(ErrorKind::Unsupported, "switch on", format!("statistics of {system}"))
            .with_hint("only Windows has them switched off: elsewhere they are always there"));
    }
    match system {
        System::Linux => linux::visit(collection, visitor),
        System::Macos => apple::visit(collection, visitor),
        System::Windows => windows::visit(collection, visitor),
    }
}

/// What the machine counts of its connections; what the source does not report is unknown.
fn host_counters(source: &mut dyn Source) -> HostCounters {
    match source.system() {
        System::Linux => linux::host_counters(source),
        System::Macos => HostCounters::default(),
        System::Windows => windows::host_counters(source),
    }
}

/// The limits that sockets share; what the source does not report is unknown.
fn host_limits(source: &mut dyn Source) -> HostLimits {
    match source.system() {
        System::Linux => linux::host_limits(source),
        System::Macos | System::Windows => HostLimits::default(),
    }
}
