//! The judgement of a connection.

use std::borrow::Cow;

use serde_core::ser::{Serialize, SerializeMap, Serializer};

use super::value::{Fraction, Members, Object};
use crate::field;
use crate::quality::{Assessment, Basis, Estimate, Evidence, Finding, Shares, Value};

/// `quality` of a row.
impl Serialize for Assessment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Object(self).serialize(serializer)
    }
}

/// One of the `findings` of `quality`.
impl Serialize for Finding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Object(self).serialize(serializer)
    }
}

impl Members for &Assessment {
    fn add<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        map.serialize_entry(field::SCORE.key, &self.score.map(|score| Fraction(score.get())))?;
        map.serialize_entry(field::LOSS.key, &self.loss.ok().map(Object))?;
        map.serialize_entry(field::BLOAT.key, &self.bloat.name())?;
        map.serialize_entry(field::EFFICIENCY.key, &self.efficiency.ok().map(Fraction))?;
        map.serialize_entry(field::UTILISATION.key, &self.utilisation.ok().map(Fraction))?;
        map.serialize_entry("limited_by", &Object(self.limited_by.ok()))?;
        map.serialize_entry("basis", &Of(self.basis))?;
        map.serialize_entry("findings", &self.findings)
    }
}

impl Members for Estimate {
    fn add<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        for (key, share) in [("value", self.value), ("low", self.low), ("high", self.high)] {
            map.serialize_entry(key, &Fraction(share))?;
        }
        map.serialize_entry("samples", &self.samples)
    }
}

impl Members for Option<Shares> {
    fn add<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        let Some(shares) = self else { return Ok(()) };
        for (key, share) in
            [("network", shares.network), ("receiver", shares.receiver), ("send_buffer", shares.send_buffer)]
        {
            map.serialize_entry(key, &Fraction(share))?;
        }
        shares.app.map_or(Ok(()), |app| map.serialize_entry("app", &Fraction(app)))
    }
}

/// What of a life is judged.
pub(super) struct Of(pub(super) Basis);

impl Serialize for Of {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Basis::Lifetime => serializer.serialize_str("lifetime"),
            Basis::Interval(length) => serializer.collect_map([("seconds", Fraction(length.as_secs_f64()))]),
        }
    }
}

impl Members for &Finding {
    fn add<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        map.serialize_entry("name", self.name)?;
        map.serialize_entry("severity", self.severity.name())?;
        map.serialize_entry("evidence", &Object(&*self.evidence))?;
        map.serialize_entry("advice", self.advice)?;
        map.serialize_entry("more", self.more)
    }
}

impl Members for &[Evidence] {
    fn add<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        for evidence in *self {
            // The unit is last in the key, as everywhere.
            let unit = evidence.value.unit();
            let key = if unit.is_empty() || evidence.name.ends_with(unit) {
                Cow::Borrowed(evidence.name)
            } else {
                Cow::Owned(format!("{}_{unit}", evidence.name))
            };
            map.serialize_entry(&*key, &Number(evidence.value))?;
        }
        Ok(())
    }
}

/// The value of evidence.
struct Number(Value);

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Count(number) | Value::Bytes(number) | Value::BytesPerS(number) => {
                serializer.serialize_u64(number)
            }
            Value::Share(share) | Value::PerS(share) => Fraction(share).serialize(serializer),
            Value::Time(time) => {
                serializer.serialize_u64(u64::try_from(time.as_micros()).unwrap_or(u64::MAX))
            }
            Value::Word(word) => serializer.serialize_str(word),
        }
    }
}
