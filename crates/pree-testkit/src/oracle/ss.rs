//! iproute2's `ss`, as of Debian 12 (6.1). It shows no bound-only TCP and no UDP-Lite sockets.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::process::Command;

use super::output;
use crate::Failed;
use crate::need::tool;

/// A name as ss prints it, a pid and an fd.
pub type User = (String, u32, u32);

/// One socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// "tcp" or "udp"
    pub protocol: String,
    /// The kit's name for the state.
    pub state: &'static str,
    /// Recv-Q
    pub receive_queue: u64,
    /// Send-Q
    pub send_queue: u64,
    /// The local address; `*` is `::` here, without scope id.
    pub local: SocketAddr,
    /// What follows `%` in the local address: the bound interface.
    pub interface: Option<String>,
    /// `None` when its port is `*`.
    pub remote: Option<SocketAddr>,
    /// Who holds it, sorted by pid and fd.
    pub users: Vec<User>,
    /// Everything of the form `key:value`, and `send`, `pacing_rate`, `delivery_rate`, `congestion`, `shutdown` (`<->`).
    pub fields: BTreeMap<String, String>,
    /// Single words: `ts`, `sack`, `ecn`, `app_limited` …
    pub flags: BTreeSet<String>,
}

impl Row {
    /// One field.
    pub fn field(&self, key: &str) -> Option<&str> {
        self.fields.get(key).map(String::as_str)
    }

    /// A field that is a number, without its unit: `busy:4ms` is 4.
    pub fn number(&self, key: &str) -> Option<f64> {
        let value = self.field(key)?;
        let end = value.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(value.len());
        value[..end].parse().ok()
    }

    /// `a` and `b` of a field `key:a/b` or `key:a,b`.
    pub fn pair(&self, key: &str) -> Option<(&str, &str)> {
        let value = self.field(key)?;
        value.split_once('/').or_else(|| value.split_once(','))
    }

    /// `ino:`; 0 where ss shows none.
    pub fn inode(&self) -> u64 {
        self.field("ino").and_then(|inode| inode.parse().ok()).unwrap_or(0)
    }

    /// `sk:`, the cookie.
    pub fn cookie(&self) -> Option<u64> {
        u64::from_str_radix(self.field("sk")?, 16).ok()
    }

    /// A member of `skmem:(…)`: `r`, `rb`, `t`, `tb`, `f`, `w`, `o`, `bl` or `d`.
    pub fn memory(&self, key: &str) -> Option<u64> {
        let list = self.field("skmem")?.trim_matches(['(', ')']);
        let is_it = |word: &&str| word.trim_end_matches(|c: char| c.is_ascii_digit()) == key;
        list.split(',').find(is_it)?[key.len()..].parse().ok()
    }
}

/// Every TCP and UDP socket with everything that ss can tell.
///
/// # Errors
/// ss could not be run or printed a line that is not understood: a process with a newline in its name does that.
pub fn all() -> Result<Vec<Row>, Failed> {
    let ss = tool("ss").ok_or("ss is not installed")?;
    let text = output(Command::new(ss).arg("-HtuanpieOmo"))?;
    let text = String::from_utf8_lossy(&text);
    text.lines().map(|line| parse(line).ok_or_else(|| format!("ss: {line}").into())).collect()
}

/// One line of `ss -HtuanpieOmo`.
pub fn parse(line: &str) -> Option<Row> {
    let mut words = line.split_whitespace();
    let protocol = words.next()?.to_owned();
    let state = state(&protocol, words.next()?)?;
    let receive_queue = words.next()?.parse().ok()?;
    let send_queue = words.next()?.parse().ok()?;
    let (local, interface) = endpoint(words.next()?)?;
    let (remote, _) = endpoint(words.next()?)?;
    let (users, rest) = match line.split_once("users:((") {
        Some((_, users)) => self::users(users).map(|(users, rest)| (users, rest.to_owned()))?,
        None => (Vec::new(), words.collect::<Vec<_>>().join(" ")),
    };
    let mut row = Row {
        protocol,
        state,
        receive_queue,
        send_queue,
        local: local?,
        interface,
        remote,
        users,
        fields: BTreeMap::new(),
        flags: BTreeSet::new(),
    };
    details(&mut row, &rest);
    Some(row)
}

fn details(row: &mut Row, text: &str) {
    let mut words = text.split_whitespace();
    while let Some(word) = words.next() {
        match word {
            "<->" | "-->" | "<--" | "---" => {
                row.fields.insert("shutdown".into(), word.into());
            }
            "send" | "pacing_rate" | "delivery_rate" => {
                row.fields.insert(word.into(), words.next().unwrap_or_default().into());
            }
            "ts" | "sack" | "ecn" | "ecnseen" | "fastopen" | "app_limited" => {
                row.flags.insert(word.into());
            }
            _ => match word.split_once(':') {
                Some((key, value)) => {
                    row.fields.insert(key.into(), value.into());
                }
                // The one bare word that is left is the congestion control algorithm.
                None if row.protocol == "tcp" && !row.fields.contains_key("congestion") => {
                    row.fields.insert("congestion".into(), word.into());
                }
                None => {
                    row.flags.insert(word.into());
                }
            },
        }
    }
}

/// `"name",pid=1,fd=3),("name",pid=2,fd=3)) rest`: names may contain anything, quotes too.
fn users(mut text: &str) -> Option<(Vec<User>, &str)> {
    let mut users = Vec::new();
    loop {
        let (name, after) = text.strip_prefix('"')?.split_once("\",pid=")?;
        let (pid, after) = after.split_once(",fd=")?;
        let (fd, after) = after.split_once(')')?;
        users.push((name.to_owned(), pid.parse().ok()?, fd.parse().ok()?));
        let Some(next) = after.strip_prefix(",(") else {
            users.sort_by_key(|(_, pid, fd)| (*pid, *fd));
            return Some((users, after.strip_prefix(')')?));
        };
        text = next;
    }
}

/// The address (`None` when the port is `*`) and the interface after `%`.
fn endpoint(text: &str) -> Option<(Option<SocketAddr>, Option<String>)> {
    let (host, port) = text.rsplit_once(':')?;
    let (host, interface) = match host.split_once('%') {
        // ss 6.1 writes [fe80::1]%eth0, others [fe80::1%eth0].
        Some((host, interface)) => (host, Some(interface.trim_end_matches(']').to_owned())),
        None => (host, None),
    };
    let ip: IpAddr = match host.trim_matches(['[', ']']) {
        "*" => Ipv6Addr::UNSPECIFIED.into(),
        ip => ip.parse().ok()?,
    };
    Some((if port == "*" { None } else { Some(SocketAddr::new(ip, port.parse().ok()?)) }, interface))
}

fn state(protocol: &str, text: &str) -> Option<&'static str> {
    Some(match text {
        "UNCONN" if protocol == "tcp" => "closed",
        "UNCONN" => "unconnected",
        "ESTAB" => "established",
        "LISTEN" => "listen",
        "SYN-SENT" => "syn_sent",
        "SYN-RECV" => "syn_received",
        "FIN-WAIT-1" => "fin_wait_1",
        "FIN-WAIT-2" => "fin_wait_2",
        "TIME-WAIT" => "time_wait",
        "CLOSE-WAIT" => "close_wait",
        "LAST-ACK" => "last_ack",
        "CLOSING" => "closing",
        _ => return None,
    })
}
