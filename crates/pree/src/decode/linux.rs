//! Linux: rows of `sock_diag` and lines of /proc/net.

mod families;
mod held;
mod id;
pub(crate) mod inet;
#[cfg(feature = "socket-tracking")]
pub(crate) mod lives;
mod membership;
#[cfg(test)]
mod nothing;

pub(crate) use families::decode_table;
pub(crate) use held::{decode_held, protocol_named};
pub(crate) use id::inet_id;
pub(crate) use inet::{Decoder, has_stats, version};
pub(crate) use membership::add_membership;
