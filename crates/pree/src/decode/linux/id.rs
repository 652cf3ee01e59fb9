//! A socket that was decoded, as requests name it again.

use pree_wire::inet_diag::{self, Id};

use crate::model::{Address, Socket};

/// Its ends, interface and cookie; `None` of one that is not of the internet protocols, or was not reported by `sock_diag`.
pub(crate) fn inet_id(socket: &Socket) -> Option<Id> {
    let Address::Inet(local) = &socket.local else { return None };
    let remote = socket.remote.as_ref().and_then(Address::socket_addr);
    Some(Id {
        source_port: local.port(),
        destination_port: remote.map_or(0, |remote| remote.port()),
        source: inet_diag::address(local.ip()),
        destination: remote.map_or([0; 16], |remote| inet_diag::address(remote.ip())),
        interface: socket.interface.unwrap_or(0),
        cookie: socket.kernel_id?.cookie,
    })
}
