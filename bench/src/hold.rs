//! One process of a population: makes its sockets, says so, and waits to be ended.

use std::fs::File;
use std::io::{Read, Result, Write, stdin, stdout};
use std::net::{Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::population::Population;

/// What goes over each connection, both ways.
const GREETING: [u8; 512] = [b'.'; 512];

/// The process of this number; those after the last with sockets are idle.
pub(crate) fn run(population: &Population, index: u32) -> Result<()> {
    raise_limit()?;
    let name = format!("{}-{index:03}\0", if index < population.processes { "web" } else { "idle" });
    if let Ok(name) = std::ffi::CStr::from_bytes_with_nul(name.as_bytes()) {
        rustix::thread::set_name(name)?;
    }
    let mut held = Held::default();
    if index < population.processes {
        held.sockets(population, index)?;
    } else {
        for _ in 0..population.idle_share(index - population.processes) {
            held.files.push(File::open("/dev/null")?);
        }
    }
    stdout().write_all(b"ready\n")?;
    stdout().flush()?;
    // Until the one who started us is gone.
    let _ = stdin().read(&mut [0])?;
    Ok(())
}

/// As many descriptors as may be had.
pub(crate) fn raise_limit() -> Result<()> {
    let limit = getrlimit(Resource::Nofile);
    Ok(setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit })?)
}

#[derive(Default)]
struct Held {
    listeners: Vec<TcpListener>,
    streams: Vec<TcpStream>,
    datagrams: Vec<UdpSocket>,
    files: Vec<File>,
}

impl Held {
    fn sockets(&mut self, population: &Population, index: u32) -> Result<()> {
        let share = population.share(index);
        let port = population.port(index);
        // An address for each process, as on a machine with many containers.
        let own = Ipv4Addr::new(127, 1, (index / 250) as u8, 1 + (index % 250) as u8);
        let v4 = TcpListener::bind(SocketAddr::from((own, port)))?;
        let v6 = TcpListener::bind(SocketAddr::from((Ipv6Addr::LOCALHOST, port)))?;
        for number in 0..share.connections {
            self.connect(if number < share.connections6 { &v6 } else { &v4 })?;
            if number % 50 == 49 {
                // One end in FIN-WAIT-2 and the other in CLOSE-WAIT, for as long as both are open.
                self.streams[self.streams.len() - 2].shutdown(Shutdown::Write)?;
            }
        }
        for number in 0..share.udp {
            let address =
                if (index + number).is_multiple_of(4) { Ipv6Addr::LOCALHOST.into() } else { own.into() };
            self.datagrams.push(UdpSocket::bind(SocketAddr::new(address, 0))?);
        }
        self.listeners.extend([v4, v6]);
        Ok(())
    }

    /// Both ends of a connection over which something went.
    fn connect(&mut self, listener: &TcpListener) -> Result<()> {
        let mut near = TcpStream::connect(listener.local_addr()?)?;
        let (mut far, _) = listener.accept()?;
        let mut got = [0; GREETING.len()];
        near.write_all(&GREETING)?;
        far.read_exact(&mut got)?;
        far.write_all(&GREETING)?;
        near.read_exact(&mut got)?;
        self.streams.extend([near, far]);
        Ok(())
    }
}
