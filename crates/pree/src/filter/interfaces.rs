//! Interfaces that sockets are bound to, and that link-local addresses are of.

use std::net::SocketAddr;

use super::expr::Named;
use crate::model::{Address, Protocols, Socket};

/// /proc, which gives no identity either, does not tell of the interfaces of these; others are bound to none.
pub(super) fn tells_device(socket: &Socket) -> bool {
    socket.interface.is_some()
        || socket.kernel_id.is_some()
        || !Protocols::INET.contains(socket.protocol.set())
}

/// What follows the % of an address is its scope, or the interface that the socket is bound to.
pub(super) fn in_zone(zone: Option<&Named>, address: &Address, socket: &Socket) -> Option<bool> {
    let Some(zone) = zone else { return Some(true) };
    let scope = match address {
        Address::Inet(SocketAddr::V6(v6)) if v6.scope_id() != 0 => Some(v6.scope_id()),
        Address::Raw { scope_id, .. } if *scope_id != 0 => Some(*scope_id),
        _ => socket.interface,
    };
    let is_known = scope.is_some() || tells_device(socket);
    is_known.then_some(())?;
    is_device(zone, scope, socket)
}

/// Whether the interface with this index goes by this name: by its number, or, where nobody was asked for that, by the name that is
/// known of the socket's own.
pub(super) fn is_device(named: &Named, index: Option<u32>, socket: &Socket) -> Option<bool> {
    match (named.id, index, &socket.interface_name) {
        (Some(id), ..) => Some(index.map(u64::from) == Some(id)),
        (None, None, _) => Some(false),
        (None, Some(_), Some(name)) if index == socket.interface => {
            Some(name.as_bytes() == named.name.as_bytes())
        }
        (None, ..) => None,
    }
}
