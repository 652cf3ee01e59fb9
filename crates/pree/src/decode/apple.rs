//! macOS: rows of `pcblist_n` and sockets of descriptors.

mod statistics;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};

use pree_wire::apple::{
    self, AF_INET6, InternetPcb, Pcb, Row, SocketFd, SocketRecord, UnixPcb, socket_state, tcp_state, versions,
};

use crate::model::{
    Address, BootId, Family, KernelId, ListenQueue, Peer, Protocol, Shutdown, Socket, SocketMemory,
    SocketType, State, Text, Unowned,
};
use crate::needs::Needs;
use crate::source::AppleList;
#[allow(unused_imports, reason = "for sys/macos, which is not built everywhere")]
pub(crate) use statistics::of_connection;

/// What stands for a socket in both of its sources.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Key {
    /// The number of its control block, one a protocol.
    Internet(Protocol, u64),
    /// The type and the handle of a Unix socket. What closed in one list can have the handle of one in the other list, which
    /// is read later and of other types.
    Unix(Option<SocketType>, u64),
}

/// A socket with what joins it to others.
#[derive(Clone, Debug)]
pub(crate) struct Decoded {
    pub(crate) socket: Socket,
    /// `None` for a flow of a network stack in user space: no descriptor leads to it.
    pub(crate) key: Option<Key>,
    /// The process of such a flow.
    pub(crate) process: Option<u32>,
    /// Why no descriptor leads to the socket, where the socket says so itself.
    pub(crate) unowned: Option<Unowned>,
    /// Handle of a Unix socket's other end: of its control block in a row, of the socket itself through a descriptor.
    pub(crate) peer: u64,
}

/// Decodes rows; knows what every identity begins with, and what is asked for.
#[derive(Debug)]
pub(crate) struct Decoder {
    boot: BootId,
    needs: Needs,
    /// Whether the second entry of the counters is what had no room: since macOS 15, Darwin 24.
    counts_drops: bool,
}

impl Decoder {
    /// From the text of the sysctls `kern.bootsessionuuid` and `kern.osrelease`.
    pub(crate) fn new(boot_session: &[u8], release: &[u8], needs: Needs) -> Self {
        let hex: String =
            boot_session.iter().filter(|b| b.is_ascii_hexdigit()).map(|b| char::from(*b)).collect();
        Self {
            boot: BootId(u128::from_str_radix(&hex, 16).unwrap_or(0)),
            needs,
            counts_drops: darwin_major(release).is_some_and(|major| major >= 24),
        }
    }

    /// A row of a list; `None` for a socket that has neither a port nor a peer, which other systems do not list.
    pub(crate) fn row(&self, row: &Row<'_>, list: AppleList) -> Option<Decoded> {
        let protocol = match list {
            AppleList::Tcp => Protocol::Tcp,
            AppleList::Udp => Protocol::Udp,
            _ if row.socket.socket_type().map(u32::from) == Some(SOCK_DGRAM) => Protocol::Icmp,
            _ => Protocol::Raw,
        };
        match row.pcb {
            Pcb::Internet(pcb) => self.internet_row(row, pcb, row.socket, protocol),
            Pcb::Unix(pcb) => Some(self.unix_row(row, pcb, row.socket)),
        }
    }

    fn internet_row(
        &self,
        row: &Row<'_>,
        pcb: InternetPcb<'_>,
        record: SocketRecord<'_>,
        protocol: Protocol,
    ) -> Option<Decoded> {
        let ends = Ends {
            family: record.family()?,
            versions: pcb.versions()?,
            local: (pcb.local_address()?, pcb.local_port()?),
            remote: (pcb.remote_address()?, pcb.remote_port()?),
        };
        let state =
            (protocol == Protocol::Tcp).then(|| row.tcp.and_then(apple::TcpPcb::state).unwrap_or(NO_STATE));
        let mut socket = ends.socket(protocol, state)?;
        if protocol == Protocol::Raw {
            socket.set_raw(pcb.protocol()?);
        }
        let is_flow = record.handle() == Some(0);
        let generation = pcb.generation().filter(|_| !is_flow);
        socket.kernel_id = generation.map(|number| self.id(protocol, number));
        socket.uid = record.uid().filter(|_| !is_flow);
        if !is_flow {
            set_flags(&mut socket, record.state(), pcb.flags());
            self.set_tos(&mut socket, pcb.tos());
        }
        let queues = Queues {
            receive: row.receive.and_then(apple::Buffer::queued),
            send: row.send.and_then(apple::Buffer::queued),
            limits: [row.receive.and_then(apple::Buffer::limit), row.send.and_then(apple::Buffer::limit)],
            listen: [record.queue(), record.incomplete_queue(), record.queue_limit()],
        };
        self.set_queues(&mut socket, &queues);
        if protocol == Protocol::Udp && self.counts_drops && self.needs.contains(Needs::MEMORY) {
            let refused = row.traffic.and_then(|traffic| traffic.entry(1)?.received_packets());
            socket.drops = refused.and_then(|packets| u32::try_from(packets).ok()).filter(|_| !is_flow);
        }
        if let Some(tcp) = row.tcp.filter(|_| self.needs.contains(Needs::STATS) && has_stats(socket.state)) {
            let mut stats = if is_flow {
                statistics::of_flow(tcp)
            } else {
                let sequences = self.needs.contains(Needs::SEQUENCES);
                statistics::of_row(tcp, row.traffic, socket.send_queue, sequences)
            };
            statistics::add_buffers(&mut stats, &socket);
            socket.tcp = Some(Box::new(stats));
        }
        Some(Decoded {
            key: generation.map(|number| Key::Internet(protocol, number)),
            process: record.last_pid().filter(|_| is_flow),
            unowned: unowned(socket.state, record).filter(|_| !is_flow),
            peer: 0,
            socket,
        })
    }

    fn unix_row(&self, row: &Row<'_>, pcb: UnixPcb<'_>, record: SocketRecord<'_>) -> Decoded {
        let queues = Queues {
            receive: row.receive.and_then(apple::Buffer::queued),
            send: row.send.and_then(apple::Buffer::queued),
            limits: [row.receive.and_then(apple::Buffer::limit), row.send.and_then(apple::Buffer::limit)],
            listen: [record.queue(), record.incomplete_queue(), record.queue_limit()],
        };
        let peer = pcb.peer().unwrap_or(0);
        let kind = record.socket_type().unwrap_or(0).into();
        let mut socket = self.unix_socket([pcb.path(), pcb.peer_path()], kind, record.state(), peer, &queues);
        socket.kernel_id = pcb.generation().map(|number| self.id(Protocol::Unix, number));
        socket.uid = record.uid();
        Decoded {
            key: record.handle().map(|handle| Key::Unix(socket.socket_type, handle)),
            process: None,
            unowned: unowned(socket.state, record),
            peer,
            socket,
        }
    }

    /// The socket behind a descriptor; `None` where it is of a family that pree does not know here, or has neither a port
    /// nor a peer.
    pub(crate) fn held(&self, held: SocketFd<'_>) -> Option<Decoded> {
        let queues = Queues {
            receive: held.received_bytes(),
            send: held.send_bytes(),
            limits: [held.receive_limit(), held.send_limit()],
            listen: [held.queue(), held.incomplete_queue(), held.queue_limit()],
        };
        if held.protocol() == apple::Protocol::Unix {
            let (peer, kind) = (held.peer().unwrap_or(0), held.socket_type().unwrap_or(0));
            let socket = self.unix_socket([held.path(), held.peer_path()], kind, held.state(), peer, &queues);
            let key = held.handle().map(|handle| Key::Unix(socket.socket_type, handle));
            return Some(Decoded { key, process: None, unowned: None, peer, socket });
        }
        let number = held.protocol_number()?;
        let protocol = match (held.protocol(), held.socket_type()?) {
            (apple::Protocol::Tcp, _) => Protocol::Tcp,
            (apple::Protocol::Internet, SOCK_DGRAM) if number == UDP => Protocol::Udp,
            (apple::Protocol::Internet, SOCK_DGRAM) if matches!(number, ICMP | ICMPV6) => Protocol::Icmp,
            (apple::Protocol::Internet, SOCK_RAW) => Protocol::Raw,
            _ => return None,
        };
        let ends = Ends {
            family: held.family()?,
            versions: held.versions()?,
            local: (held.local_address()?, held.local_port()?),
            remote: (held.remote_address()?, held.remote_port()?),
        };
        let state = if protocol == Protocol::Tcp { Some(held.tcp_state()?) } else { None };
        let mut socket = ends.socket(protocol, state)?;
        if protocol == Protocol::Raw {
            socket.set_raw(u8::try_from(number).ok()?);
        }
        let generation = held.generation()?;
        socket.kernel_id = Some(self.id(protocol, generation));
        set_flags(&mut socket, held.state(), held.flags());
        self.set_tos(&mut socket, held.tos());
        self.set_queues(&mut socket, &queues);
        if protocol == Protocol::Tcp && self.needs.contains(Needs::STATS) && has_stats(socket.state) {
            let mut stats = statistics::of_held(held);
            statistics::add_buffers(&mut stats, &socket);
            socket.tcp = Some(Box::new(stats));
        }
        let key = Some(Key::Internet(protocol, generation));
        Some(Decoded { key, process: None, unowned: None, peer: 0, socket })
    }

    fn unix_socket(
        &self,
        paths: [&[u8]; 2],
        kind: u32,
        flags: Option<u16>,
        peer: u64,
        queues: &Queues,
    ) -> Socket {
        let is_connected = flags.is_some_and(|flags| flags & socket_state::CONNECTED != 0) || peer != 0;
        let state = match queues.listen[2] {
            Some(limit) if limit > 0 => State::Listen,
            _ if is_connected => State::Established,
            _ => State::Unconnected,
        };
        let [path, peer_path] = paths;
        let mut socket = Socket::new(Protocol::Unix, Family::Unix, state, Address::Unix(Text::from(path)));
        socket.socket_type = Some(socket_type(kind));
        socket.remote = (!peer_path.is_empty()).then(|| Address::Unix(Text::from(peer_path)));
        socket.peer = (peer != 0).then(Box::<Peer>::default);
        socket.shutdown = flags.map(shutdown);
        self.set_queues(&mut socket, queues);
        socket
    }

    /// The number of a control block is given once among those of its protocol, so the protocol goes with it.
    fn id(&self, protocol: Protocol, number: u64) -> KernelId {
        let table = match protocol {
            Protocol::Tcp => 6,
            Protocol::Udp => 17,
            Protocol::Unix => 0,
            // Raw and ICMP sockets share one.
            _ => 255,
        };
        KernelId { boot: self.boot, network_namespace: 0, cookie: table << 56 | number & (u64::MAX >> 8) }
    }

    fn set_tos(&self, socket: &mut Socket, tos: Option<u8>) {
        if self.needs.contains(Needs::TRAFFIC_CLASS) && socket.family == Family::Ipv4 {
            socket.tos = tos;
        }
    }

    fn set_queues(&self, socket: &mut Socket, queues: &Queues) {
        if socket.state == State::Listen {
            let [all, incomplete, limit] = queues.listen;
            if let (Some(all), Some(incomplete), Some(limit)) = (all, incomplete, limit) {
                let queue = ListenQueue { queue: all.saturating_sub(incomplete).into(), limit: limit.into() };
                socket.recv_queue = Some(queue.queue);
                socket.send_queue = Some(queue.limit);
                socket.listen = Some(queue);
            }
        } else {
            socket.recv_queue = queues.receive;
            socket.send_queue = queues.send;
        }
        if self.needs.contains(Needs::MEMORY) {
            let [receive_buffer_bytes, send_buffer_bytes] = queues.limits;
            socket.memory =
                Some(SocketMemory { receive_buffer_bytes, send_buffer_bytes, ..SocketMemory::default() });
        }
    }
}

/// The first number of a release of Darwin, `24.4.0`.
pub(crate) fn darwin_major(release: &[u8]) -> Option<u32> {
    let major = release.split(|byte| *byte == b'.').next()?;
    std::str::from_utf8(major).ok()?.parse().ok()
}

/// What is in the buffers and queues of a socket.
struct Queues {
    receive: Option<u32>,
    send: Option<u32>,
    /// Of the receive and the send buffer.
    limits: [Option<u32>; 2],
    /// A listener's: all, those of unfinished handshakes, the limit.
    listen: [Option<u16>; 3],
}

/// Both ends as the kernel keeps them.
struct Ends {
    family: u32,
    versions: u8,
    local: ([u8; 16], u16),
    remote: ([u8; 16], u16),
}

impl Ends {
    /// The socket with these ends; `None` when it has neither. `tcp` is the number of a TCP state.
    fn socket(&self, protocol: Protocol, tcp: Option<u32>) -> Option<Socket> {
        let is_v4 = self.versions & (versions::IPV4 | versions::IPV6) == versions::IPV4;
        // A flow of a network stack in user space has no family.
        let family =
            if self.family == AF_INET6 || (self.family == 0 && !is_v4) { Family::Ipv6 } else { Family::Ipv4 };
        let local = address(self.local, family, is_v4);
        let remote = address(self.remote, family, is_v4);
        let has_peer = !remote.ip().to_canonical().is_unspecified() || remote.port() != 0;
        if local.port() == 0 && !has_peer && matches!(protocol, Protocol::Tcp | Protocol::Udp) {
            return None;
        }
        let state = match tcp {
            Some(number) => state(number, has_peer),
            None if has_peer => State::Established,
            None => State::Unconnected,
        };
        let scope = |address: SocketAddr| match address {
            SocketAddr::V6(address) if address.scope_id() != 0 => Some(address.scope_id()),
            _ => None,
        };
        let mut socket = Socket::new(protocol, family, state, Address::Inet(local));
        socket.remote = has_peer.then_some(Address::Inet(remote));
        socket.interface = scope(local).or_else(|| scope(remote));
        Some(socket)
    }
}

/// An end: IPv4 is the last four bytes, also of a socket of IPv6 that speaks it; the scope of an address that has one stands
/// in its second word.
fn address((bytes, port): ([u8; 16], u16), family: Family, is_v4: bool) -> SocketAddr {
    let [.., a, b, c, d] = bytes;
    let v4 = Ipv4Addr::new(a, b, c, d);
    match family {
        Family::Ipv6 if !is_v4 => {
            let mut bytes = bytes;
            let mut scope = 0;
            if embeds_scope(bytes) {
                scope = u16::from_be_bytes([bytes[2], bytes[3]]);
                (bytes[2], bytes[3]) = (0, 0);
            }
            SocketAddr::V6(SocketAddrV6::new(bytes.into(), port, 0, scope.into()))
        }
        Family::Ipv6 if v4.is_unspecified() => SocketAddr::new(IpAddr::V6(Ipv6Addr::UNSPECIFIED), port),
        Family::Ipv6 => SocketAddr::new(IpAddr::V6(v4.to_ipv6_mapped()), port),
        _ => SocketAddr::new(IpAddr::V4(v4), port),
    }
}

/// Whether the kernel keeps the scope in such an address (`IN6_IS_SCOPE_EMBED`): a link-local one, or a multicast one of an
/// interface or a link; of the latter not those that are made of a unicast prefix (RFC 3306), which have other bytes there.
fn embeds_scope(address: [u8; 16]) -> bool {
    const OF_PREFIX: u8 = 3;
    let [first, second, ..] = address;
    match (first, second >> 4, second & 0xf) {
        (0xff, _, 1) => true,
        (0xff, flags, 2) => flags != OF_PREFIX,
        _ => Ipv6Addr::from(address).is_unicast_link_local(),
    }
}

fn state(number: u32, has_peer: bool) -> State {
    match number {
        tcp_state::CLOSED if has_peer => State::Closed,
        tcp_state::CLOSED => State::BoundInactive,
        tcp_state::LISTEN => State::Listen,
        tcp_state::SYN_SENT => State::SynSent,
        tcp_state::SYN_RECEIVED => State::SynReceived,
        tcp_state::ESTABLISHED => State::Established,
        tcp_state::CLOSE_WAIT => State::CloseWait,
        tcp_state::FIN_WAIT_1 => State::FinWait1,
        tcp_state::CLOSING => State::Closing,
        tcp_state::LAST_ACK => State::LastAck,
        tcp_state::FIN_WAIT_2 => State::FinWait2,
        tcp_state::TIME_WAIT => State::TimeWait,
        other => u8::try_from(other).map_or(State::Unknown, State::Other),
    }
}

/// True for the states of a connection that still has statistics worth the name.
pub(crate) fn has_stats(state: State) -> bool {
    !matches!(state, State::Listen | State::TimeWait | State::BoundInactive | State::Closed)
}

/// Why no descriptor leads to a socket; `None` when one does.
fn unowned(state: State, record: SocketRecord<'_>) -> Option<Unowned> {
    let flags = record.state()?;
    Some(match state {
        State::TimeWait => Unowned::TimeWait,
        State::SynReceived => Unowned::Handshake,
        _ if flags & socket_state::INCOMPLETE != 0 => Unowned::Handshake,
        _ if flags & socket_state::COMPLETE != 0 => Unowned::AcceptQueue,
        _ if flags & socket_state::NO_DESCRIPTOR == 0 => return None,
        // A process holds its connection, of which the system does not report the subflows.
        _ if is_subflow(flags, record.flags()) => Unowned::NoVisibleHolder,
        _ => Unowned::Orphaned,
    })
}

/// Whether a socket without a descriptor is part of a live MPTCP connection. Before macOS 13 the system does not say so; but
/// what was closed sends no more.
fn is_subflow(state: u16, flags: Option<u32>) -> bool {
    match flags {
        Some(flags) => flags & apple::MULTIPATH_SUBFLOW != 0,
        None => state & socket_state::CANNOT_SEND == 0,
    }
}

fn set_flags(socket: &mut Socket, state: Option<u16>, flags: Option<u32>) {
    socket.shutdown = state.map(shutdown);
    if socket.family == Family::Ipv6 && matches!(socket.state, State::Listen | State::Unconnected) {
        socket.v6only = flags.map(|flags| flags & apple::V6_ONLY != 0);
    }
}

fn shutdown(flags: u16) -> Shutdown {
    Shutdown {
        receive: flags & socket_state::CANNOT_RECEIVE != 0,
        send: flags & socket_state::CANNOT_SEND != 0,
    }
}

/// No number of a state.
const NO_STATE: u32 = u32::MAX;

const SOCK_STREAM: u32 = 1;
const SOCK_DGRAM: u32 = 2;
const SOCK_RAW: u32 = 3;
const ICMP: u32 = 1;
const UDP: u32 = 17;
const ICMPV6: u32 = 58;

fn socket_type(number: u32) -> SocketType {
    match number {
        SOCK_STREAM => SocketType::Stream,
        SOCK_DGRAM => SocketType::Dgram,
        SOCK_RAW => SocketType::Raw,
        4 => SocketType::Rdm,
        5 => SocketType::Seqpacket,
        other => SocketType::Other(u16::try_from(other).unwrap_or(u16::MAX)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_stand_in_the_addresses_that_have_one() {
        // As the kernel keeps it, and as it is shown.
        for (kept, shown) in [
            ("fe80:4::1", "[fe80::1%4]:9"),
            ("febf:4::1", "[febf::1%4]:9"),
            ("ff01:4::fb", "[ff01::fb%4]:9"),
            ("ff11:4::fb", "[ff11::fb%4]:9"),
            ("ff02:4::fb", "[ff02::fb%4]:9"),
            ("ff12:4::fb", "[ff12::fb%4]:9"),
            ("ff02::fb", "[ff02::fb]:9"),
            // Bytes of a prefix, and of an address that is not of a link.
            ("ff32:40:2001:db8::1", "[ff32:40:2001:db8::1]:9"),
            ("ff05:4::fb", "[ff05:4::fb]:9"),
            ("ff0e:4::1", "[ff0e:4::1]:9"),
            ("fec0:4::1", "[fec0:4::1]:9"),
            ("2001:db8::1", "[2001:db8::1]:9"),
        ] {
            let bytes = kept.parse::<Ipv6Addr>().unwrap().octets();
            assert_eq!(address((bytes, 9), Family::Ipv6, false).to_string(), shown, "{kept}");
        }
    }
}
