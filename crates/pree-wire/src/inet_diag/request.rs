//! Requests: a dump of one table (v1 or v2), or the exact get of one socket.
//!
//! Owns the layout of `struct inet_diag_req`, `inet_diag_req_v2` and `inet_diag_sockid`. The filter program inside a
//! request comes ready-made from [`bytecode`](super::bytecode).

use super::states::StateBits;
use super::{AF_INET, DCCP, DCCPDIAG_GETSOCK, SOCK_DESTROY, SOCK_DIAG_BY_FAMILY, TCP, TCPDIAG_GETSOCK};
use crate::netlink::{ACK, BufferTooSmall, DUMP, REQUEST, RequestBuffer};
use core::net::IpAddr;
use core::ops::BitOr;

/// "Whatever its cookie" in an [`Id`] (`INET_DIAG_NOCOOKIE`, twice).
pub const ANY_COOKIE: u64 = u64::MAX;

/// What a row shall carry besides its fixed part (`idiag_ext`): bit n - 1 asks for attribute n.
///
/// Some attributes come unasked: shutdown, v6only, socket options, cgroup id, and the mark for the privileged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Extensions(pub u8);

impl Extensions {
    /// Nothing but the fixed part and what comes unasked.
    pub const NONE: Self = Self(0);
    /// Four memory counters (`INET_DIAG_MEMINFO`).
    pub const MEMINFO: Self = Self(1 << 0);
    /// `struct tcp_info`, or `mptcp_info`, or `sctp_info` (`INET_DIAG_INFO`); also the ULP and MD5 attributes.
    pub const INFO: Self = Self(1 << 1);
    /// The numbers of the congestion algorithm: Vegas, DCTCP or BBR (`INET_DIAG_VEGASINFO`).
    pub const VEGAS_INFO: Self = Self(1 << 2);
    /// The name of the congestion algorithm (`INET_DIAG_CONG`).
    pub const CONG: Self = Self(1 << 3);
    /// The IPv4 type of service (`INET_DIAG_TOS`).
    pub const TOS: Self = Self(1 << 4);
    /// The IPv6 traffic class; also the class id of the socket's cgroup or its priority (`INET_DIAG_TCLASS`).
    pub const TCLASS: Self = Self(1 << 5);
    /// The nine memory numbers of `SO_MEMINFO` (`INET_DIAG_SKMEMINFO`, Linux 3.3).
    pub const SKMEMINFO: Self = Self(1 << 6);
    /// Which directions are shut down (`INET_DIAG_SHUTDOWN`); today sent unasked.
    pub const SHUTDOWN: Self = Self(1 << 7);
    /// Everything.
    pub const ALL: Self = Self(u8::MAX);

    /// Both sets together.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether everything in `other` is asked for.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl BitOr for Extensions {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.with(other)
    }
}

/// An address as requests have it: one of IPv4 in the first 4 bytes, the other 12 are 0.
pub fn address(ip: IpAddr) -> [u8; 16] {
    match ip {
        IpAddr::V6(ip) => ip.octets(),
        IpAddr::V4(ip) => {
            let [a, b, c, d] = ip.octets();
            [a, b, c, d, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
        }
    }
}

/// Which socket (`struct inet_diag_sockid`). In a dump only the ports count: non-zero ones restrict it.
///
/// Addresses are as [`address`] gives them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Id {
    /// Local port.
    pub source_port: u16,
    /// Remote port.
    pub destination_port: u16,
    /// Local address.
    pub source: [u8; 16],
    /// Remote address.
    pub destination: [u8; 16],
    /// Index of the interface the socket is bound to, or 0.
    pub interface: u32,
    /// The socket's cookie, or [`ANY_COOKIE`].
    pub cookie: u64,
}

impl Id {
    /// Every socket: nothing given, [`ANY_COOKIE`].
    pub const ANY: Self = Self {
        source_port: 0,
        destination_port: 0,
        source: [0; 16],
        destination: [0; 16],
        interface: 0,
        cookie: ANY_COOKIE,
    };

    /// The same socket with local and remote exchanged.
    ///
    /// An exact get for UDP looks a packet up as it would arrive, and therefore wants the socket's *local* end as
    /// destination: pass `id.swapped()` for UDP and UDP-Lite. TCP wants the id as rows show it.
    #[must_use]
    pub const fn swapped(self) -> Self {
        Self {
            source_port: self.destination_port,
            destination_port: self.source_port,
            source: self.destination,
            destination: self.source,
            ..self
        }
    }

    fn write(&self, message: &mut RequestBuffer<'_>) -> Result<(), BufferTooSmall> {
        let ([a, b], [c, d]) = (self.source_port.to_be_bytes(), self.destination_port.to_be_bytes());
        message.payload(&[a, b, c, d])?;
        message.payload(&self.source)?;
        message.payload(&self.destination)?;
        message.payload(&self.interface.to_ne_bytes())?;
        // Two words, the low one first on every machine.
        message.payload(&(self.cookie as u32).to_ne_bytes())?;
        message.payload(&((self.cookie >> 32) as u32).to_ne_bytes())
    }
}

/// The three ways to ask, and what is no question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The whole table of a protocol, IPv4 and IPv6 in one walk (`TCPDIAG_GETSOCK`). TCP, and DCCP where it exists.
    DumpV1,
    /// The table of one family and protocol (`SOCK_DIAG_BY_FAMILY` with `NLM_F_DUMP`).
    DumpV2,
    /// One socket by its id (`SOCK_DIAG_BY_FAMILY` without `NLM_F_DUMP`). The answer is one row or an error.
    Exact,
    /// Not a question: the socket with this id is closed ([`SOCK_DESTROY`]). The answer is an error message, of 0 where it was.
    Destroy,
}

/// A request, ready to be written.
///
/// ```
/// use pree_wire::inet_diag::{self, Extensions, Request, StateBits};
/// let request = Request::dump_v1(inet_diag::TCP)
///     .with_states(StateBits::LISTEN)
///     .with_extensions(Extensions::INFO | Extensions::SKMEMINFO);
/// let mut buffer = [0; 128];
/// assert_eq!(request.encode(&mut buffer), Ok(76));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    /// Address family; without meaning in a [`Kind::DumpV1`].
    pub family: u8,
    /// Protocol number. 256 and above need Linux 5.10: they travel in an attribute of their own.
    pub protocol: u16,
    /// What rows shall carry.
    pub extensions: Extensions,
    /// States asked for, see [`StateBits`]; without meaning in a [`Kind::Exact`].
    pub states: u32,
    /// Which socket; [`Id::ANY`] for a whole table.
    pub id: Id,
    /// How to ask.
    pub kind: Kind,
    /// A filter program (`INET_DIAG_REQ_BYTECODE`); dumps only.
    pub bytecode: Option<&'a [u8]>,
    /// The number the answers will carry.
    pub sequence: u32,
}

impl<'a> Request<'a> {
    pub(crate) const BYTECODE: u16 = 1;
    const PROTOCOL: u16 = 3;

    /// A dump of both families at once; [`TCP`] in practice.
    ///
    /// A protocol the v1 interface does not have is written with a message type no kernel accepts (`EINVAL`), never as
    /// some other protocol.
    pub const fn dump_v1(protocol: u16) -> Self {
        Self::new(AF_INET, protocol, Kind::DumpV1, Id::ANY)
    }

    /// A dump of one family.
    pub const fn dump_v2(family: u8, protocol: u16) -> Self {
        Self::new(family, protocol, Kind::DumpV2, Id::ANY)
    }

    /// The question for one socket. See [`Id::swapped`] for UDP.
    ///
    /// Answers `ENOENT` for no such socket and `ESTALE` for another cookie. For listeners sharing a port, UDP and bound
    /// sockets both prove nothing: the kernel looks at one candidate only.
    pub const fn exact(family: u8, protocol: u16, id: Id) -> Self {
        Self::new(family, protocol, Kind::Exact, id)
    }

    /// That this one socket be closed. TCP, and UDP with its id as rows show it, not [`Id::swapped`].
    pub const fn destroy(family: u8, protocol: u16, id: Id) -> Self {
        Self::new(family, protocol, Kind::Destroy, id)
    }

    const fn new(family: u8, protocol: u16, kind: Kind, id: Id) -> Self {
        let (extensions, states) = (Extensions::NONE, StateBits::ALL.0);
        Self { family, protocol, extensions, states, id, kind, bytecode: None, sequence: 0 }
    }

    /// The same request asking for these extensions.
    #[must_use]
    pub const fn with_extensions(self, extensions: Extensions) -> Self {
        Self { extensions, ..self }
    }

    /// The same request for sockets in these states.
    #[must_use]
    pub const fn with_states(self, states: StateBits) -> Self {
        Self { states: states.0, ..self }
    }

    /// The same request with a filter program.
    #[must_use]
    pub const fn with_bytecode(self, bytecode: &'a [u8]) -> Self {
        Self { bytecode: Some(bytecode), ..self }
    }

    /// The same request under this sequence number.
    #[must_use]
    pub const fn with_sequence(self, sequence: u32) -> Self {
        Self { sequence, ..self }
    }

    /// Writes the netlink message and answers its length.
    ///
    /// # Errors
    /// The buffer has no room: 96 bytes are enough without bytecode.
    pub fn encode(&self, buffer: &mut [u8]) -> Result<usize, BufferTooSmall> {
        let flags = match self.kind {
            Kind::DumpV1 | Kind::DumpV2 => REQUEST | DUMP,
            Kind::Exact => REQUEST,
            Kind::Destroy => REQUEST | ACK,
        };
        let mut message = RequestBuffer::new(buffer, self.message_type(), flags, self.sequence)?;
        match self.kind {
            Kind::DumpV1 => {
                message.payload(&[self.family, 0, 0, self.extensions.0])?;
                self.id.write(&mut message)?;
                message.payload(&self.states.to_ne_bytes())?;
                message.payload(&[0; 4])?;
            }
            Kind::DumpV2 | Kind::Exact | Kind::Destroy => {
                // 262 cut to a byte would be 6, and a kernel without the attribute would answer with TCP sockets.
                let protocol = u8::try_from(self.protocol).unwrap_or(0);
                message.payload(&[self.family, protocol, self.extensions.0, 0])?;
                message.payload(&self.states.to_ne_bytes())?;
                self.id.write(&mut message)?;
                if self.protocol > u16::from(u8::MAX) {
                    message.attribute(Self::PROTOCOL, &u32::from(self.protocol).to_ne_bytes())?;
                }
            }
        }
        if let Some(bytecode) = self.bytecode {
            message.attribute(Self::BYTECODE, bytecode)?;
        }
        Ok(message.finish().len())
    }

    const fn message_type(&self) -> u16 {
        /// `INET_DIAG_GETSOCK_MAX`: the first number the kernel refuses.
        const REFUSED: u16 = 24;
        match (self.kind, self.protocol) {
            (Kind::DumpV1, TCP) => TCPDIAG_GETSOCK,
            (Kind::DumpV1, DCCP) => DCCPDIAG_GETSOCK,
            (Kind::DumpV1, _) => REFUSED,
            (Kind::DumpV2 | Kind::Exact, _) => SOCK_DIAG_BY_FAMILY,
            (Kind::Destroy, _) => SOCK_DESTROY,
        }
    }
}
