//! Linux: rows from `sock_diag` or /proc/net, owners from /proc/PID, joined by inode.
//!
//! Owners are looked up first, then rows stream past them; rows that the first look left without an owner are held to
//! the end and looked up once more, because a socket can be younger than the look. Where few rows are to be expected,
//! they come first and are all held: then only their owners are looked for.

mod blind;
mod bound_ports;
mod bpf_owners;
mod delivery;
mod details;
mod diag;
mod held;
mod host;
mod inode_map;
mod joins;
#[cfg(feature = "socket-tracking")]
mod lives;
mod namespaces;
mod owners;
mod proc_net;
#[cfg_attr(not(feature = "linux-procfs"), path = "no_procfs.rs")]
mod procfs;
mod program;
mod scope;
mod second_thoughts;
#[cfg(test)]
mod steps;
mod tables;
mod untold;
mod walk;

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::rc::Rc;

use pree_wire::proc_net::protocols::protocols;

use super::collection::Collection;
use super::{Visitor, names};
use crate::coverage::Coverage;
use crate::decode::linux::protocol_named;
use crate::error::Result;
use crate::filter::Name;
use crate::model::{OtherProtocol, Protocols};
use crate::needs::{OwnerLookup, OwnerSource};
use crate::plan::Plan;
use crate::source::{Namespaces, Question, read_all};
use delivery::Delivery;
pub(super) use host::{host_counters, host_limits};
#[cfg(feature = "socket-tracking")]
pub(crate) use lives::{EndStream, LifeStream, ProcessDetails};
use namespaces::NamespaceWalk;
use proc_net::{IPV6, NO_IPV6};
use tables::{read_tables, tell_absent};

/// The number of an interface that a namespace does not have: no socket is bound to it.
const NO_INTERFACE: u64 = u64::MAX;

pub(super) fn visit(mut collection: Collection<'_>, visitor: &mut Visitor<'_>) -> Result<Coverage> {
    let collection = &mut collection;
    let asked = Rc::clone(&collection.plan);
    let mut walk = NamespaceWalk::new(&asked, collection.source)?;
    if asked.owners != OwnerLookup::None && asked.owner_source == OwnerSource::Bpf {
        bpf_owners::demand(collection.source)?;
    }
    let mut delivery = Delivery::new(&asked, visitor);
    let mut flow = read_namespaces(&asked, &mut walk, collection, &mut delivery)?;
    if delivery.holds_too_many() {
        // Nothing was passed on: what was expected to be few is read again, as many are.
        collection.coverage = Coverage::default();
        delivery.restart(collection.source);
        walk.restart();
        flow = read_namespaces(&asked, &mut walk, collection, &mut delivery)?;
    }
    if flow.is_continue() {
        // Break here only means that the visitor has enough.
        let _ = delivery.finish(collection);
    }
    let untold = delivery.untold.gaps().chain(delivery.owners.unread_once());
    untold.for_each(|gap| collection.coverage.add(gap));
    tell_what_is_not_there(collection);
    walk.tell(&mut collection.coverage);
    Ok(std::mem::take(&mut collection.coverage))
}

/// Reads every table of every namespace. An error means that none came from anywhere.
fn read_namespaces(
    asked: &Rc<Plan>,
    walk: &mut NamespaceWalk,
    collection: &mut Collection<'_>,
    delivery: &mut Delivery<'_>,
) -> Result<ControlFlow<()>> {
    let mut first_error = None;
    let (mut absent, mut any) = (Protocols::empty(), false);
    for stop in walk.stops.clone() {
        if !walk.enter(&stop, asked, collection.source)? {
            continue;
        }
        any = true;
        collection.plan = Rc::clone(asked);
        resolve(collection, walk.is_long)?;
        delivery.begin(stop.clone(), collection);
        match read_tables(collection, (walk, &stop), delivery, &mut absent) {
            Ok(ControlFlow::Continue(())) => {}
            Ok(ControlFlow::Break(())) => return Ok(ControlFlow::Break(())),
            // Another namespace may answer.
            Err(error) if walk.is_long => {
                first_error.get_or_insert(error);
            }
            Err(error) => return Err(error),
        }
    }
    if !any {
        return Ok(ControlFlow::Continue(()));
    }
    if let Some(error) = first_error.filter(|_| collection.coverage.origins().is_empty()) {
        return Err(error);
    }
    if asked.namespaces != Namespaces::Own && (asked.others || !absent.is_empty()) {
        // A descriptor does not report the namespace of its socket.
        delivery.begin(None, collection);
    }
    let flow = held::read(absent, collection, delivery);
    if asked.namespaces == Namespaces::Own {
        delivery.end_table(collection.source);
    }
    Ok(flow)
}

/// Finds the numbers that names have in this namespace. Where others are asked too, one may lack an interface.
fn resolve(collection: &mut Collection<'_>, others: bool) -> Result<()> {
    collection.resolve(|collection, what, name| match names::number(collection.source, what, name)? {
        None if others && what == Name::Device => {
            let note = format!("not every network namespace has an interface {name:?}");
            collection.coverage.note(note);
            Ok(Some(NO_INTERFACE))
        }
        number => Ok(number),
    })
}

/// Says of what was asked for by name, and has no table that could be missing, that this kernel does not have it.
fn tell_what_is_not_there(collection: &mut Collection<'_>) {
    let Collection { plan, source, coverage } = collection;
    let named: Vec<&str> =
        OtherProtocol::KNOWN.into_iter().filter(|name| plan.others && plan.names(name)).collect();
    let asks_for_ipv6 = plan.names(IPV6);
    if named.is_empty() && !asks_for_ipv6 {
        return;
    }
    // Without an answer it may have it.
    let Ok(text) = read_all(*source, &Question::Protocols) else { return };
    let known: HashSet<String> =
        protocols(&text).map(|name| protocol_named(name).name().to_owned()).collect();
    for name in named.into_iter().filter(|name| !known.contains(*name)) {
        tell_absent(name, coverage);
    }
    if asks_for_ipv6 && !protocols(&text).any(|name| name.ends_with(b"v6")) {
        coverage.has_no(IPV6, NO_IPV6.to_owned());
    }
}
