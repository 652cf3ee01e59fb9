//! The tests of a filter, the fields they are about, and what they need to know.

use super::expr::{End, Expr, Has, Host, Test};
use crate::field::{self, Field, Section};
use crate::needs::Needs;

/// What must be known to decide it.
pub(super) fn needs(expr: &Expr) -> Needs {
    let mut needs = Needs::empty();
    for_each_test(expr, &mut |test| needs |= needs_of(test));
    needs
}

pub(super) fn needs_of(test: &Test) -> Needs {
    match test {
        Test::Has(Has::Owner) | Test::Unowned(_) => Needs::OWNERS,
        Test::Shown(End::Remote | End::Either, _) => {
            Needs::REMOTE_NAMES | Needs::STATE_AND_ENDS | Needs::INTERFACE_NAME
        }
        Test::Shown(..) => Needs::STATE_AND_ENDS | Needs::INTERFACE_NAME,
        Test::Path(End::Remote | End::Either, _) | Test::Has(Has::Remote) => {
            Needs::REMOTE_NAMES | Needs::STATE_AND_ENDS
        }
        Test::Word(_) => {
            Needs::OWNERS
                | Needs::PROCESS_COMMAND_LINE
                | Needs::REMOTE_NAMES
                | Needs::STATE_AND_ENDS
                | Needs::INTERFACE_NAME
        }
        Test::Mark(..) => Needs::MARK,
        Test::Cgroup(_) => Needs::CGROUP,
        Test::Device(_) => Needs::INTERFACE,
        Test::Host(_, Host { zone: Some(_), .. }) => Needs::INTERFACE | Needs::STATE_AND_ENDS,
        Test::State(_)
        | Test::Scope(_)
        | Test::Host(..)
        | Test::Path(..)
        | Test::Port(..)
        | Test::PortRange(..) => Needs::STATE_AND_ENDS,
        Test::Has(Has::Field(field)) if matches!(field.section, Section::Local | Section::Remote) => {
            field.needs | Needs::STATE_AND_ENDS
        }
        Test::User(_) => Needs::UID,
        _ => field_of(test).map_or(Needs::empty(), |field| field.needs),
    }
}

/// The field that a test is about, where it is about one.
pub(super) fn field_of(test: &Test) -> Option<&'static Field> {
    match test {
        Test::Number(field, ..)
        | Test::Time(field, ..)
        | Test::Share(field, ..)
        | Test::Bool(field, _)
        | Test::Flag(field, _)
        | Test::Words(field, ..)
        | Test::Has(Has::Field(field)) => Some(field),
        _ => None,
    }
}

/// The field that decides it, where one alone does: that of a test by name or number too.
pub(super) fn subject(test: &Test) -> Option<&'static Field> {
    match test {
        Test::State(_) => Some(field::STATE),
        Test::Device(_) => Some(field::DEV),
        Test::Mark(..) => Some(field::FWMARK),
        Test::Cgroup(_) => Some(field::CGROUP_ID),
        Test::User(_) => Some(field::UID),
        _ => field_of(test),
    }
}

pub(super) fn for_each_test(expr: &Expr, look: &mut dyn FnMut(&Test)) {
    match expr {
        Expr::And(parts) | Expr::Or(parts) => parts.iter().for_each(|part| for_each_test(part, look)),
        Expr::Not(inner) => for_each_test(inner, look),
        Expr::Test(test) => look(test),
    }
}
