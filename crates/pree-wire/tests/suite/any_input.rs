//! No input makes a decoder panic or look beyond its end, and what is written is read back as it was.

use crate::{families, golden};
use pree_wire::diag_request::Narrowing;
use pree_wire::fd_records::{FdRecord, decode_all};
use pree_wire::inet_diag::{Bbr, Dctcp, Extensions, Id, Kind, Request, Row, StateBits, Vegas};
use pree_wire::netlink::{Body, attributes, messages};
use pree_wire::proc_net::{Family, inet_line, lines};
use pree_wire::proc_net::{netlink::netlink_line, packet::packet_line, unix::unix_lines};
use pree_wire::tcp_info::{AccEcnLayout, TcpInfo};
use pree_wire::{
    mptcp_info, netlink_diag, packet_diag, proc_pid, socket_memory, tcp_info, unix_diag, vsock_diag,
};
use proptest::prelude::*;

/// Reads everything there is to read. Answers the values that could be read, to compare rows with.
fn read_row(payload: &[u8]) -> Option<Vec<String>> {
    let row = Row::parse(payload).ok()?;
    let mut values = vec![format!("{:?} {} {}", row.id(), row.state(), row.timer())];
    macro_rules! read {
        ($($name:ident)*) => { $( if let Some(value) = row.$name() { values.push(format!("{value:?}")); } )* };
    }
    read! { tos tclass shutdown v6only mark class_id protocol cgroup_id socket_options ulp_name ulp_tls ulp_mptcp
    congestion_algorithm meminfo vegas dctcp bbr }
    values.extend(row.md5_peers().into_iter().flatten().map(|peers| format!("{peers:?}")));
    let _: (Option<Vegas>, Option<Dctcp>, Option<Bbr>) = (row.vegas(), row.dctcp(), row.bbr());
    for value in (0..64).filter_map(|kind| row.attribute(kind)) {
        // A value lies inside the row it was read from.
        let (from, to) = (payload.as_ptr_range(), value.as_ptr_range());
        assert!(from.start <= to.start && to.end <= from.end);
        values.push(format!("{value:?}"));
    }
    read_views(&row);
    Some(values)
}

fn read_views(row: &Row<'_>) {
    if let Some(info) = row.tcp_info() {
        read_tcp_info(info);
    }
    let addresses = |some: Option<usize>| assert!(some.is_none_or(|count| count <= 512));
    addresses(row.sctp_locals().map(Iterator::count));
    addresses(row.sctp_peers().map(Iterator::count));
    let _ = row.subflow();
    if let Some(info) = row.mptcp_info() {
        let _ = (info.subflows(), info.retransmits(), info.last_ack_recv(), mptcp_info::FIELDS.len());
    }
    if let Some(memory) = row.socket_memory() {
        let _ = (memory.rmem_alloc(), memory.drops(), socket_memory::FIELDS.len());
    }
}

fn read_tcp_info(info: TcpInfo<'_>) -> usize {
    let mut known = 0;
    macro_rules! read {
        ($($(#[doc = $doc:literal])+ $name:ident: $type:ident, $offset:literal, $unit:ident, $since:literal;)*) => {
            $( known += usize::from(info.$name().is_some()); )*
        };
    }
    pree_wire::for_each_tcp_info_field!(read);
    let _ =
        (info.snd_wscale(), info.rcv_wscale(), info.delivery_rate_app_limited(), info.fastopen_client_fail());
    let _ = (info.acc_ecn(AccEcnLayout::TwoFields), info.acc_ecn(AccEcnLayout::BitFields));
    known
}

/// The same bytes as a row of each family that has a kind of its own.
fn read_families(payload: &[u8]) {
    if let Ok(row) = unix_diag::Row::parse(payload) {
        let _ =
            (row.family(), row.socket_type(), row.state(), row.inode(), row.cookie(), row.file(), row.peer());
        let _ = (row.receive_queue(), row.send_queue(), row.shutdown(), row.uid());
        assert!(row.name().is_none_or(|name| !name.is_empty()));
        assert!(row.pending().is_none_or(|pending| pending.count() <= payload.len() / 4));
    }
    if let Ok(row) = packet_diag::Row::parse(payload) {
        let _ = (row.family(), row.socket_type(), row.protocol(), row.inode(), row.cookie(), row.fanout());
        let _ = (row.uid(), row.filter(), row.info().and_then(packet_diag::Info::is_running));
        let _ = (row.receive_ring().and_then(packet_diag::Ring::frame_nr), row.send_ring().is_some());
    }
    if let Ok(row) = netlink_diag::Row::parse(payload) {
        let _ = (row.family(), row.socket_type(), row.protocol(), row.state(), row.port_id(), row.inode());
        let _ = (row.destination_port_id(), row.destination_group(), row.cookie());
        assert!(row.groups().is_none_or(|groups| groups.count() <= payload.len() * 8));
    }
    if let Ok(row) = vsock_diag::Row::parse(payload) {
        let _ = (row.family(), row.socket_type(), row.state(), row.shutdown(), row.inode(), row.cookie());
        let _ = (row.source_cid(), row.source_port(), row.destination_cid(), row.destination_port());
    }
    for line in lines(payload) {
        let _ = (packet_line(line.bytes), netlink_line(line.bytes));
    }
    for line in unix_lines(payload) {
        match line {
            Ok(line) => assert!(line.name.is_none_or(|name| name.len() < payload.len())),
            Err(broken) => assert!(broken.offset <= payload.len()),
        }
    }
}

fn read_everything(bytes: &[u8]) {
    read_families(bytes);
    for message in messages(bytes).flatten() {
        let _ = (message.body(), message.interrupted(), message.error_text());
        if let Body::Data(payload) = message.body() {
            read_row(payload);
            read_families(payload);
        }
    }
    let _ = attributes(bytes).count();
    let _ = Narrowing::of(bytes).asks_the_kernel();
    read_row(bytes);
    read_tcp_info(TcpInfo::new(bytes));
    for line in lines(bytes) {
        let _ = (inet_line(line.bytes, Family::V4), inet_line(line.bytes, Family::V6));
    }
    let _ = decode_all(bytes).count();
    let _ = (proc_pid::Stat::parse(bytes), proc_pid::status_uid(bytes), proc_pid::cgroup_v2_path(bytes));
    let _ = (proc_pid::socket_inode(bytes), proc_pid::fd_name(bytes), proc_pid::pid_name(bytes));
}

/// Real bytes with some of them changed: gets further than noise does.
fn almost_real() -> impl Strategy<Value = Vec<u8>> {
    let proc = golden::PROC.map(|(text, _)| text);
    let diag = [golden::TCP, golden::UDP, golden::MPTCP, families::UNIX, families::PACKET, families::NETLINK];
    let real = prop::sample::select([&diag[..], &proc, &families::PROC].concat());
    let changes = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8);
    let cut = any::<prop::sample::Index>();
    (real, changes, cut, any::<bool>()).prop_map(|(real, changes, cut, whole)| {
        let mut bytes = real.to_vec();
        for (at, byte) in changes {
            *at.get_mut(&mut bytes) = byte;
        }
        if !whole {
            bytes.truncate(cut.index(bytes.len()));
        }
        bytes
    })
}

fn id() -> impl Strategy<Value = Id> {
    let ports = any::<(u16, u16)>();
    (ports, any::<[u8; 16]>(), any::<[u8; 16]>(), any::<u32>(), any::<u64>()).prop_map(
        |((source_port, destination_port), source, destination, interface, cookie)| Id {
            source_port,
            destination_port,
            source,
            destination,
            interface,
            cookie,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn noise(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        read_everything(&bytes);
    }

    #[test]
    fn attributes_of_noise(tail in prop::collection::vec((0..40_u16, prop::collection::vec(any::<u8>(), 0..40)), 0..12)) {
        let mut bytes = vec![0; 72];
        for (kind, value) in &tail {
            bytes.extend((value.len() as u16 + 4).to_ne_bytes());
            bytes.extend(kind.to_ne_bytes());
            bytes.extend(value);
            bytes.resize(bytes.len().next_multiple_of(4), 0);
        }
        let row = Row::parse(&bytes).unwrap();
        for kind in 0..23 {
            let expected = tail.iter().rev().find(|(k, _)| *k == kind).map(|(_, value)| &value[..]);
            prop_assert_eq!(row.attribute(kind), expected);
        }
        read_row(&bytes);
    }

    #[test]
    fn nearly_right(bytes in almost_real()) {
        read_everything(&bytes);
    }

    #[test]
    fn the_kernel_reads_what_the_request_says(
        id in id(),
        (protocol, sequence, states, extensions) in any::<(u8, u32, u32, u8)>(),
        kind in prop::sample::select(vec![Kind::DumpV1, Kind::DumpV2, Kind::Exact]),
    ) {
        let request = Request { id, kind, ..Request::dump_v2(10, protocol.into()) }
            .with_states(StateBits(states))
            .with_extensions(Extensions(extensions))
            .with_sequence(sequence);
        let mut buffer = [0; 128];
        let length = request.encode(&mut buffer).unwrap();
        let message = messages(&buffer[..length]).next().unwrap().unwrap();
        prop_assert_eq!(message.sequence, sequence);
        // A row has the id at the same place as a v1 request, 4 bytes in: read it back with the decoder of rows.
        let start = if kind == Kind::DumpV1 { 4 } else { 8 };
        let mut row = vec![0; 4];
        row.extend(&message.payload[start..start + 48]);
        row.resize(72, 0);
        prop_assert_eq!(Row::parse(&row).unwrap().id(), id);
    }

    #[test]
    fn records_come_back(records in prop::collection::vec(any::<(u32, u64)>(), 0..20)) {
        let records: Vec<_> = records.into_iter().map(|(fd, inode)| FdRecord { fd, inode }).collect();
        let bytes: Vec<u8> = records.iter().flat_map(|record| record.encode()).collect();
        prop_assert_eq!(decode_all(&bytes).collect::<Result<Vec<_>, _>>(), Ok(records));
    }
}

#[test]
fn a_row_cut_anywhere_says_less_and_nothing_else() {
    for (name, recording) in [("tcp", golden::TCP), ("udp", golden::UDP), ("mptcp", golden::MPTCP)] {
        let mut rows = 0;
        for message in messages(recording) {
            let Body::Data(payload) = message.unwrap().body() else { continue };
            let whole = read_row(payload).unwrap();
            let mut cuts = 0;
            for length in 0..payload.len() {
                // In memory of its own, so that looking further would be noticed by tools that watch memory.
                let cut = payload[..length].to_vec();
                let Some(values) = read_row(&cut) else { continue };
                assert!(values.iter().all(|value| whole.contains(value)), "of {length} bytes: {values:?}");
                cuts += usize::from(values.len() < whole.len());
            }
            assert!(cuts > 0, "a row of {name} says as much when it is cut: {whole:?}");
            rows += 1;
        }
        assert!(rows > 0, "{name} has no row");
    }
}

#[test]
fn statistics_cut_anywhere_lose_fields_one_by_one() {
    let row = golden::rows(golden::TCP)["127.0.0.1:40001 127.0.0.1:18080"];
    let bytes = row.tcp_info().unwrap().bytes();
    for length in 0..=bytes.len() {
        let whole = tcp_info::FIELDS.iter().filter(|field| field.end() <= length).count();
        assert_eq!(read_tcp_info(TcpInfo::new(&bytes[..length])), whole, "{length}");
    }
    assert_eq!(read_tcp_info(row.tcp_info().unwrap()), tcp_info::FIELDS.len());
}
