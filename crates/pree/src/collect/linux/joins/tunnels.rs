//! UDP sockets of tunnels, which the kernel holds. No row reports it, but rtnetlink and generic netlink report the tunnels: they are
//! asked for where a socket comes by that could be one of theirs.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;

use pree_wire::generic_netlink::{L2tpTunnel, fou_ports};
use pree_wire::links::{Link, Tunnel};

use super::join::{At, Join};
use crate::model::{Protocol, Socket, Text};
use crate::source::{Question, Source, read_all};

/// Those of one network namespace.
#[derive(Default)]
pub(super) struct Tunnels {
    /// By port: their sockets are at every address, and connected to nobody.
    ports: Known<u16>,
    /// Of L2TP, by both ends.
    l2tp: Known<[(IpAddr, u16); 2]>,
}

impl Join for Tunnels {
    fn complete(&mut self, socket: &mut Socket, at: &mut At<'_>) -> bool {
        // What a process is named for in the filter is not the kernel's.
        if socket.protocol != Protocol::Udp || at.owners.named.is_some() || is_held(socket, at) {
            return true;
        }
        let end = |address: &crate::Address| address.ip().zip(address.port());
        let Some((ip, port)) = end(&socket.local) else { return true };
        let is_known = match socket.remote.as_ref().map(end) {
            None if ip.is_unspecified() => self.ports.name(&port, socket),
            Some(Some(remote)) => self.l2tp.name(&[(ip, port), remote], socket),
            _ => true,
        };
        is_known || at.is_last()
    }

    fn ask(&mut self, source: &mut dyn Source) {
        // Without an answer, nobody that is visible holds their sockets.
        self.ports.ask(|| {
            let links = read_all(source, &Question::Links).unwrap_or_default();
            let interface = |link: Link<'_>| Some((port(&link, source)?, Text::from(link.name)));
            let mut names: HashMap<_, _> = Link::all(&links).filter_map(interface).collect();
            let ports = read_all(source, &Question::FouPorts).unwrap_or_default();
            for port in fou_ports(&ports) {
                names.entry(port).or_insert_with(|| unnamed("fou", port.into()));
            }
            names
        });
        self.l2tp.ask(|| {
            let tunnels = read_all(source, &Question::L2tpTunnels).unwrap_or_default();
            let name = |it: L2tpTunnel| ([it.local, it.remote], unnamed("l2tp", it.id));
            L2tpTunnel::all(&tunnels).map(name).collect()
        });
    }
}

/// The names of tunnels by what their sockets are known by, once they were asked for.
struct Known<K> {
    names: Option<HashMap<K, Text>>,
    is_wanted: bool,
}

impl<K> Default for Known<K> {
    fn default() -> Self {
        Self { names: None, is_wanted: false }
    }
}

impl<K: Eq + Hash> Known<K> {
    /// Names the tunnel of a socket that has this key. False as long as they were not asked for.
    fn name(&mut self, key: &K, socket: &mut Socket) -> bool {
        self.is_wanted |= self.names.is_none();
        let Some(names) = &self.names else { return false };
        socket.tunnel = names.get(key).cloned();
        true
    }

    fn ask(&mut self, names: impl FnOnce() -> HashMap<K, Text>) {
        if std::mem::take(&mut self.is_wanted) {
            self.names = Some(names());
        }
    }
}

/// The name of a tunnel that has none: no interface's has a colon.
fn unnamed(kind: &str, number: u32) -> Text {
    Text::from(format!("{kind}:{number}").as_bytes())
}

/// The port of an interface's UDP socket.
fn port(link: &Link<'_>, source: &mut dyn Source) -> Option<u16> {
    match link.tunnel? {
        Tunnel::Port(port) => Some(port),
        Tunnel::WireGuard => {
            let port = read_all(source, &Question::WireGuardPort(link.index)).ok()?;
            port.first_chunk().copied().map(u16::from_le_bytes)
        }
    }
}

/// True where a process is known to hold it.
fn is_held(socket: &Socket, at: &At<'_>) -> bool {
    socket.inode.is_none_or(|inode| !at.owners.is_unheld(inode))
}
