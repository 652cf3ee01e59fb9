//! Where bytes come from: the running system, a recording, or a test that plays the kernel.
//!
//! A [`Source`] answers [`Question`]s with batches of bytes, not rows. Everything above it (what to ask, in which
//! order, what to do when an answer is torn) is the same code for all of them, on every platform.

mod answer;
mod apple;
mod clock;
mod condensed;
mod diag;
mod failure;
mod namespaces;
mod narrowed;
mod recording;
mod replay;
mod system;
mod windows;

use std::fmt;
#[cfg(unix)]
use std::os::fd::BorrowedFd;
use std::time::Duration;

use crate::named::named;

pub use crate::live::live;
use crate::model::Moment;
pub use answer::Answer;
pub use apple::{AppleList, AppleProcessPart, AppleQuestion};
pub use diag::{DiagPass, DiagTable};
pub use failure::Failure;
pub use namespaces::{Namespaces, Reachable};
pub(crate) use narrowed::{INET_NUMBERS, possible_states, state_bits};
/// The system's number of an error. It is a type of `pree-wire` on purpose, as are [`EstatsClass`], [`OwnerClass`] and the numbers of
/// congestion controls: who writes a [`Source`] speaks of the formats there. The two crates have one version, so they change together.
pub use pree_wire::errno::Errno;
pub use recording::{Recorder, Recording};
pub use replay::Replay;
pub use system::System;
pub use windows::{
    EstatsClass, OwnerClass, WindowsConnection, WindowsProcessPart, WindowsQuestion, WindowsTable,
};

/// Answers questions about a system's sockets with bytes.
///
/// A question is asked with [`ask`](Source::ask), whose [`Answer`] is read batch by batch with [`next`](Source::next) until
/// that says `false`. Several answers may be read at once.
///
/// Why bytes and not rows: everything that can go wrong (torn dumps, short structures, refusals, a process that ends meanwhile) is in
/// the bytes. So a [`Replay`] of a [`Recording`] runs the code of a live answer, with other filters and columns than were asked for
/// then, a test can play a kernel or a Mac, and what is read on one system is decoded on every other.
pub trait Source {
    /// The system whose sockets it reports; it decides which questions are asked and how answers are read.
    fn system(&self) -> System {
        System::Linux
    }

    /// Asks. Other answers go on.
    ///
    /// # Errors
    /// The system refuses the question, or it could not be asked: [`Failure`] says which.
    fn ask(&mut self, question: &Question<'_>) -> Result<Answer, Failure>;

    /// Replaces `batch` with the next part of an answer that this source gave; `false` and an empty batch when there is no
    /// more. By itself it gives what is in the [`Answer`].
    /// The answer to [`Question::Diag`] has no end of its own: its last message says so (`NLMSG_DONE`).
    ///
    /// # Errors
    /// Why it breaks off; the answer is not whole then.
    fn next(&mut self, answer: &mut Answer, batch: &mut Vec<u8>) -> Result<bool, Failure> {
        answer.next(batch)
    }

    /// The time by both clocks of that system; unknown from a source that has none, as this says by itself.
    fn now(&mut self) -> Moment {
        Moment::default()
    }

    /// Lets so much time pass. A source whose time is not ours, as a [`Replay`], does not wait. False when its time is over: nothing
    /// that is asked from here on has another answer.
    fn wait(&mut self, time: Duration) -> bool {
        std::thread::sleep(time);
        true
    }

    /// The descriptor that is readable when an answer without an end has more, where there is one.
    #[cfg(unix)]
    fn descriptor<'a>(&'a self, answer: &'a Answer) -> Option<BorrowedFd<'a>> {
        let _ = answer;
        None
    }

    /// The network namespaces that are meant, as the thread that asks finds them.
    ///
    /// # Errors
    /// `ENOENT` or `EINVAL` is the answer when there is none such, `EOPNOTSUPP` from a source that knows only one, which
    /// is what this does by itself.
    fn namespaces(&mut self, _which: &Namespaces) -> Result<Reachable, Failure> {
        Err(Failure::Answer(Errno::EOPNOTSUPP))
    }

    /// From now on questions are about the namespace with this inode, one of those that [`namespaces`](Source::namespaces)
    /// reported last; `None`: about the asking thread's own again. The thread itself stays where it is.
    ///
    /// # Errors
    /// `EPERM` is the answer without the right, `EOPNOTSUPP` from a source that knows only one.
    fn enter(&mut self, inode: Option<u64>) -> Result<(), Failure> {
        if inode.is_some() { Err(Failure::Answer(Errno::EOPNOTSUPP)) } else { Ok(()) }
    }
}

impl<S: Source + ?Sized> Source for &mut S {
    fn system(&self) -> System {
        (**self).system()
    }

    fn ask(&mut self, question: &Question<'_>) -> Result<Answer, Failure> {
        (**self).ask(question)
    }

    fn next(&mut self, answer: &mut Answer, batch: &mut Vec<u8>) -> Result<bool, Failure> {
        (**self).next(answer, batch)
    }

    fn now(&mut self) -> Moment {
        (**self).now()
    }

    fn wait(&mut self, time: Duration) -> bool {
        (**self).wait(time)
    }

    #[cfg(unix)]
    fn descriptor<'a>(&'a self, answer: &'a Answer) -> Option<BorrowedFd<'a>> {
        (**self).descriptor(answer)
    }

    fn namespaces(&mut self, which: &Namespaces) -> Result<Reachable, Failure> {
        (**self).namespaces(which)
    }

    fn enter(&mut self, inode: Option<u64>) -> Result<(), Failure> {
        (**self).enter(inode)
    }
}

/// What a [`Source`] can be asked.
///
/// Its [`Display`](fmt::Display) form is its key in a recording.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Question<'a> {
    /// Linux: a `sock_diag` request. Each batch of the answer is one datagram.
    Diag {
        /// Which sockets: the key in a recording.
        table: DiagTable,
        /// Which pass over the table this is: the key in a recording.
        pass: DiagPass,
        /// The netlink message to send. What narrows its answer (states, a filter program) is in the key.
        request: &'a [u8],
    },
    /// Linux: a table below `/proc/thread-self/net`, as text.
    NetTable(NetTable),
    /// Linux 6.1: `/proc/sys/net/ipv4/tcp_ehash_entries`, the buckets of this network namespace's TCP hash table as text,
    /// negative when it shares the machine's.
    TcpBuckets,
    /// Linux: `sockstat`, `sockstat6` and `snmp` below `/proc/thread-self/net`, one after the other: among others, numbers
    /// that change when a TCP socket enters or leaves the table.
    TcpCounters,
    /// Linux: `/proc/thread-self/net/netstat`, what this network namespace counts beside [`Question::TcpCounters`].
    TcpExtCounters,
    /// Linux: a file below `/proc/sys/net/ipv4`, as text: a limit of the calling thread's network namespace.
    Setting(Setting),
    /// Linux: `/proc/thread-self/net/protocols`, the protocols that the kernel has now, as text.
    Protocols,
    /// Linux: the addresses of this network namespace's interfaces, as the messages in which rtnetlink reports them
    /// (`RTM_NEWADDR`).
    OwnAddresses,
    /// Linux: the interfaces of this network namespace, as the messages in which rtnetlink reports them (`RTM_NEWLINK`):
    /// [`pree_wire::links`].
    Links,
    /// Linux: the UDP port of the WireGuard interface with this index, a little-endian u16, to holders of `CAP_NET_ADMIN`.
    WireGuardPort(u32),
    /// Linux: the L2TP tunnels of this network namespace, as the messages in which generic netlink reports them, to holders of
    /// `CAP_NET_ADMIN`: [`pree_wire::generic_netlink`]. `ENOENT` where the kernel has not loaded L2TP.
    L2tpTunnels,
    /// Linux: the ports of FOU in this network namespace, in the same way, to everybody.
    FouPorts,
    /// Linux: `/proc/sys/kernel/random/boot_id`.
    BootId,
    /// Linux: the link `/proc/thread-self/ns/net`, `net:[inode]`.
    NetNamespace,
    /// Linux: the inode of the network namespace that this leads to now ([`Namespaces::One`]), a little-endian u64. `ENOENT` where
    /// nothing is there any more.
    NamespaceNamed(&'a str),
    /// Linux: the kernel's release, `6.18.1-…`, as uname(2) gives it.
    KernelRelease,
    /// Unix time of boot in nanoseconds, a little-endian i64 (Linux: `CLOCK_REALTIME` − `CLOCK_BOOTTIME`).
    BootTime,
    /// Unix time now in nanoseconds, a little-endian i64. A collection does not ask it: it serves to say how long ago
    /// something was, which in a recording counts from when it was made.
    Time,
    /// Unix: `/etc/passwd`.
    Users,
    /// Index of the interface of this name, a little-endian u32.
    Interface(&'a str),
    /// Name of the interface with this index.
    InterfaceName(u32),
    /// Linux: id of the cgroup v2 at this path below its root, a little-endian u64.
    Cgroup(&'a str),
    /// Linux: process ids, each a little-endian u32.
    Processes,
    /// Linux: `/proc/sys/fs/file-nr`, how many files the machine has open, as text.
    OpenFiles,
    /// Linux 5.12: sequence numbers of every TCP socket that a process of this pid namespace has a descriptor of, in whichever
    /// network namespace, as a BPF program in the kernel reports them: [`pree_wire::bpf_records::Sequence`], once for each
    /// descriptor. A batch may end in the middle of a record.
    Sequences,
    /// Linux 5.12: every descriptor that is a socket, of all processes in this pid namespace, as a BPF program in the
    /// kernel reports them: [`pree_wire::bpf_records`]. A batch may end in the middle of a record.
    Holders {
        /// Process ids are those of the pid namespace so many levels above: those of the mounted /proc, where that is of
        /// such a one.
        levels_above: u32,
    },
    /// Linux 5.12: lives of TCP sockets from now on, as BPF programs in the kernel report them: [`pree_wire::life_records`],
    /// whole records in each batch. The answer has no end, and a batch is empty when nothing happened since the last one.
    Lives {
        /// The only network namespace, by its inode; 0: all.
        namespace: u32,
        /// As for [`Question::Holders`].
        levels_above: u32,
        /// Bytes of memory that records may take until they are read, a power of two; 0: as many as usual.
        buffer: u32,
    },
    /// Linux 6.3: the same of UDP sockets, from the first datagram that each sends or receives. Every send and receive of every
    /// socket takes about .1 µs more as long as the answer is there.
    DatagramLives {
        /// As for [`Question::Lives`].
        namespace: u32,
        /// The same.
        levels_above: u32,
        /// The same.
        buffer: u32,
    },
    /// Linux 6.3: what UDP sockets have sent and received since [`Question::DatagramLives`] was asked, which is before:
    /// [`pree_wire::life_records::Datagrams`], each after the cookie of its socket.
    Datagrams,
    /// The same of one socket, which has ended, once. Empty where nothing was counted.
    DatagramsOf {
        /// Its cookie.
        cookie: u64,
    },
    /// Linux 4.6: sockets of this network namespace that the kernel destroys from now on, as the messages of `sock_diag` in which it
    /// reports them ([`pree_wire::inet_diag::Row`]), and among them one of the kind [`pree_wire::netlink::OVERRUN`] where some were lost.
    /// The answer has no end, and a batch is empty when nothing happened since the last one.
    Ends {
        /// Which: bits of the groups in [`pree_wire::inet_diag::ends`].
        groups: u32,
        /// Bytes of memory that messages may take until they are read; 0: as many as usual.
        buffer: u32,
    },
    /// Asked before a watch begins: a [`Replay`] gives from here on what was answered while one was recorded. The answer is empty.
    Watch,
    /// Whether looks may be made beside those that are needed, to check what is reported. Empty. Where a recording is made or replayed it
    /// is not: a replay has just the looks that were needed.
    Checks,
    /// The statistics will be read so often. Empty; an answer is only in a recording in which they were.
    Ticks(Duration),
    /// Linux: `/proc/thread-self/status`: which pid namespace /proc shows, and what the asking thread may see in it.
    /// `ENOENT` where it shows one that the thread is not in.
    OwnStatus,
    /// Linux: the link `/proc/thread-self/ns/user`, `user:[inode]`.
    UserNamespace,
    /// Linux: the link `/proc/thread-self/ns/pid`, `pid:[inode]`.
    PidNamespace,
    /// Linux: the line of `/proc/thread-self/mountinfo` about the file system at /proc.
    ProcMount,
    /// Linux 4.9: one byte, 1 when /proc shows processes of a pid namespace below that of the asking thread, 0 when of one
    /// elsewhere. For a /proc that does not show the thread.
    ProcIsBelow,
    /// Linux: one file of one process. All questions about one process in a row are answered about that very
    /// process: when it ends, they fail with `ESRCH` or `ENOENT` even if its pid is used again.
    Process {
        /// Process id.
        pid: u32,
        /// Which file.
        part: ProcessPart,
    },
    /// What only Windows answers.
    Windows(WindowsQuestion<'a>),
    /// What only macOS answers.
    Apple(AppleQuestion),
}

named! {
    /// A table below `/proc/thread-self/net`.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
    #[non_exhaustive]
    pub enum NetTable, name: "The file's name." {
        /// `tcp`
        Tcp = "tcp",
        /// `tcp6`
        Tcp6 = "tcp6",
        /// `udp`
        Udp = "udp",
        /// `udp6`
        Udp6 = "udp6",
        /// `udplite`
        UdpLite = "udplite",
        /// `udplite6`
        UdpLite6 = "udplite6",
        /// `raw`
        Raw = "raw",
        /// `raw6`
        Raw6 = "raw6",
        /// `icmp`
        Icmp = "icmp",
        /// `icmp6`
        Icmp6 = "icmp6",
        /// `unix`
        Unix = "unix",
        /// `packet`
        Packet = "packet",
        /// `netlink`
        Netlink = "netlink",
    }
}

named! {
    /// A limit of a network namespace, below `/proc/sys/net/ipv4`.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
    #[non_exhaustive]
    pub enum Setting, name: "The file's name." {
        /// `ip_local_port_range`: the first and the last port.
        LocalPortRange = "ip_local_port_range",
        /// `ip_local_reserved_ports`: ports and ranges of them, separated by commas.
        LocalReservedPorts = "ip_local_reserved_ports",
        /// `tcp_max_tw_buckets`
        TcpMaxTwBuckets = "tcp_max_tw_buckets",
        /// `tcp_tw_reuse`: 0, 1, 2.
        TcpTwReuse = "tcp_tw_reuse",
        /// `tcp_max_syn_backlog`
        TcpMaxSynBacklog = "tcp_max_syn_backlog",
        /// `tcp_syncookies`: 0, 1, 2.
        TcpSyncookies = "tcp_syncookies",
    }
}

/// A file below `/proc/PID`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum ProcessPart {
    /// `fd`: descriptors that are sockets or rings (`io_uring`), as [`pree_wire::fd_records`].
    Sockets,
    /// `task`: thread ids, each a little-endian u32.
    Threads,
    /// `task/TID/fd`: as [`ProcessPart::Sockets`]. May be empty when the thread shares its table with the leader, or with a
    /// thread that was asked about before.
    ThreadSockets(u32),
    /// `stat`
    Stat,
    /// `status`
    Status,
    /// `exe`, the link's text.
    Executable,
    /// `cmdline`
    CommandLine,
    /// `cgroup`
    Cgroup,
    /// `fdinfo/FD`, `task/TID/fdinfo/FD`: what the kernel says of a descriptor, as text.
    DescriptorInfo {
        /// Thread whose table has the descriptor; 0 for the process's own.
        thread: u32,
        /// The descriptor.
        fd: u32,
    },
    /// `fd`: descriptors that are rings alone, as [`ProcessPart::Sockets`].
    Rings,
    /// The sockets that are registered with a ring, from `fdinfo/FD`: as [`ProcessPart::Sockets`], the slot in place of the
    /// descriptor. Other files of it are not told.
    RingSockets {
        /// Thread whose table has the ring; 0 for the process's own.
        thread: u32,
        /// The descriptor of the ring.
        fd: u32,
    },
    /// The port of the socket behind a descriptor of the process's own table, as [`pree_wire::fd_records::BoundPort`]. Linux
    /// 5.6: the socket is held for the moment of the question.
    BoundPort {
        /// The descriptor.
        fd: u32,
    },
    /// The socket behind a descriptor, as [`pree_wire::fd_records::HeldSocket`].
    HeldSocket {
        /// Thread whose table has the descriptor; 0 for the process's own.
        thread: u32,
        /// The descriptor.
        fd: u32,
    },
}

impl fmt::Display for Question<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Diag { table, pass, request } => {
                write!(f, "diag {} {} ", table.family, table.protocol)?;
                match pass {
                    DiagPass::First => f.write_str("first"),
                    DiagPass::Check => f.write_str("check"),
                    DiagPass::Settle => f.write_str("settle"),
                    DiagPass::Exact(cookie) => write!(f, "exact {cookie}"),
                }?;
                narrowed::write(f, (table.family, table.protocol), pass.states(), request)
            }
            Self::NetTable(table) => write!(f, "net {}", table.name()),
            Self::TcpBuckets => f.write_str("tcp_buckets"),
            Self::TcpCounters => f.write_str("tcp_counters"),
            Self::TcpExtCounters => f.write_str("tcp_ext_counters"),
            Self::Setting(setting) => write!(f, "setting {}", setting.name()),
            Self::Protocols => f.write_str("protocols"),
            Self::OwnAddresses => f.write_str("own_addresses"),
            Self::Links => f.write_str("links"),
            Self::WireGuardPort(index) => write!(f, "wireguard_port {index}"),
            Self::L2tpTunnels => f.write_str("l2tp_tunnels"),
            Self::FouPorts => f.write_str("fou_ports"),
            Self::BootId => f.write_str("boot_id"),
            Self::NetNamespace => f.write_str("net_namespace"),
            Self::NamespaceNamed(name) => write!(f, "namespace_named {name}"),
            Self::KernelRelease => f.write_str("kernel_release"),
            Self::BootTime => f.write_str("boot_time"),
            Self::Time => f.write_str("time"),
            Self::Users => f.write_str("users"),
            Self::Interface(name) => write!(f, "interface {name}"),
            Self::InterfaceName(index) => write!(f, "interface_name {index}"),
            Self::Cgroup(path) => write!(f, "cgroup {path}"),
            Self::Processes => f.write_str("processes"),
            Self::OpenFiles => f.write_str("open_files"),
            Self::Holders { levels_above: 0 } => f.write_str("holders"),
            Self::Holders { levels_above } => write!(f, "holders above {levels_above}"),
            Self::Watch => f.write_str("watch"),
            Self::Checks => f.write_str("checks"),
            Self::Ticks(every) => write!(f, "ticks {}us", every.as_micros()),
            Self::Lives { namespace, levels_above, .. } => {
                write!(f, "lives {namespace} above {levels_above}")
            }
            Self::DatagramLives { namespace, levels_above, .. } => {
                write!(f, "datagram_lives {namespace} above {levels_above}")
            }
            Self::Datagrams => f.write_str("datagrams"),
            Self::DatagramsOf { cookie } => write!(f, "datagrams {cookie}"),
            Self::Ends { groups, .. } => write!(f, "ends {groups}"),
            Self::OwnStatus => f.write_str("own_status"),
            Self::UserNamespace => f.write_str("user_namespace"),
            Self::PidNamespace => f.write_str("pid_namespace"),
            Self::ProcMount => f.write_str("proc_mount"),
            Self::ProcIsBelow => f.write_str("proc_is_below"),
            Self::Sequences => f.write_str("sequences"),
            Self::Windows(question) => write!(f, "windows {question}"),
            Self::Apple(question) => write!(f, "apple {question}"),
            Self::Process { pid, part } => {
                write!(f, "process {pid} ")?;
                match part {
                    ProcessPart::Sockets => f.write_str("sockets"),
                    ProcessPart::Threads => f.write_str("threads"),
                    ProcessPart::ThreadSockets(tid) => write!(f, "thread {tid} sockets"),
                    ProcessPart::Stat => f.write_str("stat"),
                    ProcessPart::Status => f.write_str("status"),
                    ProcessPart::Executable => f.write_str("exe"),
                    ProcessPart::CommandLine => f.write_str("cmdline"),
                    ProcessPart::Cgroup => f.write_str("cgroup"),
                    ProcessPart::DescriptorInfo { thread: 0, fd } => write!(f, "fdinfo {fd}"),
                    ProcessPart::DescriptorInfo { thread, fd } => write!(f, "thread {thread} fdinfo {fd}"),
                    ProcessPart::Rings => f.write_str("rings"),
                    ProcessPart::RingSockets { thread: 0, fd } => write!(f, "ring {fd}"),
                    ProcessPart::RingSockets { thread, fd } => write!(f, "thread {thread} ring {fd}"),
                    ProcessPart::BoundPort { fd } => write!(f, "port {fd}"),
                    ProcessPart::HeldSocket { thread: 0, fd } => write!(f, "socket {fd}"),
                    ProcessPart::HeldSocket { thread, fd } => write!(f, "thread {thread} socket {fd}"),
                }
            }
        }
    }
}

/// Asks and reads the whole answer into one buffer. Not for [`Question::Diag`], whose end is in its messages.
pub(crate) fn read_all(source: &mut dyn Source, question: &Question<'_>) -> Result<Vec<u8>, Failure> {
    let mut answer = source.ask(question)?;
    let (mut whole, mut batch) = (Vec::new(), Vec::new());
    while source.next(&mut answer, &mut batch)? {
        if whole.is_empty() {
            std::mem::swap(&mut whole, &mut batch);
        } else {
            whole.extend_from_slice(&batch);
        }
    }
    Ok(whole)
}
