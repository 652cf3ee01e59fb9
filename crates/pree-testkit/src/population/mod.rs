//! Sockets made on purpose, and the truth about each.
//!
//! A builder returns a [`Population`]: the sockets live as long as it does, and its truth names *every* socket it
//! made that a table can show. In a lab that runs nothing else, the tables therefore hold exactly these rows.
//!
//! [`link_local`], [`states`], [`states_mapped`], [`syn_received`], [`queues`] and [`bound_only`] need
//! [`crate::Need::Veth`]; all that take no [`crate::Family`] use IPv6 too and need [`crate::Need::Ipv6`].

use std::any::Any;
use std::fmt;
use std::io;

use crate::Truth;
use crate::socket::Socket;

mod accept_queue;
mod basic;
mod bound;
mod groups;
mod options;
mod queues;
mod states;
mod udp;

pub use accept_queue::accept_queue;
pub use basic::{connections, link_local, listeners};
pub use bound::bound_only;
pub use groups::{in_flight, reuseport, shared, workers};
pub use options::{options, users};
pub use queues::queues;
pub use states::{states, states_mapped, syn_received};
pub use udp::{udp, udplite};

/// Sockets that live as long as this value, and what is true about them.
#[derive(Default)]
pub struct Population {
    truth: Vec<Truth>,
    kept: Vec<Box<dyn Any + Send>>,
}

impl fmt::Debug for Population {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Population").field("truth", &self.truth).finish_non_exhaustive()
    }
}

impl Population {
    /// An empty one, to be filled.
    pub fn new() -> Self {
        Self::default()
    }

    /// Every socket that a table can show.
    pub fn truth(&self) -> &[Truth] {
        &self.truth
    }

    /// Adds what is true about a socket that is kept elsewhere, or by nobody.
    pub fn know(&mut self, truth: Truth) {
        self.truth.push(truth);
    }

    /// Keeps something alive: a socket, a peer, a holder.
    pub fn keep(&mut self, thing: impl Any + Send) {
        self.kept.push(Box::new(thing));
    }

    /// Keeps a socket and what is true about it.
    ///
    /// # Errors
    /// The kernel's.
    pub fn add(&mut self, label: &'static str, socket: Socket, state: &'static str) -> io::Result<()> {
        self.add_with(label, socket, state, |_| {})
    }

    /// The same with facts that the socket itself does not tell.
    ///
    /// # Errors
    /// The kernel's.
    pub fn add_with(
        &mut self,
        label: &'static str,
        socket: Socket,
        state: &'static str,
        more: impl FnOnce(&mut Truth),
    ) -> io::Result<()> {
        let mut truth = Truth::of(label, &socket, state)?;
        more(&mut truth);
        self.know(truth);
        self.keep(socket);
        Ok(())
    }

    /// Takes over all of another population.
    pub fn merge(&mut self, other: Self) {
        self.truth.extend(other.truth);
        self.kept.extend(other.kept);
    }
}

/// A limit for listeners that is smaller than any system's `somaxconn`.
const BACKLOG: i32 = 16;
