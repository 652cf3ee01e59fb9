//! In place of the parser of the `procfs` crates where this build is without the feature `linux-procfs`.

use crate::model::{Family, Protocol, Socket};

/// Why it reads nothing of this protocol.
#[expect(clippy::unnecessary_wraps, reason = "the parser that it stands for reads some protocols")]
pub(super) fn refusal(_: Protocol) -> Option<&'static str> {
    Some("this build is without the feature linux-procfs")
}

/// What [`refusal`] keeps from being asked.
pub(super) fn parse(_: &[u8], _: Protocol, _: Family) -> Result<Vec<Socket>, &'static str> {
    Err("there is no parser")
}
