//! Listeners and connections over loopback and link-local addresses.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV6};

use super::{BACKLOG, Population};
use crate::Failed;
use crate::socket::{Family, Socket};
use crate::wire::Wire;

pub(super) const LISTENING: Option<(u32, u32)> = Some((0, BACKLOG as u32));

pub(super) fn listener(family: Family, address: impl Into<SocketAddr>) -> io::Result<Socket> {
    let socket = Socket::tcp(family)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)?;
    Ok(socket)
}

/// TCP listeners: on an IPv4 and an IPv6 address, on all of each, on a v4-mapped address, dual-stack and v6only.
///
/// # Errors
/// The kernel's.
pub fn listeners() -> Result<Population, Failed> {
    let mut all = Population::new();
    let mut add = |label, socket| all.add_with(label, socket, "listen", |truth| truth.listen = LISTENING);
    add("IPv4 listener", listener(Family::V4, (Family::V4.loopback(), 0))?)?;
    add("IPv6 listener", listener(Family::V6, (Family::V6.loopback(), 0))?)?;
    add("IPv4 listener on all addresses", listener(Family::V4, (Family::V4.any(), 0))?)?;
    add("v4-mapped listener", listener(Family::V6, (Ipv4Addr::LOCALHOST.to_ipv6_mapped(), 0))?)?;
    for (label, only) in [("dual-stack listener", false), ("v6only listener", true)] {
        let socket = Socket::tcp(Family::V6)?;
        socket.set_v6only(only)?;
        socket.bind((Family::V6.any(), 0))?;
        socket.listen(BACKLOG)?;
        add(label, socket)?;
    }
    Ok(all)
}

/// Established TCP connections with both ends: IPv4, IPv6, and v4-mapped on the one end or on both.
///
/// # Errors
/// The kernel's.
pub fn connections() -> Result<Population, Failed> {
    let mut all = Population::new();
    let mapped = IpAddr::from(Ipv4Addr::LOCALHOST.to_ipv6_mapped());
    let v4 = Family::V4.loopback();
    let v6 = Family::V6.loopback();
    for (label, server, at, client, to) in [
        ("IPv4 connection", Family::V4, v4, Family::V4, v4),
        ("IPv6 connection", Family::V6, v6, Family::V6, v6),
        ("connection from IPv4 to a dual-stack listener", Family::V6, Family::V6.any(), Family::V4, v4),
        ("v4-mapped connection", Family::V6, Family::V6.any(), Family::V6, mapped),
    ] {
        let listener = listener(server, (at, 0))?;
        let socket = Socket::tcp(client)?;
        socket.connect((to, listener.local()?.port()))?;
        let accepted = listener.accept()?;
        all.add(label, socket, "established")?;
        all.add(label, accepted, "established")?;
        all.add_with("listener of a connection", listener, "listen", |truth| truth.listen = LISTENING)?;
    }
    Ok(all)
}

/// A listener, a connection and a UDP socket on a link-local address with a scope id.
///
/// # Errors
/// The kernel's.
pub fn link_local() -> Result<Population, Failed> {
    let wire = Wire::open()?;
    let scope = wire.interface();
    let at = |port| SocketAddrV6::new(wire.near_link_local(), port, 0, scope);
    let mut all = Population::new();
    let listener = listener(Family::V6, at(0))?;
    let port = listener.local()?.port();
    let client = Socket::tcp(Family::V6)?;
    client.connect(at(port))?;
    let accepted = listener.accept()?;
    let udp = Socket::udp(Family::V6)?;
    udp.bind(at(0))?;
    all.add_with("link-local listener", listener, "listen", |truth| {
        truth.listen = LISTENING;
        truth.interface = Some(scope);
    })?;
    all.add_with("link-local client", client, "established", |truth| truth.interface = Some(scope))?;
    all.add_with("link-local server", accepted, "established", |truth| truth.interface = Some(scope))?;
    all.add_with("link-local UDP", udp, "unconnected", |truth| truth.interface = Some(scope))?;
    Ok(all)
}
