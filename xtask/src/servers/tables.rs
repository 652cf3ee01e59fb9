//! The programs and the troubles: a line here and a script of that name (`programs/`, `troubles/`) each.

/// What every run takes.
pub(super) const COMMON: &[&str] = &["unshare", "ip", "bash", "pgrep", "python3"];

/// A program: its script says how to start it and how to load it.
pub(super) struct Program {
    pub(super) name: &'static str,
    /// Commands without which it is skipped.
    pub(super) needs: &'static [&'static str],
}

const fn program(name: &'static str, needs: &'static [&'static str]) -> Program {
    Program { name, needs }
}

pub(super) const PROGRAMS: &[Program] = &[
    program("nginx", &["nginx", "wrk"]),
    program("apache2", &["apache2", "ab"]),
    program("haproxy", &["haproxy", "nginx", "wrk"]),
    program("redis", &["redis-server", "redis-benchmark"]),
    program("postgresql", &["postgres", "pgbouncer", "pgbench", "setpriv"]),
    program("dnsmasq", &["dnsmasq", "dnsperf"]),
    program("unbound", &["unbound", "dnsperf"]),
    program("sshd", &["sshd", "ssh"]),
    program("iperf3", &["iperf3"]),
    program("node", &["node", "wrk"]),
    program("asyncio", &["wrk"]),
    program("java", &["java", "wrk"]),
];

/// Something that is wrong: its script makes it.
#[derive(Clone, Copy)]
pub(super) struct Trouble {
    pub(super) name: &'static str,
    pub(super) needs: &'static [&'static str],
    /// The finding that names it.
    pub(super) says: &'static str,
    /// One look may not show it.
    pub(super) takes_time: bool,
}

const fn trouble(name: &'static str, says: &'static str, needs: &'static [&'static str]) -> Trouble {
    Trouble { name, needs, says, takes_time: false }
}

pub(super) const TROUBLES: &[Trouble] = &[
    trouble("accept_queue", "accept_overflow", &[]),
    trouble("unix_queue", "accept_overflow", &[]),
    Trouble { takes_time: true, ..trouble("close_wait", "close_wait_leak", &[]) },
    trouble("ports", "ports_exhausted", &["sysctl"]),
    trouble("ports_bound", "ports_exhausted", &["sysctl"]),
    trouble("syn", "syn_stuck", &["nft"]),
    trouble("loss", "lossy", &["nft", "iperf3"]),
    trouble("queue", "buffer_bloat", &["tc", "nsenter", "iperf3", "sysctl"]),
    trouble("dead_peer", "path_dead", &["nft"]),
    trouble("unread", "zero_window", &[]),
    trouble("udp_buffer", "udp_drops", &[]),
];
