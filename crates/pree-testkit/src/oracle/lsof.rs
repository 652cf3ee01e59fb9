//! `lsof -nP -i`: one row a descriptor. It shows no unowned sockets and no bound-only ones.

use std::process::Command;

use super::output;
use crate::Failed;
use crate::need::tool;

/// One descriptor of an internet socket.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Row {
    /// The process.
    pub pid: u32,
    /// The descriptor.
    pub fd: u32,
    /// The process's name as lsof escapes it.
    pub command: String,
    /// The inode, which lsof calls the device.
    pub inode: u64,
    /// "TCP", "UDP" or "UDPLITE"
    pub protocol: String,
    /// `local` or `local->remote`, as lsof writes it.
    pub name: String,
    /// `LISTEN`, `ESTABLISHED` …; none for UDP.
    pub state: Option<String>,
}

/// What lsof sees from here.
///
/// # Errors
/// lsof could not be run, or had nothing to show, which it calls a failure.
pub fn all() -> Result<Vec<Row>, Failed> {
    let lsof = tool("lsof").ok_or("lsof is not installed")?;
    let text = output(Command::new(lsof).args(["-nP", "-i", "-F", "pcfdPnT"]))?;
    let text = String::from_utf8_lossy(&text);
    let mut process = Row::default();
    let mut rows: Vec<Row> = Vec::new();
    for line in text.lines() {
        let Some((kind, value)) = line.split_at_checked(1) else { continue };
        match (kind, rows.last_mut()) {
            ("p", _) => process = Row { pid: value.parse()?, ..Row::default() },
            ("c", _) => value.clone_into(&mut process.command),
            ("f", _) => rows.push(Row { fd: value.parse()?, ..process.clone() }),
            ("d", Some(row)) => row.inode = value.parse()?,
            ("P", Some(row)) => value.clone_into(&mut row.protocol),
            ("n", Some(row)) => value.clone_into(&mut row.name),
            ("T", Some(row)) if value.starts_with("ST=") => row.state = Some(value[3..].to_owned()),
            _ => {}
        }
    }
    Ok(rows)
}

/// One descriptor of a Unix socket.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnixRow {
    /// The process.
    pub pid: u32,
    /// The descriptor.
    pub fd: u32,
    /// The inode.
    pub inode: u64,
    /// `STREAM`, `DGRAM` or `SEQPACKET`.
    pub kind: String,
    /// `LISTEN`, `CONNECTED` or `UNCONNECTED`.
    pub state: String,
    /// The name, with `@` for each NUL; lsof cuts it at a space or newline. Empty: none.
    pub name: String,
}

/// What lsof sees of Unix sockets from here.
///
/// # Errors
/// As [`all`].
pub fn unix() -> Result<Vec<UnixRow>, Failed> {
    let lsof = tool("lsof").ok_or("lsof is not installed")?;
    let text = output(Command::new(lsof).args(["-nP", "-U", "-F", "pfinT"]))?;
    let text = String::from_utf8_lossy(&text);
    let mut pid = 0;
    let mut rows: Vec<UnixRow> = Vec::new();
    for line in text.lines() {
        let Some((kind, value)) = line.split_at_checked(1) else { continue };
        match (kind, rows.last_mut()) {
            ("p", _) => pid = value.parse()?,
            ("f", _) => rows.push(UnixRow { pid, fd: value.parse()?, ..UnixRow::default() }),
            ("i", Some(row)) => row.inode = value.parse()?,
            ("n", Some(row)) => {
                let (name, kind) = value.rsplit_once("type=").ok_or_else(|| format!("lsof: {line}"))?;
                name.trim_end().clone_into(&mut row.name);
                kind.clone_into(&mut row.kind);
            }
            ("T", Some(row)) if value.starts_with("ST=") => value[3..].clone_into(&mut row.state),
            _ => {}
        }
    }
    Ok(rows)
}
