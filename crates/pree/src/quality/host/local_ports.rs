//! How many of the ports that the system chooses from are in use.

use super::chosen::is_reusable;
use crate::coverage::Coverage;
use crate::model::{HostLimits, Protocol, Socket};
use crate::snapshot::Snapshot;

/// Local TCP ports that the system chooses from, and which of them some socket holds. Add every TCP socket of one network
/// namespace. A port in use is not lost to everybody: connect(2) gives it out again for another destination, unless bind(2)
/// took it.
#[derive(Clone, Debug)]
pub struct LocalPorts {
    limits: HostLimits,
    all: u32,
    /// A bit for each port.
    used: Box<[u64]>,
    /// Some that hold ports were not reported.
    lacks_bound: bool,
}

impl LocalPorts {
    /// `None` where the range of ports is not known.
    pub fn new(limits: &HostLimits) -> Option<Self> {
        let all = limits.choosable_ports()?;
        Some(Self { limits: limits.clone(), all, used: vec![0; (1 << 16) / 64].into(), lacks_bound: false })
    }

    /// Of all sockets of a snapshot; `None` where the range of ports is not known, or several namespaces were asked.
    pub fn of(snapshot: &Snapshot) -> Option<Self> {
        let mut ports = Self::new(snapshot.host())?;
        snapshot.iter().for_each(|socket| ports.add(socket));
        ports.end(snapshot.coverage());
        Some(ports)
    }

    /// Takes in a socket. What is no TCP socket, and a connection whose port can be had again, changes nothing.
    pub fn add(&mut self, socket: &Socket) {
        let port = socket.local.port().filter(|port| self.limits.can_choose(*port));
        let Some(port) = port.filter(|_| socket.protocol == Protocol::Tcp) else { return };
        if is_reusable(&self.limits, socket) {
            return;
        }
        if let Some(bits) = self.used.get_mut(usize::from(port / 64)) {
            *bits |= 1 << (port % 64);
        }
    }

    /// How many there are (Linux: `ip_local_port_range` without `ip_local_reserved_ports`).
    pub fn all(&self) -> u32 {
        self.all
    }

    /// All were added that were reported.
    pub fn end(&mut self, coverage: &Coverage) {
        self.lacks_bound = coverage.lacks_bound();
    }

    /// How many of them are in use; `None` where sockets that are only bound were not reported.
    pub fn used(&self) -> Option<u32> {
        (!self.lacks_bound).then(|| self.at_least())
    }

    /// How many of them are in use by sockets that were reported.
    pub fn at_least(&self) -> u32 {
        self.used.iter().map(|bits| bits.count_ones()).sum()
    }
}
