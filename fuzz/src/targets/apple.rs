//! What macOS tells: lists of control blocks, sockets of descriptors, processes, one's own connection.

use pree_wire::apple::{
    ConnectionInfo, Item, ListKind, Pcb, PcbList, ProcessInfo, Row, ShortProcessInfo, SocketFd, arguments,
    descriptors, rows_counted, unix_path,
};

/// The same bytes as each of the structures.
pub(super) fn target(data: &[u8]) {
    list(data);
    socket(data);
    processes(data);
    connection(data);
    let path = unix_path(data);
    assert!(path.len() <= 253 && !path.contains(&0));
    if let Some(number) = data.first_chunk().copied().map(u64::from_le_bytes) {
        for kind in [ListKind::Tcp, ListKind::Udp, ListKind::Unix] {
            assert!(rows_counted(number, kind) <= number / 300);
        }
    }
}

/// It ends, with a row at most every 24 bytes, and says that it is whole only at its end.
fn list(data: &[u8]) {
    let Ok(list) = PcbList::parse(data) else { return };
    let (head, mut rows, mut ends) = (list.head(), 0, 0);
    for item in list {
        assert_eq!(ends, 0, "nothing comes after the end");
        match item {
            Ok(Item::Row(row)) => {
                rows += 1;
                read(&row);
            }
            Ok(Item::End(_)) => ends += 1,
            Err(broken) => {
                assert!(broken.offset <= data.len().saturating_add(8) && !broken.what.is_empty());
                ends += 1;
            }
        }
    }
    assert_eq!(ends, 1, "it ends once");
    assert!(rows <= data.len() / 24);
    let _ = (head.count, head.number, head.socket_number);
}

/// Records are long enough for all but what came with later versions.
fn read(row: &Row<'_>) {
    match row.pcb {
        Pcb::Internet(pcb) => {
            assert!(pcb.local_address().is_some() && pcb.remote_address().is_some());
            assert!(pcb.local_port().is_some() && pcb.remote_port().is_some() && pcb.generation().is_some());
            let _ = (pcb.handle(), pcb.flags(), pcb.versions(), pcb.protocol(), pcb.tos());
        }
        Pcb::Unix(pcb) => {
            assert!(pcb.path().len() <= 253 && pcb.peer_path().len() <= 253);
            assert!(pcb.handle().is_some() && pcb.peer().is_some() && pcb.generation().is_some());
        }
    }
    let socket = row.socket;
    assert!(socket.handle().is_some() && socket.family().is_some() && socket.last_pid().is_some());
    let _ = (socket.socket_type(), socket.state(), socket.protocol(), socket.uid(), socket.generation());
    let _ = (socket.queue(), socket.incomplete_queue(), socket.queue_limit(), socket.flags());
    for buffer in [row.receive, row.send].into_iter().flatten() {
        assert!(buffer.queued().is_some() && buffer.limit().is_some());
    }
    if let Some(traffic) = row.traffic {
        assert!((0..4).all(|index| traffic.entry(index).is_some()) && traffic.entry(4).is_none());
    }
    if let Some(tcp) = row.tcp {
        assert!(tcp.state().is_some() && tcp.srtt().is_some() && tcp.rcv_scale().is_some());
    }
}

fn socket(data: &[u8]) {
    let Ok(socket) = SocketFd::parse(data) else { return };
    assert!(
        socket.local_address().is_some() && socket.local_port().is_some() && socket.generation().is_some()
    );
    assert!(socket.path().len() <= 253 && socket.peer_path().len() <= 253);
    let _ = (socket.protocol(), socket.handle(), socket.peer(), socket.tcp_state(), socket.maxseg());
}

fn processes(data: &[u8]) {
    let all = descriptors(data);
    assert_eq!(all.count(), data.len().div_ceil(8));
    assert_eq!(descriptors(data).filter(Result::is_err).count(), usize::from(data.len() % 8 != 0));
    if let Ok(process) = ProcessInfo::parse(data) {
        assert!(process.name().len() <= 32 && process.pid().is_some() && process.start_us().is_some());
    }
    if let Ok(process) = ShortProcessInfo::parse(data) {
        assert!(process.name().len() <= 16 && process.uid().is_some());
    }
    if let Some(arguments) = arguments(data) {
        assert!(arguments.is_empty() || arguments.ends_with(b"\0"));
    }
}

/// A member is known exactly when all of it is there.
fn connection(data: &[u8]) {
    let info = ConnectionInfo::new(data);
    assert_eq!(info.state(), data.first().copied());
    assert_eq!(info.txretransmitpackets().is_some(), data.len() >= ConnectionInfo::SIZE);
    let _ = (info.scales_windows(), info.srtt(), info.snd_cwnd(), info.rxbytes());
}
