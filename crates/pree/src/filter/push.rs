//! The part of a filter that the kernel can decide, as its own filter program.
//!
//! The program lets through every socket that matches, and usually some that do not: the whole filter is asked again
//! for each row. So a condition that the kernel does not know may simply be left out, but never under a negation,
//! where leaving out would lose rows.

use std::net::IpAddr;

use pree_wire::inet_diag::bytecode::MAX_DEPTH;
use pree_wire::inet_diag::{self, AF_INET, AF_INET6, BytecodeError, Expr as Condition, HostCondition};

use super::expr::{End, Expr, Host, Named, Test};
use super::lex::Op;

/// Conditions in a program: more are left to ourselves, because the kernel runs the program for every socket.
const MAX_CONDITIONS: usize = 64;

/// Room for a program of that many conditions.
const PROGRAM_SIZE: usize = 4096;

/// A condition tree for the kernel.
enum Tree {
    And(Vec<Tree>),
    Or(Vec<Tree>),
    Not(Box<Tree>),
    Leaf(Condition<'static>),
}

/// The kernel's filter program for `expr`; `None` when it can decide nothing. Without `marks` for those who may not
/// ask about marks.
pub(super) fn program(expr: &Expr, marks: bool) -> Option<Vec<u8>> {
    let mut parts = Vec::new();
    conjuncts(expr, marks, &mut parts);
    // What only the kernel can decide must be in it; then what is cheap.
    let only_kernel = |tree: &Tree| matches!(tree, Tree::Leaf(Condition::Autobound));
    parts.sort_by_key(|part| (!only_kernel(part), conditions(part)));
    let mut room = MAX_CONDITIONS;
    parts.retain(|part| {
        let fits = conditions(part) <= room && depth(part) < MAX_DEPTH;
        room -= if fits { conditions(part) } else { 0 };
        fits
    });
    if parts.is_empty() {
        return None;
    }
    let mut buffer = vec![0; PROGRAM_SIZE];
    let mut length = Err(BytecodeError::TooLong);
    lower(&Tree::And(parts), &mut |lowered| length = lowered.compile(&mut buffer));
    buffer.truncate(length.ok()?);
    Some(buffer)
}

/// Trees that all hold wherever `expr` does: so each of them can be left out.
fn conjuncts(expr: &Expr, marks: bool, trees: &mut Vec<Tree>) {
    match expr {
        Expr::And(parts) => parts.iter().for_each(|part| conjuncts(part, marks, trees)),
        Expr::Test(Test::Autobound)
            if trees.iter().any(|t| matches!(t, Tree::Leaf(Condition::Autobound))) => {}
        other => trees.extend(superset(other, marks)),
    }
}

/// A tree that holds wherever `expr` does.
fn superset(expr: &Expr, marks: bool) -> Option<Tree> {
    match expr {
        Expr::And(_) => {
            let mut parts = Vec::new();
            conjuncts(expr, marks, &mut parts);
            (!parts.is_empty()).then_some(Tree::And(parts))
        }
        Expr::Or(parts) => {
            parts.iter().map(|part| superset(part, marks)).collect::<Option<_>>().map(Tree::Or)
        }
        Expr::Not(inner) => exact_not(inner),
        Expr::Test(Test::Mark(..)) if !marks => None,
        Expr::Test(test) => leaf(test),
    }
}

/// A tree that holds exactly where `expr` does. Only the local end means the same to the kernel and to us: it sees
/// port 0 where a listener has no peer, and an old peer where a connection was reset.
fn exact(expr: &Expr) -> Option<Tree> {
    match expr {
        Expr::And(parts) => parts.iter().map(exact).collect::<Option<_>>().map(Tree::And),
        Expr::Or(parts) => parts.iter().map(exact).collect::<Option<_>>().map(Tree::Or),
        Expr::Not(inner) => exact_not(inner),
        // Of interfaces the kernel's condition on addresses says nothing.
        Expr::Test(Test::Host(_, Host { zone: Some(_), .. })) => None,
        Expr::Test(
            test @ (Test::Host(End::Local, _) | Test::Port(End::Local, ..) | Test::PortRange(End::Local, ..)),
        ) => leaf(test),
        Expr::Test(_) => None,
    }
}

/// Two negations are none: else they could fill the program.
fn exact_not(inner: &Expr) -> Option<Tree> {
    Some(match exact(inner)? {
        Tree::Not(inner) => *inner,
        tree => Tree::Not(Box::new(tree)),
    })
}

fn leaf(test: &Test) -> Option<Tree> {
    Some(match test {
        Test::Port(end, op, port) => {
            let port = u16::try_from(*port).ok()?;
            either(*end, |local| port_condition(local, *op, port))?
        }
        Test::PortRange(end, low, high) => either(*end, |local| {
            let low = port_condition(local, Op::AtLeast, *low)?;
            Some(Tree::And(vec![low, port_condition(local, Op::AtMost, *high)?]))
        })?,
        Test::Host(end, host) => either(*end, |local| match host.port {
            // The kernel's condition has one port.
            Some((first, last)) if first != last => Some(Tree::And(vec![
                host_condition(local, &Host { port: None, ..host.clone() }),
                port_condition(local, Op::AtLeast, first)?,
                port_condition(local, Op::AtMost, last)?,
            ])),
            _ => Some(host_condition(local, host)),
        })?,
        Test::Device(Named { id: Some(index), .. }) => {
            Tree::Leaf(Condition::Device(u32::try_from(*index).ok()?))
        }
        Test::Mark(mark, mask) => Tree::Leaf(Condition::Mark { mark: *mark, mask: *mask }),
        Test::Cgroup(Named { id: Some(id), .. }) => Tree::Leaf(Condition::Cgroup(*id)),
        Test::Autobound => Tree::Leaf(Condition::Autobound),
        _ => return None,
    })
}

fn either(end: End, condition: impl Fn(bool) -> Option<Tree>) -> Option<Tree> {
    match end {
        End::Local => condition(true),
        End::Remote => condition(false),
        End::Either => Some(Tree::Or(vec![condition(true)?, condition(false)?])),
    }
}

fn port_condition(local: bool, op: Op, port: u16) -> Option<Tree> {
    let at_least = |port| {
        if local { Condition::SourcePortAtLeast(port) } else { Condition::DestinationPortAtLeast(port) }
    };
    let at_most =
        |port| if local { Condition::SourcePortAtMost(port) } else { Condition::DestinationPortAtMost(port) };
    Some(Tree::Leaf(match op {
        Op::Equal => {
            if local {
                Condition::SourcePort(port)
            } else {
                Condition::DestinationPort(port)
            }
        }
        Op::AtLeast => at_least(port),
        Op::AtMost => at_most(port),
        // Nothing is greater than the largest port or less than 0.
        Op::Greater => port.checked_add(1).map_or(Condition::Or(&[]), at_least),
        Op::Less => port.checked_sub(1).map_or(Condition::Or(&[]), at_most),
        _ => return None,
    }))
}

/// With its port if that is one.
fn host_condition(local: bool, host: &Host) -> Tree {
    let (family, prefix_length) = match host.network {
        None => (0, 0),
        Some((IpAddr::V4(_), bits)) => (AF_INET, bits),
        Some((IpAddr::V6(_), bits)) => (AF_INET6, bits),
    };
    let address = host.network.map_or([0; 16], |(ip, _)| inet_diag::address(ip));
    let condition = HostCondition { family, prefix_length, address, port: host.port.map(|(port, _)| port) };
    Tree::Leaf(if local { Condition::SourceHost(condition) } else { Condition::DestinationHost(condition) })
}

fn conditions(tree: &Tree) -> usize {
    match tree {
        Tree::And(parts) | Tree::Or(parts) => parts.iter().map(conditions).sum(),
        Tree::Not(inner) => conditions(inner),
        Tree::Leaf(_) => 1,
    }
}

/// How deep the compiler has to go, which has its own limit.
fn depth(tree: &Tree) -> usize {
    match tree {
        Tree::And(parts) | Tree::Or(parts) => 1 + parts.iter().map(depth).max().unwrap_or(0),
        Tree::Not(inner) => 1 + depth(inner),
        Tree::Leaf(_) => 0,
    }
}

/// Calls `use_it` with the tree in the compiler's form, which borrows its lists: they live on the stack until the
/// innermost call returns.
fn lower(tree: &Tree, use_it: &mut dyn FnMut(&Condition<'_>)) {
    match tree {
        Tree::Leaf(leaf) => use_it(leaf),
        Tree::Not(inner) => lower(inner, &mut |inner| use_it(&Condition::Not(inner))),
        Tree::And(parts) => lower_all(parts, &[], &mut |parts| use_it(&Condition::And(parts))),
        Tree::Or(parts) => lower_all(parts, &[], &mut |parts| use_it(&Condition::Or(parts))),
    }
}

fn lower_all(trees: &[Tree], ready: &[Condition<'_>], use_them: &mut dyn FnMut(&[Condition<'_>])) {
    match trees.split_first() {
        None => use_them(ready),
        Some((first, rest)) => lower(first, &mut |first| {
            let mut ready = ready.to_vec();
            ready.push(*first);
            lower_all(rest, &ready, use_them);
        }),
    }
}
