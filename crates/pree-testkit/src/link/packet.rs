//! What the relay needs to know of a packet: its TCP ports and whether it carries data.

use crate::segment::{FIN, RST, SYN};

const TCP: u8 = 6;

/// The two ends of a TCP connection, as far as a lab needs them to tell its connections apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Ports {
    pub(crate) source: u16,
    pub(crate) destination: u16,
}

/// What a packet is to a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Carries data.
    Data,
    /// Asks for a connection.
    Syn,
    /// Acknowledges, and nothing else.
    Ack,
    /// Anything else, other protocols too.
    Other,
}

/// One packet, described.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape {
    /// Length of the IP packet.
    pub(crate) bytes: usize,
    pub(crate) kind: Kind,
    /// `None` for what is not TCP.
    pub(crate) ports: Option<Ports>,
}

impl Shape {
    /// Describes an IP packet; what cannot be read is [`Kind::Other`].
    pub(crate) fn of(packet: &[u8]) -> Self {
        let (ports, kind) = match tcp(packet) {
            Some((ports, kind)) => (Some(ports), kind),
            None => (None, Kind::Other),
        };
        Self { bytes: packet.len(), kind, ports }
    }
}

fn tcp(packet: &[u8]) -> Option<(Ports, Kind)> {
    let segment = match packet.first()? >> 4 {
        4 if *packet.get(9)? == TCP => packet.get(usize::from(packet[0] & 15) * 4..)?,
        6 if *packet.get(6)? == TCP => packet.get(40..)?,
        _ => return None,
    };
    let number = |at: usize| Some(u16::from_be_bytes(segment.get(at..at + 2)?.try_into().ok()?));
    let ports = Ports { source: number(0)?, destination: number(2)? };
    let header = usize::from(*segment.get(12)? >> 4) * 4;
    let flags = *segment.get(13)?;
    let kind = if flags & SYN != 0 {
        Kind::Syn
    } else if segment.len() > header {
        Kind::Data
    } else if flags & (FIN | RST) != 0 {
        Kind::Other
    } else {
        Kind::Ack
    };
    Some((ports, kind))
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;
    use crate::segment::{ACK, Segment};

    fn check(addresses: [&str; 2], flags: u8, payload: &[u8], kind: Kind) {
        let [from, to] = addresses.map(|address| address.parse::<SocketAddr>().expect("an address"));
        let payload = payload.to_vec();
        let segment = Segment { from, to, sequence: 1, acknowledges: 1, flags, window: 1, payload };
        let packet = &segment.to_frame([0; 6])[14..];
        let ports = Some(Ports { source: from.port(), destination: to.port() });
        assert_eq!(Shape::of(packet), Shape { bytes: packet.len(), kind, ports });
    }

    #[test]
    fn segments_are_told_apart() {
        for addresses in [["192.0.2.1:1", "192.0.2.2:65535"], ["[2001:db8::1]:1", "[2001:db8::2]:65535"]] {
            check(addresses, SYN, b"", Kind::Syn);
            check(addresses, SYN | ACK, b"", Kind::Syn);
            check(addresses, ACK, b"", Kind::Ack);
            check(addresses, ACK, b"x", Kind::Data);
            check(addresses, FIN | ACK, b"x", Kind::Data);
            check(addresses, FIN | ACK, b"", Kind::Other);
            check(addresses, RST, b"", Kind::Other);
        }
    }

    #[test]
    fn what_is_not_tcp_or_cut_short_is_something_else() {
        for packet in [&[][..], &[0x45; 8], &[0x60; 39], &[0xff; 60]] {
            assert_eq!(Shape::of(packet), Shape { bytes: packet.len(), kind: Kind::Other, ports: None });
        }
    }
}
