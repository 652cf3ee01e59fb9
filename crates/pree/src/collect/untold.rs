//! What macOS and Windows do not tell of a socket, so that a filter on it is undecided: for each field, on each system, whether the
//! row could have it and why it does not. What Linux does not tell is in `linux/untold.rs`.

use crate::coverage::{Gap, Missing};
use crate::decode::{apple, windows};
use crate::error::ErrorKind;
use crate::field::{Field, Section, Value, View, of_owner};
use crate::model::{Family, Owner, Protocol, Socket, State};
use crate::source::System;

/// Statistics that macOS tells, and what Windows tells once it is switched on; see PLATFORM.md, *Fields by system*.
const MACOS: &[&str] = &[
    "backoff",
    "rto",
    "snd_mss",
    "rtt",
    "rttvar",
    "bytes_acked",
    "bytes_received",
    "snd_wnd",
    "rcv_wnd",
    "snd_wscale",
    "rcv_wscale",
    "counts_since",
    "cwnd_bytes",
    "ssthresh_bytes",
    "snd_una",
    "snd_nxt",
    "rcv_nxt",
];
const WINDOWS: &[&str] = &[
    "recvq",
    "sendq",
    "dir",
    "retransmits",
    "rto",
    "snd_mss",
    "rtt",
    "rttvar",
    "advmss",
    "retrans",
    "bytes_acked",
    "bytes_received",
    "segs_out",
    "segs_in",
    "notsent_bytes",
    "minrtt",
    "data_segs_in",
    "data_segs_out",
    "rwnd_limited",
    "bytes_sent",
    "bytes_retrans",
    "dsack_dups",
    "snd_wnd",
    "rcv_wnd",
    "total_rto",
    "received_ce",
    "snd_wscale",
    "rcv_wscale",
    "counts_since",
    "max_rtt",
    "fast_retrans",
    "spurious_rtos",
    "cwnd_limited",
    "sender_limited",
    "outbound_bandwidth",
    "inbound_bandwidth",
    "cwnd_bytes",
    "ssthresh_bytes",
    "snd_una",
    "snd_nxt",
    "rcv_nxt",
];

/// What helps where statistics are not told: on Windows, and on macOS.
pub(super) const SWITCH_ON: &str = "Windows collects them only where that is switched on: --estats 5s (Query::collect_estats), as administrator";
pub(super) const ONLY_IN_LISTS: &str = "only the list of control blocks has them: run as root";

/// What of an owner a system never tells.
const NEVER_OF_OWNERS: &[(System, &str)] = &[
    (System::Macos, "pcgroup"),
    (System::Windows, "pcgroup"),
    (System::Windows, "fd"),
    (System::Windows, "puid"),
    (System::Windows, "puser"),
    (System::Windows, "cmd"),
];

/// Why a field of a row is not told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Why {
    /// The system never tells it, or not of such a socket.
    Never,
    /// It is among the statistics, and this row has none.
    NoStats,
    /// The process was closed to us.
    Refused,
}

/// Rows that a filter could not decide, a gap for each reason.
pub(super) struct Undecided {
    system: System,
    /// Why, the fields that were not told, and how many rows lack any of them.
    rows: Vec<(Why, Vec<&'static str>, u64)>,
}

impl Undecided {
    pub(super) fn new(system: System) -> Self {
        Self { system, rows: Vec::new() }
    }

    /// Whether the field is not told of this row, though it might have it.
    pub(super) fn is_untold(&self, field: &Field, view: &View<'_>) -> bool {
        why_untold(self.system, field, view).is_some()
    }

    /// Counts a row that might match if these fields were told.
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
                (Why::Never, System::Windows) => (ErrorKind::Unsupported, "Windows does not tell it"),
                (Why::Never, _) => (ErrorKind::Unsupported, "macOS does not tell it"),
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
    let of_statistics = match (field.section, system) {
        (Section::Tcp | Section::Quality, _) => true,
        (_, System::Windows) => matches!(field.name, "recvq" | "sendq" | "dir"),
        _ => false,
    };
    match (of_statistics, &socket.tcp) {
        (true, None) if has_stats(system, socket) && is_told(system, field) => Some(Why::NoStats),
        // It is told, and has no value yet.
        (true, Some(_)) if is_told(system, field) => None,
        _ => Some(Why::Never),
    }
}

fn why_untold_of_owners(system: System, field: &Field, socket: &Socket) -> Option<Why> {
    let of_one = of_owner().find(|one| one.key == field.key)?;
    let lacks = |owner: &&Owner| (of_one.get)(owner) == Value::Unknown;
    if NEVER_OF_OWNERS.contains(&(system, field.name)) {
        return socket.owners.iter().any(|owner| lacks(&owner)).then_some(Why::Never);
    }
    // One without a name has ended.
    let is_refused = |owner: &&Owner| lacks(owner) && !owner.process.name.is_empty();
    let may_be_refused = matches!(field.name, "exe" | "cmd");
    (may_be_refused && socket.owners.iter().any(|owner| is_refused(&owner))).then_some(Why::Refused)
}

/// Whether a socket of this kind can have it, wherever it may be told.
fn may_have(system: System, field: &Field, socket: &Socket) -> bool {
    let is_connection = socket.protocol == Protocol::Tcp && socket.remote.is_some();
    let is_bound = matches!(socket.state, State::Listen | State::Unconnected | State::BoundInactive);
    match (field.section, field.name) {
        (Section::Socket, "tos") => socket.family == Family::Ipv4,
        (Section::Socket, "tclass") => socket.family == Family::Ipv6,
        (Section::Socket, "v6only") => socket.family == Family::Ipv6 && is_bound,
        (Section::Socket, "dir" | "upper_layer") | (Section::Timer | Section::Peer, _) => is_connection,
        (Section::Tcp | Section::Quality, _) => has_stats(system, socket),
        (Section::Listen, _) => socket.state == State::Listen,
        (Section::Unix, _) => socket.protocol == Protocol::Unix,
        (Section::Socket | Section::Memory, _) => true,
        // Ends are told where there are any; the rest is of sockets, and network namespaces, that are not there.
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

/// Whether a system tells it at all, of what is told as statistics or judged by them.
fn is_told(system: System, field: &Field) -> bool {
    match (system, field.section) {
        // Judgements are made of statistics that macOS does not tell.
        (System::Windows, Section::Quality) => !matches!(field.name, "limited" | "utilisation"),
        (_, Section::Quality) => false,
        (System::Windows, _) => WINDOWS.contains(&field.name),
        _ => MACOS.contains(&field.name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::field;

    const PLATFORM: &str = include_str!("../../../../PLATFORM.md");

    #[test]
    fn the_table_is_that_of_the_documents() {
        let (_, table) = PLATFORM.split_once("| Field | Unit | Linux | macOS | Windows |\n").unwrap();
        let mut lines = 0;
        for line in table.lines().skip(1).take_while(|line| line.starts_with('|')) {
            let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
            let [name, _, _, macos, windows] = cells[..] else { panic!("{line}") };
            let field = field::named(name.trim_matches('`')).unwrap();
            lines += 1;
            for (system, cell) in [(System::Macos, macos), (System::Windows, windows)] {
                let is_told = match field.section {
                    Section::Tcp | Section::Quality => is_told(system, field),
                    Section::Owner if field.name != "thread" => {
                        !NEVER_OF_OWNERS.contains(&(system, field.name))
                    }
                    _ => continue,
                };
                assert_eq!(is_told, cell != "—", "{} on {system}", field.name);
            }
        }
        assert!(lines > 100, "{lines}");
    }
}
