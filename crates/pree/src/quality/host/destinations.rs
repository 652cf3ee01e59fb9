//! Connections by where they go, as far as they hold one of the ports that the system chooses from.
//!
//! Such a port is in use for one source address and one destination only: the kernel looks for a free one among the
//! connections with the same three other parts, in the same network namespace and bound to the same interface.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

use super::group::{end_key, group, ip_key, network};
use super::overview::Overview;

/// Counters for all destinations together; a power of two.
const COUNTERS: usize = 1 << 14;

/// Those of these connections that go from one address to one destination, for every pair with at least so many.
pub(super) fn destinations(view: &Overview<'_>, places: &[usize], least: usize) -> Vec<Vec<usize>> {
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
