//! TCP sockets that have a port and no connection, and sockets that have nothing and must not appear.

use super::Population;
use crate::Failed;
use crate::socket::{Family, Socket};
use crate::wire::Wire;

/// TCP sockets in state `bound_inactive`: bound and no more, once a listener, once connected. Beside them, without
/// truth because no table may show them: a socket that was never bound, and a former listener and a reset connection
/// whose ports the kernel had chosen.
///
/// # Errors
/// The kernel's.
pub fn bound_only() -> Result<Population, Failed> {
    let mut all = Population::new();
    for family in [Family::V4, Family::V6] {
        let bound = Socket::tcp(family)?;
        bound.bind((family.loopback(), 0))?;
        all.add("bound", bound, "bound_inactive")?;
        let bound = Socket::tcp(family)?;
        bound.bind((family.any(), 0))?;
        all.add("bound to all addresses", bound, "bound_inactive")?;
        // A port that was asked for stays with its socket; one that the kernel chose does not.
        let former = super::basic::listener(family, (family.loopback(), free_port(family)?))?;
        former.stop_reading()?;
        all.add("bound, once a listener", former, "bound_inactive")?;
        let former = super::basic::listener(family, (family.loopback(), 0))?;
        former.stop_reading()?;
        all.keep(former);
        all.keep(Socket::tcp(family)?);
    }
    let wire = Wire::open()?;
    for bind in [true, false] {
        let mut peer = wire.peer(wire.far_address(Family::V4))?;
        let socket = Socket::tcp(Family::V4)?;
        if bind {
            socket.bind((wire.near_ip(Family::V4), free_port(Family::V4)?))?;
        }
        socket.start_connect(peer.address())?;
        peer.accept()?;
        peer.reset()?;
        crate::wait_until("the reset to arrive", || socket.state().is_ok_and(|state| state == "closed"))?;
        if bind {
            // The kernel still says whom it was connected to, though the socket itself does not.
            let remote = peer.address();
            all.add_with("bound, connection reset", socket, "bound_inactive", |truth| {
                truth.remote = Some(remote);
            })?;
        } else {
            all.keep(socket);
        }
        all.keep(peer);
    }
    Ok(all)
}

fn free_port(family: Family) -> std::io::Result<u16> {
    let socket = Socket::tcp(family)?;
    socket.bind((family.any(), 0))?;
    Ok(socket.local()?.port())
}
