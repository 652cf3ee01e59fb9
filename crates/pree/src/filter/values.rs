//! Values: text to what a key wants, or a sentence that says what it wants. `numbers` has those with a unit.

use std::net::{IpAddr, Ipv4Addr};

use super::expr::{Host, Named, Scope};
use crate::model::{Family, States, Unowned, ip_protocol, netlink_protocol};

type Read<T> = Result<T, String>;

/// `HOST[%INTERFACE][:PORTS]`, a network, `:PORTS`, `*`.
pub(super) fn host(text: &str) -> Read<Host> {
    let wrong = || format!("{text:?} is not an address: expected 10.0.0.1, 10/8, [::1]:443 or :443");
    let (address, after) = if let Some(rest) = text.strip_prefix('[') {
        rest.split_once(']').ok_or_else(wrong)?
    } else {
        // More than one colon without brackets is an IPv6 address without a port.
        let port = || text.rfind(':').filter(|at| text.find(':') == Some(*at));
        text.split_at(text.find('/').or_else(port).unwrap_or(text.len()))
    };
    let (after, port_text) = match after.split_once(':') {
        Some((after, port)) => (after, Some(port)),
        None => (after, None),
    };
    let (after, zone) =
        match after.strip_prefix('%').map(|zone| zone.split_at(zone.find('/').unwrap_or(zone.len()))) {
            Some((zone, after)) => (after, Some(zone)),
            None => (after, None),
        };
    // ss has the prefix inside the brackets.
    let (address, prefix) = match (address.split_once('/'), after.strip_prefix('/')) {
        (None, Some(prefix)) => (address, Some(prefix)),
        (Some((address, prefix)), None) if after.is_empty() => (address, Some(prefix)),
        (None, None) if after.is_empty() => (address, None),
        _ => return Err(wrong()),
    };
    // ss writes [fe80::1]%eth0 too.
    let (address, zone) = match (address.split_once('%'), zone) {
        (Some(_), Some(_)) => return Err(wrong()),
        (Some((address, zone)), None) => (address, Some(zone)),
        (None, zone) => (address, zone),
    };
    let zone = match zone {
        // What is shown of an interface that is gone is not its name.
        Some("" | "gone") => return Err(wrong()),
        None | Some("*") => None,
        Some(zone) => Some(Named::new(zone)),
    };
    // An empty `$HOST` is a slip, not every address.
    if address.is_empty() && port_text.is_none() && zone.is_none() {
        return Err(wrong());
    }
    Ok(Host { network: network(address, prefix).ok_or_else(wrong)?, port: maybe_ports(port_text)?, zone })
}

/// True for what addresses that are neither IP with a port nor Unix are shown as: `route:4242`, `generic:kernel`, `2:1024`,
/// `0x0800%eth0`, `0.0.0.0:icmp`, `[::]:ipv6-icmp`.
pub(super) fn is_other_address(text: &str) -> bool {
    let is_protocol = |word: &str| (0..=u8::MAX).filter_map(ip_protocol).any(|name| name == word);
    if let Some((ip, _)) = text.rsplit_once(':').filter(|(_, protocol)| is_protocol(protocol)) {
        return format!("{ip}:0").parse::<std::net::SocketAddr>().is_ok();
    }
    let Some((front, back)) = text.split_once([':', '%']) else { return false };
    let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let hex = |text: &str| text.strip_prefix("0x").is_some_and(|hex| u16::from_str_radix(hex, 16).is_ok());
    let named = || (0..=u8::MAX).filter_map(netlink_protocol).any(|name| name == front);
    // The name of an interface; `*%eth0` is every socket that is bound to it.
    let is_name = || hex(front) && text[front.len()..].starts_with('%') && !back.is_empty();
    (front == "*" || number(front) || hex(front) || named())
        && (matches!(back, "*" | "kernel" | "gone") || number(back) || is_name())
}

fn maybe_ports(text: Option<&str>) -> Read<Option<(u16, u16)>> {
    match text {
        None | Some("*") => Ok(None),
        Some(text) => ports(text).map(Some),
    }
}

/// A port or `LOW-HIGH`: the first and the last.
pub(super) fn ports(text: &str) -> Read<(u16, u16)> {
    port_range(text).unwrap_or_else(|| port(text).map(|port| (port, port)))
}

/// `Some(None)` is any address.
#[allow(clippy::option_option, reason = "wrong, any, and this one are three answers")]
fn network(address: &str, prefix: Option<&str>) -> Option<Option<(IpAddr, u8)>> {
    if matches!(address, "" | "*") {
        return prefix.is_none().then_some(None);
    }
    let ip: IpAddr = match address.parse() {
        Ok(ip) => ip,
        // `10/8`, `192.168/16`: zeros at the end may be left out, as in ss.
        Err(_) if prefix.is_some() => {
            let mut octets = [0; 4];
            let parts: Vec<&str> = address.split('.').collect();
            if parts.len() > 4 {
                return None;
            }
            for (octet, part) in octets.iter_mut().zip(parts) {
                *octet = part.parse().ok()?;
            }
            IpAddr::V4(Ipv4Addr::from(octets))
        }
        Err(_) => return None,
    };
    let longest = if ip.is_ipv4() { 32 } else { 128 };
    let bits = match prefix {
        None => longest,
        Some(prefix) => prefix.parse().ok().filter(|bits| *bits <= longest)?,
    };
    Some(Some((ip, bits)))
}

/// A port by number or by name, with or without a colon before it.
pub(super) fn port(text: &str) -> Read<u16> {
    let name = text.strip_prefix(':').unwrap_or(text);
    if let Ok(port) = name.parse() {
        return Ok(port);
    }
    let known = SERVICES.iter().find(|(service, _)| service.eq_ignore_ascii_case(name));
    match known {
        Some((_, port)) => Ok(*port),
        None if name.bytes().all(|byte| byte.is_ascii_digit()) => {
            Err(format!("{name:?} is not a port: expected 0 to 65535"))
        }
        None => Err(format!("{name:?} is neither a port number nor a known service name")),
    }
}

/// `lo-hi` of ports.
pub(super) fn port_range(text: &str) -> Option<Read<(u16, u16)>> {
    let (low, high) = text.strip_prefix(':').unwrap_or(text).split_once('-')?;
    // Services may have a dash in their name.
    if !low.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    Some(port(low).and_then(|low| {
        let high = port(high)?;
        if low <= high {
            Ok((low, high))
        } else {
            Err(format!("{text:?} is empty: the smaller port comes first"))
        }
    }))
}

/// Names of ports that people type. Not the machine's own list: the same filter means the same everywhere.
const SERVICES: &[(&str, u16)] = &[
    ("ftp", 21),
    ("ssh", 22),
    ("telnet", 23),
    ("smtp", 25),
    ("domain", 53),
    ("dns", 53),
    ("bootps", 67),
    ("bootpc", 68),
    ("dhcp", 67),
    ("tftp", 69),
    ("http", 80),
    ("kerberos", 88),
    ("pop3", 110),
    ("sunrpc", 111),
    ("ntp", 123),
    ("imap", 143),
    ("imap2", 143),
    ("snmp", 161),
    ("bgp", 179),
    ("ldap", 389),
    ("https", 443),
    ("microsoft-ds", 445),
    ("smb", 445),
    ("submissions", 465),
    ("syslog", 514),
    ("submission", 587),
    ("ipp", 631),
    ("ldaps", 636),
    ("domain-s", 853),
    ("rsync", 873),
    ("imaps", 993),
    ("pop3s", 995),
    ("openvpn", 1194),
    ("ms-sql-s", 1433),
    ("nfs", 2049),
    ("etcd", 2379),
    ("mysql", 3306),
    ("rdp", 3389),
    ("sip", 5060),
    ("mdns", 5353),
    ("postgres", 5432),
    ("postgresql", 5432),
    ("amqp", 5672),
    ("redis", 6379),
    ("http-alt", 8080),
    ("prometheus", 9090),
    ("elasticsearch", 9200),
    ("memcached", 11211),
    ("mongodb", 27017),
    ("wireguard", 51820),
];

/// States by name, then ss's names of several: what is offered.
pub(super) const STATES: [(&str, States); 18] = [
    ("listen", States::LISTEN),
    ("established", States::ESTABLISHED),
    ("syn-sent", States::SYN_SENT),
    ("syn-received", States::SYN_RECEIVED),
    ("fin-wait-1", States::FIN_WAIT_1),
    ("fin-wait-2", States::FIN_WAIT_2),
    ("time-wait", States::TIME_WAIT),
    ("close-wait", States::CLOSE_WAIT),
    ("last-ack", States::LAST_ACK),
    ("closing", States::CLOSING),
    // ss has one word for both.
    ("closed", States::CLOSED.union(States::UNCONNECTED)),
    ("unconnected", States::UNCONNECTED),
    ("bound-inactive", States::BOUND_INACTIVE),
    ("all", States::all()),
    ("connected", States::CONNECTED),
    ("synchronized", States::CONNECTED.difference(States::SYN_SENT)),
    ("bucket", BRIEF),
    ("big", States::all().difference(BRIEF)),
];

const BRIEF: States = States::TIME_WAIT.union(States::SYN_RECEIVED);

/// What is understood as well; `closed_only` is for printing a set that has just that.
const MORE_STATES: [(&str, States); 10] = [
    ("none", States::empty()),
    ("listening", States::LISTEN),
    ("estab", States::ESTABLISHED),
    ("syn-recv", States::SYN_RECEIVED),
    ("syn-rcv", States::SYN_RECEIVED),
    ("close", States::CLOSED.union(States::UNCONNECTED)),
    ("closed-only", States::CLOSED),
    ("unconn", States::UNCONNECTED),
    ("bound", States::BOUND_INACTIVE),
    ("other", States::OTHER),
];

pub(super) fn states(text: &str) -> Read<States> {
    let plain = |text: &str| text.replace(['-', '_'], "").to_ascii_lowercase();
    let word = plain(text);
    let mut all = STATES.iter().chain(&MORE_STATES);
    all.find(|(name, _)| plain(name) == word).map(|(_, states)| *states).ok_or_else(|| {
        format!("{text:?} is not a state: expected {}", STATES.map(|(name, _)| name).join(", "))
    })
}

pub(super) fn family(text: &str) -> Read<Family> {
    let text = &*text.to_ascii_lowercase();
    let name = match text {
        "inet" | "4" => "ipv4",
        "inet6" | "6" => "ipv6",
        "link" => "packet",
        name => name,
    };
    Family::NAMED.into_iter().find(|family| family.name() == Some(name)).ok_or_else(|| {
        let names: Vec<&str> = Family::NAMED.into_iter().filter_map(Family::name).collect();
        format!("{text:?} is not a family: expected {}", names.join(", "))
    })
}

pub(super) fn scope(text: &str) -> Read<Scope> {
    Scope::ALL.iter().copied().find(|scope| scope.name().eq_ignore_ascii_case(text)).ok_or_else(|| {
        format!(
            "{text:?} is not a scope: expected {}",
            Scope::ALL.iter().map(|scope| scope.name()).collect::<Vec<_>>().join(", ")
        )
    })
}

/// `MARK[/MASK]`, decimal or 0x.
pub(super) fn mark(text: &str) -> Read<(u32, u32)> {
    let number = |text: &str| match text.strip_prefix("0x") {
        Some(hex) => u32::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    };
    let (mark, mask) = text.split_once('/').map_or((text, None), |(mark, mask)| (mark, Some(mask)));
    let mask = mask.map_or(Some(u32::MAX), number);
    number(mark).zip(mask).ok_or_else(|| format!("{text:?} is not a mark: expected 7, 0x1f or 0x10/0xf0"))
}

pub(super) fn number(text: &str) -> Read<u64> {
    match text.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    }
    .ok_or_else(|| format!("{text:?} is not a whole number"))
}

pub(super) fn unowned(text: &str) -> Read<Unowned> {
    Unowned::ALL.iter().copied().find(|reason| reason.name().eq_ignore_ascii_case(text)).ok_or_else(|| {
        let names: Vec<&str> = Unowned::ALL.iter().map(|reason| reason.name()).collect();
        format!("{text:?} is not a reason for having no owner: expected {}", names.join(", "))
    })
}

pub(super) fn yes_or_no(text: &str) -> Read<bool> {
    match &*text.to_ascii_lowercase() {
        "yes" | "true" | "1" => Ok(true),
        "no" | "false" | "0" => Ok(false),
        _ => Err(format!("{text:?} is not a yes or no")),
    }
}
