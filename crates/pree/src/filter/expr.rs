//! What a filter says, typed: every value is of the kind its key wants.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::lex::Op;
use crate::field::Field;
use crate::model::{Family, Protocol, States, Text, Unowned};
use crate::named::named;

/// A filter. Conditions on what is unknown are neither true nor false.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Expr {
    And(Vec<Expr>),
    Or(Vec<Expr>),
    Not(Box<Expr>),
    Test(Test),
}

/// A list of one is that one.
pub(super) fn one_or(mut parts: Vec<Expr>, list: fn(Vec<Expr>) -> Expr) -> Expr {
    if parts.len() == 1 { parts.remove(0) } else { list(parts) }
}

/// One condition.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Test {
    State(States),
    Protocol(Protocol),
    Family(Family),
    Scope(Scope),
    /// An end is at this address and port.
    Host(End, Host),
    /// The name of a Unix end is like this pattern; an abstract one begins with @.
    Path(End, Text),
    /// The address of an end that is neither IP nor Unix is shown like this pattern.
    Shown(End, Text),
    /// A port of an end; those of vsock can have 32 bits.
    Port(End, Op, u32),
    /// A port of an end is between these, both included.
    PortRange(End, u16, u16),
    /// Bound to this interface.
    Device(Named),
    /// Mark under mask.
    Mark(u32, u32),
    /// Made in this cgroup (v2).
    Cgroup(Named),
    /// The user the socket belongs to.
    User(Named),
    /// A field of the registry; of an owner: of any owner.
    Number(&'static Field, Op, u64),
    Time(&'static Field, Op, Duration),
    /// In billionths, so that what is printed is read back the same.
    Share(&'static Field, Op, u64),
    Bool(&'static Field, bool),
    /// This flag is set.
    Flag(&'static Field, u64),
    Words(&'static Field, Op, Arc<Text>),
    /// Why it has no owner.
    Unowned(Unowned),
    /// The value is known.
    Has(Has),
    /// The kernel chose the local port.
    Autobound,
    /// Stands somewhere in what is shown of the socket.
    Word(Arc<Text>),
}

/// Which end of a socket.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum End {
    Local,
    Remote,
    Either,
}

/// An address or network, and a port or an interface if they matter.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Host {
    /// Address and how many of its bits count; `None`: any.
    pub(super) network: Option<(IpAddr, u8)>,
    /// The first and the last.
    pub(super) port: Option<(u16, u16)>,
    /// The interface after a `%`: the scope of a link-local address, or the one the socket is bound to.
    pub(super) zone: Option<Named>,
}

named! {
    /// How far the local address can be reached from.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub(super) enum Scope, name: "Its name." {
        Loopback = "loopback",
        Link = "link",
        Private = "private",
        /// Also the wildcard: it is reachable at every address of the machine.
        Public = "public",
    }
}

/// Something with a number, that was named: the system is asked for the number before the filter runs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Named {
    /// As it was written.
    pub(super) name: String,
    /// The number, once it is known.
    pub(super) id: Option<u64>,
}

impl Named {
    /// A number names itself.
    pub(super) fn new(name: &str) -> Self {
        Self { name: name.to_owned(), id: name.parse::<u32>().ok().map(u64::from) }
    }
}

/// What `has` tests for.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Has {
    Field(&'static Field),
    /// `src` is always known; `dst`: there is a peer.
    Remote,
    /// `process`, `pid`: there is an owner.
    Owner,
}
