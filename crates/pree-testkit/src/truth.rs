//! What is known about a socket because a test made it so.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};

use crate::rtnetlink::interface_name;
use crate::socket::Socket;

/// Datagrams that wait to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unread {
    /// How many.
    pub datagrams: u32,
    /// Their payload. (The kernel's queue length for UDP counts memory, which is more.)
    pub payload_bytes: u32,
}

/// One socket as it is. A fact that the kernel does not give, or that varies between kernels, is `None`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Truth {
    /// What this socket is there for, in words, for failure texts.
    pub label: &'static str,
    /// "tcp", "udp" or "udplite"
    pub protocol: &'static str,
    /// `listen`, `established`, `syn_sent`, `syn_received`, `fin_wait_1`, `fin_wait_2`, `time_wait`, `close_wait`,
    /// `last_ack`, `closing`, `closed`, `bound_inactive` or, for UDP without a remote address, `unconnected`.
    pub state: &'static str,
    /// The local address, v4-mapped where the socket is an IPv6 one, with the scope id of a link-local address.
    pub local: SocketAddr,
    /// The remote address; `None` for listeners and unconnected sockets.
    pub remote: Option<SocketAddr>,
    /// `None` where the kernel says 0.
    pub inode: Option<u64>,
    /// `None` for kernel sockets that nobody has a descriptor of and nobody had.
    pub cookie: Option<u64>,
    /// Every (pid, fd) that holds it, sorted; the pid is that of the thread group, in the lab's pid namespace.
    pub owners: Vec<(u32, u32)>,
    /// Why there is no owner: "`time_wait`", "handshake", "`accept_queue`", "orphaned" or "`no_visible_holder`".
    pub unowned: Option<&'static str>,
    /// `None` for unowned sockets: kernels differ.
    pub uid: Option<u32>,
    /// For listeners: connections waiting to be accepted, and how many may wait.
    pub listen: Option<(u32, u32)>,
    /// For IPv6 sockets that listen or are unconnected (the kernel tells it only of them): whether they take IPv6
    /// only, which the kernel also says of those that are bound to one IPv6 address.
    pub v6only: Option<bool>,
    /// The interface it is bound to, by `SO_BINDTODEVICE` or by a scope id.
    pub interface: Option<u32>,
    /// `SO_MARK` where one was set.
    pub mark: Option<u32>,
    /// The congestion control algorithm where one was chosen.
    pub congestion: Option<&'static str>,
    /// For TCP with data left unread: the bytes.
    pub receive_queue_bytes: Option<u32>,
    /// For TCP with data not acknowledged: the bytes.
    pub send_queue_bytes: Option<u32>,
    /// For UDP with datagrams left unread.
    pub unread: Option<Unread>,
    /// What the kernel waits for, in the words of `ss -o`: "on" (an acknowledgement), "keepalive", "timewait" or
    /// "persist" (room at the other end).
    pub timer: Option<&'static str>,
    /// Datagrams that found no room.
    pub drops: Option<u32>,
    /// `SO_RCVBUF` as the kernel keeps it (twice what was asked), where one was asked for.
    pub receive_buffer_bytes: Option<u32>,
}

impl Truth {
    /// What the socket itself says, held by this process, in the state that the caller knows it to be in.
    ///
    /// # Errors
    /// The kernel's.
    pub fn of(label: &'static str, socket: &Socket, state: &'static str) -> io::Result<Self> {
        Ok(Self {
            local: socket.local()?,
            remote: socket.remote()?,
            inode: Some(socket.inode()?),
            cookie: Some(socket.cookie()?),
            owners: vec![(std::process::id(), socket.number())],
            uid: Some(socket.uid()?),
            v6only: if matches!(state, "listen" | "unconnected" | "bound_inactive") {
                socket.v6only()?
            } else {
                None
            },
            ..Self::unknown(label, socket.protocol(), state, socket.local()?, None)
        })
    }

    /// A socket that nobody has a descriptor of.
    pub fn unowned(
        label: &'static str,
        state: &'static str,
        local: SocketAddr,
        remote: SocketAddr,
        reason: &'static str,
    ) -> Self {
        Self { unowned: Some(reason), ..Self::unknown(label, "tcp", state, local, Some(remote)) }
    }

    /// The same socket after its last descriptor was closed.
    #[must_use]
    pub fn abandoned(self, label: &'static str, state: &'static str, reason: &'static str) -> Self {
        // What is left in FIN_WAIT_2 and TIME_WAIT is another, smaller object with a cookie of its own.
        let cookie = if matches!(state, "time_wait" | "fin_wait_2") { None } else { self.cookie };
        let none = Vec::new();
        let timer = if state == "time_wait" { Some("timewait") } else { self.timer };
        Self {
            label,
            state,
            cookie,
            inode: None,
            owners: none,
            uid: None,
            unowned: Some(reason),
            timer,
            ..self
        }
    }

    /// The local end as it is shown: with the name of its interface, and `*` for every address of both versions of IP.
    ///
    /// # Errors
    /// There is no such interface.
    pub fn shown_local(&self) -> io::Result<String> {
        let name = self.interface.map(interface_name).transpose()?;
        let (ip, port) = (self.local.ip(), self.local.port());
        let is_scoped = matches!(self.local, SocketAddr::V6(local) if local.scope_id() != 0);
        let outside = name.as_ref().filter(|_| !is_scoped).map_or(String::new(), |name| format!("%{name}"));
        let inside = name.as_ref().filter(|_| is_scoped).map_or(String::new(), |name| format!("%{name}"));
        Ok(match ip {
            IpAddr::V4(ip) => format!("{ip}{outside}:{port}"),
            IpAddr::V6(ip) if ip.is_unspecified() && self.v6only == Some(false) => {
                format!("*{outside}:{port}")
            }
            IpAddr::V6(ip) => format!("[{ip}{inside}]{outside}:{port}"),
        })
    }

    fn unknown(
        label: &'static str,
        protocol: &'static str,
        state: &'static str,
        local: SocketAddr,
        remote: Option<SocketAddr>,
    ) -> Self {
        Self {
            label,
            protocol,
            state,
            local,
            remote,
            inode: None,
            cookie: None,
            owners: Vec::new(),
            unowned: None,
            uid: None,
            listen: None,
            v6only: None,
            interface: None,
            mark: None,
            congestion: None,
            receive_queue_bytes: None,
            send_queue_bytes: None,
            unread: None,
            timer: None,
            drops: None,
            receive_buffer_bytes: None,
        }
    }
}

impl fmt::Display for Truth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} {} {}", self.label, self.protocol, self.state, self.local)?;
        if let Some(remote) = self.remote {
            write!(f, " -> {remote}")?;
        }
        f.write_str(")")
    }
}
