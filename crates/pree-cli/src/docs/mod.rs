//! What pree says about itself, made from its tables: help, the manual page, completions, the JSON schema.

pub(crate) mod completions;
pub(crate) mod help;
pub(crate) mod man;
pub(crate) mod schema;
