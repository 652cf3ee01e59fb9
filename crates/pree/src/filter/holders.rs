//! The part of a filter that says whose sockets are meant: then only those processes need to be looked into.

use std::sync::Arc;

use super::expr::{Expr, Test};
use super::lex::Op;
use super::{about, eval};
use crate::field::{self, of_owner};
use crate::model::{Owner, Process, Text};
use crate::needs::Needs;

/// Conditions on the process id and the name of an owner, each of which must hold of some owner of every socket that
/// matches; so who meets none of them decides nothing.
#[derive(Clone, Debug)]
pub(crate) struct Holders {
    conditions: Vec<Expr>,
}

impl Holders {
    /// Those of a filter. `None` when sockets of any process can match, or when it asks more about owners: every owner
    /// counts then.
    pub(super) fn of(expr: &Expr) -> Option<Self> {
        let parts = match expr {
            Expr::And(parts) => parts.as_slice(),
            one => std::slice::from_ref(one),
        };
        let (conditions, rest): (Vec<&Expr>, Vec<&Expr>) =
            parts.iter().partition(|part| are_of_a_process(part));
        let asks_more = rest.iter().any(|part| about::needs(part).contains(Needs::OWNERS));
        let conditions: Vec<Expr> = conditions.into_iter().cloned().collect();
        (!conditions.is_empty() && !asks_more).then_some(Self { conditions })
    }

    /// Whether names must be known to decide.
    pub(crate) fn need_names(&self) -> bool {
        let mut needed = false;
        for condition in &self.conditions {
            about::for_each_test(condition, &mut |test| needed |= matches!(test, Test::Words(..)));
        }
        needed
    }

    /// Whether any condition holds of the process with this id and name.
    pub(crate) fn count(&self, pid: u32, name: Text) -> bool {
        let owner = holder(pid, name);
        self.conditions.iter().any(|condition| holds(condition, &owner))
    }
}

fn holder(pid: u32, name: Text) -> Owner {
    Owner::new(Arc::new(Process { pid, name, ..Process::default() }), None)
}

/// True for alternatives of conditions on process id and name alone.
fn are_of_a_process(expr: &Expr) -> bool {
    match expr {
        Expr::Or(parts) => parts.iter().all(are_of_a_process),
        Expr::Test(test) => is_of_a_process(test),
        _ => false,
    }
}

/// True for a condition on process id or name, which what is shown as `name[pid]/fd` is not.
fn is_of_a_process(test: &Test) -> bool {
    match test {
        Test::Words(_, _, text) if eval::is_shown_owner(text) => false,
        Test::Number(field, ..) | Test::Words(field, ..) => [field::PID, field::PROCESS].contains(field),
        _ => false,
    }
}

fn holds(expr: &Expr, owner: &Owner) -> bool {
    match expr {
        Expr::Or(parts) => parts.iter().any(|part| holds(part, owner)),
        Expr::Test(test) => meets(test, owner),
        _ => false,
    }
}

fn meets(test: &Test, owner: &Owner) -> bool {
    about::field_of(test)
        .and_then(|field| of_owner().find(|one| one.key == field.key))
        .is_some_and(|one| eval::holds(test, (one.get)(owner), false) == Some(true))
}

/// Processes whose descriptors were not seen, so that it is not known what they hold.
pub(crate) struct Unseen<'a> {
    /// By id and, where that is known, name.
    pub(crate) refused: &'a [(u32, Option<Text>)],
    /// There may be others, whose ids are not those of which this is true.
    pub(crate) others: Option<&'a dyn Fn(u32) -> bool>,
}

/// Conditions of a filter on the id and the name of a holder, each with whether nobody unseen meets it.
#[derive(Default)]
pub(crate) struct Unmet(Vec<(Test, bool)>);

impl Unmet {
    /// Nothing is known of the unseen yet: they may meet any.
    pub(super) fn of(expr: &Expr) -> Self {
        let mut tests = Vec::new();
        about::for_each_test(expr, &mut |test| {
            if is_of_a_process(test) {
                tests.push((test.clone(), false));
            }
        });
        Self(tests)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn need_names(&self) -> bool {
        self.0.iter().any(|(test, _)| matches!(test, Test::Words(..)))
    }

    /// Finds out which nobody of these meets.
    pub(crate) fn settle(&mut self, unseen: &Unseen<'_>) {
        for (test, unmet) in &mut self.0 {
            *unmet = !unseen.may_meet(test);
        }
    }

    pub(super) fn has(&self, wanted: &Test) -> bool {
        self.0.iter().any(|(test, unmet)| *unmet && test == wanted)
    }
}

impl Unseen<'_> {
    fn may_meet(&self, test: &Test) -> bool {
        let may_be_another = self.others.is_some_and(|is_seen| match test {
            Test::Number(_, Op::Equal, pid) => !u32::try_from(*pid).is_ok_and(is_seen),
            _ => true,
        });
        may_be_another
            || self.refused.iter().any(|(pid, name)| match (test, name) {
                (Test::Words(..), None) => true,
                _ => meets(test, &holder(*pid, name.clone().unwrap_or_default())),
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::Filter;

    fn holders(filter: &str) -> Option<Holders> {
        filter.parse::<Filter>().unwrap().holders()
    }

    #[test]
    fn which_filters_name_processes() {
        for (filter, named) in [
            ("pid = 7", true),
            ("pid = 7,8 state established", true),
            ("pid > 7 and (process = sshd or pid = 3) and rtt > 5ms", true),
            ("process = ngin* and user = 0", true),
            ("pid != 7", false),
            ("not pid = 7", false),
            ("pid = 7 or sport = 80", false),
            ("(pid = 7 and process = a) or pid = 8", false),
            ("pid = 7 and cmd ~ x", false),
            ("pid = 7 and has pid", false),
            ("pid = 7 and ppid = 1", false),
            ("pid = 7 nginx", false),
            ("sport = 80", false),
        ] {
            assert_eq!(holders(filter).is_some(), named, "{filter}");
        }
    }

    #[test]
    fn which_processes_count() {
        let counts = |filter: &str, pid, name: &[u8]| holders(filter).unwrap().count(pid, Text::from(name));
        for (filter, expected) in [
            ("pid = 7", [true, false]),
            ("pid = 7,8", [true, true]),
            ("pid > 7", [false, true]),
            ("process = ssh*", [true, false]),
            ("process ~ inx", [false, true]),
            ("pid = 7 and process = nginx", [true, true]),
            ("pid = 9", [false, false]),
        ] {
            assert_eq!([counts(filter, 7, b"sshd"), counts(filter, 8, b"nginx")], expected, "{filter}");
        }
        let need_names = |filter: &str| holders(filter).unwrap().need_names();
        assert_eq!((need_names("pid = 7"), need_names("pid = 7 process = x")), (false, true));
    }
}
