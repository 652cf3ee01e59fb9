//! Which port was asked for.

use pree::{Protocol, Socket, State};

use crate::output::escape;

/// A port, of a protocol or an address or of any.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Asked<'w> {
    pub(super) number: u16,
    /// Any, when there is none.
    pub(super) protocol: Option<Protocol>,
    /// As a filter reads it. Who has the port at every address has it there too.
    pub(super) address: Option<&'w str>,
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
