//! Every state of TCP, reached with a peer driven by hand and therefore held as long as the test needs it.

use std::net::{IpAddr, SocketAddr};

use super::{BACKLOG, Population, basic::listener};
use crate::peer::Peer;
use crate::socket::{Family, Socket};
use crate::wire::Wire;
use crate::{Failed, Truth, wait_until};

/// Every state of TCP with an owner where it can have one, and without where it can be without.
///
/// The kernel repeats unanswered segments, gives up after its usual time (a minute and more), and ends `time_wait` and
/// the ownerless `fin_wait_2` after 60 s: look at them soon.
///
/// # Errors
/// The kernel's, or a state that was not reached.
pub fn states(family: Family) -> Result<Population, Failed> {
    let mut all = reach_all(family, family)?;
    all.merge(syn_received(family)?);
    Ok(all)
}

/// The same, of IPv6 sockets that speak IPv4, but for `syn_received`, which is in [`syn_received`].
///
/// # Errors
/// The kernel's, or a state that was not reached.
pub fn states_mapped() -> Result<Population, Failed> {
    reach_all(Family::V6, Family::V4)
}

fn reach_all(family: Family, over: Family) -> Result<Population, Failed> {
    let mut all = Population::new();
    let wire = Wire::open()?;

    let silent = wire.peer(wire.far_address(over))?;
    let socket = Socket::tcp(family)?;
    socket.start_connect(as_family(family, silent.address()))?;
    // Before the answer getpeername(2) does not tell it.
    let remote = Some(as_family(family, silent.address()));
    all.add_with("unanswered SYN", socket, "syn_sent", |truth| {
        truth.remote = remote;
        truth.timer = Some("on");
    })?;
    all.keep(silent);

    for (label, orphan, state, reach) in [
        ("established", false, "established", stay as Reach),
        ("FIN not acknowledged", false, "fin_wait_1", close_unanswered),
        ("FIN not acknowledged, closed", true, "fin_wait_1", close_unanswered),
        ("FIN acknowledged", false, "fin_wait_2", close_acknowledged),
        ("FIN acknowledged, closed", true, "fin_wait_2", close_acknowledged),
        ("FINs crossed", false, "closing", close_both),
        ("FINs crossed, closed", true, "closing", close_both),
        ("closed first", true, "time_wait", close_first),
        ("peer's FIN", false, "close_wait", closed_by_peer),
        ("closed second, FIN not acknowledged", false, "last_ack", close_second),
        ("closed second, FIN not acknowledged, closed", true, "last_ack", close_second),
    ] {
        let (socket, mut peer) = connected(wire, family, over)?;
        // Whoever closes a socket that has sent its FIN leaves it in the state where it was, so both kinds are
        // reached alike; before, its addresses and cookie are noted.
        let before = Truth::of(label, &socket, state)?;
        reach(&socket, &mut peer)?;
        if orphan {
            drop(socket);
            let reason = if state == "time_wait" { "time_wait" } else { "orphaned" };
            all.know(before.abandoned(label, state, reason));
        } else {
            wait_until(label, || socket.state().is_ok_and(|now| now == state))?;
            all.add(label, socket, state)?;
        }
        all.keep(peer);
    }
    Ok(all)
}

/// A listener and a connection to it whose handshake is not complete; with IPv6 also one over IPv4 to a dual-stack
/// listener, whose addresses are v4-mapped.
///
/// # Errors
/// The kernel's.
pub fn syn_received(family: Family) -> Result<Population, Failed> {
    let mut all = Population::new();
    let wire = Wire::open()?;
    let mut add = |label, socket: Socket, over: Family| -> Result<(), Failed> {
        let at = SocketAddr::new(wire.near_ip(over), socket.local()?.port());
        let mut peer = wire.peer(wire.far_address(over))?;
        peer.half_connect(at)?;
        let [local, remote] = [at, peer.address()].map(|address| as_family(family, address));
        all.know(Truth::unowned(label, "syn_received", local, remote, "handshake"));
        all.keep(peer);
        all.add_with("listener of a handshake", socket, "listen", |truth| {
            truth.listen = Some((0, BACKLOG.unsigned_abs()));
        })?;
        Ok(())
    };
    add("half a handshake", listener(family, (wire.near_ip(family), 0))?, family)?;
    if family == Family::V6 {
        let socket = listener(Family::V6, (Family::V6.any(), 0))?;
        add("half a handshake over IPv4 at a dual-stack listener", socket, Family::V4)?;
    }
    Ok(all)
}

/// Brings an established connection into a state, all but the closing of the descriptor.
type Reach = fn(&Socket, &mut Peer) -> Result<(), Failed>;

fn connected(wire: Wire, family: Family, over: Family) -> Result<(Socket, Peer), Failed> {
    let mut peer = wire.peer(wire.far_address(over))?;
    let socket = Socket::tcp(family)?;
    socket.start_connect(as_family(family, peer.address()))?;
    peer.accept()?;
    wait_until("the handshake", || socket.state().is_ok_and(|state| state == "established"))?;
    Ok((socket, peer))
}

#[allow(clippy::unnecessary_wraps, reason = "it is a Reach")]
fn stay(_: &Socket, _: &mut Peer) -> Result<(), Failed> {
    Ok(())
}

fn close_unanswered(socket: &Socket, peer: &mut Peer) -> Result<(), Failed> {
    socket.finish()?;
    peer.await_finish()
}

fn close_acknowledged(socket: &Socket, peer: &mut Peer) -> Result<(), Failed> {
    close_unanswered(socket, peer)?;
    peer.acknowledge()?;
    wait_until("fin_wait_2", || socket.state().is_ok_and(|state| state == "fin_wait_2"))
}

fn close_both(socket: &Socket, peer: &mut Peer) -> Result<(), Failed> {
    close_unanswered(socket, peer)?;
    peer.finish()?;
    wait_until("closing", || socket.state().is_ok_and(|state| state == "closing"))
}

fn close_first(socket: &Socket, peer: &mut Peer) -> Result<(), Failed> {
    close_acknowledged(socket, peer)?;
    peer.finish()?;
    // The descriptor's socket is closed now; what waits is not a socket any more.
    wait_until("time_wait", || socket.state().is_ok_and(|state| state == "closed"))
}

fn closed_by_peer(socket: &Socket, peer: &mut Peer) -> Result<(), Failed> {
    peer.finish()?;
    wait_until("close_wait", || socket.state().is_ok_and(|state| state == "close_wait"))
}

fn close_second(socket: &Socket, peer: &mut Peer) -> Result<(), Failed> {
    closed_by_peer(socket, peer)?;
    socket.finish()?;
    peer.await_finish()?;
    wait_until("last_ack", || socket.state().is_ok_and(|state| state == "last_ack"))
}

/// An address as a socket of this family shows it.
fn as_family(family: Family, address: SocketAddr) -> SocketAddr {
    match (family, address.ip()) {
        (Family::V6, IpAddr::V4(v4)) => SocketAddr::new(v4.to_ipv6_mapped().into(), address.port()),
        _ => address,
    }
}
