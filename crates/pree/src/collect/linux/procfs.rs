//! /proc/net through the parser of the `procfs` crates (feature `linux-procfs`), for comparison with our own.
//!
//! It gives less: no timers, no retransmissions, no drops, and one line it does not understand loses the whole table.

use procfs_core::net::{TcpNetEntries, UdpNetEntries};
use procfs_core::{ExplicitSystemInfo, FromBufReadSI, ProcResult};

use crate::decode::linux::inet::ProcRow;
use crate::model::{Address, Family, Protocol, Socket};

/// Why it does not read this protocol; `None` where it does.
pub(super) fn refusal(protocol: Protocol) -> Option<&'static str> {
    let is_known = matches!(protocol, Protocol::Tcp | Protocol::Udp);
    (!is_known).then_some("procfs does not know it, or has less")
}

/// The rows of a file's text.
pub(super) fn parse(text: &[u8], protocol: Protocol, family: Family) -> ProcResult<Vec<Socket>> {
    // Of all this only the byte order counts for socket tables.
    let system = ExplicitSystemInfo {
        boot_time_secs: 0,
        ticks_per_second: 100,
        page_size: 4096,
        is_little_endian: cfg!(target_endian = "little"),
    };
    macro_rules! sockets {
        ($entries:expr) => {
            $entries
                .map(|entry| {
                    ProcRow {
                        protocol,
                        family,
                        state: entry.state.to_u8(),
                        local: Address::Inet(entry.local_address),
                        remote: Address::Inet(entry.remote_address),
                        receive_queue: entry.rx_queue,
                        send_queue: entry.tx_queue,
                        uid: entry.uid,
                        inode: entry.inode,
                    }
                    .into_socket()
                })
                .collect()
        };
    }
    Ok(match protocol {
        Protocol::Tcp => sockets!(TcpNetEntries::from_buf_read(text, &system)?.0.into_iter()),
        _ => sockets!(UdpNetEntries::from_buf_read(text, &system)?.0.into_iter()),
    })
}
