//! Who has a port, in words for people.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use pree::{Coverage, Process, Protocol, Socket, State, States};

use super::asked::Asked;
use super::group::{Connections, Group, Shared, is_of_datagrams};
use super::holders::Holders;
use super::reach;
use crate::commands::belongs;
use crate::commands::phrases::{age, command, plural, state, waiting_at, why_nobody};
use crate::text::escape;
use crate::text::words::listed;

/// Ancestors of a process that are named: a limit, should their ids go round in a circle.
const ANCESTORS: usize = 8;

/// Other ends that are named where there is no listener.
const PEERS: usize = 5;

pub(super) struct Screen<'a> {
    pub(super) port: Asked<'a>,
    pub(super) coverage: &'a Coverage,
    /// Everybody who is known by name.
    pub(super) processes: HashMap<u32, Arc<Process>>,
    /// Time from the Unix epoch.
    pub(super) now: Option<Duration>,
    pub(super) whole_commands: bool,
    /// Columns that lines may take, but for what comes from outside.
    pub(super) width: usize,
    /// There may be sockets of several network namespaces.
    pub(super) names_namespaces: bool,
    /// It is this system's, here: what is shown can be ended.
    pub(super) is_here: bool,
}

impl Screen<'_> {
    pub(super) fn text(&self, holders: &Holders) -> String {
        let mut text = String::new();
        for group in &holders.groups {
            self.heading(&mut text, group);
            self.owners(&mut text, group);
            match group.waiting.first().map(|socket| socket.state) {
                None => peers(&mut text, group),
                Some(State::BoundInactive) => {}
                Some(_) => line(&mut text, 2, &queues(group).join(", ")),
            }
        }
        for shared in &holders.shared {
            self.shared(&mut text, shared);
        }
        let is_owned = |group: &Group| {
            group
                .waiting
                .iter()
                .any(|socket| States::LISTENING.contains(socket.state.set()) && !socket.owners.is_empty())
        };
        if self.is_here && self.port.address.is_none() && holders.groups.iter().any(is_owned) {
            let port = match self.port.protocol {
                Some(protocol) => format!("{}/{protocol}", self.port.number),
                None => format!(":{}", self.port.number),
            };
            line(&mut text, 2, &format!("stop: pree kill {port}    see: pree explain :{}", self.port.number));
        }
        text
    }

    /// Counted once, for all the listeners that they may have come to.
    fn shared(&self, text: &mut String, shared: &Shared) {
        let Some(first) = shared.connections.0.first() else { return };
        let mut names = shared.named.clone();
        if shared.others > 0 {
            names.push(plural(shared.others, "other listener"));
        }
        let heading = format!("{}/{} shared by {}", self.port.number, first.protocol, listed(&names, "and"));
        line(text, 0, &format!("{heading}{}", self.namespace(first)));
        let mut counts: Vec<String> = clients(&shared.connections, first.protocol).into_iter().collect();
        counts.extend(states(&shared.connections));
        line(text, 2, &format!("{}, to which of them is not known", counts.join(", ")));
    }

    fn namespace(&self, socket: &Socket) -> String {
        let namespace = socket.network_namespace.as_ref().filter(|_| self.names_namespaces);
        namespace.map(|namespace| format!(" in network namespace {namespace}")).unwrap_or_default()
    }

    fn heading(&self, text: &mut String, group: &Group) {
        let name = format!("{}/{}", self.port.number, group.protocol);
        let place = group.first().map(|socket| self.namespace(socket)).unwrap_or_default();
        let Some(first) = group.waiting.first() else {
            let what = match group.protocol {
                protocol if is_of_datagrams(protocol) => "connected",
                _ => "the local end of connections, no listener",
            };
            return line(text, 0, &format!("{name} {what}{place}"));
        };
        // In order of address: the same stand together.
        let mut addresses: Vec<String> = group.waiting.iter().map(address).collect();
        addresses.dedup();
        let state = state(first.state);
        let reachable = match first.state {
            State::BoundInactive => "neither listening nor connected".to_owned(),
            _ => format!("reachable from: {}", reach::of(group.waiting.iter())),
        };
        let left = format!("{name} {state} {}{place}", addresses.join(" + "));
        if left.chars().count() + 3 + reachable.chars().count() <= self.width {
            line(text, 0, &format!("{left}   {reachable}"));
        } else {
            line(text, 0, &left);
            line(text, 2, &reachable);
        }
    }

    fn owners(&self, text: &mut String, group: &Group) {
        let mut processes: BTreeMap<u32, &Process> = BTreeMap::new();
        for owner in group.first().iter().flat_map(|socket| &socket.owners) {
            processes.insert(owner.pid(), &owner.process);
        }
        for process in processes.values() {
            let mut who = format!("{}[{}]", escape::word(process.name.as_bytes()), process.pid);
            let held = group.first().map_or(&[][..], |socket| &socket.owners);
            if held.iter().all(|owner| owner.pid() != process.pid || owner.io_uring) {
                who.push_str(" through io_uring");
            }
            match (&process.user, process.uid) {
                (Some(user), _) => {
                    let _ = write!(who, " user {}", escape::word(user.as_bytes()));
                }
                (None, Some(uid)) => {
                    let _ = write!(who, " user {uid}");
                }
                (None, None) => {}
            }
            if let Some(arguments) = &process.command_line {
                let room = self.width.saturating_sub(who.chars().count() + 4);
                let room = if self.whole_commands { usize::MAX } else { room };
                let command = command(arguments.as_bytes(), room);
                if !command.is_empty() {
                    let _ = write!(who, "  {command}");
                }
            }
            line(text, 2, &who);
            let belongs = belongs::words(process);
            if !belongs.is_empty() {
                line(text, 4, &belongs);
            }
            if let Some(origin) = self.origin(process) {
                line(text, 4, &origin);
            }
        }
        let Some(socket) = group.first() else { return };
        if let Some(reason) = socket.unowned {
            let mut why = why_nobody(reason, self.coverage).to_owned();
            if let Some(tunnel) = &socket.tunnel {
                let _ = write!(why, ", for the tunnel {}", escape::word(tunnel.as_bytes()));
            }
            line(text, 2, &why);
        }
    }

    /// Who started it, and when.
    fn origin(&self, process: &Process) -> Option<String> {
        let mut chain = Vec::new();
        let mut parent = process.parent;
        while let Some(pid) = parent.filter(|pid| *pid != 0) {
            if chain.len() == ANCESTORS {
                break;
            }
            let known = self.processes.get(&pid);
            chain.push(match known {
                Some(known) => format!("{}[{pid}]", escape::word(known.name.as_bytes())),
                None => format!("pid {pid}"),
            });
            parent = known.and_then(|known| known.parent);
        }
        chain.reverse();
        let started = process.start_time.and_then(pree::model::StartTime::since_unix_epoch);
        let ago = started.zip(self.now).map(|(started, now)| age(now.saturating_sub(started)));
        match (chain.is_empty(), ago) {
            (true, None) => None,
            (true, Some(ago)) => Some(format!("started {ago} ago")),
            (false, None) => Some(format!("started by {}", chain.join(" > "))),
            (false, Some(ago)) => Some(format!("started by {}, {ago} ago", chain.join(" > "))),
        }
    }
}

/// What waits, and how many have come.
fn queues(group: &Group) -> Vec<String> {
    let mut parts = Vec::new();
    let queues: Vec<_> = group.waiting.iter().filter_map(|socket| socket.listen).collect();
    let shown = |queue: &pree::model::ListenQueue| {
        // The kernel lets in one more than the limit.
        let full = if queue.queue > queue.limit { " FULL" } else { "" };
        format!("{}/{}{full}", queue.queue, queue.limit)
    };
    match queues.as_slice() {
        [] => {}
        [one] => parts.push(format!("accept queue {}", shown(one))),
        several => {
            let fullest = several.iter().max_by_key(|queue| (queue.queue > queue.limit, queue.queue));
            let waiting: u64 = several.iter().map(|queue| u64::from(queue.queue)).sum();
            let fullest = fullest.map(shown).unwrap_or_default();
            parts.push(format!("{} accept queues, {waiting} waiting, fullest {fullest}", several.len()));
        }
    }
    parts.extend(group.waiting.iter().filter_map(waiting_at));
    if is_of_datagrams(group.protocol) {
        let unread: u64 = group.waiting.iter().filter_map(|socket| socket.recv_queue).map(u64::from).sum();
        parts.push(format!("{unread} bytes not yet read"));
    }
    let known = clients(&group.connections, group.protocol);
    // Whoever waits in the accept queue is among those that are counted once for all.
    let (known, below) = match (group.shares_clients, group.connections.clients()) {
        (false, _) => (known, None),
        (true, (0, _)) => (None, Some("clients: see below")),
        (true, _) => (known, Some("more clients: see below")),
    };
    parts.extend(known);
    parts.extend(below.map(str::to_owned));
    parts.extend(states(&group.connections));
    // A listener's counter is of more than clients: scans, health checks that only knock, TCP_DEFER_ACCEPT.
    let datagrams = is_of_datagrams(group.protocol);
    let drops = group.waiting.iter().filter_map(|socket| socket.drops.filter(|_| datagrams));
    let dropped: u64 = drops.map(u64::from).sum();
    if dropped > 0 {
        parts.push(format!("{dropped} dropped"));
    }
    parts
}

/// How many clients there are; `None` where there are none and none are needed.
fn clients(connections: &Connections, protocol: Protocol) -> Option<String> {
    let (clients, hosts) = connections.clients();
    let who = if is_of_datagrams(protocol) { "connected peer" } else { "client" };
    let from = if clients > 0 { format!(" from {}", plural(hosts, "host")) } else { String::new() };
    (clients > 0 || !is_of_datagrams(protocol)).then(|| format!("{}{from}", plural(clients, who)))
}

/// How many are in the states that matter.
fn states(connections: &Connections) -> impl Iterator<Item = String> {
    [State::CloseWait, State::SynReceived, State::TimeWait]
        .into_iter()
        .map(|at| (connections.count(at), at))
        .filter(|(count, _)| *count > 0)
        .map(|(count, at)| format!("{count} in {}", state(at)))
}

/// The other ends, where there is no listener.
fn peers(text: &mut String, group: &Group) {
    for socket in group.connections.0.iter().take(PEERS) {
        let remote = socket.shown_remote().map(|end| end.to_string()).unwrap_or_default();
        line(text, 2, &format!("{} {} to {remote}", state(socket.state), socket.shown_local()));
    }
    let rest = group.connections.0.len().saturating_sub(PEERS);
    if rest > 0 {
        line(text, 2, &format!("and {}", plural(rest, "other")));
    }
}

fn line(text: &mut String, indent: usize, words: &str) {
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{:indent$}{words}", "");
}

fn address(socket: &Socket) -> String {
    match (socket.local.ip(), socket.local.socket_addr()) {
        (Some(ip @ IpAddr::V6(_)), _) if ip.is_unspecified() => match socket.v6only {
            Some(true) => "[::]".to_owned(),
            Some(false) => "[::] (IPv4 too)".to_owned(),
            None => "[::] (IPv4 too: unknown)".to_owned(),
        },
        (_, Some(SocketAddr::V6(end))) if end.scope_id() != 0 => {
            format!("[{}%{}]", end.ip(), socket.zone(end.scope_id()))
        }
        (Some(IpAddr::V6(ip)), _) => format!("[{ip}]"),
        (Some(IpAddr::V4(ip)), _) => ip.to_string(),
        (None, _) => socket.shown_local().to_string(),
    }
}

#[cfg(test)]
mod tests;
