//! Rows of `inet_diag` with every accessor.

use pree_wire::inet_diag::Row;
use pree_wire::inet_diag::attribute;
use pree_wire::netlink::attributes;

use super::statistics;

/// The payload of a message.
pub(super) fn target(data: &[u8]) {
    let Ok(row) = Row::parse(data) else { return };
    let id = row.id();
    assert_eq!((id.cookie, id.source, id.destination), (row.cookie(), row.source(), row.destination()));
    assert_eq!((id.source_port, id.destination_port), (row.source_port(), row.destination_port()));
    assert_eq!(id.swapped().swapped(), id);
    let _ =
        (row.family(), row.state(), row.timer(), row.retransmits(), row.expires_ms(), row.uid(), row.inode());
    let _ = (row.receive_queue(), row.send_queue(), row.interface());
    // Of repeated attributes the last counts.
    for kind in 0..=attribute::SOCKOPT + 1 {
        let expected = attributes(&data[72..]).flatten().filter(|attribute| attribute.kind == kind).last();
        let expected = expected.map(|attribute| attribute.payload).filter(|_| kind <= attribute::SOCKOPT);
        assert_eq!(row.attribute(kind), expected);
    }
    let _ = (row.meminfo(), row.vegas(), row.dctcp(), row.bbr());
    let _ =
        (row.tos(), row.tclass(), row.shutdown(), row.v6only(), row.mark(), row.class_id(), row.protocol());
    let _ = (
        row.cgroup_id(),
        row.ulp_name(),
        row.ulp_tls(),
        row.ulp_mptcp(),
        row.md5_peers().map(Iterator::count),
    );
    assert!(row.congestion_algorithm().is_none_or(|name| !name.contains(&0)));
    if let Some(options) = row.socket_options() {
        let _ = (options.recverr(), options.defer_connect(), options.bind_address_no_port());
    }
    if let Some(info) = row.tcp_info() {
        statistics::tcp(info.bytes());
    }
    if let Some(info) = row.attribute(attribute::INFO) {
        statistics::mptcp(info);
    }
    if let Some(memory) = row.attribute(attribute::SKMEMINFO) {
        statistics::memory(memory);
    }
}
