//! The functions of IP Helper that every Windows has: tables of endpoints, TCP counters of the host.

use std::ptr::from_mut;

use windows_sys::Win32::NetworkManagement::IpHelper::{
    GetExtendedTcpTable, GetExtendedUdpTable, GetTcpStatisticsEx, MIB_TCPSTATS_LH,
    TCP_TABLE_OWNER_MODULE_ALL, TCP_TABLE_OWNER_PID_ALL, UDP_TABLE_OWNER_MODULE, UDP_TABLE_OWNER_PID,
};
use windows_sys::Win32::Networking::WinSock::{AF_INET, AF_INET6};

use super::grown::{REFUSALS, grown};
use crate::source::{Errno, Failure, OwnerClass, WindowsTable};

/// A whole table, as the system has it at one moment.
pub(super) fn table(table: WindowsTable, class: OwnerClass) -> Result<Vec<u8>, Failure> {
    let family = family(matches!(table, WindowsTable::Tcp6 | WindowsTable::Udp6));
    match table {
        WindowsTable::Tcp4 | WindowsTable::Tcp6 => {
            let class = match class {
                OwnerClass::Pid => TCP_TABLE_OWNER_PID_ALL,
                OwnerClass::Module => TCP_TABLE_OWNER_MODULE_ALL,
            };
            grown(|buffer, size| {
                // SAFETY: `buffer` is writable for `size` bytes, aligned for rows, and neither pointer is kept.
                unsafe { GetExtendedTcpTable(buffer.as_mut_ptr().cast(), size, 0, family, class, 0) }
            })
        }
        WindowsTable::Udp4 | WindowsTable::Udp6 => {
            let class = match class {
                OwnerClass::Pid => UDP_TABLE_OWNER_PID,
                OwnerClass::Module => UDP_TABLE_OWNER_MODULE,
            };
            grown(|buffer, size| {
                // SAFETY: as above.
                unsafe { GetExtendedUdpTable(buffer.as_mut_ptr().cast(), size, 0, family, class, 0) }
            })
        }
    }
}

/// `MIB_TCPSTATS` of one family.
pub(super) fn tcp_statistics(v6: bool) -> Result<Vec<u8>, Failure> {
    let mut words = [0_u32; size_of::<MIB_TCPSTATS_LH>() / 4];
    // SAFETY: the words are writable for the whole structure, which is words, and the pointer is not kept.
    let result = unsafe { GetTcpStatisticsEx(from_mut(&mut words).cast(), family(v6)) };
    match result {
        0 => Ok(words.into_iter().flat_map(u32::to_ne_bytes).collect()),
        refused => Err(Failure::of_call(REFUSALS, Errno::windows(refused))),
    }
}

pub(super) fn family(v6: bool) -> u32 {
    u32::from(if v6 { AF_INET6 } else { AF_INET })
}
