//! Sockets with options that a table can show: device, mark, congestion control, buffers, v6only.

use super::{BACKLOG, Population};
use crate::Failed;
use crate::socket::{Family, Socket};

/// One listener an option, and a UDP socket for the device: `SO_BINDTODEVICE` (lo), `SO_MARK`, reno, `SO_RCVBUF`.
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
        let udp = Socket::udp(family)?;
        udp.bind_to_device("lo")?;
        udp.bind((family.any(), 0))?;
        all.add_with("UDP of a device", udp, "unconnected", |truth| {
            truth.interface = Some(crate::rtnetlink::LOOPBACK);
        })?;
    }
    Ok(all)
}
