//! What connections to one peer know of the path to it together.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use crate::model::Socket;
use crate::quality::Context;

/// The smallest round trip to each remote address that any connection has seen lately.
///
/// A connection that was opened into a full queue never sees its path empty; others to the same address may have.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Peers {
    base: HashMap<IpAddr, Duration>,
}

impl Peers {
    /// Looks at all of them.
    pub fn of<'s>(sockets: impl IntoIterator<Item = &'s Socket>) -> Self {
        let mut base = HashMap::new();
        for socket in sockets {
            let Some((remote, rtt)) = remote(socket).zip(min_rtt(socket)) else { continue };
            base.entry(remote).and_modify(|least: &mut Duration| *least = rtt.min(*least)).or_insert(rtt);
        }
        Self { base }
    }

    /// What to judge this socket with.
    pub fn context(&self, socket: &Socket) -> Context {
        let peer_base_rtt = remote(socket).and_then(|remote| self.base.get(&remote).copied());
        Context { peer_base_rtt, ..Context::default() }
    }
}

fn remote(socket: &Socket) -> Option<IpAddr> {
    Some(socket.remote?.ip()?.to_canonical())
}

fn min_rtt(socket: &Socket) -> Option<Duration> {
    socket.tcp.as_deref()?.min_rtt
}
