//! What a [`Source`](super::Source) of Windows can be asked.

use std::fmt;

/// A question that only Windows answers.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum WindowsQuestion {
    /// A whole table of endpoints (`GetExtendedTcpTable`, `GetExtendedUdpTable`).
    Table(WindowsTable),
}

/// A table of endpoints.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum WindowsTable {
    /// `MIB_TCPTABLE_OWNER_MODULE`
    Tcp4,
    /// `MIB_TCP6TABLE_OWNER_MODULE`
    Tcp6,
    /// `MIB_UDPTABLE_OWNER_MODULE`
    Udp4,
    /// `MIB_UDP6TABLE_OWNER_MODULE`
    Udp6,
}

impl WindowsTable {
    /// Its name in recordings.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tcp4 => "tcp4",
            Self::Tcp6 => "tcp6",
            Self::Udp4 => "udp4",
            Self::Udp6 => "udp6",
        }
    }
}

impl fmt::Display for WindowsQuestion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Table(table) => write!(f, "table {}", table.name()),
        }
    }
}
