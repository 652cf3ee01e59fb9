//! What a field is for one socket.

use std::net::IpAddr;
use std::time::Duration;

use super::issues::Issues;
use crate::model::CountsSince;

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
