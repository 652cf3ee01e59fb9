//! The filter language: which sockets, in one line, the same for the list, the library and everything else.
//!
//! Text becomes tokens (`lex`), tokens a typed expression (`parse`, `sugar`, `condition`, `keys`, `values`, `numbers`,
//! `expr`), which is tested on each socket (`eval`), passed to the kernel as far as it understands (`push`), or printed
//! (`print`). `build` makes one from values.

mod about;
mod bound;
mod build;
mod condition;
mod error;
mod eval;
mod expr;
mod holders;
mod interfaces;
mod keys;
mod lex;
mod numbers;
mod parse;
mod possible;
mod print;
mod push;
mod sugar;
mod texts;
mod values;
mod verdicts;

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

pub use error::FilterError;

use crate::error::{Error, ErrorKind, Result};
use crate::field::{self, Field, View};
use crate::model::{Protocols, Socket, States, Text};
use crate::needs::Needs;
use about::for_each_test;
use expr::{Expr, Test};

/// Which sockets: `state established and dport = 443,80 and rtt > 50ms`.
///
/// The language is a superset of ss's; `pree help filter` and the README describe it. A condition on a value that is
/// not known is neither true nor false: such a socket matches neither `rtt > 5ms` nor `not rtt > 5ms`.
///
/// Why three answers (Kleene's logic): with two, the unknown would have to be one of them. Taken for false, `not rtt > 5ms` would list
/// listeners as fast connections; taken for true, `rtt > 5ms` would list them as slow. With *unknown*, a match is a fact, and how many
/// sockets might match if more were known of them is a gap in the [`Coverage`](crate::Coverage).
///
/// ```
/// let filter: pree::Filter = "rtt > 50ms and dst 10.0.0.0/8".parse()?;
/// assert_eq!(filter.to_string(), "rtt > 50ms and dst = 10.0.0.0/8");
/// let mistake = "dprot = 80".parse::<pree::Filter>().unwrap_err();
/// assert!(mistake.to_string().contains("did you mean dport?"));
/// # Ok::<(), pree::FilterError>(())
/// ```
#[derive(Clone, PartialEq, Debug)]
pub struct Filter {
    expr: Expr,
}

impl FromStr for Filter {
    type Err = FilterError;

    fn from_str(text: &str) -> std::result::Result<Self, FilterError> {
        let expr = parse::parse(text)?;
        Ok(Self { expr })
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.expr.fmt(f)
    }
}

impl Filter {
    /// True when the socket matches. What was not asked for about the socket is not known.
    pub fn matches(&self, socket: &Socket) -> bool {
        self.decide(&View::new(socket)) == Some(true)
    }

    /// Whether a view matches: one that knows an earlier look has rates. `None` where it is not known.
    pub fn decide(&self, view: &View<'_>) -> Option<bool> {
        eval::eval(&self.expr, view, &Verdicts::default())
    }

    /// True when it cannot match, whatever else is found out, and whatever the unreported fields hold.
    pub(crate) fn excludes(&self, view: &View<'_>, untold: &dyn Fn(&Field) -> bool) -> bool {
        let untold = |test: &Test, _| about::subject(test).is_some_and(untold);
        eval::eval_without(&self.expr, view, &untold, &Verdicts::default()) == Some(false)
    }

    /// The fields that it is about.
    pub(crate) fn subjects(&self) -> Vec<&'static Field> {
        let mut fields = Vec::new();
        for_each_test(&self.expr, &mut |test| {
            fields.extend(about::subject(test).filter(|field| !fields.contains(field)));
        });
        fields
    }

    /// What must be known about a socket to decide.
    pub fn needs(&self) -> Needs {
        about::needs(&self.expr)
    }

    /// The processes whose sockets it is about, when it names any; see [`Holders::of`].
    pub(crate) fn holders(&self) -> Option<Holders> {
        Holders::of(&self.expr)
    }

    /// Its conditions on the id and the name of a holder.
    pub(crate) fn unmet(&self) -> Unmet {
        Unmet::of(&self.expr)
    }

    /// Words that a filter is made of beside its keys, for completion.
    pub const WORDS: [&str; 7] = keys::WORDS;

    /// Every key that a single collection can decide, for help and completion.
    pub fn keys() -> impl Iterator<Item = &'static str> {
        keys::names()
            .filter(|name| !field::named(name).is_some_and(|field| field.takes_time || field.is_of_events()))
    }

    /// The words that values of a key can be, for help and completion; empty where there is no such list.
    pub fn choices(key: &str) -> Vec<&'static str> {
        match keys::look_up(key) {
            keys::Lookup::Key(key) => condition::choices(key),
            _ => Vec::new(),
        }
    }

    /// True when it names a state: then it is not only about the states that are usually shown.
    pub fn names_states(&self) -> bool {
        let mut named = false;
        for_each_test(&self.expr, &mut |test| named |= matches!(test, Test::State(_)));
        named
    }

    /// Words to search for in names of processes, programs, command lines, addresses and names of Unix sockets. Useful to explain an
    /// empty result. For the command: no part of the interface.
    #[doc(hidden)]
    pub fn words(&self) -> Vec<Text> {
        let mut words = Vec::new();
        for_each_test(&self.expr, &mut |test| {
            if let Test::Word(word) = test {
                words.push(Text::clone(word));
            }
        });
        words
    }

    /// True for a word that is an operator of the language, such as `not`: as a value it stands in quotes. For the command: no part
    /// of the interface.
    #[doc(hidden)]
    pub fn is_operator(word: &[u8]) -> bool {
        lex::is_operator(word)
    }

    /// True when it names this protocol or family, as `proto=sctp` or `family=ipv6`.
    pub fn names_kind(&self, name: &str) -> bool {
        let mut named = false;
        for_each_test(&self.expr, &mut |test| {
            named |= match test {
                Test::Protocol(protocol) => protocol.name() == name,
                Test::Family(family) => family.name() == Some(name),
                _ => false,
            };
        });
        named
    }

    /// Only states in this set can match.
    pub fn states(&self) -> States {
        possible::states(&self.expr)
    }

    /// Whether a TCP socket that is only bound can match, of which nothing else is known.
    pub(crate) fn may_match_bound(&self) -> bool {
        bound::may_match(&self.expr)
    }

    /// Only these protocols can match.
    pub fn protocols(&self) -> Protocols {
        possible::protocols(&self.expr)
    }

    /// The kernel's filter program for the part that it can decide. Who lacks the right to ask about marks asks
    /// without `marks`.
    pub(crate) fn program(&self, marks: bool) -> Option<Vec<u8>> {
        push::program(&self.expr, marks)
    }

    /// A port by number or by the name of its service, as the language reads it: `8080`, `:8080`, `https`.
    ///
    /// # Errors
    /// It is neither.
    pub fn port(text: &str) -> std::result::Result<u16, FilterError> {
        values::port(text).map_err(|what| FilterError::new(text, 0..text.len(), what))
    }

    /// A duration as the language reads it: `250us`, `5ms`, `10s`, `1.5h`.
    ///
    /// # Errors
    /// It is none.
    pub fn duration(text: &str) -> std::result::Result<Duration, FilterError> {
        numbers::duration(text).map_err(|what| FilterError::new(text, 0..text.len(), what))
    }

    /// True when a part cannot be decided from a row, only by the running kernel's own program (`autobound`).
    pub fn needs_the_kernel(&self) -> bool {
        let mut needs = false;
        for_each_test(&self.expr, &mut |test| needs |= *test == Test::Autobound);
        needs
    }

    /// The first field in it that takes several looks: a single collection cannot decide it.
    pub fn takes_time(&self) -> Option<&'static Field> {
        self.first(|field| field.takes_time)
    }

    /// The first field in it that only events of a watch tell: a list cannot decide it.
    pub fn of_events(&self) -> Option<&'static Field> {
        self.first(Field::is_of_events)
    }

    fn first(&self, is_it: impl Fn(&Field) -> bool) -> Option<&'static Field> {
        let mut found = None;
        for_each_test(&self.expr, &mut |test| {
            found = found.or(about::field_of(test).filter(|field| is_it(field)));
        });
        found
    }

    /// In two parts that must both hold: what each look can decide, and what takes several. Either may be missing.
    ///
    /// ```
    /// let filter: pree::Filter = "tx > 1000 and dport = 443".parse()?;
    /// let (now, later) = filter.split_by_time();
    /// assert_eq!(now.map(|now| now.to_string()).as_deref(), Some("dport = 443"));
    /// assert_eq!(later.map(|later| later.to_string()).as_deref(), Some("tx > 1000"));
    /// # Ok::<(), pree::FilterError>(())
    /// ```
    pub fn split_by_time(self) -> (Option<Self>, Option<Self>) {
        let parts = match self.expr {
            Expr::And(parts) => parts,
            one => vec![one],
        };
        let (later, now): (Vec<_>, Vec<_>) =
            parts.into_iter().map(|expr| Self { expr }).partition(|part| part.takes_time().is_some());
        (now.into_iter().reduce(Self::and), later.into_iter().reduce(Self::and))
    }

    /// True when it names interfaces, cgroups or users, whose numbers are found during a collection, or needs the kernel.
    pub fn needs_a_collection(&self) -> bool {
        let mut has_names = false;
        // The numbers are not changed, but this is the one list of what has names.
        eval::names_in(&mut self.expr.clone(), &mut |_, named| has_names |= named.id.is_none());
        has_names || self.needs_the_kernel()
    }

    /// True when the socket matches whatever the values of `untold`, which was asked for and is not known.
    pub(crate) fn matches_without(
        &self,
        view: &View<'_>,
        untold: Needs,
        unmet: &Unmet,
        verdicts: &Verdicts,
    ) -> bool {
        let untold = |test: &Test, wanted| is_untold(test, wanted, view, untold, unmet);
        eval::eval_without(&self.expr, view, &untold, verdicts) == Some(true)
    }

    /// True when a socket that does not match might, if this were known of it.
    pub(crate) fn may_match_without(
        &self,
        view: &View<'_>,
        untold: Needs,
        unmet: &Unmet,
        verdicts: &Verdicts,
    ) -> bool {
        let untold = |test: &Test, wanted| is_untold(test, wanted, view, untold, unmet);
        eval::may_be(&self.expr, true, view, &untold, verdicts)
    }

    /// Whether the socket matches; `None` when that depends on fields that are not reported.
    pub(crate) fn decides(
        &self,
        view: &View<'_>,
        untold: &dyn Fn(&Field) -> bool,
        verdicts: &Verdicts,
    ) -> Option<bool> {
        let untold = |test: &Test, _| about::subject(test).is_some_and(untold);
        if eval::eval_without(&self.expr, view, &untold, verdicts) == Some(true) {
            return Some(true);
        }
        (!eval::may_be(&self.expr, true, view, &untold, verdicts)).then_some(false)
    }

    /// Finds the numbers of what was named: `device`, `cgroup` and `user` each answer for one name.
    pub(crate) fn resolve(
        &mut self,
        mut number: impl FnMut(Name, &str) -> Result<Option<u64>>,
    ) -> Result<()> {
        let mut result = Ok(());
        eval::names_in(&mut self.expr, &mut |what, named| {
            if named.id.is_some() || result.is_err() {
                return;
            }
            match number(what, &named.name) {
                Ok(Some(id)) => named.id = Some(id),
                Ok(None) => {
                    let what = match what {
                        Name::Device => "interface",
                        Name::Cgroup => "cgroup",
                        Name::User => "user",
                    };
                    let object = error::shortened(&format!("{what} named {:?}", named.name));
                    let error = Error::new(ErrorKind::Invalid, "find", object);
                    result = Err(if what == "cgroup" {
                        error.with_hint(
                            "cgroup= takes a path of the cgroup v2 tree; that of a process is pcgroup=PATH",
                        )
                    } else {
                        error
                    });
                }
                Err(error) => result = Err(error),
            }
        });
        result
    }
}

/// Whether a test is about any of this, or about statistics that only later kernels have, and may have this answer then.
fn is_untold(test: &Test, wanted: bool, view: &View<'_>, untold: Needs, unmet: &Unmet) -> bool {
    (about::needs_of(test).intersects(untold) && !(wanted && unmet.has(test)))
        || about::field_of(test).is_some_and(|field| field::is_of_later_kernels(field, view))
}

pub(crate) use eval::What as Name;
pub(crate) use holders::{Holders, Unmet, Unseen};
pub(crate) use verdicts::Verdicts;

#[cfg(test)]
mod tests;
