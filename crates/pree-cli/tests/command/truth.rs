//! A population beside the rows of an output: the same, no fewer and no more.

use std::fmt::Debug;
use std::fs;

use pree_testkit::{Failed, Truth};

use crate::rows::{Row, lines, without_scope};

/// What the rows can tell, as they were asked for.
#[derive(Debug, Clone, Copy)]
pub struct View<'v> {
    /// False: from /proc, which knows less.
    pub diag: bool,
    pub owners: Owners<'v>,
}

#[derive(Debug, Clone, Copy)]
pub enum Owners<'v> {
    All,
    First,
    None,
    /// Of these processes; others may not be looked into.
    Only(&'v [u32]),
    /// Looking failed, and not for want of a right.
    NotLookedUp,
}

pub const FULL: View<'static> = View { diag: true, owners: Owners::All };

/// Every truth has its row and every row its truth.
pub fn same<'t>(
    truth: impl IntoIterator<Item = &'t Truth>,
    rows: &[Row],
    view: View<'_>,
) -> Result<(), Failed> {
    let mut rows = rows.to_vec();
    let mut failures = Vec::new();
    let shown = |truth: &&Truth| view.diag || truth.state != "bound_inactive";
    for truth in truth.into_iter().filter(shown) {
        let all = rows.iter().map(|row| differences(truth, row, view));
        match all.enumerate().min_by_key(|(_, differences)| differences.len()) {
            Some((at, differences)) if differences.is_empty() => {
                rows.swap_remove(at);
            }
            Some((at, differences)) => {
                failures.push(format!("{truth}: {}\n  nearest: {:?}", differences.join(", "), rows[at]));
            }
            None => failures.push(format!("{truth}: no row")),
        }
    }
    if failures.is_empty() && rows.is_empty() {
        return Ok(());
    }
    if failures.is_empty() {
        failures.push(format!("nobody made {}", lines(&rows)));
    }
    Err(failures.join("\n").into())
}

/// The kernel keeps statistics of it.
pub fn has_stats(truth: &Truth) -> bool {
    truth.protocol == "tcp"
        && !matches!(truth.state, "listen" | "time_wait" | "syn_received" | "bound_inactive")
        && !(truth.state == "fin_wait_2" && truth.inode.is_none())
}

/// Every name that is shown is the process's own.
pub fn names_are_exact(rows: &[Row]) -> Result<(), Failed> {
    for owner in rows.iter().flat_map(|row| &row.owners) {
        let mut comm = fs::read(format!("/proc/{}/comm", owner.pid))?;
        comm.pop();
        if comm != owner.name {
            return Err(format!("{owner:?} is {:?}", comm.escape_ascii().to_string()).into());
        }
    }
    Ok(())
}

fn differences(truth: &Truth, row: &Row, view: View<'_>) -> Vec<String> {
    let mut all = Differences::default();
    all.same("protocol", truth.protocol, row.protocol.as_str());
    all.same("state", truth.state, row.state.as_str());
    all.same("local", without_scope(truth.local), without_scope(row.local));
    // The kernel still tells the peer of a connection that was reset, which is none any more.
    let remote = truth.remote.filter(|_| truth.state != "bound_inactive").map(without_scope);
    all.same("remote", remote, row.remote.map(without_scope));
    owners(&mut all, truth, row, view);
    match truth.listen {
        // The file has a listener's queue, not its limit.
        Some((queue, limit)) => {
            let limit = view.diag.then_some(limit);
            all.same("queue and limit", (Some(queue), limit), (row.recv_queue, row.send_queue));
        }
        None => {
            all.known("receive queue", truth.receive_queue_bytes, row.recv_queue);
            all.known("send queue", truth.send_queue_bytes, row.send_queue);
        }
    }
    if let Some(unread) = truth.unread {
        all.same("queue holds its payload", true, row.recv_queue.unwrap_or(0) >= unread.payload_bytes);
    }
    all.0
}

fn owners(all: &mut Differences, truth: &Truth, row: &Row, view: View<'_>) {
    let mut shown: Vec<(u32, u32)> = row.owners.iter().map(|owner| (owner.pid, owner.fd)).collect();
    shown.sort_unstable();
    let mut expected = truth.owners.clone();
    let mut unowned = truth.unowned;
    match view.owners {
        Owners::All => {}
        Owners::First => {
            all.same("number of owners", usize::from(unowned.is_none()), shown.len());
            expected.retain(|owner| shown.contains(owner));
        }
        Owners::None => {
            expected.clear();
            unowned = None;
        }
        Owners::NotLookedUp => {
            expected.clear();
            unowned = if truth.inode.is_some() { Some("not_looked_up") } else { unowned };
        }
        Owners::Only(visible) => {
            expected.retain(|(pid, _)| visible.contains(pid));
            if expected.is_empty() && truth.inode.is_some() {
                unowned = Some("not_permitted");
            }
        }
    }
    all.same("owners", expected, shown);
    all.same("unowned", unowned, row.unowned.as_deref());
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
    pub fn known<T: PartialEq + Debug>(&mut self, what: &str, expected: Option<T>, got: Option<T>) {
        if expected.is_some() {
            self.same(what, expected, got);
        }
    }
}
