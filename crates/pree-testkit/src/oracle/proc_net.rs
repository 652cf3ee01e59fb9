//! `/proc/net/{tcp,tcp6,udp,udp6,udplite,udplite6}`, line by line.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::Failed;
use crate::socket::state_name;

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// "tcp", "udp" or "udplite"
    pub protocol: &'static str,
    /// The kit's name for the state.
    pub state: &'static str,
    /// The local address; the table has no scope id.
    pub local: SocketAddr,
    /// `None` when it is all zeroes.
    pub remote: Option<SocketAddr>,
    /// `tx_queue`; for listeners the limit.
    pub send_queue: u32,
    /// `rx_queue`; for listeners the connections waiting.
    pub receive_queue: u32,
    /// The owner's uid.
    pub uid: u32,
    /// 0 where there is none.
    pub inode: u64,
    /// UDP only.
    pub drops: Option<u32>,
}

/// All tables that the kernel has, in one list.
///
/// # Errors
/// A line that is not understood, in words.
pub fn all() -> Result<Vec<Row>, Failed> {
    let mut rows = Vec::new();
    for (file, protocol) in [
        ("tcp", "tcp"),
        ("tcp6", "tcp"),
        ("udp", "udp"),
        ("udp6", "udp"),
        ("udplite", "udplite"),
        ("udplite6", "udplite"),
    ] {
        let Ok(table) = fs::read_to_string(format!("/proc/net/{file}")) else { continue };
        for line in table.lines().skip(1) {
            rows.push(parse(protocol, line).ok_or_else(|| format!("/proc/net/{file}: {line}"))?);
        }
    }
    Ok(rows)
}

fn parse(protocol: &'static str, line: &str) -> Option<Row> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let remote = address(words.get(2)?)?;
    let number = u8::from_str_radix(words.get(3)?, 16).ok()?;
    let (send, receive) = words.get(4)?.split_once(':')?;
    let state = match (protocol, number) {
        ("tcp", number) => state_name(number)?,
        (_, 7) => "unconnected",
        _ => "established",
    };
    Some(Row {
        protocol,
        state,
        local: address(words.get(1)?)?,
        remote: (remote.port() != 0 || !remote.ip().is_unspecified()).then_some(remote),
        send_queue: u32::from_str_radix(send, 16).ok()?,
        receive_queue: u32::from_str_radix(receive, 16).ok()?,
        uid: words.get(7)?.parse().ok()?,
        inode: words.get(9)?.parse().ok()?,
        drops: if protocol == "tcp" { None } else { Some(words.get(12)?.parse().ok()?) },
    })
}

fn address(text: &str) -> Option<SocketAddr> {
    let (ip, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let mut bytes = Vec::new();
    for at in (0..ip.len()).step_by(8) {
        // Each 32-bit word is printed as this machine's number.
        bytes.extend(u32::from_str_radix(ip.get(at..at + 8)?, 16).ok()?.to_ne_bytes());
    }
    let ip: IpAddr = match bytes.len() {
        4 => Ipv4Addr::from(<[u8; 4]>::try_from(bytes).ok()?).into(),
        16 => Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?).into(),
        _ => return None,
    };
    Some(SocketAddr::new(ip, port))
}
