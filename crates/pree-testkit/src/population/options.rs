//! Sockets with options that a table can show: device, mark, congestion control, buffers, v6only.

use super::{BACKLOG, Population};
use crate::Failed;
use crate::socket::{Family, Socket};

/// Listeners and UDP sockets that belong to other users than the one who runs this. Needs [`crate::Need::RealRoot`].
///
/// # Errors
/// The kernel's.
pub fn users() -> Result<Population, Failed> {
    let mut all = Population::new();
    for uid in [1, 1000, 65_534, 4_000_000_000] {
        let tcp = super::basic::listener(Family::V4, (Family::V4.loopback(), 0))?;
        tcp.give_to(uid)?;
        all.add_with("listener of another user", tcp, "listen", |truth| {
            truth.listen = super::basic::LISTENING;
        })?;
        let udp = Socket::udp(Family::V6)?;
        udp.bind((Family::V6.loopback(), 0))?;
        udp.give_to(uid)?;
        all.add("UDP socket of another user", udp, "unconnected")?;
    }
    Ok(all)
}

/// One listener an option, a UDP socket for the device, a connection for the timer: `SO_BINDTODEVICE` (lo), `SO_MARK`,
/// reno, `SO_RCVBUF`, `SO_KEEPALIVE`.
///
/// # Errors
/// The kernel's.
pub fn options() -> Result<Population, Failed> {
    let mut all = Population::new();
    let listen = Some((0, BACKLOG.unsigned_abs()));
    for family in [Family::V4, Family::V6] {
        let listener = |prepare: &dyn Fn(&Socket) -> std::io::Result<()>| {
            let socket = Socket::tcp(family)?;
            prepare(&socket)?;
            socket.bind((family.loopback(), 0))?;
            socket.listen(BACKLOG)?;
            std::io::Result::Ok(socket)
        };
        let device = listener(&|socket| socket.bind_to_device("lo"))?;
        all.add_with("listener of a device", device, "listen", |truth| {
            truth.listen = listen;
            truth.interface = Some(crate::rtnetlink::LOOPBACK);
        })?;
        let marked = listener(&|socket| socket.set_mark(0x00c0_ffee))?;
        all.add_with("listener with a mark", marked, "listen", |truth| {
            truth.listen = listen;
            truth.mark = Some(0x00c0_ffee);
        })?;
        let reno = listener(&|socket| socket.set_congestion("reno"))?;
        all.add_with("listener with reno", reno, "listen", |truth| {
            truth.listen = listen;
            truth.congestion = Some("reno");
        })?;
        let buffer = listener(&|socket| socket.set_receive_buffer(50_000))?;
        all.add_with("listener with a receive buffer", buffer, "listen", |truth| {
            truth.listen = listen;
            truth.receive_buffer_bytes = Some(100_000);
        })?;
        let alive = listener(&|_| Ok(()))?;
        let client = Socket::tcp(family)?;
        client.set_int(libc::SOL_SOCKET, libc::SO_KEEPALIVE, 1)?;
        client.connect(alive.local()?)?;
        let server = alive.accept()?;
        all.add_with("listener of a connection", alive, "listen", |truth| truth.listen = listen)?;
        all.add("other end of keepalive", server, "established")?;
        all.add_with("keepalive", client, "established", |truth| truth.timer = Some("keepalive"))?;
        let udp = Socket::udp(family)?;
        udp.bind_to_device("lo")?;
        udp.bind((family.any(), 0))?;
        all.add_with("UDP of a device", udp, "unconnected", |truth| {
            truth.interface = Some(crate::rtnetlink::LOOPBACK);
        })?;
    }
    Ok(all)
}
