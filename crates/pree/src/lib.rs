//! Which sockets exist, whose are they, and how well is each connection doing.
//!
//! [`Query`] asks this machine's kernel directly (never another program) and answers with [`Socket`]s: addresses,
//! state, owners, statistics. What an answer leaves out is part of it: [`Coverage`].
#![warn(missing_docs)]

mod collect;
mod compat;
mod coverage;
mod decode;
mod error;
pub mod field;
mod filter;
mod live;
pub mod model;
mod named;
mod needs;
mod plan;
pub mod quality;
mod query;
#[cfg(feature = "serde")]
mod serialize;
mod series;
mod session;
mod snapshot;
pub mod source;
#[cfg(test)]
mod steps;
mod sys;

pub use coverage::{Coverage, Gap, Missing, Origin};
pub use error::{Error, ErrorKind, Result};
pub use filter::{Filter, FilterError};
pub use model::{
    Address, CountsSince, Detail, Direction, Family, Moment, NetworkNamespace, OtherProtocol, Owner, Peer,
    Process, Protocol, Protocols, Socket, SocketId, SocketType, State, States, TcpStats, Text, Unowned,
};
pub use needs::{Needs, OwnerLookup, OwnerSource, SourceChoice};
pub use query::Query;
#[cfg(feature = "serde")]
pub use serialize::SCHEMA;
pub use series::{Sample, Series};
pub use session::{Rest, Session};
pub use snapshot::Snapshot;
pub use source::Namespaces;

/// The path of the compatibility API.
pub mod socket {
    /// One flat list of this machine's sockets: plain values, and a default where something is unknown.
    pub mod platform {
        pub use crate::compat::{SocketInfo, SocketState, SocketStats, get_sockets_info};
    }
}
