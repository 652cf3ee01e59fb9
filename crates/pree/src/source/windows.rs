//! What a [`Source`](super::Source) of Windows can be asked.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

pub use pree_wire::windows::estats::Class as EstatsClass;
pub use pree_wire::windows::tables::OwnerClass;
use pree_wire::windows::tables::{Tcp4Row, Tcp6Row, Udp4Row, Udp6Row};

use crate::model::Protocol;
use crate::named::named;

/// A question that only Windows answers. Errors are Win32 error codes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum WindowsQuestion<'a> {
    /// A whole table of endpoints (`GetExtendedTcpTable`, `GetExtendedUdpTable`), as [`pree_wire::windows::tables`].
    Table(WindowsTable, OwnerClass),
    /// The module that made an endpoint (`GetOwnerModuleFromTcpEntry` and its kin), in UTF-16: of a service its name, else
    /// the program's.
    Module {
        /// The table that the row is of.
        table: WindowsTable,
        /// The row, as the table with modules has it. What it has in common with a shorter row is the key in a recording.
        row: &'a [u8],
    },
    /// Every process (`CreateToolhelp32Snapshot`): [`pree_wire::windows::process`].
    Processes,
    /// Something of one process.
    Process {
        /// Process id.
        pid: u32,
        /// What to read of it.
        part: WindowsProcessPart,
    },
    /// Statistics of a connection (`GetPerTcpConnectionEStats`): whether they are collected, and the statistics, as
    /// [`EstatsClass::split`] takes apart.
    Estats {
        /// Which of them.
        class: EstatsClass,
        /// Of which connection.
        connection: WindowsConnection,
    },
    /// Switches the collecting of statistics of a connection on or off (`SetPerTcpConnectionEStats`): it changes what the
    /// machine does. The answer is empty.
    SwitchEstats {
        /// Which of them.
        class: EstatsClass,
        /// Of which connection.
        connection: WindowsConnection,
        /// On or off.
        on: bool,
    },
    /// Nothing, after this time: what is collected needs it. A recording answers at once.
    Wait(Duration),
    /// TCP counters of the host (`GetTcpStatisticsEx2`): `MIB_TCPSTATS2`; IPv4, or IPv6.
    TcpStatistics2 {
        /// IPv6.
        v6: bool,
    },
    /// The same of older versions (`GetTcpStatisticsEx`): `MIB_TCPSTATS`.
    TcpStatistics {
        /// IPv6.
        v6: bool,
    },
}

named! {
    /// A table of endpoints.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
    #[non_exhaustive]
    pub enum WindowsTable, name: "Its name in recordings." {
        /// TCP over IPv4.
        Tcp4 = "tcp4",
        /// TCP over IPv6.
        Tcp6 = "tcp6",
        /// UDP over IPv4.
        Udp4 = "udp4",
        /// UDP over IPv6.
        Udp6 = "udp6",
    }
}

impl WindowsTable {
    /// Whose table it is.
    pub fn protocol(self) -> Protocol {
        match self {
            Self::Tcp4 | Self::Tcp6 => Protocol::Tcp,
            Self::Udp4 | Self::Udp6 => Protocol::Udp,
        }
    }

    /// Bytes of its rows.
    pub fn row_size(self, class: OwnerClass) -> usize {
        match self {
            Self::Tcp4 => Tcp4Row::size(class),
            Self::Tcp6 => Tcp6Row::size(class),
            Self::Udp4 => Udp4Row::size(class),
            Self::Udp6 => Udp6Row::size(class),
        }
    }
}

/// What is asked of a process.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum WindowsProcessPart {
    /// When it started, a `FILETIME` (`GetProcessTimes`).
    StartTime,
    /// Path of its program in UTF-16 (`QueryFullProcessImageNameW`).
    ImageName,
}

/// A TCP connection.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub struct WindowsConnection {
    /// This end.
    pub local: SocketAddr,
    /// The other end, of the same family.
    pub remote: SocketAddr,
    /// `MIB_TCP_STATE_*` as the table reports it; not part of the key.
    pub state: u32,
}

impl WindowsConnection {
    /// The connection of a row. `None` when its ends are not of one family.
    pub fn new(local: SocketAddr, remote: SocketAddr, state: u32) -> Option<Self> {
        (local.is_ipv4() == remote.is_ipv4()).then_some(Self { local, remote, state })
    }
}

impl fmt::Display for WindowsConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.local, self.remote)
    }
}

impl fmt::Display for WindowsQuestion<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let version = |v6| if v6 { 6 } else { 4 };
        match *self {
            Self::Table(table, OwnerClass::Pid) => write!(f, "table {} pid", table.name()),
            Self::Table(table, OwnerClass::Module) => write!(f, "table {} module", table.name()),
            Self::Module { table, row } => {
                write!(f, "module {} ", table.name())?;
                row.iter().take(table.row_size(OwnerClass::Pid)).try_for_each(|byte| write!(f, "{byte:02x}"))
            }
            Self::Processes => f.write_str("processes"),
            Self::Process { pid, part: WindowsProcessPart::StartTime } => {
                write!(f, "process {pid} start_time")
            }
            Self::Process { pid, part: WindowsProcessPart::ImageName } => {
                write!(f, "process {pid} image_name")
            }
            Self::Estats { class, connection } => write!(f, "estats {} {connection}", class.name()),
            Self::SwitchEstats { class, connection, on } => {
                let on = if on { "on" } else { "off" };
                write!(f, "estats_{on} {} {connection}", class.name())
            }
            Self::Wait(time) => write!(f, "wait {}", time.as_millis()),
            Self::TcpStatistics2 { v6 } => write!(f, "tcp_statistics2 {}", version(v6)),
            Self::TcpStatistics { v6 } => write!(f, "tcp_statistics {}", version(v6)),
        }
    }
}
