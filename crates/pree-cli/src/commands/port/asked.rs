//! Which port was asked for.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use pree::{Family, Filter, Protocol, Protocols, Socket, State};

use crate::exit::Failure;
use crate::text::escape;

/// Protocols whose ports belong to somebody.
const WITH_PORTS: Protocols =
    Protocols::USUAL.union(Protocols::MPTCP).union(Protocols::SCTP).union(Protocols::VSOCK);

/// A port, of a protocol or an address or of any.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::commands) struct Asked<'w> {
    pub(in crate::commands) number: u16,
    /// Any, when there is none.
    pub(in crate::commands) protocol: Option<Protocol>,
    /// A socket that has the port at every address of its family has it there too.
    pub(in crate::commands) address: Option<At<'w>>,
}

/// The address of a port.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::commands) struct At<'w> {
    /// As a filter reads it: `10.0.0.5`, `10/8`, `[::ffff:10.0.0.5]`, `0.0.0.0%eth0`.
    text: &'w str,
    /// The address in it, or that of its network where it is written in full; a v4-mapped one is IPv4's.
    ip: Option<IpAddr>,
    /// The interface behind it: `eth0`.
    zone: Option<&'w str>,
}

impl<'w> Asked<'w> {
    /// Reads `8080`, `:8080`, `http`, `53/udp`, `udp:53`, lsof's `tcp@10.0.0.5:53`, and each with an address before the
    /// port: `[fe80::1%3]:53`.
    pub(in crate::commands) fn read(word: &'w str) -> Result<Self, Failure> {
        let wrong = || {
            let word = escape::quoted(word.as_bytes());
            let expected = "expected 8080, https, 10.0.0.5:8080, or 53/udp with a protocol that has ports";
            let with_ports = |protocol: &&Protocol| WITH_PORTS.contains(protocol.set());
            let names: Vec<&str> = Protocol::ALL.iter().filter(with_ports).map(Protocol::name).collect();
            Failure::Usage(format!("{word} is not a port: {expected} ({})", names.join(", ")))
        };
        let by_name = |name: &str| Protocol::named(name).filter(|known| WITH_PORTS.contains(known.set()));
        let (end, behind) = match word.rsplit_once('/') {
            Some((end, name)) => (end, Some(by_name(name).ok_or_else(wrong)?)),
            None => (word, None),
        };
        let (before, end) = match (end.split_once('@'), end.split_once(':')) {
            // What lsof has behind it is an address and a port.
            (Some((name, end)), _) if end.contains(':') => (Some(name).filter(|name| !name.is_empty()), end),
            (None, Some((name, end))) if by_name(name).is_some() => (Some(name), end),
            _ => (None, end),
        };
        let before = before.map(|name| by_name(name).ok_or_else(wrong)).transpose()?;
        let (address, number) = match end.rsplit_once(':') {
            None => (None, end),
            Some(("" | "*", number)) => (None, number),
            Some((address, number)) if Filter::local(address).is_ok() => (Some(At::of(address)), number),
            Some(_) => return Err(wrong()),
        };
        if before.is_some() && behind.is_some() {
            return Err(wrong());
        }
        match Filter::port(number) {
            Ok(number) => Ok(Self { number, protocol: before.or(behind), address }),
            Err(error) => Err(Failure::Usage(escape::text(error.what().as_bytes()).into_owned())),
        }
    }

    /// The sockets that have the port at their own end, at the address or at every one.
    pub(in crate::commands) fn filter(self) -> Result<Filter, Failure> {
        let mut filter = Filter::local_port(self.number);
        if let Some(address) = self.address {
            let every =
                [IpAddr::V4(Ipv4Addr::UNSPECIFIED), IpAddr::V6(Ipv6Addr::UNSPECIFIED)].map(Filter::local_at);
            let mut local = Filter::local(address.text).map_err(Failure::Filter)?;
            // A v4-mapped address is IPv4's.
            if let Some(ip) = address.ip.filter(|_| address.is_mapped()) {
                local = local.or(Filter::local_at(ip));
            }
            let mut there = every.into_iter().fold(local, Filter::or);
            if address.is_every() {
                // The connections of a listener at every address are each at one.
                there = there.or(Filter::local_port(self.number));
            }
            filter = filter.and(there);
        }
        Ok(match self.protocol {
            Some(protocol) => filter.and(Filter::protocol(protocol)),
            None => filter,
        })
    }

    /// Whether a socket that has the port at this address or at every address has it here: those of the other family, or of
    /// another interface, are no obstacle to whoever binds it.
    pub(in crate::commands) fn has_its_address(self, socket: &Socket) -> bool {
        let (Some(address), Some(ip)) = (self.address, socket.local.ip()) else { return true };
        if address.is_every() {
            let is_of_family =
                if address.is_ipv4() { takes_ipv4(socket) } else { socket.family == Family::Ipv6 };
            return is_of_family && address.zone.is_none_or(|zone| may_be_of_interface(socket, zone));
        }
        if !ip.to_canonical().is_unspecified() {
            return true;
        }
        if address.is_ipv4() { takes_ipv4(socket) } else { ip.to_canonical().is_ipv6() }
    }
}

impl<'w> At<'w> {
    fn of(text: &'w str) -> Self {
        let bare = text.trim_start_matches('[').split(['%', '/', ']']).next().unwrap_or_default();
        let ip: Option<IpAddr> = bare.parse().ok();
        let zone = text.trim_end_matches(']').split_once('%').map(|(_, zone)| zone);
        Self { text, ip: ip.map(|ip| ip.to_canonical()), zone }
    }

    fn is_ipv4(self) -> bool {
        self.ip.map_or(!self.text.contains(':'), |ip| ip.is_ipv4())
    }

    /// IPv4, written as IPv6.
    fn is_mapped(self) -> bool {
        self.is_ipv4() && self.text.contains(':')
    }

    /// Every address of a family: `0.0.0.0`, `[::]`, `0.0.0.0%eth0`.
    fn is_every(self) -> bool {
        self.ip.is_some_and(|ip| ip.is_unspecified())
    }
}

/// A socket that is bound to no interface is of each.
fn may_be_of_interface(socket: &Socket, zone: &str) -> bool {
    let is_named = socket.interface_name.as_ref().is_some_and(|name| name.as_bytes() == zone.as_bytes());
    socket.interface.is_none_or(|index| is_named || index.to_string() == zone)
}

/// Whether binding the port for IPv4 fails: one of IPv6 at every address has it for IPv4 too, unless it is IPv6 only.
/// Where that is unknown, it may fail.
pub(in crate::commands) fn takes_ipv4(socket: &Socket) -> bool {
    let ip = socket.local.ip().map(|ip| ip.to_canonical());
    ip.is_some_and(|ip| ip.is_ipv4() || (ip.is_unspecified() && socket.v6only != Some(true)))
}

/// The port, as it was asked for.
pub(in crate::commands) fn port(asked: Asked<'_>) -> String {
    let port = match asked.protocol {
        Some(protocol) => format!("{}/{protocol}", asked.number),
        None => format!("port {}", asked.number),
    };
    match asked.address {
        Some(address) => format!("{port} at {}", escape::text(address.text.as_bytes())),
        None => port,
    }
}

/// `TIME_WAIT` is the kernel's memory of a connection: nobody has the port through it.
pub(in crate::commands) fn is_held(socket: &Socket) -> bool {
    socket.state != State::TimeWait
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_as_people_write_them() {
        let (tcp, udp) = (Some(Protocol::Tcp), Some(Protocol::Udp));
        for (word, expected) in [
            ("8080", Some((8080, None))),
            (":8080", Some((8080, None))),
            ("https", Some((443, None))),
            (":https", Some((443, None))),
            ("53/udp", Some((53, udp))),
            ("tcp:443", Some((443, tcp))),
            ("domain/udp", Some((53, udp))),
            ("0", Some((0, None))),
            ("65535", Some((65535, None))),
            ("65536", None),
            ("70000", None),
            ("-1", None),
            ("", None),
            ("nonsense", None),
            ("53/sctp", Some((53, Some(Protocol::Sctp)))),
            ("1000/MPTCP", Some((1000, Some(Protocol::Mptcp)))),
            ("1000/TCP", Some((1000, tcp))),
            ("HTTPS", Some((443, None))),
            ("53/icmp", None),
            ("53/dccp", None),
            ("53/udp/tcp", None),
            ("tcp:10.0.0.1:80", Some((80, tcp))),
            ("10.0.0.1:80/udp", Some((80, udp))),
            ("[fe80::1%3]:53", Some((53, None))),
            ("[fe80::1%eth0]:domain", Some((53, None))),
            ("*:80", Some((80, None))),
            ("nowhere:80", None),
            ("::1", None),
            // lsof's.
            ("@127.0.0.1:80", Some((80, None))),
            ("tcp@127.0.0.1:80", Some((80, tcp))),
            ("udp@:53", Some((53, udp))),
            ("tcp@80", None),
            ("sctp@127.0.0.1:80", Some((80, Some(Protocol::Sctp)))),
            ("raw@127.0.0.1:80", None),
            ("@127.0.0.1:80/tcp", Some((80, tcp))),
            ("udp@127.0.0.1:80/tcp", None),
            ("/run:80", None),
            ("/run/a:80", None),
            ("10.0.0.1:81:80", None),
        ] {
            let got = Asked::read(word).ok().map(|asked| (asked.number, asked.protocol));
            assert_eq!(got, expected, "{word}");
        }
    }
}
