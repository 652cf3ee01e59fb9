//! Linux: rows from `sock_diag` or /proc/net, owners from /proc/PID, joined by inode.
//!
//! Owners are looked up first, then rows stream past them; rows that the first look left without an owner are held to
//! the end and looked up once more, because a socket can be younger than the look. Where few rows are to be expected,
//! they come first and are all held: then only their owners are looked for.

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
mod scope;
mod sequences;
#[cfg(test)]
mod steps;
mod unix_ends;
mod untold;
mod walk;

use std::collections::HashSet;
use std::ops::ControlFlow;

use pree_wire::proc_net::protocols::protocols;

use super::{Visitor, names};
use crate::coverage::{Coverage, Gap, Missing, Origin};
use crate::decode::linux::{Decoder, protocol_named};
use crate::error::{Error, ErrorKind, Result};
use crate::filter::Name;
use crate::model::{OtherProtocol, Protocol, Protocols, Socket, State, States};
use crate::needs::{OwnerLookup, OwnerSource, SourceChoice};
use crate::plan::{MAY_BE_HELD, Plan, Table};
use crate::source::{Errno, Failure, Namespaces, Question, Source, read_all};
use delivery::{Delivery, Part};
pub(super) use host::{host_counters, host_limits};
use namespaces::{Stop, Tour};
use owners::OwnerSearch;

/// The name of the family in filters.
const IPV6: &str = "ipv6";
const NO_IPV6: &str = "this kernel has no IPv6";

/// The number of an interface that a namespace does not have: no socket is bound to it.
const NO_INTERFACE: u64 = u64::MAX;

pub(super) fn visit(plan: &Plan, source: &mut dyn Source, visitor: &mut Visitor<'_>) -> Result<Coverage> {
    let mut coverage = Coverage::default();
    let mut tour = Tour::new(plan, source)?;
    let mut delivery = Delivery::new(plan, OwnerSearch::new(plan), visitor);
    let mut flow = read_namespaces(plan, &mut tour, source, &mut delivery, &mut coverage)?;
    if delivery.holds_too_many() {
        // Nothing was passed on: what was expected to be few is read again, as many are.
        coverage = Coverage::default();
        delivery.look(source);
        tour.restart();
        flow = read_namespaces(plan, &mut tour, source, &mut delivery, &mut coverage)?;
    }
    if flow.is_continue() {
        // Break here only means that the visitor has enough.
        let _ = delivery.finish(source, &mut coverage);
    }
    delivery.sequence_gap().into_iter().chain(delivery.untold()).for_each(|gap| coverage.add(gap));
    tell_what_is_not_there(plan, source, &mut coverage);
    tour.tell(&mut coverage);
    Ok(coverage)
}

/// Reads every table of every namespace. An error means that none came from anywhere.
fn read_namespaces(
    plan: &Plan,
    tour: &mut Tour,
    source: &mut dyn Source,
    delivery: &mut Delivery<'_, '_>,
    coverage: &mut Coverage,
) -> Result<ControlFlow<()>> {
    let mut first_error = None;
    let (mut absent, mut last) = (Protocols::empty(), None);
    for stop in tour.stops.clone() {
        if !tour.enter(&stop, plan, source)? {
            continue;
        }
        let plan = last.insert(here(plan, tour.is_long, source, coverage)?);
        if delivery.is_first() && plan.owners != OwnerLookup::None && plan.owner_source == OwnerSource::Bpf {
            bpf_owners::demand(source)?;
        }
        let decoder = decoder(source);
        delivery.begin(Part::new(plan, stop.clone(), source), plan, source);
        // Only for the kernel: each row is asked the filter as it was.
        if let Some(ports) = delivery.bound_ports(source) {
            plan.filter = plan.filter.as_ref().map(|filter| filter.at_local_ports(&ports));
        }
        match read_tables(plan, &decoder, (tour, &stop), source, delivery, coverage, &mut absent) {
            Ok(ControlFlow::Continue(())) => {}
            Ok(ControlFlow::Break(())) => return Ok(ControlFlow::Break(())),
            // Another namespace may answer.
            Err(error) if tour.is_long => {
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

/// Reads every table. An error means that none came from anywhere.
fn read_tables(
    plan: &Plan,
    decoder: &Decoder,
    (tour, stop): (&mut Tour, &Stop),
    source: &mut dyn Source,
    delivery: &mut Delivery<'_, '_>,
    coverage: &mut Coverage,
    absent: &mut Protocols,
) -> Result<ControlFlow<()>> {
    let mut first_error = None;
    for table in &plan.tables {
        match read_table(*table, plan, decoder, source, delivery, coverage, absent) {
            Ok(ControlFlow::Continue(())) => {}
            Ok(ControlFlow::Break(())) => return Ok(ControlFlow::Break(())),
            Err(error) => {
                let (name, why) = (table_name(*table), error.kind());
                if !tour.lacks(stop, name, why) {
                    let (what, object) = (Missing::Rows, name.to_owned());
                    coverage.add(Gap { what, why, count: None, object, hint: "" });
                }
                first_error.get_or_insert(error);
            }
        }
    }
    match first_error {
        Some(error) if coverage.origins().is_empty() && !plan.others => Err(error),
        _ => Ok(ControlFlow::Continue(())),
    }
}

/// Reads what identities are made of; a system that refuses it still has sockets.
fn decoder(source: &mut dyn Source) -> Decoder {
    let boot = read_all(source, &Question::BootId).unwrap_or_default();
    let network_namespace = read_all(source, &Question::NetNamespace).unwrap_or_default();
    let release = read_all(source, &Question::KernelRelease).unwrap_or_default();
    Decoder::new(&boot, &network_namespace, &release)
}

fn table_name(table: Table) -> &'static str {
    table.protocol.table_name()
}

/// Reads one table from one source: never rows of two sources in one table.
fn read_table(
    table: Table,
    plan: &Plan,
    decoder: &Decoder,
    source: &mut dyn Source,
    delivery: &mut Delivery<'_, '_>,
    coverage: &mut Coverage,
    absent: &mut Protocols,
) -> Result<ControlFlow<()>> {
    let refused = match plan.source {
        SourceChoice::Auto | SourceChoice::Diag if table.protocol != Protocol::Icmp => {
            match diag::read(table, plan, decoder, source, delivery, coverage) {
                Ok(flow) => {
                    coverage.came_from(table_name(table), Origin::Diag);
                    return Ok(flow);
                }
                Err(error) if plan.source == SourceChoice::Diag && lacks(table, &error) => {
                    return Ok(told_absent(table, plan, source, coverage, absent));
                }
                Err(error) if plan.source == SourceChoice::Diag => return Err(error),
                Err(error) => Some(error),
            }
        }
        SourceChoice::Diag => return Ok(told_absent(table, plan, source, coverage, absent)),
        SourceChoice::Auto | SourceChoice::Proc | SourceChoice::Procfs => None,
    };
    if plan.needs_the_kernel() {
        return Err(refused.unwrap_or_else(|| {
            Error::new(ErrorKind::Unsupported, "decide autobound from", "/proc/net")
                .with_hint("only the kernel knows who chose a port, and tells it through sock_diag")
        }));
    }
    let (rows, origin) = match proc_net::read(table, plan, source, coverage) {
        Ok(read) => read,
        Err(error)
            if refused.as_ref().is_none_or(|refused| lacks(table, refused)) && lacks(table, &error) =>
        {
            return Ok(told_absent(table, plan, source, coverage, absent));
        }
        // The kernel's first refusal says more than that /proc does not help either.
        Err(error) => return Err(refused.unwrap_or(error)),
    };
    coverage.came_from(table_name(table), origin);
    if let Some(error) = &refused {
        coverage.note(format!("{error}; {} sockets come from /proc/net", table_name(table)));
    }
    if table.protocol == Protocol::Tcp && plan.states.contains(States::BOUND_INACTIVE) {
        coverage.note(
            "/proc/net tells nothing of sockets that are bound and neither listen nor are connected"
                .to_owned(),
        );
    }
    let why = refused.as_ref().map_or(ErrorKind::Unsupported, Error::kind);
    delivery.comes_from_proc(table.protocol, why);
    Ok(rows.into_iter().try_for_each(|mut socket| delivery.deliver(&mut socket)))
}

/// True when the error means that this kernel has no such protocol, or does not tell of it: Linux dropped UDP-Lite in
/// 7.3, and of the families that came later none is in every kernel.
fn lacks(table: Table, error: &Error) -> bool {
    let may_lack = MAY_BE_HELD | Protocols::UDPLITE | Protocols::ICMP;
    may_lack.contains(table.protocol.set())
        && matches!(
            error.failure(),
            Some(Failure::Answer(Errno::ENOENT | Errno::EAFNOSUPPORT | Errno::EPROTONOSUPPORT))
        )
}

fn told_absent(
    table: Table,
    plan: &Plan,
    source: &mut dyn Source,
    coverage: &mut Coverage,
    absent: &mut Protocols,
) -> ControlFlow<()> {
    let may_be_held = MAY_BE_HELD.contains(table.protocol.set());
    if may_be_held && !is_known(table.protocol, source) {
        tell_absent(table.protocol.name(), coverage);
        return ControlFlow::Continue(());
    }
    // What may be there all the same is found through its holders.
    *absent |= table.protocol.set() & MAY_BE_HELD;
    let sentence = match table.protocol {
        Protocol::UdpLite => "this kernel has no UDP-Lite".to_owned(),
        protocol if matches!(plan.source, SourceChoice::Proc | SourceChoice::Procfs) => {
            format!("/proc/net tells nothing of {protocol} sockets")
        }
        // They may be there: where the module that tells of them is missing, nothing else does.
        protocol => format!("this kernel tells nothing of {protocol} sockets"),
    };
    coverage.tells_nothing_of(table.protocol.name(), sentence);
    ControlFlow::Continue(())
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
        coverage.tells_nothing_of(IPV6, NO_IPV6.to_owned());
    }
}

fn tell_absent(name: &str, coverage: &mut Coverage) {
    coverage.tells_nothing_of(name, format!("this kernel has no {name}"));
}

/// False when the kernel says that it has no such protocol: then nobody holds such a socket either.
fn is_known(protocol: Protocol, source: &mut dyn Source) -> bool {
    // Without an answer it may have it.
    read_all(source, &Question::Protocols)
        .map_or(true, |text| protocols(&text).any(|name| protocol_named(name) == protocol))
}

/// True for what has statistics when the source gives them: TCP connections that are more than a memory.
fn has_stats(socket: &Socket) -> bool {
    socket.protocol == Protocol::Tcp
        && !matches!(
            socket.state,
            State::Listen | State::TimeWait | State::SynReceived | State::BoundInactive | State::Closed
        )
        // A FIN_WAIT_2 without a file may be as small as TIME_WAIT.
        && !(socket.state == State::FinWait2 && socket.inode.is_none())
}
