//! Where the sockets of processes that the filter names are to be met: the kernel cannot be asked for a socket by its
//! inode, but by its local port.

use std::collections::BTreeSet;

use pree_wire::fd_records::BoundPort;
use pree_wire::inet_diag::{AF_INET, AF_INET6, TCP, UDP, UDPLITE};

use super::owners::OwnerSearch;
use crate::source::{ProcessPart, Question, Source, read_all};

/// More are not asked one by one, and would be too many for the kernel's program.
const MOST: usize = 48;

/// Families that are in no table by port: Unix, netlink, packet, ALG, vsock, XDP.
const WITHOUT_PORTS: [u16; 6] = [1, 16, 17, 38, 40, 44];

impl OwnerSearch {
    /// The local ports of all sockets that were found, where the filter names their processes. `None` where these do not
    /// report where all rows of theirs can be met.
    pub(super) fn bound_ports(&self, source: &mut dyn Source) -> Option<Vec<u16>> {
        // Of a socket in a ring no descriptor tells the port.
        if self.named.is_none() || !self.is_whole_by_own_proc() || !self.in_rings.is_empty() {
            return None;
        }
        let mut ports = BTreeSet::new();
        for (count, inode) in self.map.inodes().enumerate() {
            let place = self.places(inode).next().filter(|place| place.thread == 0 && count < MOST)?;
            let part = ProcessPart::BoundPort { fd: place.fd };
            let bytes = read_all(source, &Question::Process { pid: place.pid, part }).ok()?;
            let bound = BoundPort::decode(bytes.try_into().ok()?);
            if bound.inode != inode || !has_one_port(&bound) {
                return None;
            }
            if bound.port != 0 {
                ports.insert(bound.port);
            }
        }
        Some(ports.into_iter().collect())
    }
}

/// Whether all rows of a socket have its own local port, or none is in a table with ports. A subflow of an MPTCP socket
/// can have another one, and a raw socket has a protocol there.
fn has_one_port(bound: &BoundPort) -> bool {
    if WITHOUT_PORTS.contains(&bound.family) {
        return true;
    }
    [AF_INET.into(), AF_INET6.into()].contains(&bound.family) && [TCP, UDP, UDPLITE].contains(&bound.protocol)
}
