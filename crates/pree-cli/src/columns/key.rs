//! What a cell sorts by.

use std::cmp::Reverse;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use pree::field::Value;
use pree::quality::Severity;

/// Within one column all keys but the unknown are of one kind.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Key<'s> {
    Bool(bool),
    Number(u64),
    /// A part of 1, in billionths.
    Share(u64),
    /// The worst issue.
    Issue(Option<(Severity, Reverse<&'static str>)>),
    Time(Duration),
    Text(&'s [u8]),
    /// Name, then process id.
    Owner(&'s [u8], u32),
    Ip(IpAddr),
    Address(SocketAddr),
    Unknown,
}

impl<'s> From<Value<'s>> for Key<'s> {
    fn from(value: Value<'s>) -> Self {
        match value {
            Value::Bool(yes) => Self::Bool(yes),
            Value::Number(number) | Value::Id(number) | Value::Unnamed(_, number) => Self::Number(number),
            Value::Duration(time) => Self::Time(time),
            Value::Word(word) => Self::Text(word.as_bytes()),
            Value::Text(text) | Value::Arguments(text) => Self::Text(text),
            Value::Ip(ip) => Self::Ip(ip),
            // Never negative, never NaN.
            Value::Share(share) => Self::Share((share * 1e9) as u64),
            Value::Most(name, _) => Self::Text(name.as_bytes()),
            Value::Issues(issues) => {
                Self::Issue(issues.iter().next().map(|(name, severity)| (severity, Reverse(name))))
            }
            _ => Self::Unknown,
        }
    }
}
