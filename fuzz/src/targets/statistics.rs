//! `tcp_info`, `mptcp_info` and socket memory, of any length.

use pree_wire::mptcp_info::MptcpInfo;
use pree_wire::socket_memory::SocketMemory;
use pree_wire::tcp_info::{self, AccEcnLayout, TcpInfo};

/// The same bytes as each of the structures.
pub(super) fn target(data: &[u8]) {
    tcp(data);
    mptcp(data);
    memory(data);
}

/// A field is known exactly when all of it is there.
pub(super) fn tcp(data: &[u8]) {
    let info = TcpInfo::new(data);
    let mut known = 0;
    macro_rules! read {
        ($($(#[doc = $doc:literal])+ $name:ident: $type:ident, $offset:literal, $unit:ident, $since:literal;)*) => {
            $(
                let expected = data.get($offset..$offset + size_of::<$type>());
                let expected = expected.and_then(|bytes| bytes.try_into().ok()).map($type::from_ne_bytes);
                assert_eq!(info.$name(), expected, stringify!($name));
                known += usize::from(expected.is_some());
            )*
        };
    }
    pree_wire::for_each_tcp_info_field!(read);
    assert_eq!(known, tcp_info::FIELDS.iter().filter(|field| field.end() <= data.len()).count());
    let _ =
        (info.snd_wscale(), info.rcv_wscale(), info.delivery_rate_app_limited(), info.fastopen_client_fail());
    let _ = (info.acc_ecn(AccEcnLayout::TwoFields), info.acc_ecn(AccEcnLayout::BitFields));
}

pub(super) fn mptcp(data: &[u8]) {
    let info = MptcpInfo::new(data);
    assert_eq!(info.subflows(), data.first().copied());
    let _ =
        (info.flags(), info.token(), info.write_seq(), info.snd_una(), info.rcv_nxt(), info.csum_enabled());
    let _ = (info.retransmits(), info.bytes_retrans(), info.bytes_sent(), info.bytes_received());
    let _ = (info.subflows_total(), info.endp_laminar_max(), info.last_data_sent(), info.last_data_recv());
    assert_eq!(info.last_ack_recv().is_some(), data.len() >= 96);
}

pub(super) fn memory(data: &[u8]) {
    let memory = SocketMemory::new(data);
    let _ = (memory.rcvbuf(), memory.wmem_alloc(), memory.sndbuf(), memory.fwd_alloc(), memory.wmem_queued());
    let _ = (memory.optmem(), memory.backlog());
    assert_eq!(
        (memory.rmem_alloc().is_some(), memory.drops().is_some()),
        (data.len() >= 4, data.len() >= 36)
    );
}
