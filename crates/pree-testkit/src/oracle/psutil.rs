//! Python's psutil: one row a socket and process (the first descriptor of each), TIME_WAIT and the like without a pid.

use std::net::SocketAddr;
use std::process::Command;

use super::output;
use crate::Failed;
use crate::need::python;

/// One row of `net_connections(kind='inet')`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// "tcp" or "udp"
    pub protocol: &'static str,
    /// The kit's name for the state; psutil says `NONE` for every UDP socket, here "unconnected" without a remote
    /// address and "established" with one.
    pub state: &'static str,
    /// The local address.
    pub local: SocketAddr,
    /// The remote address.
    pub remote: Option<SocketAddr>,
    /// The process, where psutil found one.
    pub pid: Option<u32>,
    /// The descriptor, where psutil found one.
    pub fd: Option<u32>,
}

const SCRIPT: &str = r#"
import psutil
def address(a):
    return ("[%s]:%d" if ":" in a.ip else "%s:%d") % (a.ip, a.port) if a else "-"
for c in psutil.net_connections(kind="inet"):
    print("tcp" if int(c.type) == 1 else "udp", c.status, address(c.laddr), address(c.raddr),
          "-" if c.pid is None else c.pid, c.fd)
"#;

/// What psutil sees from here.
///
/// # Errors
/// No Python has psutil, it failed, or a line is not understood.
pub fn all() -> Result<Vec<Row>, Failed> {
    let python = python("psutil").ok_or("no python3 can import psutil")?;
    let text = output(Command::new(python).args(["-c", SCRIPT]))?;
    let text = String::from_utf8_lossy(&text);
    text.lines().map(|line| parse(line).ok_or_else(|| format!("psutil: {line}").into())).collect()
}

fn parse(line: &str) -> Option<Row> {
    let words: Vec<&str> = line.split(' ').collect();
    let &[protocol, status, local, remote, pid, fd] = &words[..] else { return None };
    let remote = if remote == "-" { None } else { Some(remote.parse().ok()?) };
    let state = match status {
        "ESTABLISHED" => "established",
        "LISTEN" => "listen",
        "SYN_SENT" => "syn_sent",
        "SYN_RECV" => "syn_received",
        "FIN_WAIT1" => "fin_wait_1",
        "FIN_WAIT2" => "fin_wait_2",
        "TIME_WAIT" => "time_wait",
        "CLOSE_WAIT" => "close_wait",
        "LAST_ACK" => "last_ack",
        "CLOSING" => "closing",
        "CLOSE" => "closed",
        "NONE" if remote.is_some() => "established",
        "NONE" => "unconnected",
        _ => return None,
    };
    Some(Row {
        protocol: if protocol == "tcp" { "tcp" } else { "udp" },
        state,
        local: local.parse().ok()?,
        remote,
        pid: pid.parse().ok(),
        fd: fd.parse().ok(),
    })
}

/// One row of `net_connections(kind='unix')`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnixRow {
    /// `SOCK_*`: 1 stream, 2 datagram, 5 seqpacket.
    pub kind: u32,
    /// The name, with `@` for each NUL; empty: none.
    pub name: String,
    /// The process, where psutil found one.
    pub pid: Option<u32>,
    /// The descriptor, where psutil found one.
    pub fd: Option<u32>,
}

const UNIX_SCRIPT: &str = r#"
import psutil
for c in psutil.net_connections(kind="unix"):
    print(int(c.type), "-" if c.pid is None else c.pid, c.fd, c.laddr)
"#;

/// What psutil sees of Unix sockets from here.
///
/// # Errors
/// As [`all`]; one name with a newline is enough for psutil to fail.
pub fn unix() -> Result<Vec<UnixRow>, Failed> {
    let python = python("psutil").ok_or("no python3 can import psutil")?;
    let text = output(Command::new(python).args(["-c", UNIX_SCRIPT]))?;
    let text = String::from_utf8_lossy(&text);
    let parse = |line: &str| {
        let mut words = line.splitn(4, ' ');
        let (kind, pid, fd, name) = (words.next()?, words.next()?, words.next()?, words.next()?);
        let (kind, name) = (kind.parse().ok()?, name.to_owned());
        Some(UnixRow { kind, name, pid: pid.parse().ok(), fd: fd.parse().ok() })
    };
    text.lines().map(|line| parse(line).ok_or_else(|| format!("psutil: {line}").into())).collect()
}
