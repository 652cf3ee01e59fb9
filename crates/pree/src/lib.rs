//! Which sockets exist, whose are they, and how well is each connection doing.
//!
//! [`Query`] asks this machine's kernel directly (never another program) and answers with [`Socket`]s: addresses,
//! state, owners, statistics. What an answer leaves out is part of it: [`Coverage`].
//!
//! ```
//! # fn main() -> Result<(), pree::Error> {
//! // Who listens?
//! let listeners = pree::Query::new().tcp().states(pree::States::LISTENING).owners().collect()?;
//! for socket in &listeners {
//!     let names: Vec<_> = socket.owners.iter().map(|owner| &owner.process.name).collect();
//!     println!("{} {names:?}", socket.local);
//! }
//! println!("missing: {}", listeners.coverage());
//! # Ok(())
//! # }
//! ```
//!
//! A [`Filter`] is the language of the command, and much of it is decided in the kernel:
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let filter: pree::Filter = "state established and rtt > 50ms and not scope = loopback".parse()?;
//! for socket in pree::Query::new().tcp().stats().filter(filter).collect()? {
//!     println!("{} {:?}", socket.local, socket.tcp.as_ref().and_then(|tcp| tcp.rtt));
//! }
//! # Ok(())
//! # }
//! ```
//!
//! A [`Session`] keeps its source open from look to look, and [`Socket::id`] finds a socket again:
//!
//! ```
//! # fn main() -> Result<(), pree::Error> {
//! use std::collections::HashSet;
//!
//! let mut session = pree::Session::new(pree::source::live()?);
//! let query = pree::Query::new().tcp();
//! let mut before = HashSet::new();
//! for _ in 0..3 {
//!     let look = session.collect(&query)?;
//!     let now: HashSet<_> = look.iter().filter_map(pree::Socket::id).collect();
//!     println!("{} came, {} went", now.difference(&before).count(), before.difference(&now).count());
//!     before = now;
//!     std::thread::sleep(std::time::Duration::from_millis(20));
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Its ideas
//!
//! - **What is missing is data.** A partial answer is a [`Snapshot`] whose [`Coverage`] names each [`Gap`] with its reason and what would
//!   help. An error is only what has no answer at all.
//! - **Unknown is `None`**, never 0, and a condition on it is neither true nor false: see [`Filter`].
//! - **Only what is needed is asked for.** [`Needs`] of query, filter and columns are united, and the kernel is asked for just these.
//! - **Bytes come through one door.** A [`Source`](source::Source) answers questions with the system's own bytes, so a recording or a test
//!   can stand in its place, and the code above it is the same on every platform.
//! - **One table of fields.** [`field`] says of each what it is called, means, costs and is made of; outputs and filters come from it.
//! - **Judging is apart.** [`quality`] is pure functions of what was reported; below its smallest sample an answer is unknown.
//!
//! # Features
//!
//! - `serde`: `Serialize` for rows and what surrounds them, in the shapes of `pree schema`: `serde_json::to_string(&socket)` is a line of
//!   `pree --jsonl -c -quality`, of a [`field::View`] one with its judgement, of a [`Snapshot`] the document of `--json`, of a `Diagnosis` that of `pree doctor --json`. Only escapes of
//!   characters that would deceive on a terminal are the command's own.
//! - `linux-procfs`: /proc/net through the parser of the `procfs` crates, for [`SourceChoice::Procfs`].
//! - `socket-tracking`: [`Watch`], which follows sockets from their opening to their end; the example `socket_info_libproc` is built
//!   with it.
// The promises of a library, which nothing in it can switch off.
#![cfg_attr(
    not(test),
    forbid(
        missing_docs,
        clippy::dbg_macro,
        clippy::disallowed_methods,
        clippy::exit,
        clippy::expect_used,
        clippy::print_stderr,
        clippy::print_stdout,
        clippy::undocumented_unsafe_blocks,
        clippy::unwrap_used
    )
)]

pub mod act;
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
mod signal;
mod snapshot;
pub mod source;
#[cfg(test)]
mod steps;
#[allow(unsafe_code, reason = "the door to the system")]
mod sys;
#[cfg(feature = "socket-tracking")]
mod watch;
mod window;

pub use coverage::{Coverage, Gap, Missing, Origin};
pub use error::{Error, ErrorKind, Result};
pub use filter::{Filter, FilterError};
pub use model::{
    Address, CountsSince, Detail, Direction, Ending, Event, EventKind, Family, How, Moment, NetworkNamespace,
    OtherProtocol, Owner, Peer, Process, Protocol, Protocols, Provenance, Since, Socket, SocketId,
    SocketType, State, States, TcpStats, Text, Totals, Traffic, Unowned,
};
pub use needs::{Needs, OwnerLookup, OwnerSource, SourceChoice, WatchSource};
pub use query::Query;
#[cfg(feature = "serde")]
pub use serialize::{Diagnosis, SCHEMA};
pub use series::{Sample, Series};
pub use session::{Rest, Session};
pub use snapshot::Snapshot;
pub use source::Namespaces;
#[cfg(feature = "socket-tracking")]
pub use watch::{Stop, Watch};
pub use window::Window;

/// The path of the compatibility API.
pub mod socket {
    /// One flat list of this machine's sockets: plain values, and a default where something is unknown.
    pub mod platform {
        pub use crate::compat::{SocketInfo, SocketState, SocketStats, get_sockets_info};
    }
}
