//! Windows: not built yet.

use super::Visitor;
use crate::coverage::Coverage;
use crate::error::{Error, ErrorKind, Result};
use crate::plan::Plan;
use crate::source::Source;

pub(super) fn visit(_: &Plan, _: &mut dyn Source, _: &mut Visitor<'_>) -> Result<Coverage> {
    Err(Error::new(ErrorKind::Unsupported, "list", "sockets of Windows"))
}
