//! Listeners by their port: to which a connection came tells whose it is, until somebody uses it.

use std::collections::HashMap;
use std::net::IpAddr;

use crate::model::{Address, Socket, State};

/// Cookies of listeners, by network namespace and port.
#[derive(Default)]
pub(super) struct Listeners(HashMap<(u64, u16), Vec<u64>>);

impl Listeners {
    pub(super) fn add(&mut self, socket: &Socket, cookie: u64) {
        if let Some(key) = key(socket) {
            let all = self.0.entry(key).or_default();
            if !all.contains(&cookie) {
                all.push(cookie);
            }
        }
    }

    /// Forgets it, if it is one.
    pub(super) fn remove(&mut self, socket: &Socket, cookie: u64) {
        let Some(key) = key(socket).filter(|_| socket.state == State::Listen) else { return };
        if let Some(all) = self.0.get_mut(&key) {
            all.retain(|one| *one != cookie);
            if all.is_empty() {
                self.0.remove(&key);
            }
        }
    }

    /// The listener that a connection came to, where only one can be it: that of its address, else that of all.
    pub(super) fn of<'s>(
        &self,
        connection: &Socket,
        socket: impl Fn(u64) -> Option<&'s Socket>,
    ) -> Option<&'s Socket> {
        let all = self.0.get(&key(connection)?)?;
        let end = ip(&connection.local)?;
        let at = |wildcard: bool| {
            let mut found = all.iter().filter_map(|cookie| socket(*cookie)).filter(|listener| {
                if wildcard { listener.local.is_wildcard() } else { ip(&listener.local) == Some(end) }
            });
            let first = found.next();
            if found.next().is_some() { None } else { first }
        };
        at(false).or_else(|| at(true))
    }
}

fn ip(address: &Address) -> Option<IpAddr> {
    match address {
        Address::Inet(address) => Some(address.ip().to_canonical()),
        _ => None,
    }
}

fn key(socket: &Socket) -> Option<(u64, u16)> {
    Some((socket.namespace_inode().unwrap_or(0), socket.local.port()?))
}
