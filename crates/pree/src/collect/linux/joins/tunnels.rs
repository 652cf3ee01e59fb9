//! Ports of tunnels, whose UDP sockets the kernel holds. No row reports it, but rtnetlink reports the tunnels: they are asked for
//! where a socket comes by that could be one of theirs.

use std::collections::HashMap;

use pree_wire::links::Link;

use super::join::{At, Join};
use crate::model::{Protocol, Socket, Text};
use crate::source::{Question, Source, read_all};

/// Those of one network namespace.
#[derive(Default)]
pub(super) struct Tunnels {
    /// By port, once they were asked for.
    names: Option<HashMap<u16, Text>>,
    is_wanted: bool,
}

impl Join for Tunnels {
    fn complete(&mut self, socket: &mut Socket, at: &mut At<'_>) -> bool {
        // What a process is named for in the filter is not the kernel's.
        let may_be = at.owners.named.is_none() && !is_held(socket, at);
        let Some(port) = port(socket).filter(|_| may_be) else { return true };
        let Some(names) = &self.names else {
            self.is_wanted = true;
            return at.is_last();
        };
        socket.tunnel = names.get(&port).cloned();
        true
    }

    fn ask(&mut self, source: &mut dyn Source) {
        if std::mem::take(&mut self.is_wanted) {
            // Without an answer, nobody that is visible holds their sockets.
            let links = read_all(source, &Question::Links).unwrap_or_default();
            let tunnels =
                Link::all(&links).filter_map(|link| Some((link.tunnel_port?, Text::from(link.name))));
            self.names = Some(tunnels.collect());
        }
    }
}

/// The port of a socket as those of tunnels are: at every address, and connected to nobody.
fn port(socket: &Socket) -> Option<u16> {
    let ip = socket.local.ip().filter(|_| socket.protocol == Protocol::Udp && socket.remote.is_none())?;
    socket.local.port().filter(|_| ip.is_unspecified())
}

/// True where a process is known to hold it.
fn is_held(socket: &Socket, at: &At<'_>) -> bool {
    socket.inode.is_none_or(|inode| !at.owners.is_unheld(inode))
}
