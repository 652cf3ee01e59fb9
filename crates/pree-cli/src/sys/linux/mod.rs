//! Linux: capabilities, and files without a name.

pub(super) mod nameless;
pub(super) mod rights;

use rustix::fs::OFlags;

/// How a directory is opened to use names in it: permission to list it is not needed.
pub(super) const DIRECTORY: OFlags = OFlags::PATH;
