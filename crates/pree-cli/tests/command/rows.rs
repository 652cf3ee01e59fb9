//! A socket as any of the outputs shows it, so that they can be compared.

use std::collections::BTreeMap;
use std::net::SocketAddr;

/// One row.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Row {
    pub protocol: String,
    /// In the words of JSON.
    pub state: String,
    pub local: SocketAddr,
    pub remote: Option<SocketAddr>,
    pub recv_queue: Option<u32>,
    pub send_queue: Option<u32>,
    /// As they are shown, which is in the order of their pids.
    pub owners: Vec<Owner>,
    pub unowned: Option<String>,
    /// Other facts: `name:value` of a table.
    pub details: BTreeMap<String, String>,
}

/// One owner.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Owner {
    pub pid: u32,
    pub fd: u32,
    /// The exact bytes.
    pub name: Vec<u8>,
}

/// The rows without what only one kind of output has, and without order.
pub fn common(rows: &[Row]) -> Vec<Row> {
    let plain = |row: &Row| Row {
        local: without_scope(row.local),
        remote: row.remote.map(without_scope),
        details: BTreeMap::new(),
        ..row.clone()
    };
    let mut rows: Vec<Row> = rows.iter().map(plain).collect();
    rows.sort();
    rows
}

pub fn without_scope(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip(), address.port())
}

/// One row a line.
pub fn lines(rows: &[Row]) -> String {
    rows.iter().fold(String::new(), |text, row| format!("{text}\n  {row:?}"))
}
