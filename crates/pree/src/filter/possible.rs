//! What a socket that matches can be: nothing else need be asked for.

use super::expr::{Expr, Test};
use super::lex::Op;
use crate::model::{Protocol, Protocols, States, Unowned};

/// States that a matching socket can be in: nothing else need be asked for. One whose state is not known matches a set of them
/// only as `other`; whether it is in another is undecided.
pub(super) fn states(expr: &Expr) -> States {
    match expr {
        Expr::And(parts) => parts.iter().map(states).fold(States::all(), |a, b| a & b),
        Expr::Or(parts) => parts.iter().map(states).fold(States::empty(), |a, b| a | b),
        // What is known not to be in the set is outside it.
        Expr::Not(inner) => match &**inner {
            Expr::Test(Test::State(set)) => States::all() - *set,
            _ => States::all(),
        },
        Expr::Test(Test::State(set)) => *set,
        Expr::Test(Test::Unowned(Unowned::TimeWait)) => States::TIME_WAIT,
        Expr::Test(_) => States::all(),
    }
}

/// Protocols that a matching socket can have.
pub(super) fn protocols(expr: &Expr) -> Protocols {
    Protocol::ALL.into_iter().filter(|protocol| allows(expr, *protocol)).map(Protocol::set).collect()
}

fn allows(expr: &Expr, protocol: Protocol) -> bool {
    match expr {
        Expr::And(parts) => parts.iter().all(|part| allows(part, protocol)),
        Expr::Or(parts) => parts.iter().any(|part| allows(part, protocol)),
        Expr::Not(inner) => !matches!(&**inner, Expr::Test(Test::Protocol(named)) if *named == protocol),
        Expr::Test(Test::Protocol(named)) => named.set() == protocol.set(),
        Expr::Test(Test::Family(family)) => protocol.families().contains(family),
        Expr::Test(Test::Path(..)) => protocol == Protocol::Unix,
        Expr::Test(Test::Shown(..)) => {
            let others = (Protocols::INET | Protocols::UNIX) - Protocols::RAW;
            !others.contains(protocol.set())
        }
        // Other addresses have no scope, and few have a port.
        Expr::Test(Test::Scope(_)) => Protocols::INET.contains(protocol.set()),
        Expr::Test(Test::Port(_, Op::Equal | Op::AtLeast | Op::Greater, port))
            if *port > u32::from(u16::MAX) =>
        {
            protocol == Protocol::Vsock
        }
        Expr::Test(Test::Port(..) | Test::PortRange(..)) => {
            (Protocols::INET | Protocols::VSOCK).contains(protocol.set())
        }
        // The kernel runs no program over SCTP sockets.
        Expr::Test(Test::Autobound) => (Protocols::INET - Protocols::SCTP).contains(protocol.set()),
        Expr::Test(_) => true,
    }
}
