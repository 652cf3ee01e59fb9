//! Ports that the system chose for a connection, and those of them that it can choose again.

use crate::model::{Address, HostLimits, Protocol, Socket, State, TimeWaitReuse};

/// The local port of a connection that was asked for on this side, if the system can have chosen it. Connections that
/// came to a listener in that range count too: the listener holds its port for itself.
pub(super) fn chosen_port(limits: &HostLimits, socket: &Socket) -> Option<u16> {
    let connection = socket.protocol == Protocol::Tcp && socket.remote.is_some();
    socket.local.port().filter(|port| connection && limits.can_choose(*port))
}

/// True for a port whose connection is over and which the next one can have.
pub(super) fn is_reusable(limits: &HostLimits, socket: &Socket) -> bool {
    socket.state == State::TimeWait
        && match limits.time_wait_reuse {
            Some(TimeWaitReuse::Loopback) => stays_here(socket),
            Some(TimeWaitReuse::Never) => false,
            // Where it is not known, only what is certain counts as in use.
            Some(TimeWaitReuse::Always) | None => true,
        }
}

/// What the kernel takes for loopback: either end is a loopback address.
fn stays_here(socket: &Socket) -> bool {
    let ends = [Some(&socket.local), socket.remote.as_ref()];
    ends.into_iter().flatten().filter_map(Address::ip).any(|ip| ip.to_canonical().is_loopback())
}
