//! Connections by where they go, as far as they hold one of the ports that the system chooses from.
//!
//! Such a port is in use for one source address and one destination only: the kernel looks for a free one among the
//! connections with the same three other parts.

use super::View;
use super::group::{end_key, group, ip_key};
use crate::model::{Address, HostLimits, Protocol, Socket, State, TimeWaitReuse};

/// The places of the connections from one address to one destination, for every pair of them with at least so many.
pub(super) fn destinations(view: &View<'_>, least: u32, wanted: fn(&Socket) -> bool) -> Vec<Vec<usize>> {
    let limits = view.snapshot.host();
    let holding =
        || view.sockets().filter(|(_, socket)| wanted(socket) && chosen_port(limits, socket).is_some());
    // Where all together are too few, no one needs to be asked where it goes.
    if holding().count() < least as usize {
        return Vec::new();
    }
    let with_ends = holding().filter_map(|(place, socket)| {
        let (local, remote) = (socket.local.ip()?, socket.remote.as_ref()?.socket_addr()?);
        Some(((ip_key(local), end_key(remote)), place))
    });
    let groups = group(with_ends).into_iter().map(|(_, places)| places);
    groups.filter(|places| places.len() >= least as usize).collect()
}

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
