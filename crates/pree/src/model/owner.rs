//! Who holds a socket, or why no holder was found.

use std::sync::Arc;
use std::time::Duration;

use super::{Container, Text, Unit};
use crate::error::ErrorKind;
use crate::named::named;

/// A process that holds a socket through one of its file descriptors.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub struct Owner {
    /// The process; all sockets of one process in one answer share it.
    pub process: Arc<Process>,
    /// The descriptor number in that process.
    pub fd: Option<u32>,
    /// The thread (Linux: its id), when the descriptor is in a table private to a thread (`unshare(CLONE_FILES)`)
    /// or the leader of the process has already ended.
    pub thread: Option<u32>,
    /// The descriptor is not the socket itself but an `io_uring` that the socket is registered with (Linux 6.14).
    pub io_uring: bool,
}

impl Owner {
    /// A process that holds it through this descriptor, if one is known.
    pub fn new(process: Arc<Process>, fd: Option<u32>) -> Self {
        Self { process, fd, thread: None, io_uring: false }
    }

    /// The process id: see [`Process::pid`].
    pub fn pid(&self) -> u32 {
        self.process.pid
    }
}

/// A process, as far as it was asked for.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
#[non_exhaustive]
pub struct Process {
    /// Process id. Linux: as the mounted /proc shows it, whatever the source; where no /proc shows the caller, as in the caller's
    /// pid namespace.
    pub pid: u32,
    /// The kernel's short name (Linux: `comm` of the thread-group leader, at most 15 bytes).
    pub name: Text,
    /// When it started; together with the pid it identifies a process for good, since pids are reused.
    pub start_time: Option<StartTime>,
    /// Parent process id (Linux: `/proc/PID/stat` field 4); 0 when the parent is outside that pid namespace.
    pub parent: Option<u32>,
    /// Effective user id (Linux: `Uid:` in `/proc/PID/status`). On request.
    pub uid: Option<u32>,
    /// Name of that user in the machine's own user table (`/etc/passwd`); users of directory services are not
    /// looked up, because that can ask the network. On request.
    pub user: Option<Text>,
    /// Path of the program (Linux: `/proc/PID/exe`, ` (deleted)` at the end when it is gone). On request.
    pub executable: Option<Text>,
    /// Arguments, each ended by a NUL (Linux: `/proc/PID/cmdline`). On request.
    pub command_line: Option<Text>,
    /// Path in the cgroup v2 tree, as the caller's cgroup namespace sees it. On request.
    pub cgroup: Option<Text>,
    /// The unit of systemd that its cgroups are named for. On request, with the path.
    pub unit: Option<Unit>,
    /// The container, likewise.
    pub container: Option<Container>,
    /// The pod's id, likewise: a UUID with dashes of Kubernetes, 64 digits of podman.
    pub pod: Option<Text>,
}

/// When a process started, as precisely as the system knows.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct StartTime(Told);

/// What systems record of it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
enum Told {
    /// Ticks of 10 ms since boot, and where known the time from the Unix epoch to boot.
    SinceBoot { ticks: u64, boot_time: Option<Duration> },
    /// Wall-clock time, since the Unix epoch.
    Wall(Duration),
}

/// Ticks a second in /proc (`USER_HZ`): 100 on every Linux but Alpha's.
const TICKS_PER_S: u64 = 100;

impl StartTime {
    /// From ticks since boot (`/proc/PID/stat` field 22) and, where known, the time from the Unix epoch to boot.
    pub fn new(ticks: u64, boot_time: Option<Duration>) -> Self {
        Self(Told::SinceBoot { ticks, boot_time })
    }

    /// From nanoseconds since boot: rounded down to ticks, as /proc has it, so that both say the same.
    pub(crate) fn after_boot(nanoseconds: u64, boot_time: Option<Duration>) -> Self {
        Self::new(nanoseconds / (1_000_000_000 / TICKS_PER_S), boot_time)
    }

    /// Ticks since boot, where the system records them.
    pub(crate) fn ticks(self) -> Option<u64> {
        match self.0 {
            Told::SinceBoot { ticks, .. } => Some(ticks),
            Told::Wall(_) => None,
        }
    }

    /// From the time since the Unix epoch, where the system records that.
    pub fn wall(since_unix_epoch: Duration) -> Self {
        Self(Told::Wall(since_unix_epoch))
    }

    /// Time from boot to the start of the process, exact to 10 ms; `None` on systems that record wall-clock time
    /// (macOS, Windows).
    pub fn since_boot(self) -> Option<Duration> {
        self.ticks().map(|ticks| Duration::from_millis(ticks.saturating_mul(1000 / TICKS_PER_S)))
    }

    /// Time from the Unix epoch to the start of the process, `None` where the time of boot is not known. On Linux it
    /// moves when the wall clock is set: for identity compare the whole value, or [`StartTime::since_boot`].
    pub fn since_unix_epoch(self) -> Option<Duration> {
        match self.0 {
            Told::SinceBoot { boot_time, .. } => boot_time?.checked_add(self.since_boot()?),
            Told::Wall(time) => Some(time),
        }
    }
}

named! {
    /// Why no process is known to hold a socket.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
    #[non_exhaustive]
    pub enum Unowned, name: "The name in JSON and filters." {
        /// Both ends are closed; only the kernel remembers it.
        TimeWait = "time_wait",
        /// The handshake is not finished; only the kernel knows it.
        Handshake = "handshake",
        /// Connected, and no process has accepted it yet.
        AcceptQueue = "accept_queue",
        /// Closed by its process, and the kernel still sends or waits for the peer.
        Orphaned = "orphaned",
        /// The kernel holds it: its own end of netlink, or the socket of a tunnel ([`crate::Socket::tunnel`]).
        Kernel = "kernel",
        /// Not every process could be examined: a right is missing, /proc hides some, or it belongs to another pid namespace. The
        /// coverage says which.
        NotPermitted = "not_permitted",
        /// Not every process could be examined, for another reason than rights: no descriptors or memory were left, /proc is absent, the
        /// recording was made without owners. The coverage says which.
        NotLookedUp = "not_looked_up",
        /// It was closed while pree looked for who held it: a row tells what was there a moment before.
        ClosedSince = "closed_since",
        /// Every process of this pid namespace, and on Linux of the one that /proc shows, was examined, and none holds it. It is in flight
        /// between processes, held by `io_uring` or the kernel itself (on macOS it may be an MPTCP subflow), or by a process outside these
        /// pid namespaces. These cannot be told apart.
        NoVisibleHolder = "no_visible_holder",
    }
}

impl Unowned {
    /// True when a process that could not be examined may hold the socket.
    pub fn is_unknown(self) -> bool {
        matches!(self, Self::NotPermitted | Self::NotLookedUp)
    }

    /// The variant for processes that could not be examined for this reason.
    pub(crate) fn blind(why: ErrorKind) -> Self {
        if why == ErrorKind::NotPermitted { Self::NotPermitted } else { Self::NotLookedUp }
    }
}
