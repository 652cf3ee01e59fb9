//! Rows from /proc/net, where `sock_diag` is refused or not wanted.
//!
//! These files are no snapshot either: a large one repeats and loses lines while it is read. So a file is read until
//! two reads in a row report the same sockets.

use std::collections::{HashMap, HashSet};

use crate::collect::collection::Collection;
use crate::coverage::{Coverage, Gap, Missing, NO_SNAPSHOT, Origin};
use crate::decode::linux::decode_table;
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Address, Family, Protocol, Socket};
use crate::needs::SourceChoice;
use crate::plan::Table;
use crate::source::{Errno, Failure, NetTable, Question, Source, read_all};

/// The name of the family in filters.
pub(super) const IPV6: &str = "ipv6";
pub(super) const NO_IPV6: &str = "this kernel has no IPv6";

/// Reads at most this often; after that the union of all reads is the answer, and the coverage says so.
const READS: usize = 5;

/// Reads the table's files: rows, and whose parser read them.
pub(super) fn read(table: Table, collection: &mut Collection<'_>) -> Result<(Vec<Socket>, Origin)> {
    let Collection { plan, source, coverage } = collection;
    let mut files = Files { protocol: table.protocol, origin: Origin::Proc, coverage };
    if plan.source == SourceChoice::Procfs {
        files.origin = files.procfs_origin();
    }
    if file_of(table.protocol, Family::Ipv4).is_none() {
        return Err(Error::of(
            Failure::Answer(Errno::ENOENT),
            "read",
            format!("/proc/net/{}", table.protocol),
        ));
    }
    if let Some(family) = table.family.filter(|family| !matches!(family, Family::Ipv4 | Family::Ipv6)) {
        return Ok((files.read_until_settled(*source, family)?, files.origin));
    }
    let mut rows = Vec::new();
    if table.family != Some(Family::Ipv6) {
        rows = files.read_until_settled(*source, Family::Ipv4)?;
    }
    if table.family != Some(Family::Ipv4) {
        match files.read_until_settled(*source, Family::Ipv6) {
            Ok(more) => rows.extend(more),
            // A kernel without IPv6 has the other file alone. If that is not there either, /proc is missing.
            Err(error) if error.kind() == ErrorKind::Absent => {
                let other = file_of(table.protocol, Family::Ipv4).map(Question::NetTable);
                other.is_some_and(|other| source.ask(&other).is_ok()).then_some(()).ok_or(error)?;
                files.coverage.has_no(IPV6, NO_IPV6.to_owned());
            }
            Err(error) => return Err(error),
        }
    }
    Ok((rows, files.origin))
}

struct Files<'c> {
    protocol: Protocol,
    /// Whose parser reads; ours takes over for good where the other one errs.
    origin: Origin,
    coverage: &'c mut Coverage,
}

/// What makes a line the same in two reads. Sockets without a file have only their addresses, and several of them can have
/// the same ones: of interfaces, which these files do not tell apart.
type Key = (u64, Option<(Address, Option<Address>)>);

fn key(socket: &Socket) -> Key {
    match socket.inode {
        Some(inode) => (inode, None),
        None => (0, Some((socket.local.clone(), socket.remote.clone()))),
    }
}

/// How many sockets of a read have each key. Lines of one inode are one socket.
fn counted(rows: &[Socket]) -> HashMap<Key, usize> {
    let mut counts = HashMap::new();
    for row in rows {
        let count = counts.entry(key(row)).or_default();
        *count = if row.inode.is_some() { 1 } else { *count + 1 };
    }
    counts
}

/// The rows of a read that reports the same as the one before: each line is a socket, however alike they are.
fn settled(mut read: Vec<Socket>) -> Vec<Socket> {
    let mut inodes = HashSet::new();
    read.retain(|row| row.inode.is_none_or(|inode| inodes.insert(inode)));
    read
}

/// The two ends of a TCP connection. In two reads it is one connection, whatever has become of its inode: it may have
/// been accepted or closed between them.
fn pair(socket: &Socket) -> Option<(Address, Address)> {
    let remote = socket.remote.as_ref().filter(|_| socket.protocol == Protocol::Tcp)?;
    Some((socket.local.clone(), remote.clone()))
}

/// The rows of one read of a file that changes, each once, and behind them those of `older` reads that it does not report.
fn newer(read: Vec<Socket>, older: Vec<Socket>) -> Vec<Socket> {
    let mut rows: Vec<Socket> = Vec::with_capacity(read.len());
    let mut keys: HashMap<Key, usize> = HashMap::new();
    let mut pairs: HashMap<(Address, Address), usize> = HashMap::new();
    for row in read {
        let same_pair = pair(&row).and_then(|pair| pairs.get(&pair)).copied();
        // With an inode each they are two sockets, of two devices: this file does not tell devices apart.
        let moved_on =
            |at: &usize| row.inode.is_none() || rows.get(*at).is_some_and(|row| row.inode.is_none());
        let known = keys.get(&key(&row)).copied().or(same_pair.filter(moved_on));
        let at = known.unwrap_or(rows.len());
        keys.insert(key(&row), at);
        pair(&row).map(|pair| pairs.insert(pair, at));
        match rows.get_mut(at) {
            Some(known) => *known = row,
            None => rows.push(row),
        }
    }
    let gone =
        |row: &Socket| !keys.contains_key(&key(row)) && pair(row).is_none_or(|p| !pairs.contains_key(&p));
    rows.extend(older.into_iter().filter(gone));
    rows
}

impl Files<'_> {
    fn read_until_settled(&mut self, source: &mut dyn Source, family: Family) -> Result<Vec<Socket>> {
        let Some(file) = file_of(self.protocol, family) else { return Ok(Vec::new()) };
        let error = |failure| Error::of(failure, "read", format!("/proc/net/{}", file.name()));
        let mut rows: Vec<Socket> = Vec::new();
        let mut before: Option<HashMap<Key, usize>> = None;
        let mut failed = None;
        for _ in 0..READS {
            let (read, malformed) = match read_all(source, &Question::NetTable(file)) {
                Ok(text) if text.last().is_some_and(|byte| *byte != b'\n') => {
                    failed = Some(Failure::MALFORMED);
                    continue;
                }
                Ok(text) => self.parse(&text, family),
                // A file that was there does not cease to be.
                Err(failure) if before.is_some() || failure.kind() == ErrorKind::Unsettled => {
                    failed = Some(failure);
                    continue;
                }
                Err(failure) => return Err(error(failure)),
            };
            let counts = counted(&read);
            if before.as_ref() == Some(&counts) {
                if malformed > 0 {
                    self.gap(file, ErrorKind::Malformed, Some(malformed), "");
                }
                return Ok(settled(read));
            }
            rows = newer(read, rows);
            before = Some(counts);
        }
        if let (None, Some(failure)) = (before, failed) {
            return Err(error(failure));
        }
        match failed {
            Some(failure) => self.gap(file, failure.kind(), None, "reading it failed: try again"),
            None => self.gap(file, ErrorKind::Unsettled, None, NO_SNAPSHOT),
        }
        Ok(rows)
    }

    fn gap(&mut self, file: NetTable, why: ErrorKind, count: Option<u64>, hint: &'static str) {
        let object = format!("/proc/net/{}", file.name());
        self.coverage.add(Gap { what: Missing::Rows, why, count, object, hint });
    }

    /// The rows of a file's text, and how many lines made no sense.
    fn parse(&mut self, text: &[u8], family: Family) -> (Vec<Socket>, u64) {
        if self.origin == Origin::Procfs {
            match super::procfs::parse(text, self.protocol, family) {
                Ok(rows) => return (rows, 0),
                Err(error) => {
                    self.origin = Origin::Proc;
                    self.coverage
                        .note(format!("procfs cannot read {} ({error}); our own parser does", self.protocol));
                }
            }
        }
        decode_table(text, self.protocol, family)
    }

    /// `procfs`, if this build has it and it knows the protocol.
    fn procfs_origin(&mut self) -> Origin {
        let Some(why) = super::procfs::refusal(self.protocol) else { return Origin::Procfs };
        self.coverage.note(format!("{why}: our own parser reads {}", self.protocol));
        Origin::Proc
    }
}

/// The file that lists these; `None` where there is none.
fn file_of(protocol: Protocol, family: Family) -> Option<NetTable> {
    let v4 = family == Family::Ipv4;
    let either = |four, six| Some(if v4 { four } else { six });
    match protocol {
        Protocol::Tcp => either(NetTable::Tcp, NetTable::Tcp6),
        Protocol::Udp => either(NetTable::Udp, NetTable::Udp6),
        Protocol::UdpLite => either(NetTable::UdpLite, NetTable::UdpLite6),
        Protocol::Raw => either(NetTable::Raw, NetTable::Raw6),
        Protocol::Icmp => either(NetTable::Icmp, NetTable::Icmp6),
        Protocol::Unix => Some(NetTable::Unix),
        Protocol::Packet => Some(NetTable::Packet),
        Protocol::Netlink => Some(NetTable::Netlink),
        Protocol::Mptcp | Protocol::Sctp | Protocol::Vsock | Protocol::Other(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::State;

    /// Port 0 of the remote end: a listener.
    fn row(inode: u64, state: State, ports: (u16, u16)) -> Socket {
        let end = |port| format!("127.0.0.1:{port}");
        let remote = if ports.1 == 0 { String::new() } else { end(ports.1) };
        Socket { inode: (inode != 0).then_some(inode), ..Socket::tcp(state, &end(ports.0), &remote) }
    }

    #[track_caller]
    fn check(
        read: &[(u64, State, (u16, u16))],
        older: &[(u64, State, (u16, u16))],
        expected: &[(u64, State)],
    ) {
        let rows = |rows: &[(u64, State, (u16, u16))]| rows.iter().map(|r| row(r.0, r.1, r.2)).collect();
        let got: Vec<_> =
            newer(rows(read), rows(older)).iter().map(|row| (row.inode.unwrap_or(0), row.state)).collect();
        assert_eq!(got, expected);
    }

    #[test]
    fn a_connection_comes_once_whatever_became_of_it() {
        use State::{Established, Listen, TimeWait};
        let (here, there) = ((80, 5000), (80, 5001));
        // Closed between two reads, accepted between two reads, closed and opened again.
        check(&[(0, TimeWait, here)], &[(7, Established, here)], &[(0, TimeWait)]);
        check(&[(7, Established, here)], &[(0, Established, here)], &[(7, Established)]);
        check(&[(8, Established, here)], &[(7, Established, here)], &[(8, Established)]);
        // All in one read.
        check(&[(7, Established, here), (0, TimeWait, here)], &[], &[(0, TimeWait)]);
        check(&[(7, Established, here), (7, Established, here)], &[], &[(7, Established)]);
        // Of two devices.
        check(&[(7, Established, here), (8, Established, here)], &[], &[(7, Established), (8, Established)]);
        // What is gone stays, for it may have been passed over; listeners of one port are not one.
        check(&[(7, Established, here)], &[(9, Established, there)], &[(7, Established), (9, Established)]);
        check(&[(1, Listen, (80, 0))], &[(2, Listen, (80, 0))], &[(1, Listen), (2, Listen)]);
    }
}
