//! TCP segments as bytes of an Ethernet frame, both ways, for the peer that is driven by hand.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

pub(crate) const FIN: u8 = 0x01;
pub(crate) const SYN: u8 = 0x02;
pub(crate) const RST: u8 = 0x04;
pub(crate) const PSH: u8 = 0x08;
pub(crate) const ACK: u8 = 0x10;

const ETHERNET_HEADER: usize = 14;
const TCP_PROTOCOL: u8 = 6;

/// One segment, as far as the kit looks at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Segment {
    pub(crate) from: SocketAddr,
    pub(crate) to: SocketAddr,
    pub(crate) sequence: u32,
    pub(crate) acknowledges: u32,
    pub(crate) flags: u8,
    pub(crate) window: u16,
    pub(crate) payload: Vec<u8>,
}

impl Segment {
    /// How much of the sequence space it takes.
    pub(crate) fn length(&self) -> u32 {
        let of_flags = u32::from(self.flags & SYN != 0) + u32::from(self.flags & FIN != 0);
        self.payload.len() as u32 + of_flags
    }

    /// The whole frame, to an interface that takes any destination.
    pub(crate) fn to_frame(&self, hardware_address: [u8; 6]) -> Vec<u8> {
        let mut tcp = Vec::with_capacity(24 + self.payload.len());
        tcp.extend(self.from.port().to_be_bytes());
        tcp.extend(self.to.port().to_be_bytes());
        tcp.extend(self.sequence.to_be_bytes());
        tcp.extend(self.acknowledges.to_be_bytes());
        // A SYN says our maximum segment size (1400); nothing else needs an option.
        let options: &[u8] = if self.flags & SYN != 0 { &[2, 4, 5, 120] } else { &[] };
        tcp.push(((20 + options.len() as u8) / 4) << 4);
        tcp.push(self.flags);
        tcp.extend(self.window.to_be_bytes());
        tcp.extend([0; 4]);
        tcp.extend(options);
        tcp.extend(&self.payload);

        let mut frame = hardware_address.to_vec();
        frame.extend([2, 0, 0, 0, 0, 2]);
        match (self.from.ip(), self.to.ip()) {
            (IpAddr::V4(from), IpAddr::V4(to)) => {
                finish_checksum(&mut tcp, &from.octets(), &to.octets());
                frame.extend([0x08, 0x00]);
                frame.extend(ipv4_header(from, to, tcp.len() as u16));
            }
            (from, to) => {
                let (from, to) = (to_v6(from), to_v6(to));
                finish_checksum(&mut tcp, &from.octets(), &to.octets());
                frame.extend([0x86, 0xdd, 0x60, 0, 0, 0]);
                frame.extend((tcp.len() as u16).to_be_bytes());
                frame.extend([TCP_PROTOCOL, 64]);
                frame.extend(from.octets());
                frame.extend(to.octets());
            }
        }
        frame.extend(tcp);
        frame
    }

    /// `None` for anything but TCP over IPv4 or IPv6 without extension headers.
    pub(crate) fn from_frame(frame: &[u8]) -> Option<Self> {
        let packet = frame.get(ETHERNET_HEADER..)?;
        let (from, to, tcp): (IpAddr, IpAddr, &[u8]) = match packet.first()? >> 4 {
            4 if *packet.get(9)? == TCP_PROTOCOL => {
                let header = usize::from(packet[0] & 15) * 4;
                let total = usize::from(u16::from_be_bytes(array(packet, 2)?));
                let from: [u8; 4] = array(packet, 12)?;
                let to: [u8; 4] = array(packet, 16)?;
                (from.into(), to.into(), packet.get(header..total)?)
            }
            6 if *packet.get(6)? == TCP_PROTOCOL => {
                let length = usize::from(u16::from_be_bytes(array(packet, 4)?));
                let from: [u8; 16] = array(packet, 8)?;
                let to: [u8; 16] = array(packet, 24)?;
                (from.into(), to.into(), packet.get(40..40 + length)?)
            }
            _ => return None,
        };
        let header = usize::from(*tcp.get(12)? >> 4) * 4;
        Some(Self {
            from: SocketAddr::new(from, u16::from_be_bytes(array(tcp, 0)?)),
            to: SocketAddr::new(to, u16::from_be_bytes(array(tcp, 2)?)),
            sequence: u32::from_be_bytes(array(tcp, 4)?),
            acknowledges: u32::from_be_bytes(array(tcp, 8)?),
            flags: *tcp.get(13)?,
            window: u16::from_be_bytes(array(tcp, 14)?),
            payload: tcp.get(header..)?.to_vec(),
        })
    }
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at + N)?.try_into().ok()
}

fn to_v6(address: IpAddr) -> Ipv6Addr {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped(),
        IpAddr::V6(v6) => v6,
    }
}

fn ipv4_header(from: Ipv4Addr, to: Ipv4Addr, payload: u16) -> Vec<u8> {
    let mut header = vec![0x45, 0];
    header.extend((20 + payload).to_be_bytes());
    // No identification, "don't fragment", 64 hops.
    header.extend([0, 0, 0x40, 0, 64, TCP_PROTOCOL, 0, 0]);
    header.extend(from.octets());
    header.extend(to.octets());
    let checksum = !sum(&header);
    header[10..12].copy_from_slice(&checksum.to_be_bytes());
    header
}

/// Fills the TCP checksum, over the pseudo header of RFC 9293 §3.1 and RFC 8200 §8.1.
fn finish_checksum(tcp: &mut [u8], from: &[u8], to: &[u8]) {
    let mut covered = [from, to].concat();
    covered.extend([0, TCP_PROTOCOL]);
    covered.extend((tcp.len() as u16).to_be_bytes());
    covered.extend(&*tcp);
    let checksum = !sum(&covered);
    tcp[16..18].copy_from_slice(&checksum.to_be_bytes());
}

/// The one's complement sum of RFC 1071.
fn sum(bytes: &[u8]) -> u16 {
    let mut total: u32 = 0;
    for pair in bytes.chunks(2) {
        total += u32::from(pair[0]) << 8 | u32::from(pair.get(1).copied().unwrap_or(0));
    }
    while total > 0xffff {
        total = (total & 0xffff) + (total >> 16);
    }
    total as u16
}
