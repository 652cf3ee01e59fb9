//! The `name:value` words after the columns: `-i`, `-m`, `-o`, `-e`.

use pree::Needs;
use pree::field::{self, Field, Section, Value, View};

use crate::output::json::repeated::Repeated;
use crate::output::options;
use crate::output::screen::{CALM, TROUBLE};
use crate::text::label::Label;
use crate::text::value::{self, Form};

/// A field as a word.
struct Word {
    field: &'static Field,
    /// ` name:`
    label: Label,
}

/// A statistic as a word.
struct TcpWord {
    word: Word,
    /// Left out when it is 0: it says nothing, and ss leaves it out too.
    silent_at_zero: bool,
    /// Not one of those that `-i` adds.
    hidden: bool,
}

/// Which words, in order.
pub(crate) struct Details {
    words: Vec<Word>,
    /// In the order of the registry; empty without `-i`.
    of_tcp: Vec<TcpWord>,
    repeated: Repeated,
    /// Flags of the socket, a list of their own: `sockopt`, because `options` is a field of `tcp_info`.
    options: bool,
}

impl Details {
    pub(crate) fn of(asked: options::Details) -> Self {
        // The local end has its interface.
        let is_shown = |field: &&Field| ![field::DEV, field::DEV_NAME].contains(field);
        let words = fields(asked).filter(|field| field.section != Section::Tcp).filter(is_shown);
        let words = words.map(Word::new).collect();
        let of_tcp = field::of(Section::Tcp).filter(|_| asked.tcp_info).map(TcpWord::new).collect();
        Self { words, of_tcp, repeated: Repeated::new(), options: asked.extended }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.words.is_empty() && self.of_tcp.is_empty()
    }

    /// Adds the words that have something to say, each after a space. `form` and `color` are the same in every row.
    pub(crate) fn write(&mut self, view: &View<'_>, form: Form, color: bool, out: &mut Vec<u8>) {
        let socket = view.socket();
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
        for word in &self.words {
            word.write(view, form, color, out);
        }
        if self.of_tcp.is_empty() {
            return;
        }
        self.repeated.write(socket, out, |place, out| {
            if let Some(of_tcp) = self.of_tcp.get(place) {
                of_tcp.write(view, form, color, out);
            }
        });
    }
}

impl Word {
    fn new(field: &'static Field) -> Self {
        Self { field, label: Label::new(&format!(" {}:", field.name)) }
    }

    fn write(&self, view: &View<'_>, form: Form, color: bool, out: &mut Vec<u8>) {
        let Self { field, label } = self;
        let value = (field.get)(view);
        if matches!(value, Value::Unknown) {
            return;
        }
        if color && (field.is_trouble)(view, value) {
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

impl TcpWord {
    fn new(field: &'static Field) -> Self {
        Self { word: Word::new(field), silent_at_zero: field.zero_is_silent, hidden: !is_shown(field) }
    }

    fn write(&self, view: &View<'_>, form: Form, color: bool, out: &mut Vec<u8>) {
        let silent = self.hidden || (self.silent_at_zero && is_zero((self.word.field.get)(view)));
        if !silent {
            self.word.write(view, form, color, out);
        }
    }
}

/// What `-i` adds of the statistics. The state has a column, and sequence numbers take rights that `-i` does not: they are
/// columns.
fn is_shown(field: &Field) -> bool {
    !field.is_usual && !field.needs.contains(Needs::SEQUENCES)
}

/// The fields that `-e`, `-o`, `-m` and `-i` add.
pub(crate) fn fields(asked: options::Details) -> impl Iterator<Item = &'static Field> {
    let options::Details { tcp_info, extended, memory, timers } = asked;
    let of = |asked: bool, section| field::of(section).filter(move |_| asked);
    of(extended, Section::Socket)
        // Drops are memory's, below.
        .filter(|field| !field.is_usual && field.needs != Needs::MEMORY)
        .chain(of(timers, Section::Timer))
        .chain(of(memory, Section::Memory))
        .chain(Some(field::DROPS).filter(|_| memory))
        .chain(of(tcp_info, Section::Tcp).filter(|field| is_shown(field)))
}

/// What must be asked for them.
pub(crate) fn needs(asked: options::Details) -> Needs {
    fields(asked).fold(Needs::empty(), |needs, field| needs | field.needs)
}

fn is_zero(value: Value<'_>) -> bool {
    match value {
        Value::Number(number) => number == 0,
        Value::Duration(time) => time.is_zero(),
        _ => false,
    }
}
