//! Every TCP socket as the crate netstat2 tells it, a line each: addresses, state, pids. It has no statistics and no
//! process names.

use std::io::{BufWriter, Error, Result, Write};

use netstat2::{AddressFamilyFlags, ProtocolFlags, ProtocolSocketInfo, iterate_sockets_info};

fn main() -> Result<()> {
    let mut out = BufWriter::new(std::io::stdout().lock());
    let families = AddressFamilyFlags::IPV4 | AddressFamilyFlags::IPV6;
    for socket in iterate_sockets_info(families, ProtocolFlags::TCP).map_err(Error::other)? {
        let socket = socket.map_err(Error::other)?;
        let ProtocolSocketInfo::Tcp(tcp) = &socket.protocol_socket_info else { continue };
        write!(
            out,
            "{} {}:{} {}:{}",
            tcp.state, tcp.local_addr, tcp.local_port, tcp.remote_addr, tcp.remote_port
        )?;
        for pid in &socket.associated_pids {
            write!(out, " {pid}")?;
        }
        writeln!(out)?;
    }
    out.flush()
}
