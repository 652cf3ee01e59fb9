//! Feature `serde`: rows, owners, statistics, gaps and judgements as the JSON that `pree schema` describes.
//!
//! The members of a row come from the field registry. `serde_json` writes the bytes that the command writes, except that the
//! command also escapes characters which deceive on a terminal: those are the same text in other bytes.

mod answer;
mod diagnosis;
mod judgement;
mod row;
mod value;

pub use diagnosis::Diagnosis;

/// The version of these shapes, the member `schema` of documents: members are only ever added.
pub const SCHEMA: &str = "pree/1";
