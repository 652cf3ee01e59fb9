//! Tokens to a typed filter.
//!
//! ```text
//! filter = {("state"|"exclude") STATE} [or]      or  = and {"or" and}
//! and    = not {["and"] not}                     not = {"not"} (test | "(" or ")")
//! test   = KEY [OP] VALUE{,VALUE} | "has" KEY | "autobound" | :PORT | PORT/PROTO | PROTO:PORT | PROTO:HOST:PORT | WORD
//! ```

use std::ops::Range;

use super::FilterError;
use super::expr::{End, Expr, Has, Host, Named, Test};
use super::keys::{self, Key, Lookup};
use super::lex::{self, Kind, Op, Token};
use super::values;
use crate::field::{self, Field, Unit};
use crate::model::{Family, OtherProtocol, Protocol, Protocols, States, Text};

/// Deepest nesting of parentheses and negations. A limit on everything that comes from outside.
const MAX_DEPTH: usize = 64;

/// Longest filter in bytes.
const MAX_LENGTH: usize = 64 * 1024;

type Parsed<T> = Result<T, FilterError>;

pub(super) fn parse(text: &str) -> Parsed<Expr> {
    if text.len() > MAX_LENGTH {
        return Err(FilterError::new("", 0..0, "the filter is longer than 64 KiB"));
    }
    let mut parser = Parser { text, tokens: lex::tokens(text)?, at: 0, depth: 0 };
    let mut parts = Vec::new();
    if let Some(states) = parser.leading_states()? {
        parts.push(Expr::Test(Test::State(states)));
        // What follows is printed in parentheses.
        parser.depth = 1;
    }
    if parser.peek().is_some() {
        parts.push(parser.or()?);
    }
    if let Some(token) = parser.peek() {
        let range = token.start..token.end;
        return Err(parser.error(range, "nothing is open here that could be closed"));
    }
    let expr = one_or(parts, Expr::And);
    if !autobound_decides(&expr) {
        let what = "autobound is the kernel's to decide: it can only be one of several conditions that must all hold";
        return Err(parser.error(0..text.len(), what));
    }
    Ok(expr)
}

/// `autobound` cannot be asked of a row, only of the kernel, so its answer must decide by itself.
fn autobound_decides(expr: &Expr) -> bool {
    fn contains(expr: &Expr) -> bool {
        match expr {
            Expr::And(parts) | Expr::Or(parts) => parts.iter().any(contains),
            Expr::Not(inner) => contains(inner),
            Expr::Test(test) => *test == Test::Autobound,
        }
    }
    match expr {
        Expr::And(parts) => parts.iter().all(autobound_decides),
        Expr::Test(_) => true,
        other => !contains(other),
    }
}

/// A list of one is that one.
fn one_or(mut parts: Vec<Expr>, list: fn(Vec<Expr>) -> Expr) -> Expr {
    if parts.len() == 1 { parts.remove(0) } else { list(parts) }
}

/// Several values of one key. States are a set already.
fn any_of(tests: Vec<Expr>) -> Expr {
    let set = tests.iter().try_fold(States::empty(), |set, test| match test {
        Expr::Test(Test::State(states)) => Some(set | *states),
        _ => None,
    });
    set.map_or(Expr::Or(tests), |set| Expr::Test(Test::State(set)))
}

struct Parser<'t> {
    text: &'t str,
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.peek().cloned();
        self.at += usize::from(token.is_some());
        token
    }

    fn peek_word(&self) -> Option<&str> {
        match self.peek() {
            Some(Token { kind: Kind::Word(word), .. }) => Some(word),
            _ => None,
        }
    }

    fn error(&self, range: Range<usize>, what: impl Into<String>) -> FilterError {
        FilterError::new(self.text, range, what)
    }

    fn error_at_end(&self, what: impl Into<String>) -> FilterError {
        self.error(self.text.len()..self.text.len(), what)
    }

    /// `state A state B exclude C`, as ss has it: A or B, but not C.
    fn leading_states(&mut self) -> Parsed<Option<States>> {
        let mut named = None;
        let mut excluded = None;
        loop {
            let set = match self.peek_word() {
                // With an operator it is a test like any other.
                Some("state") if !self.operator_follows() => &mut named,
                Some("exclude" | "excl") => &mut excluded,
                _ => break,
            };
            let word = self.next().map_or(0..0, |token| token.start..token.end);
            loop {
                let Some(Token { kind: Kind::Word(state), start, end }) = self.next() else {
                    return Err(self.error(word, "a state must follow"));
                };
                let states = values::states(&state).map_err(|what| self.error(start..end, what))?;
                *set = Some(set.unwrap_or(States::empty()) | states);
                if self.peek().is_none_or(|token| token.kind != Kind::Comma) {
                    break;
                }
                self.at += 1;
            }
        }
        if named.is_none() && excluded.is_none() {
            return Ok(None);
        }
        Ok(Some(named.unwrap_or(States::all()) - excluded.unwrap_or(States::empty())))
    }

    fn operator_follows(&self) -> bool {
        match self.tokens.get(self.at + 1).map(|token| &token.kind) {
            Some(Kind::Op(_)) => true,
            Some(Kind::Word(word)) => Op::from_word(word).is_some(),
            _ => false,
        }
    }

    fn or(&mut self) -> Parsed<Expr> {
        let mut parts = vec![self.and()?];
        while self.peek().is_some_and(|token| token.kind == Kind::Or) || self.peek_word() == Some("or") {
            self.at += 1;
            parts.push(self.and()?);
        }
        Ok(one_or(parts, Expr::Or))
    }

    fn and(&mut self) -> Parsed<Expr> {
        let mut parts = vec![self.not()?];
        loop {
            match self.peek().map(|token| &token.kind) {
                None | Some(Kind::Or | Kind::Close) => break,
                Some(Kind::Word(word)) if word == "or" => break,
                Some(Kind::And) => self.at += 1,
                Some(Kind::Word(word)) if word == "and" => self.at += 1,
                Some(_) => {}
            }
            parts.push(self.not()?);
        }
        Ok(one_or(parts, Expr::And))
    }

    fn not(&mut self) -> Parsed<Expr> {
        let Some(token) = self.next() else { return Err(self.error_at_end("a condition must follow")) };
        let range = token.start..token.end;
        let negated = token.kind == Kind::Not || matches!(&token.kind, Kind::Word(word) if word == "not");
        if !negated && token.kind != Kind::Open {
            self.at -= 1;
            return self.test();
        }
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.error(range, "nested too deeply"));
        }
        let expr = if negated {
            Expr::Not(Box::new(self.not()?))
        } else {
            let inner = self.or()?;
            match self.next() {
                Some(Token { kind: Kind::Close, .. }) => inner,
                _ => return Err(self.error(range, "this parenthesis is never closed")),
            }
        };
        self.depth -= 1;
        Ok(expr)
    }

    fn test(&mut self) -> Parsed<Expr> {
        let Some(token) = self.next() else { return Err(self.error_at_end("a condition must follow")) };
        let range = token.start..token.end;
        let word = match token.kind {
            Kind::Word(word) => word,
            Kind::Quoted(text) => return Ok(Expr::Test(Test::Word(Text::from(text.into_bytes())))),
            _ => return Err(self.error(range, "a condition must stand here")),
        };
        if word == "autobound" {
            return Ok(Expr::Test(Test::Autobound));
        }
        if word == "has" {
            return self.has(range);
        }
        let compared = matches!(self.peek().map(|token| &token.kind), Some(Kind::Op(_)))
            || self.peek_word().is_some_and(|word| Op::from_word(word).is_some());
        match keys::look_up(&word) {
            Lookup::Key(key) => self.comparison(key, &word, range),
            Lookup::Later => Err(self.error(range, format!("{word} is not there yet"))),
            Lookup::None if compared => Err(self.unknown(range, &word)),
            Lookup::None => self.sugar(&word, range),
        }
    }

    fn unknown(&self, range: Range<usize>, word: &str) -> FilterError {
        let hint = field::nearest(word, keys::names())
            .map_or(String::new(), |near| format!("; did you mean {near}?"));
        self.error(range, format!("there is no key {word:?}{hint}"))
    }

    fn has(&mut self, range: Range<usize>) -> Parsed<Expr> {
        let Some(Token { kind: Kind::Word(word), start, end }) = self.next() else {
            return Err(self.error(range, "a key must follow has"));
        };
        let has = match keys::look_up(&word) {
            Lookup::Later => return Err(self.error(start..end, format!("{word} is not there yet"))),
            Lookup::None => return Err(self.unknown(start..end, &word)),
            Lookup::Key(Key::Host(End::Remote) | Key::Port(End::Remote)) => Has::Remote,
            Lookup::Key(Key::Field(field)) if field.section == field::Section::Owner => match field.name {
                "pid" | "process" => Has::Owner,
                _ => Has::Field(field),
            },
            Lookup::Key(Key::Field(field)) => Has::Field(field),
            Lookup::Key(_) => {
                let name = match word.as_str() {
                    "dev" | "fwmark" | "uid" => word.as_str(),
                    "user" => "uid",
                    "cgroup" => "cgroup_id",
                    _ => return Err(self.error(start..end, format!("{word} is always known"))),
                };
                match field::named(name) {
                    Some(field) => Has::Field(field),
                    None => return Err(self.unknown(start..end, &word)),
                }
            }
        };
        Ok(Expr::Test(Test::Has(has)))
    }

    /// `KEY [OP] VALUE{,VALUE}`, the key read already.
    fn comparison(&mut self, key: Key, name: &str, range: Range<usize>) -> Parsed<Expr> {
        let mut op = Op::Equal;
        match self.peek().map(|token| token.kind.clone()) {
            Some(Kind::Op(found)) => {
                op = found;
                self.at += 1;
            }
            Some(Kind::Word(word)) => {
                if let Some(found) = Op::from_word(&word) {
                    op = found;
                    self.at += 1;
                }
            }
            _ => {}
        }
        let (op, negated) = op.opposite_of().map_or((op, false), |positive| (positive, true));
        let mut tests = Vec::new();
        loop {
            let (text, at) = match self.next() {
                Some(Token { kind: Kind::Word(text) | Kind::Quoted(text), start, end }) => (text, start..end),
                Some(token) => {
                    return Err(
                        self.error(token.start..token.end, format!("a value for {name} must stand here"))
                    );
                }
                None => return Err(self.error(range, format!("{name} needs a value"))),
            };
            tests.push(Expr::Test(test(key, name, op, &text).map_err(|what| self.error(at.clone(), what))?));
            if self.peek().is_none_or(|token| token.kind != Kind::Comma) {
                break;
            }
            if !matches!(op, Op::Equal | Op::Contains) {
                return Err(self.error(at, "several values go with = and ~ only"));
            }
            self.at += 1;
        }
        let any = one_or(tests, any_of);
        let expr = if negated { Expr::Not(Box::new(any)) } else { any };
        self.room_for(&expr, range)?;
        Ok(expr)
    }

    /// Whatever can be read can be printed and read again, and in print some conditions have parentheses of their own.
    fn room_for(&self, expr: &Expr, range: Range<usize>) -> Parsed<()> {
        let more = match expr {
            Expr::Test(_) => 0,
            Expr::Not(inner) if !matches!(**inner, Expr::Test(_)) => 2,
            _ => 1,
        };
        if self.depth + more > MAX_DEPTH { Err(self.error(range, "nested too deeply")) } else { Ok(()) }
    }

    /// What is short for a comparison, or else a word to search for.
    fn sugar(&self, word: &str, range: Range<usize>) -> Parsed<Expr> {
        let port = |text: &str| values::port(text).map_err(|what| self.error(range.clone(), what));
        let both = |protocol, test| {
            let both = Expr::And(vec![Expr::Test(Test::Protocol(protocol)), Expr::Test(test)]);
            self.room_for(&both, range.clone()).map(|()| both)
        };
        if word.starts_with(':') {
            return Ok(Expr::Test(
                port_test(End::Either, Op::Equal, word).map_err(|what| self.error(range, what))?,
            ));
        }
        if let Some((number, name)) = word.rsplit_once('/') {
            if let (Some(protocol), false) = (with_ports(name), number.contains('/')) {
                return both(protocol, Test::Port(End::Either, Op::Equal, port(number)?));
            }
        }
        if let Some((name, rest)) = word.split_once(':') {
            if let Some(protocol) = with_ports(name) {
                let test = if rest.contains(':') {
                    let end = Key::Host(End::Local);
                    test(end, "src", Op::Equal, rest).map_err(|what| self.error(range.clone(), what))?
                } else {
                    Test::Port(End::Either, Op::Equal, port(rest)?)
                };
                return both(protocol, test);
            }
        }
        Ok(Expr::Test(Test::Word(Text::from(word.as_bytes()))))
    }
}

fn protocol(name: &str) -> Option<Protocol> {
    let other =
        || OtherProtocol::KNOWN.contains(&name).then(|| Protocol::Other(OtherProtocol::new(name.as_bytes())));
    Protocol::ALL.into_iter().find(|protocol| protocol.name() == name).or_else(other)
}

/// A protocol that a port can belong to.
fn with_ports(name: &str) -> Option<Protocol> {
    protocol(name).filter(|protocol| Protocols::INET.contains(protocol.set()))
}

/// One value of a comparison.
fn test(key: Key, name: &str, op: Op, text: &str) -> Result<Test, String> {
    let only_equal = || match op {
        Op::Equal => Ok(()),
        _ => Err(format!("{name} goes with = and != only")),
    };
    Ok(match key {
        Key::Port(end) if op != Op::Contains => port_test(end, op, text)?,
        Key::Port(_) => return Err(format!("{name} goes with =, !=, <, <=, > and >= only")),
        // The name of a Unix socket, as ss has it: a path, or an abstract name with @ for its NUL.
        Key::Host(end) if text.starts_with(['/', '@']) => {
            only_equal()?;
            Test::Path(end, Text::from(text.as_bytes()))
        }
        // ss orders ports through src and dst too.
        Key::Host(end) => match values::host(text)? {
            Host { network: None, port: Some(port) } if op != Op::Contains => Test::Port(end, op, port),
            host => {
                only_equal()?;
                Test::Host(end, host)
            }
        },
        // The namespace by its name, unless that is a number: then by its inode.
        Key::Field(field) if field.name == "netns" && !text.bytes().all(|byte| byte.is_ascii_digit()) => {
            field_test(field::named("netns_name").unwrap_or(field), op, text)?
        }
        Key::Field(field) => field_test(field, op, text)?,
        _ => {
            only_equal()?;
            match key {
                Key::State => Test::State(values::states(text)?),
                Key::Family => Test::Family(match text {
                    "ipv4" | "inet" | "4" => Family::Ipv4,
                    "ipv6" | "inet6" | "6" => Family::Ipv6,
                    "unix" => Family::Unix,
                    "packet" | "link" => Family::Packet,
                    "netlink" => Family::Netlink,
                    "vsock" => Family::Vsock,
                    _ => {
                        return Err(format!(
                            "{text:?} is no family: ipv4, ipv6, unix, packet, netlink or vsock"
                        ));
                    }
                }),
                Key::Protocol => Test::Protocol(protocol(text).ok_or_else(|| {
                    let names: Vec<&str> = Protocol::ALL.iter().map(Protocol::name).collect();
                    format!("{text:?} is no protocol: {}", names.join(", "))
                })?),
                Key::Scope => Test::Scope(values::scope(text)?),
                Key::Mark => {
                    let (mark, mask) = values::mark(text)?;
                    Test::Mark(mark, mask)
                }
                Key::Device => Test::Device(named(text)),
                Key::Cgroup => Test::Cgroup(Named { name: text.to_owned(), id: None }),
                _ => Test::User(named(text)),
            }
        }
    })
}

/// A number names itself.
fn named(text: &str) -> Named {
    Named { name: text.to_owned(), id: text.parse::<u32>().ok().map(u64::from) }
}

fn port_test(end: End, op: Op, text: &str) -> Result<Test, String> {
    match values::port_range(text) {
        Some(range) if op == Op::Equal => range.map(|(low, high)| Test::PortRange(end, low, high)),
        Some(_) => Err("a range goes with = and != only".to_owned()),
        None => values::port(text).map(|port| Test::Port(end, op, port)),
    }
}

fn field_test(field: &'static Field, op: Op, text: &str) -> Result<Test, String> {
    let ordered = || match op {
        Op::Contains => Err(format!("{} goes with =, !=, <, <=, > and >= only", field.name)),
        _ => Ok(()),
    };
    let equal = || match op {
        Op::Equal => Ok(()),
        _ => Err(format!("{} goes with = and != only", field.name)),
    };
    Ok(match field.unit {
        Unit::Microseconds | Unit::Milliseconds => {
            ordered()?;
            Test::Time(field, op, values::duration(text)?)
        }
        Unit::Bytes | Unit::BytesPerSecond => {
            ordered()?;
            Test::Number(field, op, values::size(text)?)
        }
        Unit::Count | Unit::Segments | Unit::Id => {
            ordered()?;
            Test::Number(field, op, values::number(text)?)
        }
        Unit::Share | Unit::Score => {
            ordered()?;
            Test::Share(field, op, values::share(text)?)
        }
        Unit::Bool => {
            equal()?;
            Test::Bool(field, values::yes_or_no(text)?)
        }
        Unit::Text => {
            if !matches!(op, Op::Equal | Op::Contains) {
                return Err(format!("{} goes with =, !=, ~ and !~ only", field.name));
            }
            if op == Op::Equal && !text.contains(['*', '?']) {
                known_word(field, text)?;
            }
            Test::Words(field, op, Text::from(text.as_bytes()))
        }
        Unit::Address | Unit::UnixTime => return Err(format!("{} cannot be filtered by", field.name)),
    })
}

/// A word that no value can be would silently match nothing.
fn known_word(field: &Field, text: &str) -> Result<(), String> {
    let Some(known) = field::words(field) else { return Ok(()) };
    if known.contains(&text) {
        return Ok(());
    }
    let hint = match field::nearest(text, known.iter().copied()) {
        Some(near) => format!("did you mean {near}?"),
        None => format!("take one of {}", known.join(", ")),
    };
    Err(format!("{text:?} is no {}: {hint}", field.name))
}
