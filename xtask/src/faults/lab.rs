//! Namespaces of their own, with a few processes whose sockets stand still.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::Result;
use crate::result::told;

/// Processes with sockets in the lab's network namespace.
const HOLDERS: u16 = 3;

/// Runs this program once more in a lab.
pub(crate) fn enter(program: &Path, short: bool, write: bool) -> Result<()> {
    let mut lab = Command::new("unshare");
    lab.args(["--net", "--mount", "--pid", "--ipc", "--fork", "--mount-proc"]).arg(own()?);
    lab.args(["faults", "--inside", "--pree"]).arg(program);
    lab.args(short.then_some("--short")).args(write.then_some("--write"));
    let status = lab.status().map_err(|error| format!("unshare: {error}"))?;
    if status.success() { Ok(()) } else { Err("see the faults above (it takes root and strace)".to_owned()) }
}

fn own() -> Result<std::path::PathBuf> {
    std::env::current_exe().map_err(told)
}

/// Processes that hold sockets until they are dropped, one of them in another network namespace.
pub(crate) fn populate() -> Result<Vec<Holder>> {
    let up = Command::new("ip").args(["link", "set", "lo", "up"]).status();
    if !up.is_ok_and(|status| status.success()) {
        return Err("ip link set lo up failed (it takes root and iproute2)".to_owned());
    }
    let mut holders = Vec::new();
    for number in 0..HOLDERS {
        holders.push(Holder::start(Command::new(own()?), &number.to_string())?);
    }
    let mut elsewhere = Command::new("unshare");
    elsewhere.arg("--net").arg(own()?);
    holders.push(Holder::start(elsewhere, "elsewhere")?);
    Ok(holders)
}

pub(crate) struct Holder(Child);

impl Holder {
    fn start(mut command: Command, which: &str) -> Result<Self> {
        command.args(["faults", "--hold", which]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(told)?;
        let out = child.stdout.take().ok_or("no standard output")?;
        let mut line = String::new();
        BufReader::new(out).read_line(&mut line).map_err(told)?;
        if line.trim() == "ready" { Ok(Self(child)) } else { Err(format!("holder {which} is not ready")) }
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        // Its input ends, and so does it.
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

/// In a process of its own: makes its sockets and waits.
pub(crate) fn hold(which: &str) -> Result<()> {
    let number: u16 = which.parse().unwrap_or(HOLDERS);
    let mut listeners = vec![TcpListener::bind(("0.0.0.0", 7000 + number)).map_err(told)?];
    let mut connections = Vec::new();
    if number < HOLDERS {
        listeners.push(TcpListener::bind(("::1", 7100 + number)).map_err(told)?);
        for listener in &listeners {
            let port = listener.local_addr().map_err(told)?.port();
            for _ in 0..6 {
                let host = if port < 7100 { "127.0.0.1" } else { "::1" };
                connections.push(TcpStream::connect((host, port)).map_err(told)?);
                connections.push(listener.accept().map_err(told)?.0);
            }
        }
    }
    let udp = UdpSocket::bind(("0.0.0.0", 7200 + number)).map_err(told)?;
    let name = SocketAddr::from_abstract_name(format!("pree-faults-{which}")).map_err(told)?;
    let unix = UnixListener::bind_addr(&name).map_err(told)?;
    println!("ready");
    std::io::stdout().flush().map_err(told)?;
    let mut line = String::new();
    let _ = std::io::stdin().read_line(&mut line);
    drop((listeners, connections, udp, unix));
    Ok(())
}
