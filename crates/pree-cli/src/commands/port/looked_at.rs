//! What `pree port` looked at, in words: "nobody" is true of that and of nothing else.

use std::collections::HashSet;

use pree::{Coverage, Family, Process, Protocol, Protocols, Socket};

use super::asked::{self, Asked, is_held};
use crate::args::{Args, Which};
use crate::commands::phrases::plural;
use crate::commands::source;
use crate::output::escape;

/// Processes that are named.
pub(super) const NAMED: usize = 3;

/// That nobody has the port as it was asked for, where that was looked for, and who has it otherwise.
pub(super) fn nobody(args: &Args, asked: Asked<'_>, coverage: &Coverage, others: &[Socket]) -> String {
    let what = match args.which {
        Some(Which::Listening) => "listens on",
        Some(Which::Bound) => "is only bound to",
        Some(Which::All) | None => "has",
    };
    let (held, over): (Vec<&Socket>, Vec<&Socket>) = others.iter().partition(|socket| is_held(socket));
    let (connections, waiting): (Vec<&Socket>, Vec<&Socket>) =
        held.into_iter().partition(|socket| socket.remote.is_some());
    let mut parts = vec![format!("nobody {what} {} ({})", asked::port(asked), place(args, asked, coverage))];
    if let Some(first) = waiting.first() {
        let who = who(&waiting).unwrap_or_else(|| "a socket".to_owned());
        parts.push(format!("{who} has {} {}", first.protocol, first.local));
    }
    let of = who(&connections).map(|who| format!(" of {who}")).unwrap_or_default();
    match connections.len() {
        0 => {}
        1 => parts.push(format!("a connection{of} uses it")),
        n => parts.push(format!("{n} connections{of} use it")),
    }
    match over.len() {
        0 => {}
        1 => parts.push("the kernel remembers a connection of it (TIME-WAIT)".to_owned()),
        n => parts.push(format!("the kernel remembers {n} connections of it (TIME-WAIT)")),
    }
    parts.join("; ")
}

/// Protocols, families and namespace.
fn place(args: &Args, asked: Asked<'_>, coverage: &Coverage) -> String {
    let named = args.protocols.unwrap_or(Protocols::USUAL);
    let names: Vec<String> = Protocol::ALL
        .iter()
        .filter(|protocol| asked.protocol.map_or(named, Protocol::set).contains(protocol.set()))
        .map(ToString::to_string)
        .collect();
    let mut text = list(&names, "and");
    let families: Vec<String> = args.families.iter().map(|family| words(*family)).collect();
    if !families.is_empty() {
        text = format!("{text} over {}", list(&families, "and"));
    }
    let place = source::looked_at(args, coverage);
    let whole = if coverage.lacks_rows() { ", as far as could be seen" } else { "" };
    format!("{text} in {place}{whole}")
}

fn words(family: Family) -> String {
    match family {
        Family::Ipv4 => "IPv4".to_owned(),
        Family::Ipv6 => "IPv6".to_owned(),
        other => other.to_string(),
    }
}

/// Who holds these, by name; `None` when nobody is known.
pub(super) fn who(sockets: &[&Socket]) -> Option<String> {
    let mut known = HashSet::new();
    let owners = sockets.iter().flat_map(|socket| &socket.owners);
    let mut processes: Vec<&Process> =
        owners.map(|owner| &*owner.process).filter(|process| known.insert(process.pid)).collect();
    let rest = processes.len().saturating_sub(NAMED);
    processes.truncate(NAMED);
    let name = |it: &&Process| format!("{}[{}]", escape::word(it.name.as_bytes()), it.pid);
    let mut names: Vec<String> = processes.iter().map(name).collect();
    if rest > 0 {
        names.push(plural(rest, "other"));
    }
    (!names.is_empty()).then(|| list(&names, "and"))
}

/// `a, b and c`.
pub(super) fn list(words: &[String], and: &str) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} {and} {last}", first.join(", ")),
    }
}
