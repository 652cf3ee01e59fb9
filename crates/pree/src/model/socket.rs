//! One socket: identity, ends, state, queues, memory, owners.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::memory::SocketMemory;
use super::{
    Address, Detail, Family, KernelId, NetworkNamespace, Owner, Protocol, SocketId, SocketType, State,
    TcpStats, Text, Unowned,
};
use crate::named::named;

/// One socket of this machine.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct Socket {
    /// The kernel's own name for it, `None` where the source gives none (Linux: `/proc`; Windows). [`Socket::id`] identifies it
    /// in several looks, whatever the source.
    pub kernel_id: Option<KernelId>,
    /// The network namespace it is in. Present when the query was about namespaces
    /// ([`Query::network_namespaces`](crate::Query::network_namespaces)) or their names, and in rows from /proc, which have no
    /// [`KernelId`].
    pub network_namespace: Option<Arc<NetworkNamespace>>,
    /// Transport protocol.
    pub protocol: Protocol,
    /// Address family it was made with.
    pub family: Family,
    /// `SOCK_STREAM`, `SOCK_DGRAM`, …; unknown where the source does not report it (/proc/net/netlink).
    pub socket_type: Option<SocketType>,
    /// RFC 9293 state, or its equivalent.
    pub state: State,
    /// This machine's end.
    pub local: Address,
    /// The other end, `None` when there is none. Of a Unix socket on request; [`Socket::peer`] comes without.
    pub remote: Option<Address>,
    /// The socket at the other end, where that is on this machine and the system reports it.
    pub peer: Option<Box<Peer>>,
    /// Which end opened the connection. On request.
    pub direction: Option<Direction>,
    /// When it was created, since the Unix epoch. Windows: `liCreateTimestamp`.
    pub created: Option<Duration>,
    /// The process that created it, whether or not holders are asked for. Windows: `dwOwningPid`.
    pub creator: Option<u32>,
    /// The module of the process that created it; for a service, the service's name. Windows; on request.
    pub module: Option<Text>,
    /// Index of the interface it is bound to (`SO_BINDTODEVICE`), or whose link-local address it uses.
    pub interface: Option<u32>,
    /// Its name in the socket's network namespace, as it is now. On request, and where the system tells.
    pub interface_name: Option<Text>,
    /// Tunnel that the kernel holds this UDP socket for: the interface's name, or `l2tp:` and the tunnel's id, or
    /// `fou:` and the port.
    pub tunnel: Option<Text>,
    /// Inode in sockfs; `None` when the socket has no file (`TIME_WAIT`, handshake, accept queue, orphan).
    pub inode: Option<u64>,
    /// Owner of that inode; unknown when there is none.
    pub uid: Option<u32>,
    /// TCP and Unix streams: bytes received and not yet read; Unix datagrams: bytes of the first one; others: memory of
    /// what is not yet read, overhead included; a listener: connections waiting to be accepted.
    pub recv_queue: Option<u32>,
    /// TCP: bytes written and not yet acknowledged; others: bytes of memory waiting to be sent or, of Unix sockets, to
    /// be read by the other end; a listener: the limit of its accept queue.
    pub send_queue: Option<u32>,
    /// A listener's accept queue: the same two numbers under their own names.
    pub listen: Option<ListenQueue>,
    /// The timer that is running, `None` when none is.
    pub timer: Option<Timer>,
    /// `IPV6_V6ONLY` of an IPv6 socket: `Some(false)` on a wildcard address serves IPv4 too.
    pub v6only: Option<bool>,
    /// Directions shut down with `shutdown(2)` or by the peer's FIN.
    pub shutdown: Option<Shutdown>,
    /// IPv4 type of service (`IP_TOS`). On request.
    pub tos: Option<u8>,
    /// IPv6 traffic class (`IPV6_TCLASS`). On request.
    pub tclass: Option<u8>,
    /// Class id of `net_cls`, else the socket's priority (`INET_DIAG_CLASS_ID`). On request.
    pub class_id: Option<u32>,
    /// Firewall mark (`SO_MARK`); reported only to `CAP_NET_ADMIN`.
    pub mark: Option<u32>,
    /// Id of the cgroup v2 the socket was made in: the inode of its directory. Linux 5.8.
    pub cgroup_id: Option<u64>,
    /// Flags set on the socket. Linux 5.10.
    pub options: Option<SocketOptions>,
    /// Upper-layer protocol on a TCP socket (`tls`, `mptcp`, …).
    pub upper_layer: Option<Text>,
    /// Peers that a TCP socket has keys of TCP-MD5 for, with the length of the prefix and commas between: `10.0.0.1/32,2001:db8::/64`.
    /// Reported only to `CAP_NET_ADMIN`; the keys themselves are never read.
    pub md5: Option<Text>,
    /// Memory in use and its limits. On request.
    pub memory: Option<SocketMemory>,
    /// Packets dropped on receive since the socket was made (`sk_drops`): UDP, full buffer; a TCP listener, full
    /// accept queue.
    pub drops: Option<u32>,
    /// Processes that hold it: all of them, or the first, or none, as asked.
    pub owners: Vec<Owner>,
    /// Why there is no owner; `None` when there is one or none was asked for.
    pub unowned: Option<Unowned>,
    /// Statistics of a TCP connection, on request; a listener or `TIME_WAIT` has none.
    pub tcp: Option<Box<TcpStats>>,
    /// Fields that only sockets of its family have.
    pub detail: Option<Box<Detail>>,
}

named! {
    /// Which end opened a connection.
    #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
    pub enum Direction, name: "The name in JSON and filters." {
        /// The other end: it is incoming.
        In = "in",
        /// This end: it is outgoing.
        Out = "out",
    }
}

/// The socket at the other end.
#[derive(Clone, PartialEq, Debug, Default)]
#[non_exhaustive]
pub struct Peer {
    /// Its inode in sockfs; `None` when it has no file: it was not accepted yet, or is closed.
    pub inode: Option<u64>,
    /// Processes that hold it, as far as owners were asked for.
    pub owners: Vec<Owner>,
}

impl Socket {
    /// What this socket is known by; `None` where the source tells nothing that lasts: of a socket of /proc that no file
    /// stands for, of Windows before the tables that tell when, of a flow of a network stack in user space (macOS).
    pub fn id(&self) -> Option<SocketId> {
        if let Some(id) = self.kernel_id {
            return Some(SocketId::Kernel(id));
        }
        if let Some(inode) = self.inode {
            return Some(SocketId::Inode(inode));
        }
        Some(SocketId::Created {
            protocol: self.protocol,
            local: self.local.clone(),
            remote: self.remote.clone(),
            created: self.created?,
            creator: self.creator,
        })
    }

    /// Inode of the network namespace it is in, where that is known.
    pub(crate) fn namespace_inode(&self) -> Option<u64> {
        let told = self.network_namespace.as_ref().map(|namespace| namespace.inode);
        told.or(self.kernel_id.map(|id| id.network_namespace)).filter(|inode| *inode != 0)
    }

    /// Marks the socket as a raw one of this IP protocol, without ports: in their place the system reports the protocol again, or a
    /// meaningless number.
    pub(crate) fn set_raw(&mut self, protocol: u8) {
        let end = std::mem::replace(&mut self.local, Address::Unknown);
        self.local = end.of_raw(protocol);
        self.remote = self.remote.take().map(|end| end.of_raw(protocol));
    }

    /// One of the internet protocols, between these ends: [`Socket::new`] of what a test or a history has at hand.
    ///
    /// ```
    /// use pree::{Protocol, Socket, State};
    ///
    /// let mut socket = Socket::between(Protocol::Tcp, State::Established, "10.0.0.5:22".parse()?, "10.0.0.9:4000".parse().ok());
    /// socket.uid = Some(0);
    /// assert!("dport = 4000 and uid = 0".parse::<pree::Filter>()?.matches(&socket));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn between(protocol: Protocol, state: State, local: SocketAddr, remote: Option<SocketAddr>) -> Self {
        let family = if local.is_ipv4() { Family::Ipv4 } else { Family::Ipv6 };
        let socket = Self::new(protocol, family, state, Address::Inet(local));
        Self { remote: remote.map(Address::Inet), ..socket }
    }

    /// A TCP socket of a test; one without another end says `""`.
    #[cfg(test)]
    pub(crate) fn tcp(state: State, local: &str, remote: &str) -> Self {
        let remote = (!remote.is_empty()).then(|| remote.parse().unwrap());
        Self::between(Protocol::Tcp, state, local.parse().unwrap(), remote)
    }

    /// A socket about which only this is known; everything else is set afterwards.
    pub fn new(protocol: Protocol, family: Family, state: State, local: Address) -> Self {
        Self {
            kernel_id: None,
            network_namespace: None,
            protocol,
            family,
            socket_type: protocol.socket_type(),
            state,
            local,
            remote: None,
            peer: None,
            direction: None,
            created: None,
            creator: None,
            module: None,
            interface: None,
            interface_name: None,
            tunnel: None,
            inode: None,
            uid: None,
            recv_queue: None,
            send_queue: None,
            listen: None,
            timer: None,
            v6only: None,
            shutdown: None,
            tos: None,
            tclass: None,
            class_id: None,
            mark: None,
            cgroup_id: None,
            options: None,
            upper_layer: None,
            md5: None,
            memory: None,
            drops: None,
            owners: Vec::new(),
            unowned: None,
            tcp: None,
            detail: None,
        }
    }
}

/// The accept queue of a listening socket.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub struct ListenQueue {
    /// Connections established and waiting to be accepted (`sk_ack_backlog`).
    pub queue: u32,
    /// How many may wait (`sk_max_ack_backlog`: the smaller of `listen(2)`'s argument and `somaxconn`); the kernel
    /// lets in one more.
    pub limit: u32,
}

impl ListenQueue {
    /// So many wait, and so many may.
    pub fn new(queue: u32, limit: u32) -> Self {
        Self { queue, limit }
    }

    /// True when it is as good as full: the kernel lets in one more than the limit.
    pub fn is_at_limit(self) -> bool {
        self.queue > 0 && self.queue >= self.limit
    }

    /// True when nobody else is let in, as the kernel's `sk_acceptq_is_full()`.
    pub fn is_full(self) -> bool {
        self.queue > self.limit
    }
}

/// A timer of a TCP socket.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub struct Timer {
    /// What happens when it fires.
    pub kind: TimerKind,
    /// Time until then, exact to 1 ms through `sock_diag` and to 10 ms through /proc.
    pub expires: Duration,
    /// How often it fired in a row without an answer.
    pub retransmits: u8,
}

impl Timer {
    /// This happens then, after so many times without an answer.
    pub fn new(kind: TimerKind, expires: Duration, retransmits: u8) -> Self {
        Self { kind, expires, retransmits }
    }
}

/// What a timer is for (`idiag_timer`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum TimerKind {
    /// Retransmission, early retransmit or tail loss probe.
    Retransmit,
    /// Keepalive; before the connection is up: the handshake's retransmission.
    Keepalive,
    /// End of `TIME_WAIT` or `FIN_WAIT_2`.
    TimeWait,
    /// Zero-window probe.
    Persist,
    /// Delayed acknowledgement. Reported by the newest kernels only.
    DelayedAck,
    /// One this version has no name for, by the kernel's number.
    Other(u8),
}

impl TimerKind {
    /// The name in JSON; `None` for a number without a name.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Self::Retransmit => Some("retransmit"),
            Self::Keepalive => Some("keepalive"),
            Self::TimeWait => Some("time_wait"),
            Self::Persist => Some("persist"),
            Self::DelayedAck => Some("delayed_ack"),
            Self::Other(_) => None,
        }
    }
}

/// Directions that are shut down (`INET_DIAG_SHUTDOWN`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub struct Shutdown {
    /// Nothing more will be received.
    pub receive: bool,
    /// Nothing more will be sent.
    pub send: bool,
}

impl Shutdown {
    /// Whether nothing more will be received, and nothing more sent.
    pub fn new(receive: bool, send: bool) -> Self {
        Self { receive, send }
    }
}

/// Flags set on a socket (`struct inet_diag_sockopt`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct SocketOptions(pub(crate) u16);

impl SocketOptions {
    /// The flags that are set, by the kernel's names.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        let options = pree_wire::inet_diag::SocketOptions(self.0);
        [
            (options.recverr(), "recverr"),
            (options.is_icsk(), "is_icsk"),
            (options.freebind(), "freebind"),
            (options.hdrincl(), "hdrincl"),
            (options.mc_loop(), "mc_loop"),
            (options.transparent(), "transparent"),
            (options.mc_all(), "mc_all"),
            (options.nodefrag(), "nodefrag"),
            (options.bind_address_no_port(), "bind_address_no_port"),
            (options.recverr_rfc4884(), "recverr_rfc4884"),
            (options.defer_connect(), "defer_connect"),
        ]
        .into_iter()
        .filter_map(|(set, name)| set.then_some(name))
    }
}
