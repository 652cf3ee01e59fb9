//! UDP and UDP-Lite sockets: free, connected, v4-mapped, with datagrams waiting, with datagrams lost.

use std::net::Ipv4Addr;

use super::Population;
use crate::Failed;
use crate::socket::{Family, Socket};
use crate::truth::Unread;

/// UDP sockets: unconnected and connected, IPv4, IPv6 and v4-mapped, wildcard, with unread datagrams, with drops.
///
/// # Errors
/// The kernel's.
pub fn udp() -> Result<Population, Failed> {
    let mut all = Population::new();
    for family in [Family::V4, Family::V6] {
        connected_pair(&mut all, family, Socket::udp)?;
        let free = Socket::udp(family)?;
        free.bind((family.any(), 0))?;
        all.add("UDP on all addresses", free, "unconnected")?;
    }

    let server = Socket::udp(Family::V6)?;
    server.bind((Family::V6.any(), 0))?;
    let client = Socket::udp(Family::V6)?;
    client.connect((Ipv4Addr::LOCALHOST.to_ipv6_mapped(), server.local()?.port()))?;
    all.add("dual-stack UDP", server, "unconnected")?;
    all.add("v4-mapped UDP", client, "established")?;

    let reader = Socket::udp(Family::V4)?;
    reader.bind((Family::V4.loopback(), 0))?;
    let writer = Socket::udp(Family::V4)?;
    writer.connect(reader.local()?)?;
    for size in [100, 200, 300] {
        writer.send(&vec![1; size])?;
    }
    let unread = Unread { datagrams: 3, payload_bytes: 600 };
    all.add_with("UDP with unread datagrams", reader, "unconnected", |truth| truth.unread = Some(unread))?;
    all.add("UDP writer", writer, "established")?;

    drops(&mut all)?;
    Ok(all)
}

/// UDP-Lite sockets, unconnected and connected, IPv4 and IPv6. Needs [`crate::Need::UdpLite`].
///
/// # Errors
/// The kernel's.
pub fn udplite() -> Result<Population, Failed> {
    let mut all = Population::new();
    for family in [Family::V4, Family::V6] {
        connected_pair(&mut all, family, Socket::udplite)?;
    }
    Ok(all)
}

fn connected_pair(
    all: &mut Population,
    family: Family,
    make: fn(Family) -> std::io::Result<Socket>,
) -> Result<(), Failed> {
    let server = make(family)?;
    server.bind((family.loopback(), 0))?;
    let client = make(family)?;
    client.connect(server.local()?)?;
    all.add("unconnected", server, "unconnected")?;
    all.add("connected", client, "established")?;
    Ok(())
}

/// Datagrams into the smallest buffer; those which did not fit are what was sent less what can be read.
fn drops(all: &mut Population) -> Result<(), Failed> {
    const SENT: u32 = 64;
    let reader = Socket::udp(Family::V4)?;
    reader.set_receive_buffer(1)?;
    reader.bind((Family::V4.loopback(), 0))?;
    let writer = Socket::udp(Family::V4)?;
    writer.connect(reader.local()?)?;
    for _ in 0..SENT {
        // Over loopback a datagram is queued or dropped before send returns.
        writer.send(&[2; 512])?;
    }
    let mut buffer = [0; 1024];
    let mut read = 0;
    while reader.receive_now(&mut buffer).is_ok() {
        read += 1;
    }
    let bytes = u32::try_from(reader.get_int(libc::SOL_SOCKET, libc::SO_RCVBUF)?)?;
    all.add_with("UDP with drops", reader, "unconnected", |truth| {
        truth.drops = Some(SENT - read);
        truth.receive_buffer_bytes = Some(bytes);
    })?;
    all.add("UDP writer of drops", writer, "established")?;
    Ok(())
}
