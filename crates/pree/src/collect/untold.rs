//! What macOS and Windows do not report about a socket, so that a filter on it is undecided: for each field, on each system, whether the
//! row could have it and why it does not. What Linux does not report is in `linux/untold.rs`.

use crate::coverage::{Gap, Missing};
use crate::decode::{apple, windows};
use crate::error::ErrorKind;
use crate::field::{self, Field, Section, Value, View, of_owner};
use crate::model::{Family, Owner, Protocol, Socket, State};
use crate::needs::Needs;
use crate::source::System;

/// What helps where statistics are not reported: on Windows, and on macOS.
pub(super) const SWITCH_ON: &str = "Windows collects them only where that is switched on: --estats 5s (Query::collect_estats), as administrator";
pub(super) const ONLY_IN_LISTS: &str = "only the list of control blocks has them: run as root";

/// Why a field of a row is not reported.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Why {
    /// The system never reports it, or not of such a socket.
    Never,
    /// It is among the statistics, and this row has none.
    NoStats,
    /// The process was closed to us.
    Refused,
}

/// Rows that a filter could not decide, a gap for each reason.
pub(super) struct Undecided {
    system: System,
    /// Why, the fields that were not reported, and how many rows lack any of them.
    rows: Vec<(Why, Vec<&'static str>, u64)>,
}

impl Undecided {
    pub(super) fn new(system: System) -> Self {
        Self { system, rows: Vec::new() }
    }

    /// Whether the field is not reported about this row, though it might have it.
    pub(super) fn is_untold(&self, field: &Field, view: &View<'_>) -> bool {
        why_untold(self.system, field, view).is_some()
    }

    /// Counts a row that might match if these fields were reported.
    pub(super) fn count(&mut self, fields: &[&'static Field], view: &View<'_>) {
        let mut counted = Vec::new();
        for field in fields {
            let Some(why) = why_untold(self.system, field, view) else { continue };
            let place = self.rows.iter().position(|(known, ..)| *known == why).unwrap_or(self.rows.len());
            if place == self.rows.len() {
                self.rows.push((why, Vec::new(), 0));
            }
            let Some((_, names, count)) = self.rows.get_mut(place) else { continue };
            if !names.contains(&field.name) {
                names.push(field.name);
            }
            if !counted.contains(&why) {
                counted.push(why);
                *count += 1;
            }
        }
    }

    pub(super) fn gaps(&self) -> impl Iterator<Item = Gap> + '_ {
        self.rows.iter().map(|(reason, names, count)| {
            let (why, hint) = match (reason, self.system) {
                (Why::Never, System::Windows) => (ErrorKind::Unsupported, "Windows does not report it"),
                (Why::Never, _) => (ErrorKind::Unsupported, "macOS does not report it"),
                (Why::NoStats, System::Windows) => (ErrorKind::Absent, SWITCH_ON),
                (Why::NoStats, _) => (ErrorKind::NotPermitted, ONLY_IN_LISTS),
                (Why::Refused, System::Windows) => {
                    (ErrorKind::NotPermitted, "run elevated, as administrator")
                }
                (Why::Refused, _) => (
                    ErrorKind::NotPermitted,
                    "other users' processes let only root look into them: run as root",
                ),
            };
            let object = format!("filter by {}", names.join(", "));
            Gap { what: Missing::Rows, why, count: Some(*count), object, hint }
        })
    }
}

fn why_untold(system: System, field: &Field, view: &View<'_>) -> Option<Why> {
    let socket = view.socket();
    if field.section == Section::Owner {
        return why_untold_of_owners(system, field, socket);
    }
    if (field.get)(view) != Value::Unknown || !may_have(system, field, socket) {
        return None;
    }
    // Windows reports queues with the statistics.
    let statistics = match system {
        System::Windows => Needs::STATS | Needs::RECV_QUEUE | Needs::SEND_QUEUE,
        _ => Needs::STATS,
    };
    match (field.told_by.contains(&system) && field.needs.intersects(statistics), &socket.tcp) {
        (true, None) if has_stats(system, socket) => Some(Why::NoStats),
        // It is reported, and has no value yet.
        (true, Some(_)) => None,
        _ => Some(Why::Never),
    }
}

fn why_untold_of_owners(system: System, field: &Field, socket: &Socket) -> Option<Why> {
    let of_one = of_owner().find(|one| one.key == field.key)?;
    let lacks = |owner: &&Owner| (of_one.get)(owner) == Value::Unknown;
    if !field.told_by.contains(&system) {
        return socket.owners.iter().any(|owner| lacks(&owner)).then_some(Why::Never);
    }
    // One without a name has ended.
    let is_refused = |owner: &&Owner| lacks(owner) && !owner.process.name.is_empty();
    let may_be_refused = field.needs.intersects(Needs::PROCESS_EXECUTABLE | Needs::PROCESS_COMMAND_LINE);
    (may_be_refused && socket.owners.iter().any(|owner| is_refused(&owner))).then_some(Why::Refused)
}

/// Whether a socket of this kind can have it, wherever it may be reported.
fn may_have(system: System, field: &Field, socket: &Socket) -> bool {
    let is_connection = socket.protocol == Protocol::Tcp && socket.remote.is_some();
    let is_bound = matches!(socket.state, State::Listen | State::Unconnected | State::BoundInactive);
    match field.section {
        Section::Socket if field == field::TOS => socket.family == Family::Ipv4,
        Section::Socket if field == field::TCLASS => socket.family == Family::Ipv6,
        Section::Socket if field == field::V6ONLY => socket.family == Family::Ipv6 && is_bound,
        // What is asked for with statistics is of connections.
        Section::Socket if field.needs.intersects(Needs::STATS) => is_connection,
        Section::Timer | Section::Peer => is_connection,
        Section::Tcp | Section::Quality => has_stats(system, socket),
        Section::Listen => socket.state == State::Listen,
        Section::Unix => socket.protocol == Protocol::Unix,
        Section::Socket | Section::Memory => true,
        // Ends are reported where there are any; the rest is of sockets, and network namespaces, that are not there.
        _ => false,
    }
}

fn has_stats(system: System, socket: &Socket) -> bool {
    socket.protocol == Protocol::Tcp
        && match system {
            System::Windows => windows::has_stats(socket.state),
            _ => apple::has_stats(socket.state),
        }
}
