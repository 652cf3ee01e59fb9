//! What an entry of the registry says.

use super::value::Value;
use crate::model::Socket;
use crate::needs::Needs;

/// One thing that can be known about a socket.
#[derive(Debug)]
#[non_exhaustive]
pub struct Field {
    /// Its name on the command line and in filters: `rtt`. Unique.
    pub name: &'static str,
    /// The JSON object it is in.
    pub section: Section,
    /// Its key in that object, with the unit last: `rtt_us`.
    pub key: &'static str,
    /// What its values are, and for numbers what they count.
    pub unit: Unit,
    /// What must be asked of the system.
    pub needs: Needs,
    /// What it means, one line.
    pub doc: &'static str,
    /// Where it comes from: the kernel's own name for it.
    pub source: &'static str,
    /// Gets it.
    pub get: fn(&Socket) -> Value<'_>,
}

/// Names are unique.
impl PartialEq for Field {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Field {}

/// The JSON object that a field is in.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Section {
    /// The socket itself.
    Socket,
    /// `local`
    Local,
    /// `remote`; null when there is no peer.
    Remote,
    /// `peer`: the socket at the other end; null where none is told.
    Peer,
    /// `unix`, of a Unix socket; absent without any of it.
    Unix,
    /// `packet`, of a packet socket.
    Packet,
    /// `netlink`, of a netlink socket; absent without any of it.
    Netlink,
    /// `sctp`, of an SCTP socket or association: its addresses.
    Sctp,
    /// `mptcp`, of an MPTCP connection and of its subflows.
    Mptcp,
    /// `netns`: the network namespace; null where its inode is unknown.
    Netns,
    /// `listen`: a listener's accept queue, else absent.
    Listen,
    /// `timer`; null when none runs.
    Timer,
    /// `memory`; null when unknown.
    Memory,
    /// The first of `owners`. In JSON the owners are a list of their own.
    Owner,
    /// `tcp`; null when there are no statistics.
    Tcp,
    /// `quality`; null for what is not judged. In JSON it has an order of its own.
    Quality,
}

/// What values are, and what numbers count.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Unit {
    /// Words and texts: nothing to count.
    Text,
    /// Yes or no.
    Bool,
    /// Numbers that are names, flags or codes.
    Id,
    /// IP addresses.
    Address,
    /// Things.
    Count,
    /// TCP segments.
    Segments,
    /// Bytes.
    Bytes,
    /// Bytes a second.
    BytesPerSecond,
    /// Time; whole microseconds in machine formats.
    Microseconds,
    /// Time; whole milliseconds in machine formats.
    Milliseconds,
    /// Time since the Unix epoch; seconds with two decimals in machine formats.
    UnixTime,
    /// A part of 1; per cent in tables, the fraction in machine formats.
    Share,
    /// A mark from 0 to 1.
    Score,
}
