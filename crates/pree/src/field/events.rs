//! What happened to a socket, of events that a watch tells. Unknown of a socket in a list.

use super::entry::{EVERYWHERE, fields_of_views};
use super::{Field, Value, View};
use crate::model::{Ending, EventKind, How};
use crate::needs::Needs;

const NONE: Needs = Needs::empty();
const HOWS: [&str; How::ALL.len()] = {
    let mut names = [""; How::ALL.len()];
    let mut place = 0;
    while place < names.len() {
        names[place] = How::ALL[place].name();
        place += 1;
    }
    names
};

pub(super) const FIELDS: &[Field] = fields_of_views! {
    "event" Event "event" Word NONE; "What happened."; "watch", told_by: EVERYWHERE, choices: &EventKind::NAMES =>
        |view| view.event().map_or(Value::Unknown, |event| Value::Word(event.kind.name()));
    "time" Event "time" Timestamp NONE; "When it happened; from polling, when it was seen."; "clock", told_by: EVERYWHERE, width: Some(15), drop_priority: 1 =>
        |view| view.event().and_then(|event| event.at.wall).into();
    "monotonic" Event "monotonic_us" Microseconds NONE; "The same by the clock that only goes forward."; "CLOCK_MONOTONIC",
        told_by: EVERYWHERE => |view| view.event().and_then(|event| event.at.monotonic).into();
    "from" Event "from" Word NONE; "The state before the change, or the end."; "inet_sock_set_state", told_by: EVERYWHERE => |view| {
        match view.event().map(|event| event.kind) {
            Some(EventKind::State { from, .. } | EventKind::Closed(Ending { from: Some(from), .. })) => {
                from.name().map_or(Value::Unknown, Value::Word)
            }
            _ => Value::Unknown,
        }
    };
    "how" Event "how" Word NONE; "How the connection ended: fin_local, fin_remote, reset_local, reset_remote, timeout, refused, other, unknown."; "sk_err, sk_state", choices: &HOWS, told_by: EVERYWHERE =>
        |view| ending(view).map_or(Value::Unknown, |ending| Value::Word(ending.how.name()));
    "errno" Event "errno" Id NONE; "Error number that the program gets when the connection ended by one."; "sk_err" =>
        |view| ending(view).and_then(|ending| ending.errno).map_or(Value::Unknown, |errno| Value::Number(errno.number().unsigned_abs().into()));
    "lasted" Event "lasted_us" Microseconds NONE; "Time from the opening of the connection, or the first try, to its end."; "watch", drop_priority: 2 =>
        |view| ending(view).and_then(|ending| ending.lasted).into();
    "sent" Event "sent" Bytes NONE; "Bytes sent over its life, each once; SYN and FIN not counted."; "bytes_sent - bytes_retrans", drop_priority: 4 =>
        |view| ending(view).and_then(|ending| ending.sent).into();
    "received" Event "received" Bytes NONE; "Bytes received in order over its life; SYN and FIN not counted."; "bytes_received", drop_priority: 4 =>
        |view| ending(view).and_then(|ending| ending.received).into();
    "provisional" Event "owner_provisional" Bool NONE;
        "Whether the owner is that of the listener, while nobody has used the connection yet."; "watch" => |view| {
            let event = view.event().filter(|event| event.owner_provisional);
            event.map_or(Value::Unknown, |_| Value::Bool(true))
        };
};

fn ending(view: &View<'_>) -> Option<Ending> {
    match view.event()?.kind {
        EventKind::Closed(ending) => Some(ending),
        _ => None,
    }
}
