//! A population beside pree's answer: the same rows, no fewer and no more, and every fact of each.

use std::fmt::Debug;
use std::net::SocketAddr;

use pree::model::TimerKind;
use pree::{Address, Family, Protocol, Socket, State};
use pree_testkit::{Failed, Truth};

/// Where rows were read from decides what they can tell.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum View {
    Diag,
    Proc,
    Procfs,
}

/// Every truth has its row and every row its truth.
pub fn check(truth: &[Truth], sockets: &[Socket], view: View) -> Result<(), Failed> {
    check_with(truth, sockets, view, differences)
}

/// The same, with other facts compared.
pub fn check_with(
    truth: &[Truth],
    sockets: &[Socket],
    view: View,
    differences: impl Fn(&Truth, &Socket, View) -> Vec<String>,
) -> Result<(), Failed> {
    let mut rows: Vec<&Socket> = sockets.iter().collect();
    let shown = |truth: &&Truth| view == View::Diag || truth.state != "bound_inactive";
    let mut failures = Vec::new();
    for truth in truth.iter().filter(shown) {
        let nearest = rows
            .iter()
            .enumerate()
            .map(|(at, row)| (at, differences(truth, row, view)))
            .min_by_key(|(_, differences)| differences.len());
        match nearest {
            Some((at, differences)) if differences.is_empty() => {
                rows.swap_remove(at);
            }
            Some((at, differences)) => {
                failures.push(format!("{truth}: {}\n  nearest: {:?}", differences.join(", "), rows[at]));
            }
            None => failures.push(format!("{truth}: no row")),
        }
    }
    if failures.is_empty() {
        failures.extend(rows.iter().map(|row| format!("nobody made {row:?}")));
    }
    if failures.is_empty() { Ok(()) } else { Err(format!("{view:?}:\n{}", failures.join("\n")).into()) }
}

/// What is not as the truth says, in words.
pub fn differences(truth: &Truth, row: &Socket, view: View) -> Vec<String> {
    let mut all = Differences::default();
    let diag = view == View::Diag;
    all.same("protocol", truth.protocol, row.protocol.name());
    all.same("state", Some(truth.state), row.state.name());
    let place = |address: SocketAddr| if diag { address } else { without_scope(address) };
    all.same("local", Address::Inet(place(truth.local)), row.local.clone());
    // The kernel still tells the peer of a connection that was reset, which is none any more.
    let remote = truth.remote.filter(|_| truth.state != "bound_inactive");
    all.same("remote", remote.map(|remote| Address::Inet(place(remote))), row.remote.clone());
    all.same("inode", truth.inode, row.inode);
    all.same("owners", truth.owners.clone(), owners(row));
    all.same("unowned", truth.unowned, row.unowned.map(|reason| reason.name()));
    all.known("uid", truth.uid, row.uid);
    all.known("receive queue", truth.receive_queue_bytes, row.recv_queue);
    all.known("send queue", truth.send_queue_bytes, row.send_queue);
    if let Some(unread) = truth.unread {
        let queue = row.recv_queue.unwrap_or(0);
        all.same("queue holds its payload", true, queue >= unread.payload_bytes);
    }
    if view != View::Procfs {
        all.known("timer", truth.timer, row.timer.map(|timer| timer_name(timer.kind)));
        all.known("drops", truth.drops, row.drops);
    }
    if diag {
        all.known("cookie", truth.cookie, row.kernel_id.map(|id| id.cookie));
        all.same("listen", truth.listen, row.listen.map(|listen| (listen.queue, listen.limit)));
        all.known("v6only", truth.v6only, row.v6only);
        all.same("interface", truth.interface, row.interface);
        // Of what is less than a socket the kernel tells no mark, of the others 0 where there is none.
        all.same("mark", truth.mark, row.mark.filter(|mark| *mark != 0));
        let buffer = row.memory.and_then(|memory| memory.receive_buffer_bytes);
        all.known("receive buffer", truth.receive_buffer_bytes, buffer);
        // A listener has no statistics, and the algorithm is one of them.
        if let Some(tcp) = &row.tcp {
            let name =
                tcp.congestion_algorithm.map(|name| String::from_utf8_lossy(name.as_bytes()).into_owned());
            all.same("algorithm is told", true, name.is_some());
            all.known("congestion", truth.congestion.map(str::to_owned), name);
        }
    } else {
        // The file has a listener's queue, not its limit.
        if let Some((queue, _)) = truth.listen {
            all.same("listen queue", (Some(queue), None), (row.recv_queue, row.send_queue));
        }
    }
    all.0.extend(against_itself(truth, row, view));
    all.0
}

/// What must hold of every row, whatever the truth.
fn against_itself(truth: &Truth, row: &Socket, view: View) -> Vec<String> {
    let mut all = Differences::default();
    let diag = view == View::Diag;
    let family = if truth.local.is_ipv4() { Family::Ipv4 } else { Family::Ipv6 };
    all.same("family", family, row.family);
    let kind = if truth.protocol == "tcp" { "stream" } else { "dgram" };
    all.same("type", Some(kind), row.socket_type.and_then(pree::SocketType::name));
    all.same("identity is known", diag, row.kernel_id.is_some());
    if family == Family::Ipv4 {
        all.same("v6only of IPv4", None, row.v6only);
    }
    all.same("statistics are there", diag && has_stats(row), row.tcp.is_some());
    if let Some(tcp) = &row.tcp {
        all.same("receive queue of tcp", row.recv_queue, tcp.recv_queue_bytes);
        all.same("send queue of tcp", row.send_queue, tcp.send_queue_bytes);
        all.same("memory of tcp", row.memory, tcp.memory);
        all.same("a few numbers", (true, true), (tcp.snd_mss.is_some(), tcp.snd_cwnd.is_some()));
    }
    let small = matches!(row.state, State::TimeWait | State::SynReceived)
        || (row.state == State::FinWait2 && row.inode.is_none());
    all.same("memory is there", diag && !small, row.memory.is_some());
    all.0
}

/// What the kernel keeps statistics of.
pub fn has_stats(row: &Socket) -> bool {
    row.protocol == Protocol::Tcp
        && !matches!(row.state, State::Listen | State::TimeWait | State::SynReceived | State::BoundInactive)
        && !(row.state == State::FinWait2 && row.inode.is_none())
}

/// Every (pid, fd), sorted.
pub fn owners(row: &Socket) -> Vec<(u32, u32)> {
    let mut owners: Vec<_> =
        row.owners.iter().map(|owner| (owner.pid(), owner.fd.unwrap_or(u32::MAX))).collect();
    owners.sort_unstable();
    owners
}

/// The word of `ss -o`.
pub fn timer_name(kind: TimerKind) -> &'static str {
    match kind {
        TimerKind::Retransmit => "on",
        TimerKind::Keepalive => "keepalive",
        TimerKind::TimeWait => "timewait",
        TimerKind::Persist => "persist",
        _ => "another",
    }
}

pub fn without_scope(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip(), address.port())
}

/// What is not as it should be, in words.
#[derive(Default)]
pub struct Differences(pub Vec<String>);

impl Differences {
    pub fn same<T: PartialEq + Debug>(&mut self, what: &str, expected: T, got: T) {
        if expected != got {
            self.0.push(format!("{what} {expected:?} is {got:?}"));
        }
    }

    /// Compares what the truth knows.
    fn known<T: PartialEq + Debug>(&mut self, what: &str, expected: Option<T>, got: Option<T>) {
        if expected.is_some() {
            self.same(what, expected, got);
        }
    }
}
