//! Sockets that no table reports: each descriptor that leads to a socket which was not met in a table is asked for its
//! protocol. So they are found only where processes hold them, and whichever network namespace they are in.

use std::collections::HashSet;
use std::ops::ControlFlow;

use pree_wire::fd_records::HeldSocket;

use super::delivery::Delivery;
use super::namespaces::NamespaceWalk;
use super::owners::{OwnerSearch, Place};
use super::scope::{TO_LOOK, against_refusal};
use super::tables::read_tables;
use crate::collect::collection::Collection;
use crate::coverage::{Gap, Missing, Origin};
use crate::decode::linux::decode_held;
use crate::error::{ErrorKind, NOT_RECORDED};
use crate::model::{Protocol, Protocols, Socket};
use crate::needs::{Needs, OwnerLookup, SourceChoice};
use crate::plan::Plan;
use crate::query::Query;
use crate::source::{Errno, Failure, ProcessPart, Question, Source, read_all};

/// Delivers what the tables did not report: protocols without a table where they are asked for, and those in `absent`,
/// whose tables this kernel does not have.
pub(super) fn read(
    absent: Protocols,
    collection: &mut Collection<'_>,
    delivery: &mut Delivery<'_>,
) -> ControlFlow<()> {
    let Collection { plan, source, coverage } = collection;
    let wanted = if plan.others { absent | Protocols::OTHER } else { absent };
    if wanted.is_empty() {
        return ControlFlow::Continue(());
    }
    if plan.source == SourceChoice::Diag {
        if plan.others {
            coverage.tells_nothing_of("other", "sock_diag does not report other sockets".to_owned());
        }
        return ControlFlow::Continue(());
    }
    if !delivery.owners.has_looked {
        delivery.owners.look(*source);
    }
    for protocol in Protocol::ALL.into_iter().filter(|protocol| wanted.contains(protocol.set())) {
        coverage.came_from(protocol, Origin::Proc);
    }
    let mut unread = None;
    let mut not_recorded = Vec::new();
    for (inode, places) in delivery.owners.not_met() {
        if places.is_empty() {
            // Its holders are known by ids that /proc does not have.
            unread = Some(Failure::Answer(Errno::EOPNOTSUPP));
        }
        match held(*source, inode, &places) {
            Ok(None) => {}
            Ok(Some(bytes)) => {
                let Ok(held) = HeldSocket::decode(&bytes) else {
                    unread = Some(Failure::MALFORMED);
                    continue;
                };
                let mut socket = decode_held(&held);
                if wanted.contains(socket.protocol.set()) && delivery.deliver(&mut socket).is_break() {
                    return ControlFlow::Break(());
                }
            }
            Err(Failure::NotRecorded) => not_recorded.push(inode),
            Err(failure) => unread = Some(failure),
        }
    }
    if !not_recorded.is_empty() {
        // Who recorded everything met them in tables that this question is not about.
        let told = in_tables(*source);
        if not_recorded.iter().any(|inode| !told.contains(inode)) {
            unread.get_or_insert(Failure::NotRecorded);
        }
    }
    let owners = &delivery.owners;
    let blind = || owners.is_blind().then(|| owners.why_blind());
    if let Some((why, hint)) = unread.map(|failure| why_unread(failure, *source)).or_else(blind) {
        let object = "other".to_owned();
        coverage.add(Gap { what: Missing::Rows, why, count: None, object, hint });
    }
    ControlFlow::Continue(())
}

impl OwnerSearch {
    /// The sockets that somebody holds and no row reported, and where they are held.
    fn not_met(&self) -> Vec<(u64, Vec<Place>)> {
        let met = |inode: &u64| self.met.as_ref().is_some_and(|met| met.contains(inode));
        let not_met = self.map.inodes().filter(|inode| !met(inode));
        not_met.map(|inode| (inode, self.places(inode).collect())).collect()
    }
}

/// The sockets of every table of a recording, from either source. What it lacks is not told here: a socket that it does not
/// have stays missing.
fn in_tables(source: &mut dyn Source) -> HashSet<u64> {
    let of_source = |choice| {
        let query = Query::new().protocols(Protocols::all() - Protocols::OTHER).source(choice);
        Some(read_inodes(source, Plan::new(&query).ok()?).0)
    };
    [SourceChoice::Auto, SourceChoice::Proc].into_iter().filter_map(of_source).flatten().collect()
}

/// The sockets of these protocols that the plan's tables have now, of the namespace that the source is in; `None` where some
/// could not be read.
pub(super) fn inodes_now(source: &mut dyn Source, protocols: Protocols, plan: &Plan) -> Option<HashSet<u64>> {
    let mut plan = plan.clone();
    (plan.needs, plan.asked, plan.owners) = (Needs::empty(), Needs::empty(), OwnerLookup::None);
    // Where the source does not report TCP sockets that are only bound, it reported none before.
    (plan.others, plan.asks_for_bound) = (false, false);
    plan.tables.retain(|table| protocols.contains(table.protocol.set()));
    let (inodes, is_whole) = read_inodes(source, plan);
    is_whole.then_some(inodes)
}

/// The inodes of all rows that come by, and whether all could be read.
fn read_inodes(source: &mut dyn Source, plan: Plan) -> (HashSet<u64>, bool) {
    let mut visitor = |_: &Socket| ControlFlow::Continue(());
    let mut collection = Collection::new(plan, source);
    let mut delivery = Delivery::new(&collection.plan, &mut visitor);
    delivery.owners.met = Some(HashSet::new());
    delivery.begin(None, &mut collection);
    let here = (&mut NamespaceWalk::own(), &None);
    let read = read_tables(&mut collection, here, &mut delivery, &mut Protocols::empty());
    let is_whole = read.is_ok() && !collection.coverage.lacks_rows();
    (delivery.owners.met.take().unwrap_or_default(), is_whole)
}

/// What the first descriptor reports that still leads to this socket; `None` when none does.
fn held(source: &mut dyn Source, inode: u64, places: &[Place]) -> Result<Option<Vec<u8>>, Failure> {
    let mut unread = None;
    for Place { pid, thread, fd } in places.iter().copied() {
        let part = ProcessPart::HeldSocket { thread, fd };
        match read_all(source, &Question::Process { pid, part }) {
            Ok(bytes) if HeldSocket::decode(&bytes).is_ok_and(|held| held.inode != inode) => {}
            Ok(bytes) => return Ok(Some(bytes)),
            Err(failure) if failure.kind() == ErrorKind::Absent => {}
            Err(failure) => unread = Some(failure),
        }
    }
    unread.map_or(Ok(None), Err)
}

fn why_unread(failure: Failure, source: &mut dyn Source) -> (ErrorKind, &'static str) {
    match failure.kind() {
        ErrorKind::NotRecorded => (ErrorKind::NotRecorded, NOT_RECORDED),
        ErrorKind::NotPermitted => (ErrorKind::NotPermitted, against_refusal(source, TO_LOOK)),
        ErrorKind::Unsupported => (ErrorKind::Unsupported, "it takes a /proc of one's own pid namespace"),
        kind => (kind, ""),
    }
}
