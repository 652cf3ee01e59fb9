//! Which end of a TCP connection opened it.
//!
//! No table of the kernel says so. Its counters do: who opened a connection has one byte more acknowledged than sent,
//! the SYN. Else there are listeners, which come before connections in every answer, and the ports that the kernel
//! itself chooses from.

use std::collections::HashSet;
use std::net::IpAddr;

use crate::model::{Address, Direction, Family, HostLimits, Protocol, Socket, State, Text};
use crate::needs::Needs;
use crate::plan::Plan;
use crate::source::Source;

use super::{host_limits, unix_ends};

/// What is known of the listeners of one network namespace.
pub(super) struct Directions {
    listeners: HashSet<(Family, IpAddr, u16)>,
    /// Names of Unix listeners.
    unix: HashSet<Text>,
    limits: HostLimits,
}

impl Directions {
    /// Ready for the rows, if directions are asked for.
    pub(super) fn read(plan: &Plan, source: &mut dyn Source) -> Option<Self> {
        plan.needs.contains(Needs::DIRECTION).then(|| Self {
            listeners: HashSet::new(),
            unix: HashSet::new(),
            limits: host_limits(source),
        })
    }

    /// Remembers a listener, and gives a connection its direction. True when that is known only at the end.
    pub(super) fn tell(&mut self, socket: &mut Socket) -> bool {
        match socket.protocol {
            Protocol::Unix => {
                if let (State::Listen, Address::Unix(name)) = (socket.state, &socket.local) {
                    self.unix.insert(name.clone());
                }
                socket.direction = unix_ends::direction(socket, &self.unix);
                return unix_ends::waits_for_listeners(socket);
            }
            Protocol::Tcp if socket.state == State::Listen => {
                if let Some(address) = socket.local.socket_addr() {
                    let ip = address.ip().to_canonical();
                    self.listeners.insert((socket.family, ip, address.port()));
                }
            }
            Protocol::Tcp => socket.direction = self.of(socket),
            _ => {}
        }
        false
    }

    fn of(&self, socket: &Socket) -> Option<Direction> {
        match socket.state {
            State::SynSent => return Some(Direction::Out),
            State::SynReceived => return Some(Direction::In),
            State::BoundInactive | State::Closed | State::Unknown | State::Other(_) => return None,
            _ => {}
        }
        if let Some(direction) = by_counters(socket) {
            return Some(direction);
        }
        let address = socket.local.socket_addr()?;
        let (ip, port) = (address.ip(), address.port());
        let listens = |ip| self.listeners.contains(&(socket.family, ip, port));
        if listens(ip.to_canonical())
            || [IpAddr::from([0; 4]), IpAddr::from([0_u16; 8])].into_iter().any(listens)
        {
            return Some(Direction::In);
        }
        // A listener on such a port may be gone; a connection on another one came through a listener that is.
        self.limits.can_choose(port).then_some(Direction::Out)
    }
}

/// Exact where the two numbers are of one moment. Before a FIN: that counts as a byte as well.
fn by_counters(socket: &Socket) -> Option<Direction> {
    if !matches!(socket.state, State::Established | State::CloseWait) {
        return None;
    }
    let tcp = socket.tcp.as_ref()?;
    let in_flight = u64::from(socket.send_queue?).checked_sub(tcp.notsent_bytes?.into())?;
    let sent_once = tcp.bytes_sent?.checked_sub(tcp.bytes_retrans?)?;
    match tcp.bytes_acked?.checked_add(in_flight)?.checked_sub(sent_once)? {
        0 => Some(Direction::In),
        1 => Some(Direction::Out),
        _ => None,
    }
}
