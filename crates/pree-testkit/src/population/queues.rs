//! TCP connections with a known number of bytes waiting at either end.

use super::{Population, basic::listener};
use crate::socket::{Family, Socket};
use crate::wire::Wire;
use crate::{Failed, wait_until};

/// Bytes not read (1000), bytes not sent because the other end has no room (400), bytes not acknowledged with an owner
/// (300), and the same after the close: data that the kernel still wants to deliver, in `fin_wait_1` without an owner.
///
/// # Errors
/// The kernel's.
pub fn queues(family: Family) -> Result<Population, Failed> {
    let mut all = Population::new();

    let listener = listener(family, (family.loopback(), 0))?;
    let client = Socket::tcp(family)?;
    client.connect(listener.local()?)?;
    let server = listener.accept()?;
    client.send(&[7; 1000])?;
    wait_until("the data to arrive", || server.unread_bytes().is_ok_and(|bytes| bytes == 1000))?;
    wait_until("the data to be acknowledged", || {
        client.unacknowledged_bytes().is_ok_and(|bytes| bytes == 0)
    })?;
    all.add("writer of unread data", client, "established")?;
    all.add_with("unread data", server, "established", |truth| truth.receive_queue_bytes = Some(1000))?;
    let limit = super::BACKLOG.unsigned_abs();
    all.add_with("listener of unread data", listener, "listen", |truth| truth.listen = Some((0, limit)))?;

    let wire = Wire::open()?;
    for orphan in [false, true] {
        let mut peer = wire.peer(wire.far_address(family))?;
        let socket = Socket::tcp(family)?;
        socket.start_connect(peer.address())?;
        peer.accept()?;
        wait_until("the handshake", || socket.state().is_ok_and(|state| state == "established"))?;
        socket.send(&[9; 300])?;
        peer.await_data(300)?;
        if orphan {
            let before = crate::Truth::of("data not acknowledged, closed", &socket, "fin_wait_1")?;
            drop(socket);
            let mut truth = before.abandoned("data not acknowledged, closed", "fin_wait_1", "orphaned");
            // The FIN counts as one.
            truth.send_queue_bytes = Some(301);
            truth.timer = Some("on");
            all.know(truth);
        } else {
            all.add_with("data not acknowledged", socket, "established", |truth| {
                truth.send_queue_bytes = Some(300);
                truth.timer = Some("on");
            })?;
        }
        all.keep(peer);
    }

    let mut peer = wire.peer(wire.far_address(family))?;
    peer.set_window(0);
    let socket = Socket::tcp(family)?;
    socket.start_connect(peer.address())?;
    peer.accept()?;
    wait_until("the handshake", || socket.state().is_ok_and(|state| state == "established"))?;
    socket.send(&[5; 400])?;
    all.add_with("no room at the other end", socket, "established", |truth| {
        truth.send_queue_bytes = Some(400);
        truth.timer = Some("persist");
    })?;
    all.keep(peer);
    Ok(all)
}
