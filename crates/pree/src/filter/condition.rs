//! One value of a comparison, as its key wants it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use super::expr::{End, Expr, Host, Named, Scope, Test};
use super::keys::Key;
use super::lex::Op;
use super::numbers::{self, Span};
use super::values;
use crate::field::{self, Field, Unit};
use crate::model::{Family, OtherProtocol, Protocol, Text, Unowned};

type Read<T> = Result<T, String>;

/// A value as it stands in a filter.
pub(super) struct Written {
    /// Without its quotes and escapes.
    pub(super) text: Text,
    /// What is quoted is a text, whatever it looks like.
    pub(super) quoted: bool,
    /// Why there is no owner, in parentheses.
    pub(super) unowned: Option<Unowned>,
}

impl Written {
    pub(super) fn plain(text: &str) -> Self {
        Self { text: Text::from(text.as_bytes()), quoted: false, unowned: None }
    }

    fn as_str(&self) -> Read<&str> {
        std::str::from_utf8(self.text.as_bytes()).map_err(|_| "values here must be UTF-8".to_owned())
    }
}

/// `KEY OP VALUE`.
pub(super) fn condition(key: Key, name: &str, op: Op, value: &Written) -> Read<Expr> {
    let only_equal = || match op {
        Op::Equal => Ok(()),
        _ => Err(format!("{name} takes only = and !=")),
    };
    if let Some(reason) = value.unowned {
        return only_equal().map(|()| Expr::Test(Test::Unowned(reason)));
    }
    // Keys of texts take any bytes, the others need words.
    match key {
        Key::Host(end) => return host(end, name, op, value).map(Expr::Test),
        Key::Field(field) => return of_field(field, op, value),
        Key::Owner => return words(field::PROCESS, op, value).map(Expr::Test),
        _ => {}
    }
    let text = value.as_str()?;
    if let Key::Port(end) = key {
        return match op {
            Op::Contains => Err(format!("{name} takes only =, !=, <, <=, > and >=")),
            _ => port(end, op, text).map(Expr::Test),
        };
    }
    only_equal()?;
    Ok(Expr::Test(match key {
        Key::State => match values::states(text) {
            Ok(states) => Test::State(states),
            Err(what) => unnamed(field::STATE, text).ok_or(what)?,
        },
        Key::Family => match values::family(text) {
            Ok(family) => Test::Family(family),
            Err(what) => unnamed(field::FAMILY, text).ok_or(what)?,
        },
        Key::Protocol => Test::Protocol(protocol(text, value.quoted)?),
        Key::Scope => Test::Scope(values::scope(text)?),
        Key::Mark => {
            let (mark, mask) = values::mark(text)?;
            Test::Mark(mark, mask)
        }
        Key::Unowned => Test::Unowned(values::unowned(text)?),
        // As an address shows it; an interface of that name can be named by its number.
        Key::Device if text == "gone" => Test::Shown(End::Local, Text::from(&b"*%gone"[..])),
        Key::Device => Test::Device(Named::new(text)),
        Key::Cgroup => Test::Cgroup(Named { id: values::number(text).ok(), ..Named::new(text) }),
        _ => Test::User(Named::new(text)),
    }))
}

/// The words that its values can be.
pub(super) fn choices(key: Key) -> Vec<&'static str> {
    match key {
        Key::State => values::STATES.map(|(name, _)| name).into(),
        Key::Family => Family::NAMED.into_iter().filter_map(Family::name).collect(),
        Key::Protocol => {
            let known = Protocol::ALL.into_iter().map(Protocol::table_name);
            known.chain(OtherProtocol::KNOWN).collect()
        }
        Key::Scope => Scope::ALL.iter().map(|scope| scope.name()).collect(),
        Key::Unowned => Unowned::ALL.iter().map(|reason| reason.name()).collect(),
        Key::Field(field) => field.choices.to_vec(),
        _ => Vec::new(),
    }
}

/// A value of the system's that pree has no word for, as it is shown: `state14`.
fn unnamed(field: &'static Field, text: &str) -> Option<Test> {
    let number = text.strip_prefix(field.name)?;
    number.parse::<u16>().is_ok().then(|| Test::Words(field, Op::Equal, Text::from(text.as_bytes()).into()))
}

/// A kernel can have protocols that pree does not know by name: in quotes, as they are shown.
fn protocol(name: &str, quoted: bool) -> Read<Protocol> {
    let known = Protocol::named(name).filter(|known| !quoted || known.name() == name);
    let other = || {
        let mut all = OtherProtocol::KNOWN.into_iter();
        let name = all.find(|other| other.eq_ignore_ascii_case(name)).or(quoted.then_some(name))?;
        Some(Protocol::Other(OtherProtocol::new(name.as_bytes())))
    };
    known.or_else(other).ok_or_else(|| {
        let names: Vec<&str> = Protocol::ALL.iter().map(Protocol::name).collect();
        format!("{name:?} is not a protocol: expected {}", names.join(", "))
    })
}

pub(super) fn port(end: End, op: Op, text: &str) -> Read<Test> {
    match values::port_range(text) {
        Some(range) => range.and_then(|(low, high)| only_range(end, op, low, high)),
        None => match text.parse().ok().filter(|port| *port > u32::from(u16::MAX)) {
            Some(of_vsock) => Ok(Test::Port(end, op, of_vsock)),
            None => values::port(text).map(|port| Test::Port(end, op, port.into())),
        },
    }
}

/// What an address that is only ports says, which ss orders through src and dst too. `None` for other addresses.
pub(super) fn of_ports(end: End, op: Op, host: &Host) -> Option<Read<Test>> {
    match *host {
        Host { network: None, port: Some((low, high)), zone: None } if op != Op::Contains => {
            Some(if low == high {
                Ok(Test::Port(end, op, low.into()))
            } else {
                only_range(end, op, low, high)
            })
        }
        _ => None,
    }
}

fn only_range(end: End, op: Op, low: u16, high: u16) -> Read<Test> {
    match op {
        Op::Equal => Ok(Test::PortRange(end, low, high)),
        _ => Err("a range takes only = and !=".to_owned()),
    }
}

/// What a comma and more ports add to an address that has one: `src 10.0.0.1:80,443`. `None` where it is something else.
pub(super) fn more_ports(last: Option<&Expr>, key: Key, op: Op, value: &Written) -> Option<Expr> {
    let text = value.as_str().ok().filter(|_| matches!(key, Key::Host(_)) && op == Op::Equal)?;
    let ports = values::ports(text).ok()?;
    Some(Expr::Test(match last? {
        Expr::Test(Test::Host(end, host)) if host.port.is_some() => {
            Test::Host(*end, Host { port: Some(ports), ..host.clone() })
        }
        Expr::Test(Test::Port(end, ..) | Test::PortRange(end, ..)) => port(*end, op, text).ok()?,
        _ => return None,
    }))
}

/// An address with ss's words for any, and with the family that ss has before it: `inet:10.0.0.1`, `inet6:any`.
fn address_of_ss(text: &str) -> Read<Host> {
    let any = |text: &str| {
        let (word, port) = text.split_at(text.find(':').unwrap_or(text.len()));
        let is_any = matches!(word, "any" | "all" | "default");
        values::host(&if is_any { format!("*{port}") } else { text.to_owned() })
    };
    let of_family = |text: &str, every: IpAddr| {
        let host = any(text)?;
        match host.network {
            None => Ok(Host { network: Some((every, 0)), ..host }),
            Some((ip, _)) if ip.is_ipv4() == every.is_ipv4() => Ok(host),
            Some(_) => Err(format!("{text:?} is not an address of the family before it")),
        }
    };
    match (text.strip_prefix("inet:"), text.strip_prefix("inet6:")) {
        (Some(text), _) => of_family(text, Ipv4Addr::UNSPECIFIED.into()),
        (_, Some(text)) => of_family(text, Ipv6Addr::UNSPECIFIED.into()),
        _ => any(text),
    }
}

/// An address, or the name of a Unix socket as ss has it: a path, or an abstract name with @ for its NUL. Any other name
/// is in quotes.
fn host(end: End, name: &str, op: Op, value: &Written) -> Read<Test> {
    let only_equal = |test| match op {
        Op::Equal => Ok(test),
        _ => Err(format!("{name} takes only = and !=")),
    };
    let path = || Test::Path(end, value.text.clone());
    if let [b'/' | b'@' | 0, ..] = value.text.as_bytes() {
        return only_equal(path());
    }
    let text = value.as_str();
    match text.clone().and_then(address_of_ss) {
        Ok(host) => of_ports(end, op, &host).unwrap_or_else(|| only_equal(Test::Host(end, host))),
        Err(_) if text.is_ok_and(values::is_other_address) => {
            only_equal(Test::Shown(end, value.text.clone()))
        }
        Err(_) if value.quoted && !value.text.as_bytes().is_empty() => only_equal(path()),
        Err(what) => Err(what),
    }
}

fn of_field(field: &'static Field, op: Op, value: &Written) -> Read<Expr> {
    let ordered = || match op {
        Op::Contains => Err(format!("{} takes only =, !=, <, <=, > and >=", field.name)),
        _ => Ok(()),
    };
    if field.unit.is_text() {
        return words(field, op, value).map(Expr::Test);
    }
    let text = value.as_str()?;
    // The namespace by its name, unless it begins with its inode: then by that.
    if field == field::NETNS {
        let inode = text.split('/').next().unwrap_or_default();
        if inode.is_empty() || !inode.bytes().all(|byte| byte.is_ascii_digit()) {
            return words(field::NETNS_NAME, op, value).map(Expr::Test);
        }
        return Ok(Expr::Test(Test::Number(field, op, values::number(inode)?)));
    }
    let number = |number| Test::Number(field, op, number);
    Ok(match field.unit {
        Unit::Microseconds | Unit::Milliseconds | Unit::UnixTime | Unit::Timestamp => {
            ordered()?;
            let span = match field.unit {
                Unit::UnixTime | Unit::Timestamp => numbers::date(text)?,
                unit => numbers::duration_of(unit, op == Op::Equal, text)?,
            };
            spanned(op, span, |op, nanos| Test::Time(field, op, std::time::Duration::from_nanos(nanos)))
        }
        Unit::Bytes | Unit::BytesPerSecond => {
            ordered()?;
            spanned(op, numbers::size(text)?, |op, number| Test::Number(field, op, number))
        }
        Unit::PacketsPerSecond => {
            ordered()?;
            Expr::Test(number(values::number(text.strip_suffix("/s").unwrap_or(text))?))
        }
        Unit::Share | Unit::Score => {
            ordered()?;
            spanned(op, numbers::share(text)?, |op, share| Test::Share(field, op, share))
        }
        Unit::Bool => match op {
            Op::Equal => Expr::Test(Test::Bool(field, values::yes_or_no(text)?)),
            _ => return Err(format!("{} takes only = and !=", field.name)),
        },
        Unit::Code | Unit::Flags
            if !field.choices.is_empty() && !text.starts_with(|c: char| c.is_ascii_digit()) =>
        {
            let word = field.number_of(text).filter(|_| op == Op::Equal);
            let Some(bits) = word else { return Err(one_of_words(field, op, text)) };
            Expr::Test(if field.unit == Unit::Flags { Test::Flag(field, bits) } else { number(bits) })
        }
        Unit::Address => return Err(format!("{} cannot be a filter key", field.name)),
        _ => {
            ordered()?;
            Expr::Test(number(values::number(text)?))
        }
    })
}

/// A number is as exact as it is written: `rtt=1.5ms` is all that is shown so.
fn spanned(op: Op, span: Span, test: impl Fn(Op, u64) -> Test) -> Expr {
    if op != Op::Equal || span.first == span.last {
        return Expr::Test(test(op, span.written));
    }
    let (first, last) = (test(Op::AtLeast, span.first), test(Op::AtMost, span.last));
    Expr::And(vec![Expr::Test(first), Expr::Test(last)])
}

fn words(field: &'static Field, op: Op, value: &Written) -> Read<Test> {
    if !matches!(op, Op::Equal | Op::Contains) {
        return Err(format!("{} takes only =, !=, ~ and !~", field.name));
    }
    // A mark as tables have it, with a part of the name.
    let text = value.text.as_bytes();
    let mark = [b"!! ".as_slice(), b"! "].iter().find_map(|mark| text.strip_prefix(*mark));
    if let Some(part) = mark.filter(|_| field.is_mark) {
        return Ok(Test::Words(field, Op::Contains, Arc::new(Text::from(part))));
    }
    let is_whole = op == Op::Equal && !text.iter().any(|byte| matches!(byte, b'*' | b'?'));
    let known = if is_whole { known_word(field, value)? } else { None };
    Ok(Test::Words(field, op, known.unwrap_or_else(|| value.text.clone()).into()))
}

fn one_of_words(field: &Field, op: Op, text: &str) -> String {
    if op == Op::Equal {
        not_among(field, text)
    } else {
        format!("a word of {} takes only = and !=", field.name)
    }
}

/// The word as values have it, where these are of a list. One that no value can be would silently match nothing.
fn known_word(field: &Field, value: &Written) -> Read<Option<Text>> {
    let known = field.choices;
    if known.is_empty() {
        return Ok(None);
    }
    let text = value.as_str()?;
    if let Some(word) = known.iter().find(|word| word.eq_ignore_ascii_case(text)) {
        return Ok(Some(Text::from(word.as_bytes())));
    }
    Err(not_among(field, text))
}

fn not_among(field: &Field, text: &str) -> String {
    let known = field.choices;
    let near = field::nearest(text, known.iter().copied());
    let hint = near.map_or(String::new(), |near| format!("; did you mean {near}?"));
    format!("{} must be one of {}, not {text:?}{hint}", field.name, known.join(", "))
}
