//! Linux: capabilities.

pub(super) mod rights;
