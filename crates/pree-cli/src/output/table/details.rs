//! The `name:value` words after the columns: `-i`, `-m`, `-o`, `-e`.

use pree::field::{self, Field, Section, Unit, Value};
use pree::{Needs, Socket};

use crate::args::Args;
use crate::columns;
use crate::output::label::Label;
use crate::output::screen::{CALM, TROUBLE};
use crate::output::value::{self, Form};

/// A field as a word.
struct Word {
    field: &'static Field,
    /// ` name:`
    label: Label,
    /// Left out when it is 0: there is nothing to tell, and ss leaves it out too.
    silent_at_zero: bool,
}

/// Which words, in order.
pub(crate) struct Details {
    words: Vec<Word>,
    /// Flags of the socket, a list of their own: `sockopt`, because `options` is a field of `tcp_info`.
    options: bool,
    tcp: bool,
}

impl Details {
    pub(crate) fn of(args: &Args) -> Self {
        let mut words: Vec<Word> = fields(args)
            .filter(|field| field.section != Section::Tcp)
            .map(|field| Word::new(field, false))
            .collect();
        if args.tcp_info {
            // The state has a column.
            let of_tcp = field::of(Section::Tcp).filter(|field| field.name != "tcp_state");
            words.extend(of_tcp.map(|field| Word::new(field, begins_at_zero(field))));
        }
        // Statistics stand last: a row without them skips them all at once.
        Self { words, options: args.extended, tcp: args.tcp_info }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Adds the words that have something to say, each after a space.
    pub(crate) fn write(&self, socket: &Socket, form: Form, color: bool, out: &mut Vec<u8>) {
        if self.options
            && let Some(options) = socket.options
        {
            out.extend_from_slice(b" sockopt:");
            for (index, name) in options.names().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                out.extend_from_slice(name.as_bytes());
            }
        }
        let has_tcp = !self.tcp || socket.tcp.is_some();
        for Word { field, label, silent_at_zero } in &self.words {
            if field.section == Section::Tcp && !has_tcp {
                break;
            }
            let value = (field.get)(socket);
            if matches!(value, Value::Unknown) || (*silent_at_zero && is_zero(value)) {
                continue;
            }
            if color && columns::field_trouble(field, value) {
                out.push(b' ');
                out.extend_from_slice(TROUBLE);
                out.extend_from_slice(field.name.as_bytes());
                out.push(b':');
                value::write(field, value, form, out);
                out.extend_from_slice(CALM);
            } else {
                label.write(out);
                value::write(field, value, form, out);
            }
        }
    }
}

impl Word {
    fn new(field: &'static Field, silent_at_zero: bool) -> Self {
        Self { field, label: Label::new(&format!(" {}:", field.name)), silent_at_zero }
    }
}

/// The fields that `-e`, `-o`, `-m` and `-i` add.
pub(crate) fn fields(args: &Args) -> impl Iterator<Item = &'static Field> + use<> {
    let (extended, timers, memory, tcp) = (args.extended, args.timers, args.memory, args.tcp_info);
    let of = |asked: bool, section| field::of(section).filter(move |_| asked);
    of(extended, Section::Socket)
        .filter(|field| is_extra(field))
        .chain(of(timers, Section::Timer))
        .chain(of(memory, Section::Memory))
        .chain(field::named("drops").filter(|_| memory))
        // Sequence numbers take rights that -i does not: they are columns.
        .chain(of(tcp, Section::Tcp).filter(|field| !field.needs.contains(Needs::SEQUENCES)))
}

/// What must be asked for them.
pub(crate) fn needs(args: &Args) -> Needs {
    fields(args).fold(Needs::empty(), |needs, field| needs | field.needs)
}

/// What `-e` adds: everything about the socket itself that has no column.
fn is_extra(field: &Field) -> bool {
    !matches!(field.name, "protocol" | "family" | "type" | "state" | "recvq" | "sendq" | "drops")
}

/// Counters begin at 0, and codes that say that something happened; a round trip time, a window or a segment size does
/// not. One that is not known here is shown.
fn begins_at_zero(field: &Field) -> bool {
    match field.unit {
        Unit::Count | Unit::Segments | Unit::Bytes => {
            // A closed window is 0 and not nothing.
            !matches!(
                field.name,
                "cwnd" | "ssthresh" | "cwnd_bytes" | "ssthresh_bytes" | "pmtu" | "snd_wnd" | "rcv_wnd"
            ) && !field.name.ends_with("mss")
        }
        Unit::Microseconds => matches!(field.name, "busy_time" | "rwnd_limited" | "sndbuf_limited"),
        Unit::Milliseconds => field.name == "total_rto_time",
        Unit::Id => {
            matches!(field.name, "ca_state" | "options" | "fastopen_client_fail" | "ecn_mode")
                || field.name.starts_with("accecn_")
        }
        _ => false,
    }
}

fn is_zero(value: Value<'_>) -> bool {
    match value {
        Value::Number(number) => number == 0,
        Value::Duration(time) => time.is_zero(),
        _ => false,
    }
}
