//! What the crate listeners tells, a line each: local address, process. It has no remote ends, states or statistics, and
//! tells sockets that are alike in what it has only once.

use std::io::{BufWriter, Error, Result, Write};

fn main() -> Result<()> {
    let mut out = BufWriter::new(std::io::stdout().lock());
    for listener in listeners::get_all().map_err(|error| Error::other(error.to_string()))? {
        writeln!(out, "{} {} {}", listener.socket, listener.process.pid, listener.process.name)?;
    }
    out.flush()
}
