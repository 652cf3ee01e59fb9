//! Values of fields, and the members they are.

use std::fmt;
use std::time::Duration;

use serde_core::ser::{Serialize, SerializeMap, Serializer};

use crate::field::{Unit, Value, date_of};

/// Adds a field's value. Bytes that are not UTF-8 come once more, exactly, as hex under `KEY_bytes`.
pub(super) fn member<M: SerializeMap>(
    map: &mut M,
    key: &str,
    unit: Unit,
    value: Value<'_>,
) -> Result<(), M::Error> {
    let (Value::Text(bytes) | Value::Arguments(bytes)) = value else {
        return map.serialize_entry(key, &Plain(unit, value));
    };
    let text = String::from_utf8_lossy(bytes);
    map.serialize_entry(key, &text)?;
    if std::str::from_utf8(bytes).is_err() {
        let digit = |four: u8| char::from_digit(four.into(), 16);
        let hex: String =
            bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).flatten().collect();
        map.serialize_entry(&format!("{key}_bytes"), &hex)?;
    }
    Ok(())
}

/// A value that is no text.
struct Plain<'s>(Unit, Value<'s>);

impl Serialize for Plain<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let whole = |number: u128| u64::try_from(number).unwrap_or(u64::MAX);
        match self.1 {
            Value::Bool(yes) => serializer.serialize_bool(yes),
            Value::Number(number) => serializer.serialize_u64(number),
            // More than 53 bits: not every reader of JSON keeps them as a number.
            Value::Id(id) => serializer.collect_str(&id),
            Value::Duration(time) => match self.0 {
                Unit::Milliseconds => serializer.serialize_u64(whole(time.as_millis())),
                Unit::Timestamp => serializer.collect_str(&Timestamp(time)),
                // Two decimals; a double has room for them until the year 2 800 000.
                Unit::UnixTime => Fraction(whole(time.as_millis() / 10) as f64 / 100.0).serialize(serializer),
                _ => serializer.serialize_u64(whole(time.as_micros())),
            },
            Value::Word(word) => serializer.serialize_str(word),
            Value::Unnamed(what, number) => serializer.collect_str(&format_args!("{what}{number}")),
            Value::Ip(ip) => serializer.collect_str(&ip),
            Value::Share(share) => Fraction(share).serialize(serializer),
            _ => serializer.serialize_none(),
        }
    }
}

/// `2026-01-31T23:59:59.000001Z`
struct Timestamp(Duration);

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of_day = self.0.as_secs() % 86_400;
        let (year, month, day) = date_of(self.0.as_secs() / 86_400);
        let (hour, minute, second) = (of_day / 3_600, of_day / 60 % 60, of_day % 60);
        let micros = self.0.subsec_micros();
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micros:06}Z")
    }
}

/// A fraction with at most six digits, whole ones without a point; what is no number is null.
pub(super) struct Fraction(pub(super) f64);

impl Serialize for Fraction {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let rounded = (self.0 * 1e6).round() / 1e6;
        match rounded {
            number if !number.is_finite() => serializer.serialize_none(),
            // Below 2^53 every whole number is exact.
            number if number.fract() == 0.0 && (0.0..9_007_199_254_740_992.0).contains(&number) => {
                serializer.serialize_u64(number as u64)
            }
            number => serializer.serialize_f64(number),
        }
    }
}

/// What is serialised by going through it, once for each item.
pub(super) struct List<I>(pub(super) I);

impl<I: Iterator<Item: Serialize> + Clone> Serialize for List<I> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.clone())
    }
}

/// An object whose members a function adds.
pub(super) struct Object<T>(pub(super) T);

/// What has members.
pub(super) trait Members {
    /// Adds them.
    fn add<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error>;
}

impl<T: Members> Serialize for Object<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        self.0.add(&mut map)?;
        map.end()
    }
}
