//! Every socket as the crate pree 1.0.0 of the registry tells it, a line each.

use std::io::{BufWriter, Error, Result, Write};

fn main() -> Result<()> {
    let sockets =
        pree_v1::socket::platform::get_sockets_info().map_err(|error| Error::other(error.to_string()))?;
    let mut out = BufWriter::new(std::io::stdout().lock());
    for socket in sockets {
        writeln!(
            out,
            "{:?} {} {} {:?} {:?} {:?}",
            socket.state,
            socket.local_addr,
            socket.remote_addr,
            socket.process_id,
            socket.process_name,
            socket.stats
        )?;
    }
    out.flush()
}
