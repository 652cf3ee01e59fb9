//! Windows: rows from IP Helper's tables, each with the process that made it; names of processes from Toolhelp, statistics
//! from EStats.
//!
//! A table is one answer, made by the system at one moment: it cannot be torn. What comes after it, of processes and
//! connections, can have gone meanwhile.

mod estats;
mod host;
mod owners;
mod tables;

use std::ops::ControlFlow;
use std::rc::Rc;

use pree_wire::windows::tables as wire;

use super::Visitor;
use super::collection::Collection;
use super::delivery::Delivery;
use crate::coverage::{Coverage, Gap, Missing, Origin};
use crate::decode::windows::{Endpoint, endpoint, text};
use crate::error::{Error, ErrorKind, Result};
use crate::filter::Name;
use crate::model::Protocol;
use crate::needs::{Needs, OwnerLookup};
use crate::source::{OwnerClass, Question, WindowsQuestion, WindowsTable, read_all};
use estats::{Estats, Switches};
pub(super) use host::host_counters;
use owners::{Owners, Read};
use tables::{ask, tables_of};

/// What a plan asks for and Windows has, without a list of it anywhere.
const UNLISTED: &str = "Windows has no list of them";

pub(super) fn visit(mut collection: Collection<'_>, visitor: &mut Visitor<'_>) -> Result<Coverage> {
    let mut rows = Delivery::new(&mut collection, visitor, |_, what, name| {
        let what = match what {
            Name::User => "user",
            Name::Device => "interface",
            Name::Cgroup => "cgroup",
        };
        Err(Error::new(ErrorKind::Unsupported, "find", format!("{what} {name:?} of Windows"))
            .with_hint("an interface can be named by its index"))
    })?;
    let switches = Switches::on(&mut collection, &rows)?;
    let result = read_tables(&mut collection, &mut rows);
    // Whatever came of it, the machine is left as it was.
    switches.off(&mut collection);
    result?;
    rows.finish(&mut collection.coverage);
    Ok(collection.coverage)
}

/// Reads every table. An error means that none came.
fn read_tables(collection: &mut Collection<'_>, rows: &mut Delivery<'_>) -> Result<()> {
    let plan = Rc::clone(&collection.plan);
    let mut owners = Owners::new(&plan);
    let mut estats = Estats::new(&plan);
    let mut first_error = None;
    'tables: for table in &plan.tables {
        for table in tables_of(*table).into_iter().flatten() {
            match read_table(table, collection, rows, &mut owners, &mut estats) {
                Ok(ControlFlow::Continue(())) => {}
                Ok(ControlFlow::Break(())) => break 'tables,
                Err(error) => {
                    let hint = error.hint_text();
                    collection.coverage.add(gap(error.kind(), table.name(), hint));
                    first_error.get_or_insert(error);
                }
            }
        }
        if let Some(error) = tell_unlisted(table.protocol, &mut collection.coverage) {
            first_error.get_or_insert(error);
        }
    }
    if plan.others {
        collection.coverage.add(gap(ErrorKind::Unsupported, "other", UNLISTED));
        first_error.get_or_insert(unlisted("other sockets"));
    }
    match first_error {
        Some(error) if collection.coverage.origins().is_empty() => return Err(error),
        _ => {}
    }
    estats.tell(&mut collection.coverage);
    owners.tell(&mut collection.coverage);
    Ok(())
}

fn gap(why: ErrorKind, object: &str, hint: &'static str) -> Gap {
    Gap { what: Missing::Rows, why, count: None, object: object.to_owned(), hint }
}

fn unlisted(what: &str) -> Error {
    Error::new(ErrorKind::Unsupported, "list", format!("{what} of Windows")).with_hint(UNLISTED)
}

/// What Windows has and does not list is missing; what it does not have is not.
fn tell_unlisted(protocol: Protocol, coverage: &mut Coverage) -> Option<Error> {
    match protocol {
        Protocol::Tcp | Protocol::Udp => None,
        Protocol::Unix | Protocol::Raw | Protocol::Vsock => {
            coverage.add(gap(ErrorKind::Unsupported, protocol.table_name(), UNLISTED));
            Some(unlisted(&format!("{protocol} sockets")))
        }
        protocol => {
            coverage.has_no(protocol.name(), format!("Windows has no {protocol} sockets"));
            None
        }
    }
}

fn read_table(
    table: WindowsTable,
    collection: &mut Collection<'_>,
    rows: &mut Delivery<'_>,
    owners: &mut Owners,
    estats: &mut Estats,
) -> Result<ControlFlow<()>> {
    let Collection { plan, source, coverage } = collection;
    let (bytes, class) = ask(table, *source)?;
    coverage.came_from(table.protocol(), Origin::IpHelper);
    let mut modules = plan.needs.contains(Needs::MODULE) && class == OwnerClass::Module;
    for row in wire::rows(&bytes, class, table.row_size(class)) {
        let Some((row, mut endpoint)) = row.ok().and_then(|row| Some((row, endpoint(table, row)?))) else {
            coverage.add(gap(ErrorKind::Malformed, table.name(), ""));
            break;
        };
        let Endpoint { socket, pid, connection } = &mut endpoint;
        let flow = rows.deliver(socket, |socket| {
            if plan.owners != OwnerLookup::None {
                owners.find(*pid, socket, Read { table, bytes: &bytes, class }, *source);
            }
            if modules {
                let question = Question::Windows(WindowsQuestion::Module { table, row });
                match read_all(*source, &question) {
                    Ok(name) => socket.module = Some(text(&name)),
                    // This version cannot: neither for the others.
                    Err(failure) => modules = failure.kind() != ErrorKind::Unsupported,
                }
            }
            if let Some(connection) = *connection {
                estats.read(connection, socket, *source);
            }
        });
        if flow.is_break() {
            return Ok(flow);
        }
    }
    Ok(ControlFlow::Continue(()))
}
