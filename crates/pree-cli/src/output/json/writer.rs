//! JSON, written straight into a buffer: a row is written in less time than the kernel needs to find it.

use std::io::{self, Write};

use pree::field::{Unit, Value};

use crate::text::label::Label;
use crate::text::{escape, figures, words};

/// A JSON text that grows. Commas are its business, balance is the caller's.
#[derive(Default)]
pub(crate) struct Json {
    bytes: Vec<u8>,
}

/// A key of ours as it stands in the text, with its quotes and colon.
pub(crate) struct Key {
    name: &'static str,
    label: Label,
}

impl Key {
    pub(crate) fn new(name: &'static str) -> Self {
        Self { name, label: Label::new(&format!("\"{name}\":")) }
    }
}

impl From<Vec<u8>> for Json {
    /// Goes on where this text ends.
    fn from(bytes: Vec<u8>) -> Self {
        Self { bytes }
    }
}

impl Json {
    /// Writes all but the last byte, which decides on the next comma, and forgets what is written.
    pub(crate) fn pass_on(&mut self, writer: &mut impl Write) -> io::Result<()> {
        let last = self.bytes.pop();
        writer.write_all(&self.bytes)?;
        self.bytes.clear();
        self.bytes.extend(last);
        Ok(())
    }

    /// The text, for one who writes whole members.
    pub(crate) fn text_mut(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    pub(crate) fn into_text(self) -> Vec<u8> {
        self.bytes
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
    }

    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The comma before the next member, unless it is the first.
    fn separate(&mut self) {
        if !matches!(self.bytes.last(), None | Some(b'{' | b'[' | b':' | b'\n')) {
            self.bytes.push(b',');
        }
    }

    pub(crate) fn open(&mut self, bracket: u8) {
        self.separate();
        self.bytes.push(bracket);
    }

    pub(crate) fn close(&mut self, bracket: u8) {
        self.bytes.push(bracket);
    }

    /// A key of ours: it needs no escaping.
    pub(crate) fn key(&mut self, key: &str) {
        self.separate();
        self.bytes.push(b'"');
        self.raw(key.as_bytes());
        self.raw(b"\":");
    }

    pub(crate) fn null(&mut self) {
        self.separate();
        self.raw(b"null");
    }

    pub(crate) fn bool(&mut self, value: bool) {
        self.separate();
        self.raw(if value { b"true" } else { b"false" });
    }

    pub(crate) fn number(&mut self, number: u64) {
        self.separate();
        figures::number(number, &mut self.bytes);
    }

    /// Members that are numbers.
    pub(crate) fn numbers<const N: usize>(&mut self, members: [(&str, u64); N]) {
        for (key, number) in members {
            self.key(key);
            self.number(number);
        }
    }

    /// A fraction, with at most six digits; what is no number is null.
    pub(crate) fn fraction(&mut self, value: f64) {
        self.separate();
        fraction(value, &mut self.bytes);
    }

    pub(crate) fn string(&mut self, text: &str) {
        self.separate();
        self.bytes.push(b'"');
        // Almost every text is plain ASCII.
        if text.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\') {
            self.raw(text.as_bytes());
        } else {
            self.escaped(text);
        }
        self.bytes.push(b'"');
    }

    fn escaped(&mut self, text: &str) {
        let mut plain = 0;
        for (at, c) in text.char_indices() {
            if c != '"' && c != '\\' && !escape::must_escape(c) {
                continue;
            }
            self.raw(text.get(plain..at).unwrap_or_default().as_bytes());
            plain = at + c.len_utf8();
            match c {
                '"' | '\\' => self.raw(&[b'\\', c as u8]),
                '\n' => self.raw(b"\\n"),
                '\r' => self.raw(b"\\r"),
                '\t' => self.raw(b"\\t"),
                _ => {
                    for unit in c.encode_utf16(&mut [0; 2]) {
                        let _ = write!(self.bytes, "\\u{unit:04x}");
                    }
                }
            }
        }
        self.raw(text.get(plain..).unwrap_or_default().as_bytes());
    }

    /// Bytes from outside under `key`; what is not UTF-8 comes once more, exactly, as hex under `key_bytes`.
    pub(crate) fn text(&mut self, key: &str, bytes: &[u8]) {
        self.key(key);
        if let Ok(text) = std::str::from_utf8(bytes) {
            return self.string(text);
        }
        self.string(&String::from_utf8_lossy(bytes));
        self.key(&format!("{key}_bytes"));
        self.separate();
        self.bytes.push(b'"');
        for byte in bytes {
            let _ = write!(self.bytes, "{byte:02x}");
        }
        self.bytes.push(b'"');
    }

    /// A field's value under `key`.
    pub(crate) fn value(&mut self, key: &str, unit: Unit, value: Value<'_>) {
        if let Value::Text(text) | Value::Arguments(text) = value {
            return self.text(key, text);
        }
        self.key(key);
        self.plain(unit, value);
    }

    /// The same with a key that is ready: there are a hundred in a row.
    pub(crate) fn member(&mut self, key: &Key, unit: Unit, value: Value<'_>) {
        if let Value::Text(text) | Value::Arguments(text) = value {
            return self.text(key.name, text);
        }
        self.separate();
        key.label.write(&mut self.bytes);
        self.plain(unit, value);
    }

    /// A value that is no text, straight after its key.
    fn plain(&mut self, unit: Unit, value: Value<'_>) {
        let out = &mut self.bytes;
        match value {
            Value::Bool(yes) => out.extend_from_slice(if yes { b"true" } else { b"false" }),
            Value::Number(number) => figures::number(number, out),
            // More than 53 bits: not every reader of JSON keeps them as a number.
            Value::Id(id) => {
                out.push(b'"');
                figures::number(id, out);
                out.push(b'"');
            }
            Value::Duration(time) => match unit {
                Unit::Milliseconds => figures::number(figures::milliseconds(time), out),
                Unit::Timestamp => {
                    out.push(b'"');
                    figures::timestamp(time, out);
                    out.push(b'"');
                }
                Unit::UnixTime => fraction((figures::milliseconds(time) / 10) as f64 / 100.0, out),
                _ => figures::number(figures::microseconds(time), out),
            },
            Value::Share(share) => fraction(share, out),
            Value::Word(word) => self.string(word),
            Value::Unnamed(what, number) => self.string(&format!("{what}{number}")),
            Value::Ip(ip) => {
                out.push(b'"');
                words::ip(ip, out);
                out.push(b'"');
            }
            _ => out.extend_from_slice(b"null"),
        }
    }
}

/// The fewest characters, as `serde_json` writes them.
fn fraction(value: f64, out: &mut Vec<u8>) {
    let millionths = (value * 1e6).round();
    if !value.is_finite() {
        out.extend_from_slice(b"null");
    } else if (1.0..10.0).contains(&millionths) {
        out.extend_from_slice(&[b'0' + millionths as u8, b'e', b'-', b'6']);
    } else {
        figures::fraction(value, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_strings_read_back() {
        for number in [0, 7, 10, 4_294_967_295, u64::MAX] {
            let mut json = Json::default();
            json.number(number);
            assert_eq!(json.as_bytes(), number.to_string().as_bytes());
        }
        for text in ["", "a\"b\\c", "\u{0}\u{1f}\u{7f}\u{202e}\u{e0041}", "grün 世界 🦀", "\n\r\t"] {
            let mut json = Json::default();
            json.string(text);
            let back: String = serde_json::from_slice(json.as_bytes()).unwrap();
            assert_eq!(back, text);
            assert!(json.as_bytes().iter().all(|b| *b >= 0x20 && *b != 0x7f));
        }
    }

    #[test]
    fn commas_stand_between() {
        let mut json = Json::default();
        json.open(b'{');
        json.key("a");
        json.open(b'[');
        json.number(1);
        json.number(2);
        json.close(b']');
        json.key("b");
        json.null();
        json.text("c", b"\xff");
        json.key("d");
        json.fraction(0.25);
        json.close(b'}');
        let text = String::from_utf8_lossy(json.as_bytes()).into_owned();
        assert_eq!(text, "{\"a\":[1,2],\"b\":null,\"c\":\"\\ufffd\",\"c_bytes\":\"ff\",\"d\":0.25}");
    }
}
