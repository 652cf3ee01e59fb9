//! Records and dumps in an order: what came first of a socket, and which state comes after which.

use std::collections::HashMap;

use pree_wire::life_records::{self as records, KIND_RESET_SENT, KIND_USER, Record};

use crate::decode::linux::lives::state_of;
use crate::model::{Socket, State, TimerKind};

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum First {
    Opens,
    GoesOn,
}

/// What the first record of each socket is.
pub(super) fn first_of_each(batch: &[u8]) -> HashMap<u64, First> {
    let mut first = HashMap::new();
    let mut rest = batch;
    while let Ok(Some(record)) = records::take(&mut rest) {
        let Record::Life(life) = record else { continue };
        if matches!(life.kind(), KIND_USER | KIND_RESET_SENT) {
            continue;
        }
        let opens = matches!(state_of(life.to()), State::SynSent | State::Listen)
            || state_of(life.from()) == State::SynReceived;
        first.entry(life.cookie()).or_insert(if opens { First::Opens } else { First::GoesOn });
    }
    first
}

/// How far a connection is: states of a rank come after all of lower ones.
pub(super) fn rank(state: State) -> u8 {
    match state {
        State::SynSent => 1,
        State::SynReceived => 2,
        State::Established => 3,
        State::CloseWait | State::FinWait1 => 4,
        State::LastAck | State::FinWait2 | State::Closing => 5,
        State::TimeWait => 6,
        State::Closed => 7,
        _ => 0,
    }
}

/// Whether this is what remains of a socket that has ended: while the peer has not sent its FIN, the kernel reports `FIN_WAIT2`.
pub(super) fn remains(socket: &Socket) -> bool {
    socket.timer.is_some_and(|timer| timer.kind == TimerKind::TimeWait)
}
