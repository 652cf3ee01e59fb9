//! Tunnels that generic netlink alone tells of.

use pree_wire::generic_netlink::{self, Every};
use pree_wire::netlink::{Body, messages};

use super::netlink::Request;
use crate::source::{Errno, Failure};

/// The UDP port of a WireGuard interface, a little-endian u16. Its keys come with it, and go no further.
pub(super) fn wireguard_port(index: u32) -> Result<Vec<u8>, Failure> {
    let family = family(b"wireguard")?;
    let mut answer = Vec::new();
    // Peers follow, which can be any number.
    Request::generic(Every::WireGuard { family, index })?.receive(&mut answer)?;
    let port = generic_netlink::listen_port(&answer);
    let refused = messages(&answer).map_while(Result::ok).find_map(|message| match message.body() {
        Body::Error(errno) | Body::Done(errno) => errno,
        _ => None,
    });
    answer.fill(0);
    port.map(|port| port.to_le_bytes().to_vec()).ok_or(Failure::Answer(refused.unwrap_or(Errno::ENOENT)))
}

/// Every L2TP tunnel of this network namespace.
pub(super) fn l2tp() -> Result<Vec<u8>, Failure> {
    let family = family(b"l2tp")?;
    Request::generic(Every::L2tpTunnel { family })?.receive_all()
}

/// Every port of FOU of this network namespace.
pub(super) fn fou() -> Result<Vec<u8>, Failure> {
    let family = family(b"fou")?;
    Request::generic(Every::FouPort { family })?.receive_all()
}

/// The number that a family has now. All are listed: for one that is asked for by name, the kernel loads a module.
fn family(name: &[u8]) -> Result<u16, Failure> {
    let families = Request::generic(Every::Family)?.receive_all()?;
    generic_netlink::family(&families, name).ok_or(Failure::Answer(Errno::ENOENT))
}
