//! What stands in a population of sockets, and what that needs of the machine.

use serde::{Deserialize, Serialize};

/// The port on which the process in the middle listens: a search that ends when it has found it goes half the way. The
/// others have the ports after it. Nothing else uses them.
pub(crate) const FIRST_PORT: u16 = 10_000;
/// Ports the kernel gives to the other ends; inside the population only.
pub(crate) const EPHEMERAL_PORTS: &str = "30000 65000";

/// How many of what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Population {
    /// TCP sockets, exactly.
    pub(crate) tcp: u32,
    /// Of these, listeners.
    pub(crate) listeners: u32,
    /// Of these, IPv6.
    pub(crate) tcp6: u32,
    pub(crate) udp: u32,
    /// Processes among which the sockets are divided.
    pub(crate) processes: u32,
    /// Processes with descriptors that are no sockets.
    pub(crate) idle_processes: u32,
    pub(crate) idle_descriptors: u32,
}

/// What one process holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Share {
    /// Connections with both ends here: two sockets each.
    pub(crate) connections: u32,
    /// Of these, over IPv6.
    pub(crate) connections6: u32,
    pub(crate) udp: u32,
}

impl Population {
    /// The population of this many TCP sockets. Every process listens on one port of each family; one connection in
    /// four is IPv6, one in fifty half closed. UDP is a fiftieth more.
    pub(crate) fn of(tcp: u32) -> Self {
        let (processes, idle_processes, idle_descriptors) = match tcp {
            0 => (0, 0, 0),
            1..=1_000 => (17, 3, 300),
            1_001..=10_000 => (130, 10, 2_000),
            10_001..=100_000 => (400, 20, 10_000),
            _ => (400, 40, 40_000),
        };
        let mut population = Self {
            tcp,
            listeners: 2 * processes,
            tcp6: 0,
            udp: tcp / 50,
            processes,
            idle_processes,
            idle_descriptors,
        };
        population.tcp6 = (0..processes).map(|index| 1 + 2 * population.share(index).connections6).sum();
        population
    }

    /// What the process of this number holds.
    pub(crate) fn share(&self, index: u32) -> Share {
        let connections = part((self.tcp - self.listeners) / 2, self.processes, index);
        Share { connections, connections6: connections / 4, udp: part(self.udp, self.processes, index) }
    }

    /// Where the process of this number listens.
    pub(crate) fn port(&self, index: u32) -> u16 {
        let ahead = self.processes - self.processes / 2;
        FIRST_PORT + ((index + ahead) % self.processes.max(1)) as u16
    }

    /// What the idle process of this number holds.
    pub(crate) fn idle_share(&self, index: u32) -> u32 {
        part(self.idle_descriptors, self.idle_processes, index)
    }

    /// Descriptors of the process that has most of them.
    pub(crate) fn descriptors_a_process(&self) -> u64 {
        let busy = (0..self.processes).map(|index| {
            let share = self.share(index);
            u64::from(2 * share.connections + share.udp) + 2
        });
        let idle = (0..self.idle_processes).map(|index| u64::from(self.idle_share(index)));
        // Its standard streams, and what it needs to make sockets.
        busy.chain(idle).max().unwrap_or(0) + 16
    }

    pub(crate) fn descriptors(&self) -> u64 {
        let standard = u64::from(self.processes + self.idle_processes) * 8;
        u64::from(self.tcp) + u64::from(self.udp) + u64::from(self.idle_descriptors) + standard
    }

    /// Kernel memory of sockets with their files, pages of processes, and room for the programs that are measured.
    pub(crate) fn memory_kib(&self) -> u64 {
        let sockets = u64::from(self.tcp + self.udp) * 8;
        let processes = u64::from(self.processes + self.idle_processes) * 1024;
        let tools = 256 * 1024 + u64::from(self.tcp) * 2;
        sockets + processes + tools
    }
}

/// The part of `whole` that falls to one of `parts`; the first ones have one more where it does not come out even.
fn part(whole: u32, parts: u32, index: u32) -> u32 {
    match parts {
        0 => 0,
        _ => whole / parts + u32::from(index < whole % parts),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_make_the_whole() {
        for tcp in [0, 1_000, 10_000, 100_000, 1_000_000] {
            let population = Population::of(tcp);
            let shares = || (0..population.processes).map(|index| population.share(index));
            let connections: u32 = shares().map(|share| share.connections).sum();
            assert_eq!(2 * connections + population.listeners, tcp);
            assert_eq!(shares().map(|share| share.udp).sum::<u32>(), population.udp);
            let idle = (0..population.idle_processes).map(|index| population.idle_share(index));
            assert_eq!(idle.sum::<u32>(), population.idle_descriptors);
        }
    }

    #[test]
    fn every_process_has_a_port_and_the_middle_one_the_first() {
        let population = Population::of(1_000);
        let mut ports: Vec<u16> = (0..17).map(|index| population.port(index)).collect();
        assert_eq!(ports[8], FIRST_PORT);
        ports.sort_unstable();
        assert!(ports.into_iter().eq(FIRST_PORT..FIRST_PORT + 17));
    }

    #[test]
    fn no_process_needs_many_descriptors() {
        assert!(Population::of(1_000_000).descriptors_a_process() < 4096);
    }
}
