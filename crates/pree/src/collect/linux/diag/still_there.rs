//! Whether a connection that a dump reported is still there.

use std::net::SocketAddr;
use std::ops::ControlFlow;

use pree_wire::inet_diag::{self, Id, Request, Row};

use super::any_table::family_number;
use super::exchange::{PassError, exchange, told};
use crate::model::{Address, Protocol, Socket};
use crate::source::{DiagPass, DiagTable, Errno, Failure, Source};

/// Asks for a TCP connection by its ends and its cookie. `None` where that proves nothing: listeners and bound sockets share
/// their port with others, and other protocols do not look a socket up as it is reported.
pub(in crate::collect::linux) fn is_still_there(source: &mut dyn Source, socket: &Socket) -> Option<bool> {
    let id = id(socket)?;
    let table = DiagTable { family: family_number(socket.family), protocol: inet_diag::TCP };
    let request = Request::exact(table.family, table.protocol, id).with_sequence(1);
    let mut found = false;
    let answer = exchange(source, &request, table, DiagPass::Exact(id.cookie), &mut |row: &[u8]| {
        let row = Row::parse(row)?;
        found |= row.cookie() == id.cookie;
        Ok(told(&row, ControlFlow::Continue(())))
    });
    match answer {
        Ok(_) => Some(found),
        Err(PassError::Failed(Failure::Answer(Errno::ENOENT | Errno::ESTALE))) => Some(false),
        Err(_) => None,
    }
}

fn id(socket: &Socket) -> Option<Id> {
    let (Protocol::Tcp, Some(Address::Inet(remote)), Address::Inet(local)) =
        (socket.protocol, &socket.remote, &socket.local)
    else {
        return None;
    };
    Some(Id {
        source_port: local.port(),
        destination_port: remote.port(),
        source: bytes(local),
        destination: bytes(remote),
        interface: socket.interface.unwrap_or(0),
        cookie: socket.kernel_id?.cookie,
    })
}

/// As the kernel has them: an address of IPv4 in the first four bytes.
fn bytes(address: &SocketAddr) -> [u8; 16] {
    match address {
        SocketAddr::V6(v6) => v6.ip().octets(),
        SocketAddr::V4(v4) => {
            let mut bytes = [0; 16];
            bytes[..4].copy_from_slice(&v4.ip().octets());
            bytes
        }
    }
}
