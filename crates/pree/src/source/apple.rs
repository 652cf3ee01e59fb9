//! What a [`Source`](super::Source) of macOS can be asked: one system call a question, so that what is done about answers
//! that grow is the same for a recording.

use std::fmt;

use crate::named::named;

/// A question that only macOS answers.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum AppleQuestion {
    /// The effective user id of this process, a little-endian u32: root gets more.
    EffectiveUser,
    /// How many bytes a list takes, a little-endian u64, with some to spare.
    ListSize(AppleList),
    /// A list: [`pree_wire::apple::PcbList`]. `ENOMEM` when it does not fit.
    List {
        /// Which one: the key in a recording.
        list: AppleList,
        /// Bytes that it may take.
        room: usize,
    },
    /// How many bytes the arguments of a process may take (`kern.argmax`), a little-endian u64: the kernel refuses to be given
    /// more room for them.
    ArgumentsRoom,
    /// Process ids, each a little-endian u32: as many as fit.
    Processes {
        /// Bytes that they may take.
        room: usize,
    },
    /// Something about one process.
    Process {
        /// Process id.
        pid: u32,
        /// What.
        part: AppleProcessPart,
    },
}

named! {
    /// A list of control blocks, each a sysctl.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
    #[non_exhaustive]
    pub enum AppleList, name: "The sysctl's name." {
        /// `net.inet.tcp.pcblist_n`
        Tcp = "net.inet.tcp.pcblist_n",
        /// `net.inet.udp.pcblist_n`
        Udp = "net.inet.udp.pcblist_n",
        /// `net.inet.raw.pcblist_n`: raw sockets and those of ICMP.
        Raw = "net.inet.raw.pcblist_n",
        /// `net.local.stream.pcblist_n`, since macOS 13.
        UnixStream = "net.local.stream.pcblist_n",
        /// `net.local.dgram.pcblist_n`, since macOS 13.
        UnixDatagram = "net.local.dgram.pcblist_n",
    }
}

/// Something about one process.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum AppleProcessPart {
    /// Its descriptors, as many as fit: [`pree_wire::apple::descriptors`].
    Descriptors {
        /// Bytes that they may take.
        room: usize,
    },
    /// The socket behind one: [`pree_wire::apple::SocketFd`].
    Socket {
        /// The descriptor.
        fd: u32,
    },
    /// Its file ports, as many as fit: [`pree_wire::apple::descriptors`].
    FilePorts {
        /// Bytes that they may take.
        room: usize,
    },
    /// The socket behind one: [`pree_wire::apple::SocketFd`].
    FilePortSocket {
        /// The name of the port.
        port: u32,
    },
    /// [`pree_wire::apple::ProcessInfo`]: of one's own processes, to root of all.
    Info,
    /// [`pree_wire::apple::ShortProcessInfo`]: of all.
    ShortInfo,
    /// Path of its program.
    Executable,
    /// Its arguments: [`pree_wire::apple::arguments`].
    Arguments {
        /// Bytes that they may take. Of more, the last ones come.
        room: usize,
    },
}

/// The key in a recording: how much room there was is not part of it.
impl fmt::Display for AppleQuestion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EffectiveUser => f.write_str("effective_user"),
            Self::ListSize(list) => write!(f, "size {}", list.name()),
            Self::List { list, .. } => write!(f, "list {}", list.name()),
            Self::ArgumentsRoom => f.write_str("arguments_room"),
            Self::Processes { .. } => f.write_str("processes"),
            Self::Process { pid, part } => {
                write!(f, "process {pid} ")?;
                match part {
                    AppleProcessPart::Descriptors { .. } => f.write_str("descriptors"),
                    AppleProcessPart::Socket { fd } => write!(f, "socket {fd}"),
                    AppleProcessPart::FilePorts { .. } => f.write_str("file_ports"),
                    AppleProcessPart::FilePortSocket { port } => write!(f, "file_port {port}"),
                    AppleProcessPart::Info => f.write_str("info"),
                    AppleProcessPart::ShortInfo => f.write_str("short_info"),
                    AppleProcessPart::Executable => f.write_str("executable"),
                    AppleProcessPart::Arguments { .. } => f.write_str("arguments"),
                }
            }
        }
    }
}
