//! Limits of a machine that its sockets share, and what it counts of all of them.

/// Limits of the network namespace that was asked. `None`: not reported, or not asked for.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct HostLimits {
    /// The ports that the system chooses from when a program leaves the choice to it. Linux: `ip_local_port_range`.
    pub local_ports: Option<PortRange>,
    /// Those that it never chooses, in order and without overlaps. Linux: `ip_local_reserved_ports`.
    pub reserved_ports: Option<Vec<PortRange>>,
    /// How many connections it keeps in `TIME_WAIT`; further ones are forgotten at once. Linux: `tcp_max_tw_buckets`.
    pub time_wait_limit: Option<u32>,
    /// When a port in `TIME_WAIT` may be used for a new connection to the same destination. Linux: `tcp_tw_reuse`.
    pub time_wait_reuse: Option<TimeWaitReuse>,
    /// Unfinished handshakes that one listener may have while SYN cookies are off. Linux: `tcp_max_syn_backlog`.
    pub syn_backlog: Option<u32>,
    /// Whether a listener whose queue of handshakes is full still answers (RFC 4987 §3.6). Linux: `tcp_syncookies`.
    pub syn_cookies: Option<bool>,
}

impl HostLimits {
    /// How many ports the system chooses from: the range without what is reserved in it. Where the reserved
    /// ports are unknown, this is too many.
    pub fn choosable_ports(&self) -> Option<u32> {
        let range = self.local_ports?;
        let reserved = self.reserved_ports.iter().flatten().map(|reserved| {
            let (first, last) = (reserved.first.max(range.first), reserved.last.min(range.last));
            PortRange::new(first, last).map_or(0, PortRange::count)
        });
        Some(range.count().saturating_sub(reserved.sum()))
    }

    /// True for a port that the system may choose.
    pub fn can_choose(&self, port: u16) -> bool {
        self.local_ports.is_some_and(|range| range.contains(port)) && !self.is_reserved(port)
    }

    fn is_reserved(&self, port: u16) -> bool {
        self.reserved_ports.as_ref().is_some_and(|ranges| {
            let at = ranges.partition_point(|range| range.last < port);
            ranges.get(at).is_some_and(|range| range.contains(port))
        })
    }
}

/// A range of ports, both ends included; never empty.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct PortRange {
    first: u16,
    last: u16,
}

impl PortRange {
    /// `None` when the last comes before the first.
    pub fn new(first: u16, last: u16) -> Option<Self> {
        (first <= last).then_some(Self { first, last })
    }

    /// The first port.
    pub fn first(self) -> u16 {
        self.first
    }

    /// The last port.
    pub fn last(self) -> u16 {
        self.last
    }

    /// How many there are.
    pub fn count(self) -> u32 {
        u32::from(self.last - self.first) + 1
    }

    /// True for a port in the range.
    pub fn contains(self, port: u16) -> bool {
        (self.first..=self.last).contains(&port)
    }
}

/// Which ports in `TIME_WAIT` may be used again. Linux does so after a second, when both ends use timestamps (RFC 7323).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum TimeWaitReuse {
    /// None, for the whole minute.
    Never,
    /// Those of connections to this machine itself. The default since Linux 4.19.
    Loopback,
    /// All.
    Always,
}

/// TCP of the whole machine since it started, RFC 4022: on Linux of the network namespace (`Tcp:` in /proc/net/snmp; since
/// the namespace began), on Windows both families together (`MIB_TCPSTATS2`, Windows 10 1709; before that `MIB_TCPSTATS`, whose 32 bits go around).
/// `None`: not reported, or not asked for.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct HostCounters {
    /// Connections opened from here (`tcpActiveOpens`).
    pub active_opens: Option<u64>,
    /// Connections opened from elsewhere (`tcpPassiveOpens`).
    pub passive_opens: Option<u64>,
    /// Attempts that failed, both ways (`tcpAttemptFails`).
    pub failed_attempts: Option<u64>,
    /// Connections that a reset ended (`tcpEstabResets`).
    pub resets: Option<u64>,
    /// Connections that there are now (`tcpCurrEstab`).
    pub established: Option<u64>,
    /// Segments received, damaged ones included (`tcpInSegs`).
    pub segments_in: Option<u64>,
    /// Segments sent, without those that hold repetitions only (`tcpOutSegs`).
    pub segments_out: Option<u64>,
    /// Segments retransmitted (`tcpRetransSegs`).
    pub segments_retransmitted: Option<u64>,
    /// Segments received that were damaged (`tcpInErrs`).
    pub segments_damaged: Option<u64>,
    /// Resets sent (`tcpOutRsts`).
    pub resets_sent: Option<u64>,
    /// Handshakes dropped because a listener's accept queue was full. Linux: `ListenOverflows` of /proc/net/netstat.
    pub accept_overflows: Option<u64>,
}
