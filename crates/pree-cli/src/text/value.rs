//! A field's value as text: with units for people, plain for those who ask, fixed for programs.

use std::io::Write as _;

use pree::field::{Field, Unit, Value};
use pree::quality::Severity;

use super::{escape, figures, words};

/// For whom values are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Form {
    /// Times, sizes and rates in the unit that fits.
    Human,
    /// Table words, plain integers in the field's unit.
    Raw,
    /// As in JSON: fixed integers, the agreed names.
    Machine,
}

/// Writes the value; nothing when it is unknown.
pub(crate) fn write(field: &Field, value: Value<'_>, form: Form, out: &mut Vec<u8>) {
    match value {
        Value::Number(number) if form != Form::Machine && !field.choices.is_empty() => {
            let start = out.len();
            for word in field.words(number) {
                if out.len() > start {
                    out.push(b',');
                }
                match word {
                    Value::Number(code) => figures::number(code, out),
                    word => write(field, word, form, out),
                }
            }
            if out.len() == start {
                out.push(b'0');
            }
        }
        Value::Number(number) => count(field, number, form, out),
        Value::Duration(time) => match (form, field.unit) {
            (Form::Human, Unit::Timestamp) => figures::time_of_day(time, out),
            (_, Unit::Timestamp) => figures::timestamp(time, out),
            (Form::Human, Unit::UnixTime) => figures::date(time, out),
            (Form::Human, _) => figures::duration(time, out),
            (_, Unit::UnixTime) => {
                // Writing to a Vec cannot fail.
                let _ = write!(out, "{}.{:02}", time.as_secs(), time.subsec_millis() / 10);
            }
            (_, Unit::Milliseconds) => figures::number(figures::milliseconds(time), out),
            _ => figures::number(figures::microseconds(time), out),
        },
        Value::Word(word) => out.extend_from_slice(word.as_bytes()),
        Value::Unnamed(what, number) => {
            out.extend_from_slice(what.as_bytes());
            figures::number(number, out);
        }
        Value::Bool(yes) => out.extend_from_slice(match (form, yes) {
            (Form::Machine, true) => b"true",
            (Form::Machine, false) => b"false",
            (_, true) => b"yes",
            (_, false) => b"no",
        }),
        Value::Id(id) if form == Form::Machine => figures::number(id, out),
        Value::Id(id) => {
            let _ = write!(out, "{id:#x}");
        }
        Value::Text(text) if form == Form::Machine => out.extend_from_slice(escape::text(text).as_bytes()),
        Value::Text(text) => out.extend_from_slice(escape::word(text).as_bytes()),
        Value::Arguments(arguments) => words::command_line(arguments, out),
        Value::Ip(ip) => words::ip(ip, out),
        Value::Share(share) => match (form, field.unit) {
            (Form::Human, Unit::Score) => figures::score(share, out),
            (Form::Human, _) => figures::percent(share, out),
            _ => figures::fraction(share, out),
        },
        Value::Most(name, share) => {
            out.extend_from_slice(name.as_bytes());
            if form == Form::Human {
                let _ = write!(out, " {:.0}%", share * 100.0);
            }
        }
        Value::Issues(issues) => {
            let is_short = field.is_mark && form != Form::Machine;
            for (index, (detector, severity)) in issues.detectors().enumerate() {
                out.extend_from_slice(match index {
                    0 if is_short && severity == Severity::Critical => b"!! ",
                    0 if is_short => b"! ",
                    0 => b"",
                    _ => b",",
                });
                let name = if is_short { detector.short } else { detector.name };
                out.extend_from_slice(name.as_bytes());
            }
        }
        _ => {}
    }
}

fn count(field: &Field, number: u64, form: Form, out: &mut Vec<u8>) {
    match field.unit {
        Unit::Bytes if form == Form::Human && !field.is_exact => figures::bytes(number, out),
        Unit::BytesPerSecond if form == Form::Human => {
            figures::bytes(number, out);
            out.extend_from_slice(b"/s");
        }
        Unit::PacketsPerSecond if form == Form::Human => {
            figures::number(number, out);
            out.extend_from_slice(b"/s");
        }
        _ => figures::number(number, out),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use pree::field::{self, Issues};

    use super::*;

    #[test]
    fn each_form() {
        let text = Value::Text(b"a b");
        for (name, value, human, raw, machine) in [
            ("rtt", Value::Duration(Duration::from_micros(1_500)), "1.5ms", "1500", "1500"),
            ("timer_expires", Value::Duration(Duration::from_millis(1_500)), "1.5s", "1500", "1500"),
            ("rcvbuf", Value::Number(131_072), "128KiB", "131072", "131072"),
            ("options", Value::Number(7), "ts,sack,wscale", "ts,sack,wscale", "7"),
            ("options", Value::Number(0x301), "ts,0x300", "ts,0x300", "769"),
            ("options", Value::Number(0), "0", "0", "0"),
            ("ca_state", Value::Number(3), "recovery", "recovery", "3"),
            ("ca_state", Value::Number(9), "9", "9", "9"),
            ("tcp_state", Value::Number(1), "1", "1", "1"),
            ("snd_mss", Value::Number(65_483), "65483", "65483", "65483"),
            ("tx_packets", Value::Number(1500), "1500/s", "1500", "1500"),
            ("pacing_rate", Value::Number(131_072), "128KiB/s", "131072", "131072"),
            (
                "started",
                Value::Duration(Duration::from_millis(1_230)),
                "1970-01-01T00:00:01Z",
                "1.23",
                "1.23",
            ),
            ("id", Value::Id(255), "0xff", "0xff", "255"),
            ("v6only", Value::Bool(true), "yes", "yes", "true"),
            ("process", text, "\"a b\"", "\"a b\"", "a b"),
            ("rtt", Value::Unknown, "", "", ""),
            ("score", Value::Share(0.4149), "0.41", "0.4149", "0.4149"),
            ("score", Value::Share(1.0), "1.00", "1", "1"),
            ("loss", Value::Share(0.018), "1.80%", "0.018", "0.018"),
            ("loss", Value::Share(1.0 / 3.0), "33.3%", "0.333333", "0.333333"),
            ("limited", Value::Most("receiver", 0.926), "receiver 93%", "receiver", "receiver"),
            ("issue", Value::Issues(Issues::default()), "", "", ""),
        ] {
            for (form, expected) in [(Form::Human, human), (Form::Raw, raw), (Form::Machine, machine)] {
                let mut out = Vec::new();
                write(field::named(name).unwrap(), value, form, &mut out);
                assert_eq!(String::from_utf8_lossy(&out), expected, "{name} {form:?}");
            }
        }
    }
}
