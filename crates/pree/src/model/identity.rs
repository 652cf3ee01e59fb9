//! How a socket is recognised from one look at a machine to the next.

use std::fmt;
use std::time::Duration;

use super::{Address, Protocol};

/// Identifies the same socket in several looks. Never its addresses alone: those are reused.
///
/// Sources differ in what they give, so an id joins looks through one source; [`SocketId::may_be_another`] says whether
/// a later socket can have it too.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum SocketId {
    /// The kernel's own name for it (`sock_diag`, macOS).
    Kernel(KernelId),
    /// Linux's /proc: its inode number, one for all network namespaces, which is reused after 2³² others.
    Inode(u64),
    /// Windows: when it was made, to the tick of that clock (100 ns), by which process, and its ends. Sockets that share an
    /// address and were made by one process in one tick have the same.
    Created {
        /// Transport protocol.
        protocol: Protocol,
        /// This machine's end.
        local: Address,
        /// The other end, if it has one.
        remote: Option<Address>,
        /// [`Socket::created`](crate::Socket::created).
        created: Duration,
        /// [`Socket::creator`](crate::Socket::creator); `None` where the process is no longer told, as in `TIME_WAIT`.
        creator: Option<u32>,
    },
}

impl SocketId {
    /// True when another socket can have the same id, now or later: a number that is used again, a clock's tick in which
    /// two sockets were made, a boot that could not be read. What rests on it is then likely, not certain; of two sockets in
    /// one look that have the same, none should be joined.
    pub fn may_be_another(&self) -> bool {
        match self {
            Self::Kernel(id) => id.boot == BootId::default(),
            Self::Inode(_) | Self::Created { .. } => true,
        }
    }
}

/// The kernel's own name of a socket, which no other one gets during a boot.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
#[non_exhaustive]
pub struct KernelId {
    /// The boot of the machine during which the other two are unique.
    pub boot: BootId,
    /// Inode of the network namespace, 0 when it cannot be read. Before Linux 5.4 each namespace counts its own cookies.
    pub network_namespace: u64,
    /// Linux: the `sock_diag` cookie, given once a boot, at the first look, and never again. macOS: the generation
    /// (`inp_gencnt`, `xunp_gencnt`), counted up with each socket, with the number of its protocol's table in the upper
    /// 8 bits.
    pub cookie: u64,
}

impl KernelId {
    /// The socket with this cookie in this network namespace, in this boot.
    pub fn new(boot: BootId, network_namespace: u64, cookie: u64) -> Self {
        Self { boot, network_namespace, cookie }
    }
}

/// One boot of one machine (Linux: `/proc/sys/kernel/random/boot_id`, a random UUID); all zero when unreadable.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct BootId(pub(crate) u128);

impl BootId {
    /// From the text of `boot_id`.
    pub(crate) fn parse(text: &[u8]) -> Self {
        let hex: String = text.iter().filter(|b| b.is_ascii_hexdigit()).map(|b| char::from(*b)).collect();
        Self(u128::from_str_radix(&hex, 16).unwrap_or(0))
    }

    /// The UUID as a number.
    pub fn as_u128(self) -> u128 {
        self.0
    }
}

impl From<u128> for BootId {
    fn from(uuid: u128) -> Self {
        Self(uuid)
    }
}

impl fmt::Debug for BootId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}
