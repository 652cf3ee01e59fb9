//! A population beside what the kernel says: the same rows, no fewer and no more.

use std::net::SocketAddr;

use pree_testkit::oracle::{diag, proc_net};
use pree_testkit::{Failed, Need, Population, Truth};

/// Both tables against the truth, and the truth of the owners against their descriptors.
pub(crate) fn with_kernel(population: &Population) -> Result<(), Failed> {
    with_diag(population.truth())?;
    with_proc(population.truth())?;
    population.truth().iter().try_for_each(owners)
}

fn with_diag(truth: &[Truth]) -> Result<(), Failed> {
    let mut rows = diag::all()?;
    let bound_shown = Need::BoundInactive.missing().is_none();
    for truth in truth.iter().filter(|truth| bound_shown || truth.state != "bound_inactive") {
        let fits = |row: &diag::Row| {
            same(truth, row.protocol, row.state, row.local, row.remote)
                && truth.inode.unwrap_or(0) == row.inode
                && truth.cookie.is_none_or(|cookie| cookie == row.cookie)
                && truth.uid.is_none_or(|uid| uid == row.uid)
                && truth.listen.is_none_or(|listen| listen == (row.receive_queue, row.send_queue))
                && truth.receive_queue_bytes.is_none_or(|bytes| bytes == row.receive_queue)
                && truth.send_queue_bytes.is_none_or(|bytes| bytes == row.send_queue)
                && truth.unread.is_none_or(|unread| unread.payload_bytes <= row.receive_queue)
                && truth.interface.unwrap_or(0) == row.interface
        };
        let found = rows
            .iter()
            .position(fits)
            .ok_or_else(|| format!("sock_diag lacks {truth:?}\nof {}", lines(&rows)))?;
        rows.swap_remove(found);
    }
    nothing_left("sock_diag", &rows)
}

fn with_proc(truth: &[Truth]) -> Result<(), Failed> {
    let mut rows = proc_net::all()?;
    for truth in truth.iter().filter(|truth| truth.state != "bound_inactive") {
        let truth = &Truth {
            local: without_scope(truth.local),
            remote: truth.remote.map(without_scope),
            ..truth.clone()
        };
        let fits = |row: &proc_net::Row| {
            same(truth, row.protocol, row.state, row.local, row.remote)
                && truth.inode.unwrap_or(0) == row.inode
                && truth.drops.is_none_or(|drops| row.drops == Some(drops))
        };
        let found = rows
            .iter()
            .position(fits)
            .ok_or_else(|| format!("/proc/net lacks {truth:?}\nof {}", lines(&rows)))?;
        rows.swap_remove(found);
    }
    nothing_left("/proc/net", &rows)
}

fn nothing_left<T: std::fmt::Debug>(table: &str, rows: &[T]) -> Result<(), Failed> {
    if rows.is_empty() { Ok(()) } else { Err(format!("{table} has more: {}", lines(rows)).into()) }
}

fn same(truth: &Truth, protocol: &str, state: &str, local: SocketAddr, remote: Option<SocketAddr>) -> bool {
    truth.protocol == protocol && truth.state == state && truth.local == local && truth.remote == remote
}

/// One row a line.
pub(crate) fn lines<T: std::fmt::Debug>(rows: &[T]) -> String {
    rows.iter().fold(String::new(), |text, row| format!("{text}\n  {row:?}"))
}

fn without_scope(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip(), address.port())
}

/// Each owner's descriptor is a link to the socket, unless its process hides its table.
fn owners(truth: &Truth) -> Result<(), Failed> {
    if truth.owners.is_empty() != truth.unowned.is_some() {
        return Err(format!("{truth} has owners and none").into());
    }
    for (pid, fd) in &truth.owners {
        let link = std::fs::read_link(format!("/proc/{pid}/fd/{fd}"))?;
        let expected = format!("socket:[{}]", truth.inode.unwrap_or(0));
        if link.as_os_str() != expected.as_str() {
            return Err(format!("{truth}: fd {fd} of {pid} is {}", link.display()).into());
        }
    }
    Ok(())
}
