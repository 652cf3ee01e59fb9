//! The registry of fields: everything that can be shown, sorted by, filtered by or recorded about a socket, once.
//!
//! An entry says what the field is called, what it means, in which unit, where the number comes from, what must be
//! asked of the system to know it, and how to get it from a [`Socket`]. Outputs, help and schema are made from the
//! entries, so a new field is a new entry and nothing else.

mod families;
mod identity;
mod memory;
mod names;
mod process;
mod quality;
mod queues;
mod tcp;

use std::net::IpAddr;
use std::time::Duration;

pub use names::{ALIASES, is_planned, nearest};
pub use process::OwnerField;
pub use quality::{Issues, words};
pub use tcp::tcp_differences;

use crate::model::{CountsSince, Socket};
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

/// What a field is for one socket.
#[derive(Clone, Copy, PartialEq, Debug)]
#[non_exhaustive]
pub enum Value<'s> {
    /// Not known, or there is no such thing.
    Unknown,
    /// Yes or no.
    Bool(bool),
    /// A number in the field's unit.
    Number(u64),
    /// A number that is only a name: 64 bits that not every reader of JSON can hold.
    Id(u64),
    /// A time.
    Duration(Duration),
    /// A word of ours.
    Word(&'static str),
    /// A state, family or protocol that we have no word for, by the system's number.
    Unnamed(&'static str, u64),
    /// Bytes from outside, to be escaped.
    Text(&'s [u8]),
    /// Arguments of a command from outside, each ended by NUL.
    Arguments(&'s [u8]),
    /// An IP address.
    Ip(IpAddr),
    /// A part of 1.
    Share(f64),
    /// The greatest of several shares that have names: its name, and how much it is.
    Most(&'static str, f64),
    /// Names of issues.
    Issues(Issues),
}

impl From<Option<u64>> for Value<'_> {
    fn from(number: Option<u64>) -> Self {
        number.map_or(Value::Unknown, Value::Number)
    }
}

macro_rules! from_number {
    ($($type:ty),*) => {$(
        impl From<Option<$type>> for Value<'_> {
            fn from(number: Option<$type>) -> Self {
                number.map(u64::from).into()
            }
        }
    )*};
}
from_number!(u8, u16, u32);

impl From<Option<bool>> for Value<'_> {
    fn from(value: Option<bool>) -> Self {
        value.map_or(Value::Unknown, Value::Bool)
    }
}

impl From<Option<Duration>> for Value<'_> {
    fn from(time: Option<Duration>) -> Self {
        time.map_or(Value::Unknown, Value::Duration)
    }
}

impl From<Option<CountsSince>> for Value<'_> {
    fn from(since: Option<CountsSince>) -> Self {
        since.map_or(Value::Unknown, |since| Value::Word(since.name()))
    }
}

impl<'s> From<Option<&'s [u8]>> for Value<'s> {
    fn from(text: Option<&'s [u8]>) -> Self {
        text.map_or(Value::Unknown, Value::Text)
    }
}

const TABLES: [&[Field]; 7] = [
    identity::FIELDS,
    queues::FIELDS,
    memory::FIELDS,
    process::FIELDS,
    tcp::FIELDS,
    quality::FIELDS,
    families::FIELDS,
];

/// Every field, grouped by section.
pub fn all() -> impl Iterator<Item = &'static Field> {
    TABLES.into_iter().flatten()
}

/// The fields of one section, in order.
pub fn of(section: Section) -> impl Iterator<Item = &'static Field> {
    all().filter(move |field| field.section == section)
}

/// What can be known about each owner, in order.
pub fn of_owner() -> impl Iterator<Item = &'static OwnerField> {
    process::OWNER_FIELDS.iter()
}

/// The field of this name, or the one that [`ALIASES`] mean by it.
pub fn named(name: &str) -> Option<&'static Field> {
    let name = ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, name)| *name);
    all().find(|field| field.name == name)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_field_is_documented() {
        for field in all() {
            assert!(field.doc.trim().len() > 3, "{}: say what it means", field.name);
            assert!(field.source.trim().len() > 3, "{}: say where it comes from", field.name);
        }
    }

    #[test]
    fn names_and_keys_are_unique() {
        let mut names = HashSet::new();
        let mut keys = HashSet::new();
        for field in all() {
            assert!(names.insert(field.name), "{} stands twice", field.name);
            assert!(keys.insert((field.section, field.key)), "{} has a key twice", field.name);
        }
    }

    #[test]
    fn keys_end_in_their_unit() {
        for field in all() {
            let suffix = match field.unit {
                Unit::Microseconds => "_us",
                Unit::Milliseconds => "_ms",
                _ => "",
            };
            assert!(field.key.ends_with(suffix), "{}", field.key);
        }
    }
}
