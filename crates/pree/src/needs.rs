//! What to ask about each socket, how far to look for owners, and where to read: shared by queries, filters, fields and collections.

use crate::named::named;
#[cfg(doc)]
use crate::{Coverage, Snapshot, Socket};

bitflags::bitflags! {
    /// What to ask about each socket. Whatever is asked for and missing from the answer is a gap in the [`Coverage`]. All but
    /// [`UNASKED`](Needs::UNASKED), `STATE_AND_ENDS`, `NAMESPACE`, `MARK` and `PACKET_FILTER` cost the kernel time: `PLATFORM.md`
    /// says how much.
    ///
    /// Why bits and not a list of fields: what a query, its filter, a column and an output need is united, once, and nothing else is
    /// asked of the kernel. So the order of calls does not matter, a field that nobody wants costs nothing, and what was wanted and did
    /// not come can be told from what was never asked.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
    pub struct Needs: u64 {
        /// [`Socket::tcp`]: `tcp_info`, congestion control.
        const STATS = 1;
        /// [`Socket::memory`] and [`Socket::drops`].
        const MEMORY = 1 << 1;
        /// [`Socket::tos`], [`Socket::tclass`], [`Socket::class_id`].
        const TRAFFIC_CLASS = 1 << 2;
        /// `uid` and `user` of owning processes. Every need about processes brings at least one owner.
        const PROCESS_USER = 1 << 3;
        /// `executable` of owning processes.
        const PROCESS_EXECUTABLE = 1 << 4;
        /// `command_line` of owning processes.
        const PROCESS_COMMAND_LINE = 1 << 5;
        /// `cgroup`, `unit`, `container` and `pod` of owning processes: one file has them.
        const PROCESS_CGROUP = 1 << 6;
        /// [`Socket::owners`] and [`Socket::unowned`]: every owner. [`OwnerLookup::First`] asks for one.
        const OWNERS = 1 << 7;
        /// [`Snapshot::host`] and [`Snapshot::counters`]: limits of the machine that sockets share, and what it counts.
        const HOST = 1 << 8;
        /// `snd_una`, `snd_nxt`, `rcv_nxt`, `write_seq` and `copied_seq` of [`Socket::tcp`]; brings `STATS`. Needs
        /// rights: see `PLATFORM.md`.
        const SEQUENCES = 1 << 9;
        /// [`Socket::peer`] of TCP connections within this machine; Unix sockets always have theirs. Every TCP row must
        /// be read for it, whatever the filter, and these connections are delivered last.
        const PEERS = 1 << 10;
        /// The name of [`Socket::network_namespace`].
        const NAMESPACE_NAME = 1 << 11;
        /// [`Socket::remote`] of Unix sockets: the name that the other end is bound to. The kernel reports only the other
        /// end's inode, so a row waits for the row of that socket.
        const REMOTE_NAMES = 1 << 12;
        /// [`Socket::direction`]; more certain together with `STATS`. Listeners are read for it, whatever the filter.
        const DIRECTION = 1 << 13;
        /// `fds_in_flight` of Unix sockets: one file of a process that holds it is read for each, so it brings at least one owner.
        const FDS_IN_FLIGHT = 1 << 14;
        /// [`Socket::module`]: a question for each row, on Windows.
        const MODULE = 1 << 15;
        /// [`Socket::id`].
        const ID = 1 << 16;
        /// [`Socket::uid`].
        const UID = 1 << 17;
        /// [`Socket::recv_queue`].
        const RECV_QUEUE = 1 << 18;
        /// [`Socket::send_queue`] and [`Socket::listen`]: a listener's limit is in both.
        const SEND_QUEUE = 1 << 19;
        /// [`Socket::interface`].
        const INTERFACE = 1 << 20;
        /// [`Socket::v6only`].
        const V6ONLY = 1 << 21;
        /// [`Socket::options`], [`Socket::shutdown`] and [`Socket::upper_layer`].
        const OPTIONS = 1 << 22;
        /// [`Socket::cgroup_id`].
        const CGROUP = 1 << 23;
        /// [`Socket::detail`]: files of Unix sockets and who waits at them; rings and fanout of packet sockets.
        const DETAIL = 1 << 24;
        /// [`Socket::mark`]. Takes `CAP_NET_ADMIN`.
        const MARK = 1 << 25;
        /// `uid` of owning processes, without the name that `PROCESS_USER` brings.
        const PROCESS_UID = 1 << 26;
        /// `start_time` of owning processes as wall-clock time. It is always included where known; if it was asked for, an
        /// answer without it is not complete.
        const PROCESS_START = 1 << 27;
        /// [`Socket::socket_type`].
        const SOCKET_TYPE = 1 << 28;
        /// `filter_instructions` of packet sockets. Takes `CAP_NET_ADMIN`.
        const PACKET_FILTER = 1 << 29;
        /// [`Socket::state`], [`Socket::local`] and [`Socket::remote`]. Every table has them; a
        /// socket that is in no table and was found through its process has none.
        const STATE_AND_ENDS = 1 << 30;
        /// Inode of [`Socket::network_namespace`]. It is read once for all rows.
        const NAMESPACE = 1 << 31;
        /// [`Socket::interface_name`]: a question for each interface that rows name. On Linux, rows with one come after the
        /// others of their table.
        const INTERFACE_NAME = 1 << 32;
        /// [`Socket::tunnel`]. Comes with `OWNERS`.
        const TUNNEL = 1 << 33;
        /// [`Socket::md5`]; brings `STATS`. Takes `CAP_NET_ADMIN`.
        const MD5 = 1 << 34;
    }
}

impl Needs {
    /// What `sock_diag` always reports, to everybody. It is always included; if it was asked for, an answer without it is not
    /// complete.
    pub const UNASKED: Self = Self::ID
        .union(Self::UID)
        .union(Self::SOCKET_TYPE)
        .union(Self::RECV_QUEUE)
        .union(Self::SEND_QUEUE)
        .union(Self::INTERFACE)
        .union(Self::V6ONLY)
        .union(Self::OPTIONS)
        .union(Self::CGROUP)
        .union(Self::DETAIL);

    /// What is found by examining the processes that hold sockets.
    pub const FROM_OWNERS: Self = Self::OWNERS
        .union(Self::PROCESS_USER)
        .union(Self::PROCESS_UID)
        .union(Self::PROCESS_START)
        .union(Self::PROCESS_EXECUTABLE)
        .union(Self::PROCESS_COMMAND_LINE)
        .union(Self::PROCESS_CGROUP)
        .union(Self::FDS_IN_FLIGHT);
}

/// How far owners are looked for, from least to most.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
#[non_exhaustive]
pub enum OwnerLookup {
    /// Not at all. A filter about owners is an error then.
    #[default]
    None,
    /// One owner a socket; cheaper where the search can end early.
    First,
    /// Every owner of every socket.
    All,
}

/// How owners are found.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[non_exhaustive]
pub enum OwnerSource {
    /// The cheaper source where it shows every process; the other one adds what the first may have missed, as far as permitted.
    #[default]
    Auto,
    /// Each process's descriptors in /proc.
    Proc,
    /// A BPF program that the kernel runs over all descriptors (Linux 5.12; `CAP_BPF` and `CAP_PERFMON`), or an error.
    Bpf,
}

/// Where rows are read from.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[non_exhaustive]
pub enum SourceChoice {
    /// The best the system allows, with its fallback.
    #[default]
    Auto,
    /// `sock_diag`, or an error.
    Diag,
    /// /proc/net through our own parser, or an error.
    Proc,
    /// /proc/net through the `procfs` crates' parser (feature `linux-procfs`); ours takes over, with a note, where that
    /// one refuses a table.
    Procfs,
}

named! {
    /// How a watch sees what happens.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
    #[non_exhaustive]
    pub enum WatchSource, name: "The name on the command line and in JSON." {
        /// The best that is permitted.
        #[default]
        Auto = "auto",
        /// BPF programs at tracepoints of the kernel report every change of state of a TCP socket, and which process uses it. Linux
        /// 5.12; `CAP_BPF` and `CAP_PERFMON`.
        Bpf = "bpf",
        /// The kernel reports each TCP socket of one network namespace that it destroys, with its last statistics, without a right;
        /// openings, changes and owners by [`WatchSource::Poll`]. Of what lives shorter than a look, the end is told and whose it
        /// was is unknown. Linux 4.6.
        Destroy = "destroy",
        /// Looks ten times a second are compared: on every system, without a right. What lives shorter is not seen.
        Poll = "poll",
    }
}
