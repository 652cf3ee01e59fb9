//! Lists the sockets of this machine through the compatibility API, in the layout programs know.
//!
//! The heading is kept for compatibility; on Linux nothing goes through the macOS library libproc.

use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use pree::Protocol;
use pree::socket::platform::{SocketInfo, SocketState, get_sockets_info};

fn main() -> ExitCode {
    let error = match get_sockets_info() {
        Ok(sockets) => {
            let mut out = BufWriter::new(io::stdout().lock());
            match print(&mut out, &sockets).and_then(|()| out.flush()) {
                Ok(()) => return ExitCode::SUCCESS,
                // Whoever read it has read enough.
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return ExitCode::SUCCESS,
                Err(error) => format!("cannot write: {error}"),
            }
        }
        Err(error) => error.to_string(),
    };
    // Nobody may be there to read that either.
    let _ = writeln!(io::stderr(), "socket_info_libproc: {error}");
    ExitCode::FAILURE
}

fn print(out: &mut impl Write, sockets: &[SocketInfo]) -> io::Result<()> {
    // UDP-Lite has no table of its own: it is datagrams, and stands with UDP.
    let (tcp, udp): (Vec<_>, Vec<_>) = sockets.iter().partition(|socket| socket.protocol == Protocol::Tcp);

    writeln!(out, "=== Socket Information using libproc ===\n")?;
    writeln!(out, "Found {} sockets\n", sockets.len())?;

    writeln!(out, "TCP Sockets ({}):", tcp.len())?;
    // The headings are wider than the columns below them by one or two: kept as programs know it.
    writeln!(out, "{:<25} {:<25} {:<15} {:<10} Process", "Local Address", "Remote Address", "State", "PID")?;
    writeln!(out, "{}", "-".repeat(90))?;
    for socket in &tcp {
        let [local, remote] = ends(socket);
        let state = format!("{:?}", socket.state);
        writeln!(out, "{local:<24} {remote:<24} {state:<15} {:<10} {}", pid(socket), process(socket))?;
        if let Some(stats) = &socket.stats {
            writeln!(
                out,
                "  └─ Stats: RTT={:?}, CWnd={:?}, Retransmits={}",
                stats.rtt, stats.congestion_window, stats.retransmits
            )?;
            writeln!(
                out,
                "  └─ Quality: {:.1}%, Packet Loss: {:.2}%",
                stats.calculate_quality_score() * 100.0,
                stats.packet_loss_rate()
            )?;
        }
    }

    writeln!(out, "\nUDP Sockets ({}):", udp.len())?;
    writeln!(out, "{:<25} {:<25} {:<10} Process", "Local Address", "Remote Address", "PID")?;
    writeln!(out, "{}", "-".repeat(70))?;
    for socket in &udp {
        let [local, remote] = ends(socket);
        writeln!(out, "{local:<24} {remote:<24} {:<10} {}", pid(socket), process(socket))?;
    }

    writeln!(out, "\nListening TCP Sockets:")?;
    for socket in tcp.iter().filter(|socket| socket.state == SocketState::Listen) {
        writeln!(out, "  - {} (PID: {}, Process: {})", socket.local_addr, pid(socket), process(socket))?;
    }
    Ok(())
}

fn ends(socket: &SocketInfo) -> [String; 2] {
    [socket.local_addr.to_string(), socket.remote_addr.to_string()]
}

fn pid(socket: &SocketInfo) -> String {
    socket.process_id.map_or_else(|| "-".to_owned(), |pid| pid.to_string())
}

/// The name, with what would move a terminal's cursor or hide letters made visible: a process chooses its own.
fn process(socket: &SocketInfo) -> String {
    match socket.process_name.as_deref() {
        None => "-".to_owned(),
        // Something must stand there, or the line ends with spaces.
        Some("") => "\"\"".to_owned(),
        Some(name) => name.chars().flat_map(escape).collect(),
    }
}

fn escape(letter: char) -> impl Iterator<Item = char> {
    // Quotes do no harm here.
    let plain = matches!(letter, '\'' | '"').then_some(letter);
    plain.into_iter().chain(letter.escape_debug().filter(move |_| plain.is_none()))
}
