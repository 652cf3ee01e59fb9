//! Tokens to a typed filter.
//!
//! ```text
//! filter = {("state"|"exclude") STATE} [or]      or  = and {"or" and}
//! and    = not {["and"] not}                     not = {"not"} (test | "(" or ")")
//! test   = KEY [OP] VALUE{,VALUE} | "has" KEY | "autobound" | SHORT | WORD, see `sugar`
//! ```

use std::ops::Range;

use super::FilterError;
use super::condition::{Written, condition, more_ports};
use super::expr::{End, Expr, Has, Test, one_or};
use super::keys::{self, Key, Lookup};
use super::lex::{self, Kind, Op, Token};
use super::{sugar, values};
use crate::field;
use crate::model::States;

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
        parser.after_states()?;
    }
    if parser.peek().is_some() {
        parts.push(parser.or()?);
    }
    if let Some(token) = parser.peek() {
        let range = token.start..token.end;
        return Err(parser.error(range, "closes no open parenthesis"));
    }
    let expr = one_or(parts, Expr::And);
    if !autobound_decides(&expr) {
        let what = "only the kernel can decide autobound: it can only be joined with and";
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

/// What was read between two parentheses so far. These are not on the stack, of which a program can have little
/// (`ulimit -s`).
#[derive(Default)]
struct Level {
    opened: Range<usize>,
    /// Alternatives that are whole.
    any: Vec<Expr>,
    /// Conditions of the last one.
    all: Vec<Expr>,
    /// Before the next condition.
    negations: usize,
}

impl Level {
    fn end_alternative(&mut self) {
        self.any.push(one_or(std::mem::take(&mut self.all), Expr::And));
    }

    fn end(mut self) -> Expr {
        self.end_alternative();
        one_or(self.any, Expr::Or)
    }
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn next(&mut self) -> Option<Token> {
        #[cfg(test)]
        crate::steps::count(1);
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
                Some(keys::STATE) if !self.operator_follows() => &mut named,
                Some("exclude" | "excl") => &mut excluded,
                _ => break,
            };
            let word = self.next().map_or(0..0, |token| token.start..token.end);
            loop {
                let Some(Token { kind: Kind::Word(state), start, end }) = self.next() else {
                    return Err(self.error(word, "expected a state here"));
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

    /// What `state` says holds beside all that follows, so `and` may join them and `or` would mean something else.
    fn after_states(&mut self) -> Parsed<()> {
        let Some(Token { kind: Kind::And | Kind::Or, start, end }) = self.peek() else { return Ok(()) };
        let range = *start..*end;
        if self.peek().is_some_and(|token| token.kind == Kind::Or) {
            let what =
                "state without = holds beside all that follows: for one or the other write state=STATE or …";
            return Err(self.error(range, what));
        }
        self.at += 1;
        if self.peek().is_some() { Ok(()) } else { Err(self.error_at_end("expected a condition here")) }
    }

    fn operator_follows(&self) -> bool {
        matches!(self.tokens.get(self.at + 1).map(|token| &token.kind), Some(Kind::Op(_)))
    }

    /// Conditions up to the end, or to a parenthesis that closes none of these.
    fn or(&mut self) -> Parsed<Expr> {
        let mut around = Vec::new();
        let mut level = Level::default();
        loop {
            match self.peek().map(|token| &token.kind) {
                Some(Kind::Not) => {
                    self.deeper()?;
                    level.negations += 1;
                    continue;
                }
                Some(Kind::Open) => {
                    let opened = self.deeper()?;
                    around.push(std::mem::replace(&mut level, Level { opened, ..Level::default() }));
                    continue;
                }
                _ => {}
            }
            let test = self.test()?;
            self.add(&mut level, test);
            while self.peek().is_some_and(|token| token.kind == Kind::Close) {
                let Some(outer) = around.pop() else { return Ok(level.end()) };
                self.at += 1;
                self.depth -= 1;
                let inner = std::mem::replace(&mut level, outer).end();
                self.add(&mut level, inner);
            }
            match self.peek().map(|token| &token.kind) {
                None if around.is_empty() => return Ok(level.end()),
                None => return Err(self.error(level.opened, "this parenthesis is never closed")),
                Some(Kind::Or) => {
                    level.end_alternative();
                    self.at += 1;
                }
                Some(Kind::And) => self.at += 1,
                Some(_) => {}
            }
        }
    }

    /// A parenthesis or a negation, which is read over.
    fn deeper(&mut self) -> Parsed<Range<usize>> {
        let range = self.next().map_or(0..0, |token| token.start..token.end);
        self.depth += 1;
        if self.depth > MAX_DEPTH { Err(self.error(range, "nested too deeply")) } else { Ok(range) }
    }

    /// A condition, under the negations before it.
    fn add(&mut self, level: &mut Level, mut expr: Expr) {
        for _ in 0..std::mem::take(&mut level.negations) {
            expr = Expr::Not(Box::new(expr));
            self.depth -= 1;
        }
        level.all.push(expr);
    }

    fn test(&mut self) -> Parsed<Expr> {
        let Some(token) = self.next() else { return Err(self.error_at_end("expected a condition here")) };
        let range = token.start..token.end;
        let word = match token.kind {
            Kind::Word(word) => word,
            Kind::Quoted(text) => return Ok(Expr::Test(Test::Word(text.into()))),
            _ => return Err(self.misplaced(range, "a condition")),
        };
        if word == "autobound" {
            return Ok(Expr::Test(Test::Autobound));
        }
        if word == "has" {
            return self.has(range);
        }
        if matches!(word.as_str(), "exclude" | "excl") {
            return Err(
                self.error(range, format!("{word} must come before all conditions; here write state!="))
            );
        }
        let compared = matches!(self.peek().map(|token| &token.kind), Some(Kind::Op(_)));
        match keys::look_up(&word) {
            Lookup::Key(key) => self.comparison(key, &word, range),
            Lookup::Later => Err(self.error(range, format!("{word} is not implemented yet"))),
            Lookup::None if compared => Err(self.unknown(range, &word)),
            Lookup::None => self.sugar(&word, range),
        }
    }

    /// Something stands where `expected` must.
    fn misplaced(&self, range: Range<usize>, expected: &str) -> FilterError {
        let written = self.text.get(range.clone()).unwrap_or_default();
        let hint = match written.as_bytes() {
            [first, ..] if first.is_ascii_alphabetic() => format!("; in quotes \"{written}\" is a text"),
            _ => String::new(),
        };
        self.error(range, format!("expected {expected} before {written}{hint}"))
    }

    fn unknown(&self, range: Range<usize>, word: &str) -> FilterError {
        let hint = field::nearest(word, keys::names())
            .map_or(String::new(), |near| format!("; did you mean {near}?"));
        self.error(range, format!("no key {word:?}{hint}"))
    }

    fn has(&mut self, range: Range<usize>) -> Parsed<Expr> {
        let Some(Token { kind: Kind::Word(word), start, end }) = self.next() else {
            return Err(self.error(range, "expected a key after has"));
        };
        let has = match keys::look_up(&word) {
            Lookup::Later => return Err(self.error(start..end, format!("{word} is not implemented yet"))),
            Lookup::None => return Err(self.unknown(start..end, &word)),
            Lookup::Key(Key::Host(End::Remote)) => Has::Remote,
            Lookup::Key(Key::Port(End::Remote)) => Has::Field(field::DPORT),
            Lookup::Key(Key::Owner) => Has::Owner,
            Lookup::Key(Key::Unowned) => {
                return Ok(Expr::Not(Box::new(Expr::Test(Test::Has(Has::Owner)))));
            }
            Lookup::Key(Key::Field(field)) if [field::PID, field::PROCESS].contains(&field) => Has::Owner,
            Lookup::Key(Key::Field(field)) => Has::Field(field),
            Lookup::Key(Key::Device) => Has::Field(field::DEV),
            Lookup::Key(Key::Mark) => Has::Field(field::FWMARK),
            Lookup::Key(Key::User) => Has::Field(field::UID),
            Lookup::Key(Key::Cgroup) => Has::Field(field::CGROUP_ID),
            Lookup::Key(_) => return Err(self.error(start..end, format!("{word} is always known"))),
        };
        Ok(Expr::Test(Test::Has(has)))
    }

    /// `KEY [OP] VALUE{,VALUE}`, the key read already.
    fn comparison(&mut self, key: Key, name: &str, range: Range<usize>) -> Parsed<Expr> {
        let mut op = Op::Equal;
        if let Some(Kind::Op(found)) = self.peek().map(|token| token.kind.clone()) {
            op = found;
            self.at += 1;
        }
        let (op, negated) = op.opposite_of().map_or((op, false), |positive| (positive, true));
        let mut tests = Vec::new();
        loop {
            let (value, at) = match self.next() {
                Some(Token { kind: Kind::Word(text), start, end }) => (Written::plain(&text), start..end),
                Some(Token { kind: Kind::Quoted(text), start, end }) => {
                    (Written { text, quoted: true, unowned: None }, start..end)
                }
                // As the column shows it; in quotes it is a name.
                Some(Token { kind: Kind::Open, start, .. }) if Key::NAMES_OWNERS.contains(&key) => {
                    self.reason(start)?
                }
                Some(token) => {
                    return Err(self.misplaced(token.start..token.end, &format!("a value for {name}")));
                }
                None => return Err(self.error(range, format!("{name} needs a value"))),
            };
            let test = match more_ports(tests.last(), key, op, &value) {
                Some(test) => test,
                None => condition(key, name, op, &value).map_err(|what| self.error(at.clone(), what))?,
            };
            tests.push(test);
            if self.peek().is_none_or(|token| token.kind != Kind::Comma) {
                break;
            }
            if !matches!(op, Op::Equal | Op::Contains) {
                return Err(self.error(at, "only = and ~ take several values"));
            }
            self.at += 1;
        }
        let any = one_or(tests, any_of);
        let expr = if negated { Expr::Not(Box::new(any)) } else { any };
        self.room_for(&expr, range)?;
        Ok(expr)
    }

    /// `(accept_queue)`, the parenthesis read already.
    fn reason(&mut self, start: usize) -> Parsed<(Written, Range<usize>)> {
        if let (Some(Token { kind: Kind::Word(reason), .. }), Some(Token { kind: Kind::Close, end, .. })) =
            (self.next(), self.next())
        {
            let reason = values::unowned(&reason).map_err(|what| self.error(start..end, what))?;
            return Ok((Written { unowned: Some(reason), ..Written::plain("") }, start..end));
        }
        Err(self
            .error(start..start + 1, "expected one reason for having no owner, and a closing parenthesis"))
    }

    /// What is short for conditions, whose ports may be a list; or else a word to search for.
    fn sugar(&mut self, word: &str, mut range: Range<usize>) -> Parsed<Expr> {
        let mut written = word.to_owned();
        if sugar::takes_ports(word) {
            while let [Token { kind: Kind::Comma, .. }, Token { kind: Kind::Word(port), end, .. }, ..] =
                self.tokens.get(self.at..).unwrap_or_default()
            {
                written = format!("{written},{port}");
                range.end = *end;
                self.at += 2;
            }
        }
        let expr = sugar::read(&written).map_err(|what| self.error(range.clone(), what))?;
        self.room_for(&expr, range)?;
        Ok(expr)
    }

    /// Whatever can be read can be printed and read again, and in print some conditions have parentheses of their own.
    fn room_for(&self, expr: &Expr, range: Range<usize>) -> Parsed<()> {
        fn depth(expr: &Expr) -> usize {
            match expr {
                Expr::And(parts) | Expr::Or(parts) => 1 + parts.iter().map(depth).max().unwrap_or(0),
                Expr::Not(inner) => 1 + depth(inner),
                Expr::Test(_) => 0,
            }
        }
        if self.depth + depth(expr) > MAX_DEPTH {
            Err(self.error(range, "nested too deeply"))
        } else {
            Ok(())
        }
    }
}
