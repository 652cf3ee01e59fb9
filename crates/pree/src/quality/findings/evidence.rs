//! A number with its unit, for people and for machines.

use std::fmt;
use std::time::Duration;

/// One fact that a finding rests on.
#[derive(Clone, Copy, PartialEq, Debug)]
#[non_exhaustive]
pub struct Evidence {
    /// What it is: the kernel's name of the field where it is one.
    pub name: &'static str,
    /// Its value.
    pub value: Value,
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.value)
    }
}

/// A value with its unit.
#[derive(Clone, Copy, PartialEq, Debug)]
#[non_exhaustive]
pub enum Value {
    /// How many: segments, times.
    Count(u64),
    /// A part of 1.
    Share(f64),
    /// A length of time.
    Time(Duration),
    /// Bytes.
    Bytes(u64),
    /// Bytes a second.
    BytesPerS(u64),
    /// Times a second.
    PerS(f64),
    /// Something that is not a number.
    Word(&'static str),
}

impl Value {
    /// The unit as a suffix of field names (`_us`); empty for counts, shares and words.
    pub fn unit(self) -> &'static str {
        match self {
            Self::Count(_) | Self::Share(_) | Self::Word(_) => "",
            Self::Time(_) => "us",
            Self::Bytes(_) => "bytes",
            Self::BytesPerS(_) => "bytes_per_s",
            Self::PerS(_) => "per_s",
        }
    }

    pub(super) fn count(number: Option<impl Into<u64>>) -> Option<Self> {
        Some(Self::Count(number?.into()))
    }

    pub(super) fn bytes(number: Option<impl Into<u64>>) -> Option<Self> {
        Some(Self::Bytes(number?.into()))
    }

    pub(super) fn time(time: Option<Duration>) -> Option<Self> {
        time.map(Self::Time)
    }

    /// Bytes in a time, as a rate; `None` for no time at all.
    pub(super) fn rate(bytes: Option<impl Into<u64>>, time: Option<Duration>) -> Option<Self> {
        let rate = bytes?.into() as f64 / time?.as_secs_f64();
        rate.is_finite().then_some(Self::BytesPerS(rate as u64))
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(number) => write!(f, "{number}"),
            Self::Share(share) => write!(f, "{:.2} %", share * 100.0),
            Self::Time(time) => write!(f, "{time:?}"),
            Self::Bytes(bytes) => write!(f, "{bytes} B"),
            Self::BytesPerS(rate) => write!(f, "{rate} B/s"),
            Self::PerS(rate) => write!(f, "{rate:.1}/s"),
            Self::Word(word) => f.write_str(word),
        }
    }
}
