//! The tables of one namespace, each from one source: never rows of two sources in one table.

use std::ops::ControlFlow;
use std::rc::Rc;
use std::sync::Arc;

use pree_wire::proc_net::protocols::protocols;

use super::blind::read_with_retries;
use super::delivery::Delivery;
use super::namespaces::{NamespaceWalk, Stop};
use super::untold::{NO_NAMESPACE, NOT_IN_PROC};
use super::{diag, proc_net};
use crate::collect::collection::Collection;
use crate::coverage::{Coverage, Gap, Missing, Origin};
use crate::decode::linux::{Decoder, protocol_named};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Protocol, Protocols, States};
use crate::needs::{Needs, SourceChoice};
use crate::plan::{MAY_BE_HELD, Table};
use crate::source::{Errno, Failure, Question, Source, read_all};

/// Reads every table. An error means that none came from anywhere.
pub(super) fn read_tables(
    collection: &mut Collection<'_>,
    (walk, stop): (&mut NamespaceWalk, &Stop),
    delivery: &mut Delivery<'_>,
    absent: &mut Protocols,
) -> Result<ControlFlow<()>> {
    let (decoder, unread) = decoder(collection.source);
    let reason = unread.map(|failure| (Needs::NAMESPACE, (failure.kind(), NO_NAMESPACE)));
    delivery.untold.refused.extend(reason);
    let plan = Rc::clone(&collection.plan);
    let mut first_error = None;
    for table in &plan.tables {
        let read = read_table(*table, collection, &decoder, delivery, absent);
        delivery.end_table(collection.source);
        match read {
            Ok(ControlFlow::Continue(())) => {}
            Ok(ControlFlow::Break(())) => return Ok(ControlFlow::Break(())),
            Err(error) => {
                let (name, why) = (table.name(), error.kind());
                if !walk.lacks(stop, name, why) {
                    let (what, object) = (Missing::Rows, name.to_owned());
                    collection.coverage.add(Gap { what, why, count: None, object, hint: "" });
                }
                first_error.get_or_insert(error);
            }
        }
    }
    match first_error {
        Some(error) if collection.coverage.origins().is_empty() && !plan.others => Err(error),
        _ => Ok(ControlFlow::Continue(())),
    }
}

/// Reads what identities are made of; a system that refuses it still has sockets. And why the namespace is not known.
pub(super) fn decoder(source: &mut dyn Source) -> (Decoder, Option<Failure>) {
    let boot = read_all(source, &Question::BootId).unwrap_or_default();
    let network_namespace = read_with_retries(source, &Question::NetNamespace);
    let release = read_all(source, &Question::KernelRelease).unwrap_or_default();
    let decoder = Decoder::new(&boot, network_namespace.as_deref().unwrap_or_default(), &release);
    (decoder, network_namespace.err())
}

/// Reads one table from one source: never rows of two sources in one table.
fn read_table(
    table: Table,
    collection: &mut Collection<'_>,
    decoder: &Decoder,
    delivery: &mut Delivery<'_>,
    absent: &mut Protocols,
) -> Result<ControlFlow<()>> {
    let plan = Rc::clone(&collection.plan);
    let refused = match plan.source {
        SourceChoice::Auto | SourceChoice::Diag if table.protocol != Protocol::Icmp => {
            match diag::read(table, collection, decoder, delivery) {
                Ok(flow) => {
                    collection.coverage.came_from(table.protocol, Origin::Diag);
                    let is_told = decoder.tells_bound || delivery.untold.saw_bound;
                    let asks = plan.states.contains(States::BOUND_INACTIVE);
                    if flow.is_continue() && table.protocol == Protocol::Tcp && asks && !is_told {
                        collection.coverage.without_bound();
                        if plan.asks_for_bound {
                            collection.coverage.add(no_bound(ErrorKind::Unsupported, SINCE_6_8));
                        }
                    }
                    return Ok(flow);
                }
                Err(error) if plan.source == SourceChoice::Diag && lacks(table, &error) => {
                    return Ok(told_absent(table, collection, absent));
                }
                Err(error) if plan.source == SourceChoice::Diag => return Err(error),
                Err(error) => Some(error),
            }
        }
        SourceChoice::Diag => return Ok(told_absent(table, collection, absent)),
        SourceChoice::Auto | SourceChoice::Proc | SourceChoice::Procfs => None,
    };
    if plan.needs_the_kernel() {
        return Err(refused.unwrap_or_else(|| {
            Error::new(ErrorKind::Unsupported, "decide autobound from", "/proc/net")
                .with_hint("only the kernel knows who chose a port, and reports it through sock_diag")
        }));
    }
    let (rows, origin) = match proc_net::read(table, collection) {
        Ok(read) => read,
        Err(error)
            if refused.as_ref().is_none_or(|refused| lacks(table, refused)) && lacks(table, &error) =>
        {
            return Ok(told_absent(table, collection, absent));
        }
        // The kernel's first refusal says more than that /proc does not help either.
        Err(error) => return Err(refused.unwrap_or(error)),
    };
    let coverage = &mut collection.coverage;
    coverage.came_from(table.protocol, origin);
    if let Some(error) = &refused {
        coverage.note(format!("{error}; {} sockets come from /proc/net", table.name()));
    }
    let why = refused.as_ref().map_or(ErrorKind::Unsupported, Error::kind);
    delivery.untold.comes_from_proc(table.protocol, why);
    let namespace = decoder.namespace().map(Arc::new);
    let flow = rows.into_iter().try_for_each(|mut socket| {
        // Such a row has no identity that says so.
        socket.network_namespace.clone_from(&namespace);
        delivery.deliver(&mut socket)
    });
    // Who has seen enough misses nothing.
    if flow.is_continue() && table.protocol == Protocol::Tcp && plan.states.contains(States::BOUND_INACTIVE) {
        coverage.without_bound();
        if plan.asks_for_bound {
            coverage.add(no_bound(why, NOT_IN_PROC));
        } else {
            coverage.note(format!("/proc/net does not report {BOUND}"));
        }
    }
    Ok(flow)
}

const BOUND: &str = "TCP sockets that are bound and neither listen nor are connected";
const SINCE_6_8: &str = "sock_diag reports them since Linux 6.8";

fn no_bound(why: ErrorKind, hint: &'static str) -> Gap {
    Gap { what: Missing::Rows, why, count: None, object: BOUND.to_owned(), hint }
}

/// True when the error means that this kernel has no such protocol, or does not report it: Linux dropped UDP-Lite in
/// 7.3, and of the families that came later none is in every kernel.
fn lacks(table: Table, error: &Error) -> bool {
    let may_lack = MAY_BE_HELD | Protocols::UDPLITE | Protocols::ICMP;
    may_lack.contains(table.protocol.set())
        && matches!(
            error.failure(),
            Some(Failure::Answer(Errno::ENOENT | Errno::EAFNOSUPPORT | Errno::EPROTONOSUPPORT))
        )
}

fn told_absent(table: Table, collection: &mut Collection<'_>, absent: &mut Protocols) -> ControlFlow<()> {
    let Collection { plan, source, coverage } = collection;
    let may_be_held = MAY_BE_HELD.contains(table.protocol.set());
    if may_be_held && !is_known(table.protocol, *source) {
        tell_absent(table.protocol.name(), coverage);
        return ControlFlow::Continue(());
    }
    // What may be there all the same is found through its holders.
    *absent |= table.protocol.set() & MAY_BE_HELD;
    let sentence = match table.protocol {
        Protocol::UdpLite => {
            coverage.has_no(table.protocol.name(), "this kernel has no UDP-Lite".to_owned());
            return ControlFlow::Continue(());
        }
        protocol if matches!(plan.source, SourceChoice::Proc | SourceChoice::Procfs) => {
            format!("/proc/net does not report {protocol} sockets")
        }
        // They may be there: where the module that reports them is missing, nothing else does.
        protocol => format!("this kernel does not report {protocol} sockets"),
    };
    coverage.tells_nothing_of(table.protocol.name(), sentence);
    ControlFlow::Continue(())
}

pub(super) fn tell_absent(name: &str, coverage: &mut Coverage) {
    coverage.has_no(name, format!("this kernel has no {name}"));
}

/// False when the kernel says that it has no such protocol: then no process holds such a socket either.
fn is_known(protocol: Protocol, source: &mut dyn Source) -> bool {
    // Without an answer it may have it.
    read_all(source, &Question::Protocols)
        .map_or(true, |text| protocols(&text).any(|name| protocol_named(name) == protocol))
}
