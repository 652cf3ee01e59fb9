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
mod directions;
mod ends;
mod held;
mod host;
mod in_flight;
mod inode_map;
mod namespaces;
mod owners;
mod proc_net;
#[cfg(feature = "linux-procfs")]
mod procfs;
mod program;
mod scope;
mod sequences;
#[cfg(test)]
mod steps;
mod tables;
mod unix_ends;
mod untold;
mod walk;

use std::collections::HashSet;
use std::ops::ControlFlow;

use pree_wire::proc_net::protocols::protocols;

use super::{Visitor, names};
use crate::coverage::Coverage;
use crate::decode::linux::protocol_named;
use crate::error::Result;
use crate::filter::Name;
use crate::model::{OtherProtocol, Protocols};
use crate::needs::{OwnerLookup, OwnerSource};
use crate::plan::Plan;
use crate::source::{Namespaces, Question, Source, read_all};
use delivery::{Delivery, Part};
pub(super) use host::{host_counters, host_limits};
use namespaces::NamespaceWalk;
use owners::OwnerSearch;
use proc_net::{IPV6, NO_IPV6};
use tables::{decoder, read_tables, tell_absent};

/// The number of an interface that a namespace does not have: no socket is bound to it.
const NO_INTERFACE: u64 = u64::MAX;

pub(super) fn visit(plan: &Plan, source: &mut dyn Source, visitor: &mut Visitor<'_>) -> Result<Coverage> {
    let mut coverage = Coverage::default();
    let mut walk = NamespaceWalk::new(plan, source)?;
    let mut delivery = Delivery::new(plan, OwnerSearch::new(plan), visitor);
    let mut flow = read_namespaces(plan, &mut walk, source, &mut delivery, &mut coverage)?;
    if delivery.holds_too_many() {
        // Nothing was passed on: what was expected to be few is read again, as many are.
        coverage = Coverage::default();
        delivery.look(source);
        walk.restart();
        flow = read_namespaces(plan, &mut walk, source, &mut delivery, &mut coverage)?;
    }
    if flow.is_continue() {
        // Break here only means that the visitor has enough.
        let _ = delivery.finish(source, &mut coverage);
    }
    delivery.untold().for_each(|gap| coverage.add(gap));
    tell_what_is_not_there(plan, source, &mut coverage);
    walk.tell(&mut coverage);
    Ok(coverage)
}

/// Reads every table of every namespace. An error means that none came from anywhere.
fn read_namespaces(
    plan: &Plan,
    walk: &mut NamespaceWalk,
    source: &mut dyn Source,
    delivery: &mut Delivery<'_, '_>,
    coverage: &mut Coverage,
) -> Result<ControlFlow<()>> {
    let mut first_error = None;
    let (mut absent, mut last) = (Protocols::empty(), None);
    for stop in walk.stops.clone() {
        if !walk.enter(&stop, plan, source)? {
            continue;
        }
        let plan = last.insert(here(plan, walk.is_long, source, coverage)?);
        if delivery.is_first() && plan.owners != OwnerLookup::None && plan.owner_source == OwnerSource::Bpf {
            bpf_owners::demand(source)?;
        }
        let decoder = decoder(source);
        delivery.begin(Part::new(plan, stop.clone(), source), plan, source);
        // Only for the kernel: each row is asked the filter as it was.
        if let Some(ports) = delivery.bound_ports(source) {
            plan.filter = plan.filter.as_ref().map(|filter| filter.at_local_ports(&ports));
        }
        match read_tables(plan, &decoder, (walk, &stop), source, delivery, coverage, &mut absent) {
            Ok(ControlFlow::Continue(())) => {}
            Ok(ControlFlow::Break(())) => return Ok(ControlFlow::Break(())),
            // Another namespace may answer.
            Err(error) if walk.is_long => {
                first_error.get_or_insert(error);
            }
            Err(error) => return Err(error),
        }
    }
    let Some(last) = &last else { return Ok(ControlFlow::Continue(())) };
    if let Some(error) = first_error.filter(|_| coverage.origins().is_empty()) {
        return Err(error);
    }
    if plan.namespaces != Namespaces::Own && (plan.others || !absent.is_empty()) {
        // A descriptor does not tell the namespace of its socket.
        delivery.begin(Part::nowhere(last), last, source);
    }
    Ok(held::read(last, absent, source, delivery, coverage))
}

/// The plan with the numbers that names have in this namespace. Where others are asked too, one may lack an interface.
fn here(plan: &Plan, others: bool, source: &mut dyn Source, coverage: &mut Coverage) -> Result<Plan> {
    let mut plan = plan.clone();
    if let Some(filter) = &mut plan.filter {
        filter.resolve(|what, name| match names::number(source, what, name)? {
            None if others && what == Name::Device => {
                coverage.note(format!("not every network namespace has an interface {name:?}"));
                Ok(Some(NO_INTERFACE))
            }
            number => Ok(number),
        })?;
    }
    Ok(plan)
}

/// Says of what was asked for by name, and has no table that could be missing, that this kernel does not have it.
fn tell_what_is_not_there(plan: &Plan, source: &mut dyn Source, coverage: &mut Coverage) {
    let named: Vec<&str> =
        OtherProtocol::KNOWN.into_iter().filter(|name| plan.others && plan.names(name)).collect();
    let asks_for_ipv6 = plan.names(IPV6);
    if named.is_empty() && !asks_for_ipv6 {
        return;
    }
    // Without an answer it may have it.
    let Ok(text) = read_all(source, &Question::Protocols) else { return };
    let known: HashSet<String> =
        protocols(&text).map(|name| protocol_named(name).name().to_owned()).collect();
    for name in named.into_iter().filter(|name| !known.contains(*name)) {
        tell_absent(name, coverage);
    }
    if asks_for_ipv6 && !protocols(&text).any(|name| name.ends_with(b"v6")) {
        coverage.has_no(IPV6, NO_IPV6.to_owned());
    }
}
