//! Every TCP socket as the crate procfs tells it, a line each: addresses, state, process. After its own example
//! `netstat`, but for processes that end meanwhile.

use std::collections::HashMap;
use std::io::{BufWriter, Error, Result, Write};

use procfs::process::{FDTarget, Stat, all_processes};

fn main() -> Result<()> {
    let mut holders: HashMap<u64, Stat> = HashMap::new();
    for process in all_processes().map_err(Error::other)?.flatten() {
        let (Ok(stat), Ok(descriptors)) = (process.stat(), process.fd()) else { continue };
        for descriptor in descriptors.flatten() {
            if let FDTarget::Socket(inode) = descriptor.target {
                holders.insert(inode, stat.clone());
            }
        }
    }
    let mut out = BufWriter::new(std::io::stdout().lock());
    let (v4, v6) = (procfs::net::tcp().map_err(Error::other)?, procfs::net::tcp6().map_err(Error::other)?);
    for row in v4.into_iter().chain(v6) {
        write!(out, "{:?} {} {}", row.state, row.local_address, row.remote_address)?;
        match holders.get(&row.inode) {
            Some(stat) => writeln!(out, " {} {}", stat.pid, stat.comm)?,
            None => writeln!(out, " -")?,
        }
    }
    out.flush()
}
