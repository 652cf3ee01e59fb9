//! A typed filter back to text that reads the same.

use std::fmt::{self, Display, Write};
use std::net::IpAddr;
use std::time::Duration;

use super::expr::{Expr, Has, Host, Named, Test};
use super::keys::{self, Key};
use super::lex::is_word;
use super::numbers::SHARE_WHOLE;
use super::values::STATES;
use crate::field::{Unit, Value};
use crate::model::{OtherProtocol, Protocol, States, Text};

impl Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::And(parts) => list(f, parts, " and ", |part| matches!(part, Self::And(_) | Self::Or(_))),
            Self::Or(parts) => list(f, parts, " or ", |part| matches!(part, Self::Or(_))),
            Self::Not(inner) => {
                f.write_str("not ")?;
                grouped(f, inner, matches!(**inner, Self::And(_) | Self::Or(_)))
            }
            Self::Test(test) => test.fmt(f),
        }
    }
}

/// Never more parentheses than the text that was read: they are limited.
fn grouped(f: &mut fmt::Formatter<'_>, expr: &Expr, parentheses: bool) -> fmt::Result {
    if parentheses { write!(f, "({expr})") } else { expr.fmt(f) }
}

fn list(
    f: &mut fmt::Formatter<'_>,
    parts: &[Expr],
    between: &str,
    parentheses: fn(&Expr) -> bool,
) -> fmt::Result {
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            f.write_str(between)?;
        }
        grouped(f, part, parentheses(part))?;
    }
    Ok(())
}

impl Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // One state has a name of its own; a set of several is a list of them.
            Self::State(set) => {
                f.write_str("state = ")?;
                states(f, *set)
            }
            Self::Protocol(Protocol::Other(other)) if !OtherProtocol::KNOWN.contains(&other.name()) => {
                f.write_str("proto = ")?;
                quoted(f, &Text::from(other.name().as_bytes()))
            }
            Self::Protocol(protocol) => write!(f, "proto = {protocol}"),
            Self::Family(family) => write!(f, "family = {family}"),
            Self::Scope(scope) => write!(f, "scope = {}", scope.name()),
            Self::Host(end, host) => write!(f, "{} = {host}", keys::name(Key::Host(*end))),
            Self::Path(end, pattern) | Self::Shown(end, pattern) => {
                write!(f, "{} = ", keys::name(Key::Host(*end)))?;
                quoted(f, pattern)
            }
            Self::Port(end, op, port) => write!(f, "{} {} {port}", keys::name(Key::Port(*end)), op.symbol()),
            Self::PortRange(end, low, high) => write!(f, "{} = {low}-{high}", keys::name(Key::Port(*end))),
            Self::Device(named) => write!(f, "dev = {named}"),
            Self::Mark(mark, u32::MAX) => write!(f, "fwmark = {mark:#x}"),
            Self::Mark(mark, mask) => write!(f, "fwmark = {mark:#x}/{mask:#x}"),
            Self::Cgroup(named) => write!(f, "cgroup = {named}"),
            Self::Unowned(reason) => write!(f, "unowned = {}", reason.name()),
            Self::User(named) => write!(f, "user = {named}"),
            Self::Number(field, op, number) => write!(f, "{} {} {number}", field.name, op.symbol()),
            Self::Time(field, op, time) => {
                write!(f, "{} {} ", field.name, op.symbol())?;
                if matches!(field.unit, Unit::UnixTime | Unit::Timestamp) {
                    seconds(f, *time)
                } else {
                    duration(f, *time)
                }
            }
            Self::Share(field, op, share) => {
                write!(f, "{} {} ", field.name, op.symbol())?;
                fraction(f, *share)
            }
            Self::Bool(field, yes) => write!(f, "{} = {}", field.name, if *yes { "yes" } else { "no" }),
            Self::Words(field, op, text) => {
                write!(f, "{} {} ", field.name, op.symbol())?;
                quoted(f, text)
            }
            Self::Flag(field, flag) => {
                write!(f, "{} = ", field.name)?;
                match field.words(*flag).next() {
                    Some(Value::Word(word)) => f.write_str(word),
                    _ => flag.fmt(f),
                }
            }
            Self::Has(Has::Field(field)) => write!(f, "has {}", field.name),
            Self::Has(Has::Remote) => f.write_str("has dst"),
            Self::Has(Has::Owner) => f.write_str("has process"),
            Self::Autobound => f.write_str("autobound"),
            Self::Word(text) => quoted(f, text),
        }
    }
}

impl Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.network {
            None if self.port.is_none() || self.zone.is_some() => f.write_str("*")?,
            None => {}
            Some((IpAddr::V4(ip), _)) => ip.fmt(f)?,
            Some((IpAddr::V6(ip), _)) => write!(f, "[{ip}]")?,
        }
        if let Some(zone) = &self.zone {
            write!(f, "%{zone}")?;
        }
        if let Some((_, bits)) = self.network {
            write!(f, "/{bits}")?;
        }
        match self.port {
            Some((first, last)) if first == last => write!(f, ":{first}"),
            Some((first, last)) => write!(f, ":{first}-{last}"),
            None => Ok(()),
        }
    }
}

impl Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if is_word(&self.name) {
            f.write_str(&self.name)
        } else {
            quoted(f, &Text::from(self.name.as_bytes()))
        }
    }
}

fn states(f: &mut fmt::Formatter<'_>, set: States) -> fmt::Result {
    let several = STATES.iter().filter(|(_, states)| states.bits().count_ones() > 1);
    for (name, several) in several.chain(&[("none", States::empty())]) {
        if set == *several {
            return f.write_str(name);
        }
    }
    let name = |(name, state): (&str, States)| match state {
        States::CLOSED => "closed_only".to_owned(),
        _ => name.to_ascii_lowercase(),
    };
    f.write_str(&set.iter_names().map(name).collect::<Vec<_>>().join(","))
}

/// In the largest unit that keeps it exact.
fn duration(f: &mut fmt::Formatter<'_>, time: Duration) -> fmt::Result {
    let nanos = time.as_nanos();
    let (number, unit) = match nanos {
        n if n % 1_000_000_000 == 0 => (n / 1_000_000_000, "s"),
        n if n % 1_000_000 == 0 => (n / 1_000_000, "ms"),
        n if n % 1_000 == 0 => (n / 1_000, "us"),
        n => (n, "ns"),
    };
    write!(f, "{number}{unit}")
}

/// Since the Unix epoch. Whole ones of four digits would be read as a year.
fn seconds(f: &mut fmt::Formatter<'_>, time: Duration) -> fmt::Result {
    match (time.as_secs(), time.subsec_nanos()) {
        (whole @ 1000..=9999, 0) => write!(f, "{whole}.000000000"),
        (whole, nanos) => decimal(f, whole, nanos.into()),
    }
}

/// Billionths as a decimal number.
fn fraction(f: &mut fmt::Formatter<'_>, share: u64) -> fmt::Result {
    decimal(f, share / SHARE_WHOLE, share % SHARE_WHOLE)
}

fn decimal(f: &mut fmt::Formatter<'_>, whole: u64, billionths: u64) -> fmt::Result {
    if billionths == 0 {
        return write!(f, "{whole}");
    }
    let digits = format!("{billionths:09}");
    write!(f, "{whole}.{}", digits.trim_end_matches('0'))
}

/// With the escapes of outputs.
fn quoted(f: &mut fmt::Formatter<'_>, text: &Text) -> fmt::Result {
    f.write_char('"')?;
    for chunk in text.as_bytes().utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '"' | '\\' => write!(f, "\\{c}")?,
                c if c.is_control() => write!(f, "\\u{{{:x}}}", u32::from(c))?,
                c => f.write_char(c)?,
            }
        }
        for byte in chunk.invalid() {
            write!(f, "\\x{byte:02x}")?;
        }
    }
    f.write_char('"')
}
