//! What surrounds the rows: how complete an answer is.

use serde_core::ser::{Serialize, SerializeMap, Serializer};

use super::SCHEMA;
use super::value::{Members, Object};
use crate::coverage::{Coverage, Gap};
use crate::snapshot::Snapshot;

/// As the last line of `pree --jsonl`.
impl Serialize for Coverage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Object(self).serialize(serializer)
    }
}

/// As `pree -c -quality --json`.
impl Serialize for Snapshot {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Object(self).serialize(serializer)
    }
}

/// One of `missing`.
impl Serialize for Gap {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Object(self).serialize(serializer)
    }
}

impl Members for &Coverage {
    fn add<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        map.serialize_entry("schema", SCHEMA)?;
        map.serialize_entry("complete", &self.is_complete())?;
        map.serialize_entry("missing", self.gaps())?;
        map.serialize_entry("notes", self.notes())
    }
}

impl Members for &Snapshot {
    fn add<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        self.coverage().add(map)?;
        map.serialize_entry("sockets", self.sockets())
    }
}

impl Members for &Gap {
    fn add<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        map.serialize_entry("what", self.what.name())?;
        map.serialize_entry("why", self.why.name())?;
        map.serialize_entry("object", &self.object)?;
        map.serialize_entry("count", &self.count)?;
        map.serialize_entry("hint", self.hint)
    }
}
