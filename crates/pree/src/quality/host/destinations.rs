//! Connections by where they go, as far as they hold one of the ports that the system chooses from.
//!
//! Such a port is in use for one source address and one destination only: the kernel looks for a free one among the
//! connections with the same three other parts, in the same network namespace and bound to the same interface.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

use super::View;
use super::group::{end_key, group, ip_key, network};
use crate::model::{Address, HostLimits, Protocol, Socket, State, TimeWaitReuse};

/// Counters for all destinations together; a power of two.
const COUNTERS: usize = 1 << 14;

/// Those of these connections that go from one address to one destination, for every pair with at least so many.
pub(super) fn destinations(view: &View<'_>, places: &[usize], least: usize) -> Vec<Vec<usize>> {
    // Where all together are too few, no one needs to be asked where it goes.
    if places.len() < least {
        return Vec::new();
    }
    let with_ends = || {
        view.each(places).filter_map(|(place, socket)| {
            let (local, remote) = (socket.local.ip()?, socket.remote.as_ref()?.socket_addr()?);
            Some(((network(socket), ip_key(local), end_key(remote)), place))
        })
    };
    // Destinations that share a counter are together at least as many as each of them.
    let hasher = RandomState::new();
    let counter = |key: &(_, _, (u128, u16))| hasher.hash_one(key.2) as usize % COUNTERS;
    let mut counters = vec![0_usize; COUNTERS];
    for (key, _) in with_ends() {
        counters[counter(&key)] += 1;
    }
    let groups = group(with_ends().filter(|(key, _)| counters[counter(key)] >= least));
    groups.into_iter().map(|(_, places)| places).filter(|places| places.len() >= least).collect()
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
