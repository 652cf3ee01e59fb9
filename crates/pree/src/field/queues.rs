//! What waits: queues and timers.

use super::{Field, Section, Unit, Value};
use crate::needs::Needs;

macro_rules! field {
    ($name:literal, $section:ident, $key:literal, $unit:ident, $needs:expr, $source:literal, $doc:literal, $get:expr) => {
        Field {
            name: $name,
            section: Section::$section,
            key: $key,
            unit: Unit::$unit,
            needs: $needs,
            doc: $doc,
            source: $source,
            get: $get,
        }
    };
}

const NONE: Needs = Needs::empty();

pub(super) const FIELDS: &[Field] = &[
    field!(
        "recvq",
        Socket,
        "recv_queue",
        Bytes,
        Needs::RECV_QUEUE,
        "idiag_rqueue",
        "Bytes not yet read; a listener: connections not yet accepted.",
        |s| s.recv_queue.into()
    ),
    field!(
        "sendq",
        Socket,
        "send_queue",
        Bytes,
        Needs::SEND_QUEUE,
        "idiag_wqueue",
        "Bytes not yet acknowledged; a listener: limit of the accept queue.",
        |s| s.send_queue.into()
    ),
    field!(
        "drops",
        Socket,
        "drops",
        Count,
        Needs::MEMORY,
        "SK_MEMINFO_DROPS",
        "Packets dropped on receive since the socket was made.",
        |s| s.drops.into()
    ),
    field!(
        "backlog",
        Listen,
        "queue",
        Count,
        Needs::SEND_QUEUE,
        "idiag_rqueue of a listener",
        "Connections established and not yet accepted.",
        |s| s.listen.map(|l| l.queue).into()
    ),
    field!(
        "backlog_limit",
        Listen,
        "limit",
        Count,
        Needs::SEND_QUEUE,
        "idiag_wqueue of a listener",
        "How many may wait; the kernel lets in one more.",
        |s| s.listen.map(|l| l.limit).into()
    ),
    field!("timer", Timer, "kind", Text, NONE, "idiag_timer", "What the running timer is for.", |s| match s
        .timer
        .map(|timer| timer.kind)
    {
        None => Value::Unknown,
        Some(crate::model::TimerKind::Other(number)) => Value::Unnamed("timer", number.into()),
        Some(kind) => kind.name().map_or(Value::Unknown, Value::Word),
    }),
    field!(
        "timer_expires",
        Timer,
        "expires_ms",
        Milliseconds,
        NONE,
        "idiag_expires",
        "Time until the timer fires.",
        |s| s.timer.map(|timer| timer.expires).into()
    ),
    field!(
        "timer_retransmits",
        Timer,
        "retransmits",
        Count,
        NONE,
        "idiag_retrans",
        "Times it fired in a row without an answer.",
        |s| s.timer.map(|timer| timer.retransmits).into()
    ),
];
