//! Rows and lines of internet sockets, and what those of the other families are decoded with too.

use std::fmt::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::time::Duration;

use pree_wire::inet_diag::{AF_INET, AF_INET6, Row, Subflow, md5, states};
use pree_wire::proc_net::{Endpoint, InetLine};
use pree_wire::tcp_info::AccEcnLayout;

use crate::model::{
    Address, BootId, CongestionDetail, Detail, Family, KernelId, ListenQueue, MptcpDetail, NetworkNamespace,
    Protocol, Shutdown, Socket, SocketMemory, SocketOptions, State, SubflowDetail, Text, Timer, TimerKind,
};

/// Decodes rows; knows what every identity begins with.
#[derive(Debug)]
pub(crate) struct Decoder {
    boot: BootId,
    network_namespace: u64,
    acc_ecn: AccEcnLayout,
    /// Whether this release of the kernel reports TCP sockets that are only bound.
    pub(crate) tells_bound: bool,
}

impl Decoder {
    /// From the text of `/proc/sys/kernel/random/boot_id`, of the link `/proc/thread-self/ns/net`, and the kernel's
    /// release.
    pub(crate) fn new(boot_id: &[u8], network_namespace: &[u8], release: &[u8]) -> Self {
        let digits: String =
            network_namespace.iter().filter(|b| b.is_ascii_digit()).map(|b| char::from(*b)).collect();
        Self {
            boot: BootId::parse(boot_id),
            network_namespace: digits.parse().unwrap_or(0),
            acc_ecn: acc_ecn_layout(release),
            tells_bound: version(release).is_none_or(|version| version >= (6, 8)),
        }
    }

    /// The namespace that it decodes rows of, where that could be read.
    pub(crate) fn namespace(&self) -> Option<NetworkNamespace> {
        (self.network_namespace != 0).then(|| NetworkNamespace::new(self.network_namespace, None))
    }

    /// The boot of that system.
    #[cfg(feature = "socket-tracking")]
    pub(crate) fn boot(&self) -> BootId {
        self.boot
    }

    /// `None` for the two cookies that no socket has: 0, not given yet, and `INET_DIAG_NOCOOKIE`.
    pub(crate) fn id(&self, cookie: u64) -> Option<KernelId> {
        let given = !matches!(cookie, 0 | u64::MAX);
        given.then_some(KernelId { boot: self.boot, network_namespace: self.network_namespace, cookie })
    }

    /// The socket of a message about its end, with its last statistics as far as they were not wiped, which they are when the program
    /// took the connection back (`tcp_disconnect`: with `SO_LINGER` 0, or when it could not be opened).
    #[cfg(feature = "socket-tracking")]
    pub(crate) fn decode_end(&self, row: &Row<'_>) -> Option<Socket> {
        let is_udp = row.protocol() == Some(pree_wire::inet_diag::UDP as u8);
        let protocol = if is_udp { Protocol::Udp } else { Protocol::Tcp };
        let mut decoded = None;
        self.decode(row, protocol, &mut decoded);
        let mut socket = decoded?;
        socket.state = State::Closed;
        (socket.recv_queue, socket.send_queue) = (None, None);
        let family = family(row.family());
        let remote = address(row.destination(), row.destination_port(), family, row.interface());
        socket.remote = (row.destination_port() != 0).then_some(remote);
        if protocol == Protocol::Tcp && socket.remote.is_some() {
            socket.tcp = row.tcp_info().map(|view| {
                let mut tcp = Box::<crate::model::TcpStats>::default();
                tcp.set_from(view, self.acc_ecn);
                tcp
            });
        }
        Some(socket)
    }

    /// Decodes a row into `socket`, which is made when there is none and reused when there is.
    pub(crate) fn decode(&self, row: &Row<'_>, protocol: Protocol, socket: &mut Option<Socket>) {
        let family = family(row.family());
        let state = state(row.state(), protocol);
        let interface = (row.interface() != 0).then(|| row.interface());
        let local = address(row.source(), row.source_port(), family, row.interface());
        let reused = socket.as_mut().and_then(|socket| socket.tcp.take());
        let owners = socket.as_mut().map(|socket| std::mem::take(&mut socket.owners));
        let socket = socket.insert(Socket::new(protocol, family, state, local));
        // Its room is used again.
        socket.owners = owners.unwrap_or_default();
        socket.owners.clear();

        socket.kernel_id = self.id(row.cookie());
        let remote = address(row.destination(), row.destination_port(), family, row.interface());
        // A bound socket whose connection was reset still carries that connection's peer.
        socket.remote = (has_peer(&remote) && state != State::BoundInactive).then_some(remote);
        if protocol == Protocol::Raw {
            socket.set_raw(row.source_port() as u8);
        }
        socket.interface = interface;
        socket.inode = (row.inode() != 0).then(|| u64::from(row.inode()));
        // Without a file there is no owner, and the kernel says 0, which would be root.
        socket.uid = socket.inode.map(|_| row.uid());
        set_queues(socket, row.receive_queue(), row.send_queue());
        socket.timer = timer(row.timer(), Duration::from_millis(row.expires_ms().into()), row.retransmits());
        socket.v6only = row.v6only();
        socket.shutdown = row.shutdown().map(shutdown);
        socket.tos = row.tos();
        socket.tclass = row.tclass();
        socket.class_id = row.class_id();
        socket.mark = row.mark();
        // The root of the hierarchy is 1.
        socket.cgroup_id = row.cgroup_id().filter(|id| *id != 0);
        socket.options = row.socket_options().map(|options| SocketOptions(options.0));
        socket.upper_layer = row.ulp_name().map(Text::from);
        socket.md5 = row.md5_peers().map(md5_peers);
        socket.memory = row.socket_memory().map(SocketMemory::from);
        socket.drops = socket.memory.and_then(|memory| memory.drops);
        match protocol {
            Protocol::Tcp => {}
            Protocol::Mptcp => {
                socket.detail = row.mptcp_info().map(|info| Box::new(Detail::Mptcp(info.into())));
                return;
            }
            _ => return,
        }
        if socket.upper_layer.as_ref().is_some_and(|name| name.as_bytes() == b"mptcp") {
            socket.detail = row.subflow().map(|subflow| Box::new(Detail::Subflow(subflow.into())));
        }
        if let Some(view) = row.tcp_info() {
            // For a listener the kernel fills tcp_info with its accept queue, and a bound socket has only initial values.
            if !matches!(state, State::Listen | State::BoundInactive | State::Closed) {
                let mut tcp = reused.unwrap_or_default();
                tcp.set_from(view, self.acc_ecn);
                tcp.recv_queue_bytes = socket.recv_queue;
                tcp.send_queue_bytes = socket.send_queue;
                tcp.memory = socket.memory;
                tcp.congestion_algorithm = row.congestion_algorithm().map(Into::into);
                tcp.congestion_detail = congestion_detail(row);
                socket.tcp = Some(tcp);
            }
        }
    }
}

fn md5_peers(peers: impl Iterator<Item = md5::Peers>) -> Text {
    let mut text = String::new();
    for md5::Peers { family: number, address: bytes, prefix } in peers {
        let Some(ip) = address(bytes, 0, family(number), 0).ip() else { continue };
        let comma = if text.is_empty() { "" } else { "," };
        // Writing to a String cannot fail.
        let _ = write!(text, "{comma}{ip}/{prefix}");
    }
    Text::from(text.into_bytes())
}

/// What every reader of /proc/net gets out of a line.
pub(crate) struct ProcRow {
    pub(crate) protocol: Protocol,
    pub(crate) family: Family,
    pub(crate) state: u8,
    pub(crate) local: Address,
    pub(crate) remote: Address,
    pub(crate) receive_queue: u32,
    pub(crate) send_queue: u32,
    pub(crate) uid: u32,
    pub(crate) inode: u64,
}

impl ProcRow {
    pub(crate) fn into_socket(self) -> Socket {
        let state = state(self.state, self.protocol);
        let mut socket = Socket::new(self.protocol, self.family, state, self.local);
        socket.remote = has_peer(&self.remote).then_some(self.remote);
        if let (Protocol::Raw, Some(number)) = (self.protocol, socket.local.port()) {
            socket.set_raw(number as u8);
        }
        socket.inode = (self.inode != 0).then_some(self.inode);
        socket.uid = socket.inode.map(|_| self.uid);
        socket.recv_queue = Some(self.receive_queue);
        // The file has a listener's queue and not its limit.
        socket.send_queue = (state != State::Listen).then_some(self.send_queue);
        socket
    }
}

/// Decodes a line of /proc/net/{tcp,udp,udplite}{,6}.
pub(crate) fn decode_line(line: &InetLine, protocol: Protocol, family: Family) -> Socket {
    let end = |end: &Endpoint| address(end.address, end.port, family, 0);
    let mut socket = ProcRow {
        protocol,
        family,
        state: line.state,
        local: end(&line.local),
        remote: end(&line.remote),
        receive_queue: line.receive_queue,
        send_queue: line.send_queue,
        uid: line.uid,
        inode: line.inode,
    }
    .into_socket();
    if protocol == Protocol::Tcp {
        let expires = Duration::from_millis(line.timer_expires.saturating_mul(10));
        socket.timer = timer(line.timer, expires, u8::try_from(line.retransmits).unwrap_or(u8::MAX));
    }
    socket.drops = line.drops;
    socket
}

/// How the last word of `tcp_info` is packed: 7.0 changed it, and its length says nothing.
pub(crate) fn acc_ecn_layout(release: &[u8]) -> AccEcnLayout {
    match version(release) {
        Some((7.., _)) => AccEcnLayout::BitFields,
        _ => AccEcnLayout::TwoFields,
    }
}

/// The first two numbers of a release: `6.18.1-…`, `7.0-rc1`.
pub(crate) fn version(release: &[u8]) -> Option<(u32, u32)> {
    let mut numbers = release
        .split(|byte| !byte.is_ascii_digit())
        .map(|digits| std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok()));
    Some((numbers.next()??, numbers.next()??))
}

pub(super) fn set_queues(socket: &mut Socket, receive: u32, send: u32) {
    socket.recv_queue = Some(receive);
    socket.send_queue = Some(send);
    if socket.state == State::Listen {
        socket.listen = Some(ListenQueue { queue: receive, limit: send });
    }
}

pub(super) fn family(number: u8) -> Family {
    match number {
        AF_INET => Family::Ipv4,
        AF_INET6 => Family::Ipv6,
        other => Family::Other(other.into()),
    }
}

/// The kernel uses TCP's state numbers for every protocol.
pub(super) fn state(number: u8, protocol: Protocol) -> State {
    match (number, protocol) {
        (states::ESTABLISHED, _) => State::Established,
        (states::SYN_SENT, _) => State::SynSent,
        (states::SYN_RECV | states::NEW_SYN_RECV, _) => State::SynReceived,
        (states::FIN_WAIT1, _) => State::FinWait1,
        (states::FIN_WAIT2, _) => State::FinWait2,
        (states::TIME_WAIT, _) => State::TimeWait,
        // A closed TCP socket is in no table unless it is bound.
        (states::CLOSE, Protocol::Tcp) | (states::BOUND_INACTIVE, _) => State::BoundInactive,
        (states::CLOSE, Protocol::Mptcp) => State::Closed,
        // Netlink has numbers of its own: this one says the same.
        (states::CLOSE | 0, _) => State::Unconnected,
        (states::CLOSE_WAIT, _) => State::CloseWait,
        (states::LAST_ACK, _) => State::LastAck,
        (states::LISTEN, _) => State::Listen,
        (states::CLOSING, _) => State::Closing,
        (other, _) => State::Other(other),
    }
}

/// An address as rows have it; `None` of a family that is neither of the two.
pub(super) fn ip(bytes: [u8; 16], family: u8) -> Option<IpAddr> {
    match family {
        AF_INET => Some(IpAddr::V4(Ipv4Addr::new(bytes[0], bytes[1], bytes[2], bytes[3]))),
        AF_INET6 => Some(IpAddr::V6(Ipv6Addr::from(bytes))),
        _ => None,
    }
}

/// A link-local address means nothing without its interface, which the kernel reports as the bound one.
pub(super) fn address(bytes: [u8; 16], port: u16, family: Family, interface: u32) -> Address {
    Address::Inet(if family == Family::Ipv4 {
        SocketAddr::new(IpAddr::V4(Ipv4Addr::new(bytes[0], bytes[1], bytes[2], bytes[3])), port)
    } else {
        let ip = Ipv6Addr::from(bytes);
        let link_local = ip.is_unicast_link_local() || (bytes[0] == 0xff && bytes[1] & 0xf == 2);
        SocketAddr::V6(SocketAddrV6::new(ip, port, 0, if link_local { interface } else { 0 }))
    })
}

/// The kernel writes no peer as port 0 of the wildcard address. A datagram socket can be connected to port 0.
pub(super) fn has_peer(remote: &Address) -> bool {
    remote.port() != Some(0) || !remote.is_wildcard()
}

pub(super) fn shutdown(bits: u8) -> Shutdown {
    Shutdown { receive: bits & 1 != 0, send: bits & 2 != 0 }
}

fn timer(kind: u8, expires: Duration, retransmits: u8) -> Option<Timer> {
    let kind = match kind {
        0 => return None,
        1 => TimerKind::Retransmit,
        2 => TimerKind::Keepalive,
        3 => TimerKind::TimeWait,
        4 => TimerKind::Persist,
        5 => TimerKind::DelayedAck,
        other => TimerKind::Other(other),
    };
    Some(Timer { kind, expires, retransmits })
}

fn congestion_detail(row: &Row<'_>) -> Option<CongestionDetail> {
    if let Some(bbr) = row.bbr() {
        return Some(CongestionDetail::Bbr(bbr));
    }
    if let Some(dctcp) = row.dctcp() {
        return Some(CongestionDetail::Dctcp(dctcp));
    }
    row.vegas().map(CongestionDetail::Vegas)
}

/// No connection has token 0: the kernel reports it where it does not know the token.
fn token(number: Option<u32>) -> Option<u32> {
    number.filter(|number| *number != 0)
}

impl From<pree_wire::mptcp_info::MptcpInfo<'_>> for MptcpDetail {
    fn from(info: pree_wire::mptcp_info::MptcpInfo<'_>) -> Self {
        /// `MPTCP_INFO_FLAG_FALLBACK`.
        const FALLBACK: u32 = 1;
        Self {
            token: token(info.token()),
            subflows: info
                .subflows_total()
                .map(u32::from)
                .or_else(|| info.subflows().map(|besides| u32::from(besides) + 1)),
            is_fallback: info.flags().map(|flags| flags & FALLBACK != 0),
            bytes_sent: info.bytes_sent(),
            bytes_received: info.bytes_received(),
            bytes_acked: info.bytes_acked(),
            bytes_retrans: info.bytes_retrans(),
        }
    }
}

impl From<Subflow> for SubflowDetail {
    fn from(subflow: Subflow) -> Self {
        let any = |bits: u32| subflow.flags.map(|flags| flags & bits != 0);
        Self {
            token: token(subflow.local_token),
            remote_token: token(subflow.remote_token),
            local_id: subflow.local_id,
            remote_id: subflow.remote_id,
            is_join: any(Subflow::JOIN_LOCAL | Subflow::JOIN_REMOTE),
            is_backup: any(Subflow::BACKUP_LOCAL | Subflow::BACKUP_REMOTE),
        }
    }
}

impl From<pree_wire::socket_memory::SocketMemory<'_>> for SocketMemory {
    fn from(view: pree_wire::socket_memory::SocketMemory<'_>) -> Self {
        Self {
            receive_alloc_bytes: view.rmem_alloc(),
            receive_buffer_bytes: view.rcvbuf(),
            send_alloc_bytes: view.wmem_alloc(),
            send_buffer_bytes: view.sndbuf(),
            forward_alloc_bytes: view.fwd_alloc(),
            send_queued_bytes: view.wmem_queued(),
            option_bytes: view.optmem(),
            backlog_bytes: view.backlog(),
            drops: view.drops(),
        }
    }
}

/// True for what has statistics when the source gives them: TCP connections that are more than a memory.
pub(crate) fn has_stats(socket: &Socket) -> bool {
    socket.protocol == Protocol::Tcp
        && !matches!(
            socket.state,
            State::Listen | State::TimeWait | State::SynReceived | State::BoundInactive | State::Closed
        )
        // A FIN_WAIT_2 without a file may be as small as TIME_WAIT.
        && !(socket.state == State::FinWait2 && socket.inode.is_none())
}
