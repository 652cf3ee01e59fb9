//! A peer that is gone while nothing is sent: known where keepalives ask, and nowhere else.

use std::net::SocketAddr;

use pree::quality::{Severity, Value};
use pree_testkit::peer::Peer;
use pree_testkit::wire::Wire;
use pree_testkit::{Failed, Family, Socket, wait_until};

use crate::look::{Look, all_well, connect, ensure, listener, look_until};

/// Asks after a second of silence, and then every second.
fn keep_alive(socket: &Socket) -> Result<(), Failed> {
    socket.set_int(libc::IPPROTO_TCP, libc::TCP_KEEPIDLE, 1)?;
    socket.set_int(libc::IPPROTO_TCP, libc::TCP_KEEPINTVL, 1)?;
    socket.set_int(libc::IPPROTO_TCP, libc::TCP_KEEPCNT, 9)?;
    Ok(socket.set_int(libc::SOL_SOCKET, libc::SO_KEEPALIVE, 1)?)
}

/// A connection to a peer that has answered so far.
pub fn to_peer(wire: Wire, address: SocketAddr) -> Result<(Socket, Peer), Failed> {
    let mut peer = wire.peer(address)?;
    let socket = Socket::tcp(Family::V4)?;
    socket.start_connect(peer.address())?;
    peer.accept()?;
    wait_until("the handshake", || socket.state().is_ok_and(|state| state == "established"))?;
    Ok((socket, peer))
}

pub fn keepalive() -> Result<(), Failed> {
    let wire = Wire::open()?;
    let (asks, _gone) = to_peer(wire, wire.far_address(Family::V4))?;
    let (silent, _also_gone) = to_peer(wire, wire.far_address(Family::V4))?;
    let (answered, answers) = connect(&listener(0, 1)?)?;
    all_well()?;
    keep_alive(&asks)?;
    keep_alive(&answered)?;
    for (probes, severity) in [(1, Severity::Warning), (3, Severity::Critical)] {
        let look = look_until("unanswered keepalives", |look| probes_of(look, &asks) >= probes)?;
        let (told, evidence) = look.issue(&asks, "silent_peer")?.ok_or("the silence is not told")?;
        let counted = probes_of(&look, &asks);
        ensure(evidence.contains(&("probes", Value::Count(counted))), || format!("{evidence:?}"))?;
        let expected = if counted >= 3 { Severity::Critical } else { severity };
        ensure(told == expected, || format!("{counted} probes: {told:?}"))?;
        for well in [&silent, &answered, &answers] {
            // Of a peer that is not asked nothing is claimed, good or bad.
            let judged = look.of(well)?;
            let costly = judged.findings.iter().any(|finding| finding.severity > Severity::Info);
            ensure(!costly && judged.score.is_none(), || format!("{judged:?}"))?;
        }
        ensure(look.host.findings.is_empty(), || format!("{:?}", look.host.findings))?;
    }
    Ok(())
}

/// What the kernel has counted.
fn probes_of(look: &Look, socket: &Socket) -> u64 {
    let cookie = socket.cookie().unwrap_or_default();
    let stats = look.snapshot.iter().find(|it| it.kernel_id.is_some_and(|id| id.cookie == cookie));
    stats.and_then(|it| it.tcp.as_deref()?.probes).unwrap_or(0).into()
}
