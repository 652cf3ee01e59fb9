//! Unix, packet, netlink and vsock sockets: rows of `sock_diag` and lines of /proc/net.

use pree_wire::proc_net::netlink::{NetlinkLine, netlink_line};
use pree_wire::proc_net::packet::{PacketLine, packet_line};
use pree_wire::proc_net::unix::{UnixLine, unix_lines};
use pree_wire::proc_net::{Family as WireFamily, inet_line, lines};
use pree_wire::{inet_diag, netlink_diag, packet_diag, unix_diag, vsock_diag};

use super::inet::{Decoder, decode_line, ip, set_queues, shutdown, state};
use crate::model::{
    Address, BoundFile, Detail, Family, NetlinkDetail, PacketDetail, Peer, Protocol, SctpDetail, Socket,
    SocketMemory, SocketType, State, Text, TimerKind, UnixDetail,
};

impl Decoder {
    /// Decodes a row into `socket`, which is made when there is none and replaced when there is.
    pub(crate) fn decode_unix(&self, row: &unix_diag::Row<'_>, socket: &mut Option<Socket>) {
        let local = Address::Unix(row.name().map_or_else(Text::default, Text::from));
        let state = state(row.state(), Protocol::Unix);
        let socket = socket.insert(Socket::new(Protocol::Unix, Family::Unix, state, local));
        socket.kernel_id = self.id(row.cookie());
        socket.socket_type = Some(socket_type(row.socket_type().into()));
        socket.inode = inode(row.inode());
        socket.uid = row.uid();
        socket.peer = row.peer().map(|peer| Box::new(Peer { inode: inode(peer), owners: Vec::new() }));
        if let (Some(receive), Some(send)) = (row.receive_queue(), row.send_queue()) {
            set_queues(socket, receive, send);
        }
        socket.shutdown = row.shutdown().map(shutdown);
        socket.memory = row.socket_memory().map(SocketMemory::from);
        socket.drops = socket.memory.and_then(|memory| memory.drops);
        let file = row.file().map(|file| BoundFile {
            device_major: file.major(),
            device_minor: file.minor(),
            inode: file.inode,
        });
        let pending: Vec<u64> = row.pending().into_iter().flatten().map(u64::from).collect();
        if file.is_some() || !pending.is_empty() {
            socket.detail =
                Some(Box::new(Detail::Unix(UnixDetail { file, pending, ..UnixDetail::default() })));
        }
    }

    /// As [`Decoder::decode_unix`].
    pub(crate) fn decode_packet(&self, row: &packet_diag::Row<'_>, socket: &mut Option<Socket>) {
        let info = row.info();
        let interface = info.and_then(packet_diag::Info::index).filter(|index| *index != GONE);
        let socket = socket.insert(packet(row.protocol(), interface));
        socket.kernel_id = self.id(row.cookie());
        socket.socket_type = Some(socket_type(row.socket_type().into()));
        socket.inode = inode(row.inode());
        socket.uid = row.uid();
        socket.memory = row.socket_memory().map(SocketMemory::from);
        socket.recv_queue = socket.memory.and_then(|memory| memory.receive_alloc_bytes);
        socket.send_queue = socket.memory.and_then(|memory| memory.send_alloc_bytes);
        socket.drops = socket.memory.and_then(|memory| memory.drops);
        let ring = |ring: Option<packet_diag::Ring<'_>>| match ring {
            None => Some(0),
            Some(ring) => Some(u64::from(ring.block_size()?) * u64::from(ring.block_nr()?)),
        };
        socket.detail = Some(Box::new(Detail::Packet(PacketDetail {
            is_running: info.and_then(packet_diag::Info::is_running),
            version: info.and_then(packet_diag::Info::version).map(|version| version.saturating_add(1)),
            receive_ring_bytes: ring(row.receive_ring()),
            send_ring_bytes: ring(row.send_ring()),
            fanout: row.fanout().map(|fanout| (fanout.id, fanout.mode)),
            filter_instructions: match row.filter() {
                None => Some(0),
                // Without the right one only learns that there is a program, with length 0.
                Some([]) => None,
                Some(program) => u32::try_from(program.len() / FILTER_INSTRUCTION).ok(),
            },
        })));
    }

    /// As [`Decoder::decode_unix`].
    pub(crate) fn decode_netlink(&self, row: &netlink_diag::Row<'_>, socket: &mut Option<Socket>) {
        let local = Address::Netlink { protocol: row.protocol(), port_id: row.port_id() };
        let state = state(row.state(), Protocol::Netlink);
        let socket = socket.insert(Socket::new(Protocol::Netlink, Family::Netlink, state, local));
        socket.kernel_id = self.id(row.cookie());
        socket.socket_type = Some(socket_type(row.socket_type().into()));
        socket.inode = inode(row.inode());
        if state == State::Established {
            let port_id = row.destination_port_id();
            socket.remote = Some(Address::Netlink { protocol: row.protocol(), port_id });
        }
        socket.memory = row.socket_memory().map(SocketMemory::from);
        socket.recv_queue = socket.memory.and_then(|memory| memory.receive_alloc_bytes);
        socket.send_queue = socket.memory.and_then(|memory| memory.send_alloc_bytes);
        socket.drops = socket.memory.and_then(|memory| memory.drops);
        let groups: Vec<u32> = row.groups().into_iter().flatten().collect();
        let group = row.destination_group();
        let remote_group = (group != 0 && state == State::Established).then_some(group);
        if !groups.is_empty() || remote_group.is_some() {
            socket.detail = Some(Box::new(Detail::Netlink(NetlinkDetail { groups, remote_group })));
        }
    }

    /// As [`Decoder::decode_unix`]. Associations have states of their own, RFC 9260 section 4, and one timer.
    pub(crate) fn decode_sctp(&self, row: &inet_diag::Row<'_>, socket: &mut Option<Socket>) {
        self.decode(row, Protocol::Sctp, socket);
        let Some(socket) = socket else { return };
        let addresses = |ends: Option<&mut dyn Iterator<Item = inet_diag::sctp::Endpoint>>| {
            ends.into_iter().flatten().filter_map(|end| ip(end.address, end.family)).collect()
        };
        let detail = SctpDetail {
            local_addresses: addresses(row.sctp_locals().as_mut().map(|ends| ends as _)),
            remote_addresses: addresses(row.sctp_peers().as_mut().map(|ends| ends as _)),
        };
        socket.detail = Some(Box::new(Detail::Sctp(detail)));
        if row.sctp_peers().is_none() {
            socket.remote = None;
            return;
        }
        socket.state = match row.state() {
            0 => State::Closed,
            // COOKIE_WAIT, COOKIE_ECHOED.
            1 | 2 => State::SynSent,
            3 => State::Established,
            // SHUTDOWN_PENDING, SHUTDOWN_SENT.
            4 | 5 => State::FinWait1,
            // SHUTDOWN_RECEIVED, SHUTDOWN_ACK_SENT.
            6 => State::CloseWait,
            7 => State::LastAck,
            other => State::Other(other),
        };
        socket.listen = None;
        // The kernel reports T3-rtx only, under the number that it has among SCTP's timers.
        if let Some(timer) = &mut socket.timer {
            timer.kind = TimerKind::Retransmit;
        }
    }

    /// As [`Decoder::decode_unix`].
    pub(crate) fn decode_vsock(&self, row: &vsock_diag::Row<'_>, socket: &mut Option<Socket>) {
        let local = Address::Vsock { cid: row.source_cid(), port: row.source_port() };
        let state = state(row.state(), Protocol::Vsock);
        let socket = socket.insert(Socket::new(Protocol::Vsock, Family::Vsock, state, local));
        socket.kernel_id = self.id(row.cookie());
        socket.socket_type = Some(socket_type(row.socket_type().into()));
        socket.inode = inode(row.inode());
        let (cid, port) = (row.destination_cid(), row.destination_port());
        if cid != vsock_diag::ANY {
            socket.remote = Some(Address::Vsock { cid, port });
        }
        socket.shutdown = Some(shutdown(row.shutdown()));
    }
}

/// The index of an interface that was removed, -1.
const GONE: u32 = u32::MAX;

/// Bytes of an instruction of classic BPF (`struct sock_filter`).
const FILTER_INSTRUCTION: usize = 8;

fn inode(number: u32) -> Option<u64> {
    (number != 0).then(|| number.into())
}

/// The numbers of Linux.
fn socket_type(number: u16) -> SocketType {
    match number {
        1 => SocketType::Stream,
        2 => SocketType::Dgram,
        3 => SocketType::Raw,
        4 => SocketType::Rdm,
        5 => SocketType::Seqpacket,
        10 => SocketType::Packet,
        other => SocketType::Other(other),
    }
}

fn packet(protocol: u16, interface: Option<u32>) -> Socket {
    let local = Address::Packet { protocol, interface };
    let mut socket = Socket::new(Protocol::Packet, Family::Packet, State::Unconnected, local);
    socket.interface = interface.filter(|index| *index != 0);
    socket
}

/// Decodes a table of /proc/net: its rows, and how many lines made no sense.
pub(crate) fn decode_table(text: &[u8], protocol: Protocol, family: Family) -> (Vec<Socket>, u64) {
    let mut table = ProcTable::default();
    match protocol {
        // Without an inode it waits to be accepted or is closed: unix_diag does not report those either.
        Protocol::Unix => unix_lines(text).for_each(|line| {
            table.add(line.map(|line| (line.inode != 0).then(|| of_unix_line(&line))));
        }),
        Protocol::Packet => lines(text).for_each(|line| {
            table.add(packet_line(line.bytes).map(|line| line.as_ref().map(of_packet_line)));
        }),
        Protocol::Netlink => lines(text).for_each(|line| {
            table.add(netlink_line(line.bytes).map(|line| line.as_ref().map(of_netlink_line)));
        }),
        _ => {
            let wire_family = if family == Family::Ipv4 { WireFamily::V4 } else { WireFamily::V6 };
            lines(text).for_each(|line| {
                let line = inet_line(line.bytes, wire_family);
                table.add(line.map(|line| line.map(|line| decode_line(&line, protocol, family))));
            });
        }
    }
    (table.rows, table.malformed)
}

#[derive(Default)]
struct ProcTable {
    rows: Vec<Socket>,
    malformed: u64,
}

impl ProcTable {
    fn add(&mut self, row: Result<Option<Socket>, pree_wire::Malformed>) {
        match row {
            Ok(row) => self.rows.extend(row),
            Err(_) => self.malformed += 1,
        }
    }
}

fn of_unix_line(line: &UnixLine<'_>) -> Socket {
    /// `SS_CONNECTED`.
    const CONNECTED: u8 = 3;
    let state = match line.state {
        _ if line.is_listening => State::Listen,
        CONNECTED => State::Established,
        _ => State::Unconnected,
    };
    // Every NUL is written as @; of the first one it is known what it was, unless a path begins so.
    let name = match line.name {
        Some([b'@', rest @ ..]) => [b"\0", rest].concat().into(),
        Some(path) => Text::from(path),
        None => Text::default(),
    };
    let mut socket = Socket::new(Protocol::Unix, Family::Unix, state, Address::Unix(name));
    socket.socket_type = Some(socket_type(line.socket_type));
    socket.inode = Some(line.inode);
    socket
}

fn of_packet_line(line: &PacketLine) -> Socket {
    let mut socket = packet(line.protocol, line.interface);
    socket.socket_type = Some(socket_type(line.socket_type.into()));
    socket.inode = (line.inode != 0).then_some(line.inode);
    socket.uid = Some(line.uid);
    socket.recv_queue = Some(line.receive_queue);
    let detail = PacketDetail { is_running: Some(line.is_running), ..PacketDetail::default() };
    socket.detail = Some(Box::new(Detail::Packet(detail)));
    socket
}

fn of_netlink_line(line: &NetlinkLine) -> Socket {
    let local = Address::Netlink { protocol: line.protocol, port_id: line.port_id };
    // Whether it is connected, and to what, is not reported.
    let mut socket = Socket::new(Protocol::Netlink, Family::Netlink, State::Unconnected, local);
    socket.inode = (line.inode != 0).then_some(line.inode);
    socket.recv_queue = Some(line.receive_queue);
    socket.send_queue = Some(line.send_queue);
    socket.drops = Some(line.drops);
    let groups: Vec<u32> = (0..32).filter(|bit| line.groups & 1 << bit != 0).map(|bit| bit + 1).collect();
    if !groups.is_empty() {
        let detail = NetlinkDetail { groups, remote_group: None };
        socket.detail = Some(Box::new(Detail::Netlink(detail)));
    }
    socket
}
