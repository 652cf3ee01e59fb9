//! Which port was asked for.

use std::net::IpAddr;

use pree::{Protocol, Socket, State};

use crate::text::escape;

/// A port, of a protocol or an address or of any.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Asked<'w> {
    pub(super) number: u16,
    /// Any, when there is none.
    pub(super) protocol: Option<Protocol>,
    /// As a filter reads it. Who has the port at every address of its family has it there too.
    pub(super) address: Option<&'w str>,
}

impl Asked<'_> {
    /// Whether a socket that has the port at this address or at every address has it here: those of the other family are
    /// no obstacle to whoever binds it.
    pub(super) fn has_its_address(self, socket: &Socket) -> bool {
        let (Some(address), Some(ip)) = (self.address, socket.local.ip()) else { return true };
        if !ip.to_canonical().is_unspecified() {
            return true;
        }
        if is_ipv4(address) { takes_ipv4(socket) } else { ip.to_canonical().is_ipv6() }
    }
}

/// Of an address as a filter reads it: `10.0.0.5`, `10/8`, `[::ffff:10.0.0.5]`.
fn is_ipv4(address: &str) -> bool {
    let bare = address.trim_start_matches('[').split(['%', '/', ']']).next().unwrap_or_default();
    bare.parse::<IpAddr>().map_or(!bare.contains(':'), |ip| ip.to_canonical().is_ipv4())
}

/// Whether binding the port for IPv4 fails: one of IPv6 at every address has it for IPv4 too, unless it was told not to.
/// Where that is not told, it may.
pub(super) fn takes_ipv4(socket: &Socket) -> bool {
    let ip = socket.local.ip().map(|ip| ip.to_canonical());
    ip.is_some_and(|ip| ip.is_ipv4() || (ip.is_unspecified() && socket.v6only != Some(true)))
}

/// The port, as it was asked for.
pub(super) fn port(asked: Asked<'_>) -> String {
    let port = match asked.protocol {
        Some(protocol) => format!("{}/{protocol}", asked.number),
        None => format!("port {}", asked.number),
    };
    match asked.address {
        Some(address) => format!("{port} at {}", escape::text(address.as_bytes())),
        None => port,
    }
}

/// `TIME_WAIT` is the kernel's memory of a connection: nobody has the port through it.
pub(super) fn is_held(socket: &Socket) -> bool {
    socket.state != State::TimeWait
}
