//! Conditions on sockets, and why one has no program.

/// Deepest nesting of expressions that is compiled.
pub const MAX_DEPTH: usize = 32;

/// A condition on a socket.
///
/// ```
/// use pree_wire::inet_diag::Expr;
/// let filter = Expr::And(&[Expr::SourcePortAtLeast(8000), Expr::SourcePortAtMost(8999)]);
/// let mut buffer = [0; 64];
/// assert_eq!(filter.compile(&mut buffer), Ok(16));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Expr<'a> {
    /// Every one of them; true if there are none.
    And(&'a [Expr<'a>]),
    /// At least one of them; false if there are none.
    Or(&'a [Expr<'a>]),
    /// Not this.
    Not(&'a Expr<'a>),
    /// Local port ≥ this.
    SourcePortAtLeast(u16),
    /// Local port ≤ this.
    SourcePortAtMost(u16),
    /// Local port = this.
    SourcePort(u16),
    /// Remote port ≥ this.
    DestinationPortAtLeast(u16),
    /// Remote port ≤ this.
    DestinationPortAtMost(u16),
    /// Remote port = this.
    DestinationPort(u16),
    /// Local address, and port if given.
    SourceHost(HostCondition),
    /// Remote address, and port if given.
    DestinationHost(HostCondition),
    /// Bound to the interface with this index (Linux 4.8).
    Device(u32),
    /// Firewall mark under `mask` = `mark` (Linux 4.9). The kernel refuses the program with `EPERM` without
    /// `CAP_NET_ADMIN`. `TIME_WAIT` has mark 0 here.
    Mark {
        /// Wanted value; bits outside the mask can never match.
        mark: u32,
        /// Bits that count.
        mask: u32,
    },
    /// In the cgroup with this v2 id (Linux 5.8; `EINVAL` before). `TIME_WAIT` and handshakes have id 0 here.
    Cgroup(u64),
    /// The kernel chose the local port (Linux also says so of `TIME_WAIT` and handshakes, whatever the truth).
    Autobound,
}

/// Address, prefix length and port, of one end.
///
/// An IPv4 condition holds for mapped IPv4 addresses (`::ffff:a.b.c.d`) of IPv6 sockets too, also with prefix length
/// 0. An IPv6 condition never holds for an IPv4 socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostCondition {
    /// [`AF_INET`](crate::inet_diag::AF_INET), [`AF_INET6`](crate::inet_diag::AF_INET6), or 0 for any: then only the port counts.
    pub family: u8,
    /// Bits of the address that count. Longer than the address is refused.
    pub prefix_length: u8,
    /// Address in network order; IPv4 in the first 4 bytes.
    pub address: [u8; 16],
    /// The port, if it matters.
    pub port: Option<u16>,
}

/// Why an expression has no program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BytecodeError {
    /// The program does not fit the buffer, or a jump in it the format.
    TooLong,
    /// Nested deeper than [`MAX_DEPTH`].
    TooDeep,
    /// A host condition of an unknown family, or with a prefix longer than its address.
    BadHost,
}

impl core::fmt::Display for BytecodeError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::TooLong => "the filter is too long for the kernel",
            Self::TooDeep => "the filter is nested too deeply for the kernel",
            Self::BadHost => "the filter has an address the kernel does not understand",
        })
    }
}

impl core::error::Error for BytecodeError {}
