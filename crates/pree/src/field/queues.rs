//! What waits: queues and timers.

use super::entry::{EVERYWHERE, LINUX_MACOS, above_zero, fields};
use super::{Field, Value, View};
use crate::model::{ListenQueue, Socket, TimerKind};
use crate::needs::Needs;

const NONE: Needs = Needs::empty();

pub(super) const FIELDS: &[Field] = fields! {
    "recvq" Socket "recv_queue" Bytes Needs::RECV_QUEUE; "Bytes not yet read; a listener: connections not yet accepted.";
        "idiag_rqueue", told_by: EVERYWHERE, is_usual: true, is_exact: true, width: Some(6), drop_priority: 8, is_trouble: accept_queue_full => |s| s.recv_queue.into();
    "sendq" Socket "send_queue" Bytes Needs::SEND_QUEUE; "Bytes not yet acknowledged; a listener: limit of the accept queue.";
        "idiag_wqueue", told_by: EVERYWHERE, is_usual: true, is_exact: true, width: Some(6), drop_priority: 9 => |s| s.send_queue.into();
    "drops" Socket "drops" Count Needs::MEMORY; "Packets dropped on receive since the socket was made.";
        "SK_MEMINFO_DROPS", told_by: LINUX_MACOS, is_trouble: above_zero => |s| s.drops.into();
    "backlog" Listen "queue" Count Needs::SEND_QUEUE; "Connections established and not yet accepted.";
        "idiag_rqueue of a listener" => |s| s.listen.map(|l| l.queue).into();
    "backlog_limit" Listen "limit" Count Needs::SEND_QUEUE; "How many may wait; the kernel lets in one more.";
        "idiag_wqueue of a listener" => |s| s.listen.map(|l| l.limit).into();
    "timer" Timer "kind" Word NONE; "What the running timer is for."; "idiag_timer" => timer;
    "timer_expires" Timer "expires_ms" Milliseconds NONE; "Time until the timer fires."; "idiag_expires" =>
        |s| s.timer.map(|timer| timer.expires).into();
    "timer_retransmits" Timer "retransmits" Count NONE; "Times it fired in a row without an answer.";
        "idiag_retrans", is_trouble: above_zero => |s| s.timer.map(|timer| timer.retransmits).into();
};

fn accept_queue_full(view: &View<'_>, _: Value<'_>) -> bool {
    view.socket().listen.is_some_and(ListenQueue::is_at_limit)
}

fn timer(socket: &Socket) -> Value<'_> {
    match socket.timer.map(|timer| timer.kind) {
        None => Value::Unknown,
        Some(TimerKind::Other(number)) => Value::Unnamed("timer", number.into()),
        Some(kind) => kind.name().map_or(Value::Unknown, Value::Word),
    }
}
