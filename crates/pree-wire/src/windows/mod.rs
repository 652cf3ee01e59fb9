//! Structures of Windows: the tables of IP Helper, its statistics of connections (EStats) and of the host, and processes.
//!
//! One table a structure, from which come the accessors and the description; sizes are checked when this is built, and
//! a test compares every offset with what a C compiler says of the system's headers. Numbers are little-endian, as on
//! every Windows, so that a recording reads the same anywhere. What is written there as a `BOOLEAN` is read as a byte:
//! any number but 0 is true.

#[macro_use]
mod structure;

pub mod estats;
pub mod process;
pub mod tables;
pub mod tcp_info;
pub mod tcp_statistics;

pub use structure::Layout;

/// Every structure that is described here.
pub const LAYOUTS: &[Layout] = &[
    tables::Tcp4Row::LAYOUT,
    tables::Tcp6Row::LAYOUT,
    tables::Udp4Row::LAYOUT,
    tables::Udp6Row::LAYOUT,
    estats::SynOpts::LAYOUT,
    estats::Data::LAYOUT,
    estats::SndCong::LAYOUT,
    estats::Path::LAYOUT,
    estats::SendBuff::LAYOUT,
    estats::Rec::LAYOUT,
    estats::ObsRec::LAYOUT,
    estats::Bandwidth::LAYOUT,
    estats::FineRtt::LAYOUT,
    tcp_statistics::TcpStatistics::LAYOUT,
    tcp_statistics::TcpStatistics2::LAYOUT,
    tcp_info::TcpInfo::LAYOUT,
    process::ProcessEntry::LAYOUT,
];

/// Nanoseconds since the Unix epoch of a `FILETIME`, tenths of microseconds since 1601. `None` for 0, which means that
/// there is none, and for what lies before 1970.
pub const fn unix_nanos(filetime: u64) -> Option<u64> {
    /// From 1601 to 1970.
    const EPOCH: u64 = 116_444_736_000_000_000;
    match filetime.checked_sub(EPOCH) {
        Some(ticks) => ticks.checked_mul(100),
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        assert_eq!(unix_nanos(0), None);
        assert_eq!(unix_nanos(116_444_736_000_000_000), Some(0));
        // 2000-01-01, 946684800 s.
        assert_eq!(unix_nanos(125_911_584_000_000_000), Some(946_684_800_000_000_000));
        assert_eq!(unix_nanos(u64::MAX), None);
    }
}
