//! Rows of Unix, packet, netlink and vsock sockets with every accessor.

use pree_wire::netlink::attributes;
use pree_wire::{netlink_diag, packet_diag, unix_diag, vsock_diag};

use super::statistics;

/// The payload of a message.
pub(super) fn target(data: &[u8]) {
    unix(data);
    packet(data);
    netlink(data);
    vsock(data);
}

/// Of repeated attributes the last counts, and none is known but those in the table.
fn values(data: &[u8], fixed: usize, known: u16, get: impl Fn(u16) -> Option<Vec<u8>>) {
    for kind in 0..=known + 1 {
        let last = attributes(&data[fixed..]).flatten().filter(|attribute| attribute.kind == kind).last();
        assert_eq!(get(kind), last.map(|attribute| attribute.payload.to_vec()).filter(|_| kind <= known));
    }
}

fn unix(data: &[u8]) {
    let Ok(row) = unix_diag::Row::parse(data) else { return };
    values(data, 16, unix_diag::attribute::UID, |kind| row.attribute(kind).map(<[u8]>::to_vec));
    let _ = (row.family(), row.socket_type(), row.state(), row.inode(), row.cookie(), row.peer(), row.uid());
    if let Some(name) = row.name() {
        assert!(name.first() == Some(&0) || !name.contains(&0));
    }
    let _ = row.file().map(|file| (file.major(), file.minor()));
    assert_eq!(
        row.pending().map(Iterator::count),
        row.attribute(unix_diag::attribute::PENDING).map(|value| value.len() / 4)
    );
    // Both queues come in one attribute.
    assert!(row.receive_queue().is_some() || row.send_queue().is_none());
    let _ = row.shutdown();
    if let Some(memory) = row.attribute(unix_diag::attribute::MEMORY) {
        statistics::memory(memory);
    }
}

fn packet(data: &[u8]) {
    let Ok(row) = packet_diag::Row::parse(data) else { return };
    values(data, 16, packet_diag::attribute::FILTER, |kind| row.attribute(kind).map(<[u8]>::to_vec));
    let _ = (row.family(), row.socket_type(), row.protocol(), row.inode(), row.cookie(), row.uid());
    if let Some(info) = row.info() {
        assert_eq!(info.is_running(), info.flags().map(|flags| flags & 1 == 1));
        let _ = (info.index(), info.version(), info.reserve(), info.copy_thresh(), info.tstamp());
    }
    for ring in [row.receive_ring(), row.send_ring()].into_iter().flatten() {
        let _ = (ring.block_size(), ring.block_nr(), ring.frame_size(), ring.frame_nr(), ring.features());
    }
    let _ = (row.fanout(), row.filter(), row.socket_memory().is_some());
}

fn netlink(data: &[u8]) {
    let Ok(row) = netlink_diag::Row::parse(data) else { return };
    values(data, 28, netlink_diag::attribute::GROUPS, |kind| row.attribute(kind).map(<[u8]>::to_vec));
    let _ = (row.family(), row.socket_type(), row.protocol(), row.state(), row.port_id(), row.inode());
    let _ = (row.destination_port_id(), row.destination_group(), row.cookie());
    let set = row
        .attribute(netlink_diag::attribute::GROUPS)
        .map(|value| value.iter().map(|b| b.count_ones()).sum());
    assert_eq!(row.groups().map(|groups| groups.count() as u32), set);
}

fn vsock(data: &[u8]) {
    let Ok(row) = vsock_diag::Row::parse(data) else { return };
    let _ = (row.family(), row.socket_type(), row.state(), row.shutdown(), row.inode(), row.cookie());
    let _ = (row.source_cid(), row.source_port(), row.destination_cid(), row.destination_port());
}
