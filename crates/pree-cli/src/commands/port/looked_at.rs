//! What `pree port` looked at, in words: "nobody" applies to that and nothing else.

use std::collections::HashSet;

use pree::{Coverage, Family, Process, Protocol, Protocols, Socket, States};

use super::asked::{self, Asked, is_held};
use crate::commands::phrases::plural;
use crate::session::Options;
use crate::text::escape;
use crate::text::words::listed;

/// Processes that are named.
pub(super) const NAMED: usize = 3;

/// Says that nobody has the port as it was asked for, where pree looked, and who has it in another way.
pub(in crate::commands) fn nobody(
    options: &Options,
    asked: Asked<'_>,
    coverage: &Coverage,
    others: &[Socket],
) -> String {
    let what = match options.states {
        Some(States::LISTENING) => "listens on",
        Some(States::BOUND_INACTIVE) => "is only bound to",
        _ => "has",
    };
    let (held, over): (Vec<&Socket>, Vec<&Socket>) = others.iter().partition(|socket| is_held(socket));
    let (connections, waiting): (Vec<&Socket>, Vec<&Socket>) =
        held.into_iter().partition(|socket| socket.remote.is_some());
    let (port, place) = (asked::port(asked), place(options, asked, coverage));
    let mut parts = vec![if protocols_told(options, asked, coverage).is_empty() {
        format!("whether anybody {what} {port} is unknown ({place})")
    } else {
        format!("nobody {what} {port} ({place})")
    }];
    if let Some(first) = waiting.first() {
        let who = who(&waiting).unwrap_or_else(|| "a socket".to_owned());
        let has = if processes(&waiting).len() > 1 { "have" } else { "has" };
        parts.push(format!("{who} {has} {} {}", first.protocol, first.local));
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
fn place(options: &Options, asked: Asked<'_>, coverage: &Coverage) -> String {
    let told = protocols_told(options, asked, coverage);
    let named = if told.is_empty() { protocols(options, asked).collect() } else { told.clone() };
    let names: Vec<String> = named.iter().map(ToString::to_string).collect();
    let mut text = listed(&names, "and");
    let families: Vec<String> = options.families.iter().map(|family| words(*family)).collect();
    if !families.is_empty() {
        text = format!("{text} over {}", listed(&families, "and"));
    }
    let place = options.looked_at(coverage);
    let whole = if coverage.lacks_rows() { ", as far as could be seen" } else { "" };
    let may_be_bound = options.states != Some(States::LISTENING);
    let lacks_bound = may_be_bound && coverage.lacks_bound() && told.contains(&Protocol::Tcp);
    let bound = if lacks_bound { "; sockets that are only bound are not reported" } else { "" };
    format!("{text} in {place}{whole}{bound}")
}

fn protocols(options: &Options, asked: Asked<'_>) -> impl Iterator<Item = Protocol> {
    let named = asked.protocol.map_or(options.protocols.unwrap_or(Protocols::USUAL), Protocol::set);
    Protocol::ALL.into_iter().filter(move |one| named.contains(one.set()))
}

/// The protocols that were asked for, without those that may be there and are not reported.
pub(super) fn protocols_told(options: &Options, asked: Asked<'_>, coverage: &Coverage) -> Vec<Protocol> {
    let is_told = |protocol: &Protocol| !coverage.not_told().any(|name| name == protocol.name());
    protocols(options, asked).filter(is_told).collect()
}

fn words(family: Family) -> String {
    match family {
        Family::Ipv4 => "IPv4".to_owned(),
        Family::Ipv6 => "IPv6".to_owned(),
        other => other.to_string(),
    }
}

/// Who holds these, each once.
fn processes<'s>(sockets: &[&'s Socket]) -> Vec<&'s Process> {
    let mut known = HashSet::new();
    let owners = sockets.iter().flat_map(|socket| &socket.owners);
    owners.map(|owner| &*owner.process).filter(|process| known.insert(process.pid)).collect()
}

/// The holders of these, by name; `None` when none is known.
pub(super) fn who(sockets: &[&Socket]) -> Option<String> {
    let mut processes = processes(sockets);
    let rest = processes.len().saturating_sub(NAMED);
    processes.truncate(NAMED);
    let name = |it: &&Process| format!("{}[{}]", escape::word(it.name.as_bytes()), it.pid);
    let mut names: Vec<String> = processes.iter().map(name).collect();
    if rest > 0 {
        names.push(plural(rest, "other"));
    }
    (!names.is_empty()).then(|| listed(&names, "and"))
}

#[cfg(test)]
mod tests {
    use super::super::holders::tests::listener;
    use super::*;

    #[test]
    fn one_has_and_several_have() {
        let asked = Asked::read("[::1]:80").ok().unwrap();
        for (pids, says) in [
            (&[7][..], "; \"\"[7] has tcp 0.0.0.0:80"),
            (&[7, 8, 9], "; \"\"[7], \"\"[8] and \"\"[9] have tcp 0.0.0.0:80"),
            (&[1, 2, 3, 4], "; \"\"[1], \"\"[2], \"\"[3] and 1 other have tcp 0.0.0.0:80"),
            (&[], "; a socket has tcp 0.0.0.0:80"),
        ] {
            let others = [listener("0.0.0.0:80", pids)];
            let text = nobody(&Options::default(), asked, &Coverage::default(), &others);
            assert!(text.ends_with(says), "{text}");
        }
    }
}
