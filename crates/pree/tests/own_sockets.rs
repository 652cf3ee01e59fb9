//! Sockets that this very process makes, beside what is told of them: with nothing but the standard library, so that it runs on
//! every system that pree knows, without any right.
#![allow(clippy::pedantic, clippy::unwrap_used, missing_docs, reason = "test code")]

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use libtest_mimic::{Arguments, Failed, Trial};
use pree::socket::platform::get_sockets_info;
use pree::{ErrorKind, Protocol, Query, Snapshot, Socket, State, TcpStats};

const V4: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const V6: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);

fn main() -> ExitCode {
    let without_v6 = TcpListener::bind((V6, 0)).is_err();
    // Wine, and Windows before version 1703.
    let without_statistics = TcpListener::bind((V4, 0))
        .is_ok_and(|socket| TcpStats::of(&socket).is_err_and(|error| error.kind() == ErrorKind::Unsupported));
    let both = |name: &str, test: fn(IpAddr) -> Result<(), Failed>| {
        [
            Trial::test(format!("{name}_v4"), move || test(V4)),
            Trial::test(format!("{name}_v6"), move || test(V6)).with_ignored_flag(without_v6),
        ]
    };
    let mut trials = Vec::new();
    trials.extend(both("every_socket_is_told_of_with_its_owner", told));
    trials.extend(both("closed_sockets_are_not", closed));
    for trial in both("statistics_of_ones_own", statistics) {
        let without = trial.has_ignored_flag() || without_statistics;
        trials.push(trial.with_ignored_flag(without));
    }
    trials.push(Trial::test("the_list_of_the_compatibility_api", list));
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// Protocol, both ends, state.
type Truth = (Protocol, SocketAddr, Option<SocketAddr>, State);

/// Some sockets, one of each kind.
struct Sockets {
    listener: TcpListener,
    client: TcpStream,
    accepted: TcpStream,
    bound: UdpSocket,
    connected: UdpSocket,
}

impl Sockets {
    fn new(ip: IpAddr) -> Result<Self, Failed> {
        let listener = TcpListener::bind((ip, 0))?;
        let client = TcpStream::connect(listener.local_addr()?)?;
        let (accepted, _) = listener.accept()?;
        let bound = UdpSocket::bind((ip, 0))?;
        let connected = UdpSocket::bind((ip, 0))?;
        connected.connect(bound.local_addr()?)?;
        Ok(Self { listener, client, accepted, bound, connected })
    }

    fn truth(&self) -> Result<Vec<Truth>, Failed> {
        Ok(vec![
            (Protocol::Tcp, self.listener.local_addr()?, None, State::Listen),
            (Protocol::Tcp, self.client.local_addr()?, Some(self.client.peer_addr()?), State::Established),
            (
                Protocol::Tcp,
                self.accepted.local_addr()?,
                Some(self.accepted.peer_addr()?),
                State::Established,
            ),
            (Protocol::Udp, self.bound.local_addr()?, None, State::Unconnected),
            (
                Protocol::Udp,
                self.connected.local_addr()?,
                Some(self.connected.peer_addr()?),
                // Not every system tells of a datagram socket whether it has a fixed peer.
                State::Established,
            ),
        ])
    }

    #[cfg(unix)]
    fn descriptors(&self) -> Vec<Option<u32>> {
        use std::os::fd::AsRawFd;
        let fd = |fd: i32| u32::try_from(fd).ok();
        vec![
            fd(self.listener.as_raw_fd()),
            fd(self.client.as_raw_fd()),
            fd(self.accepted.as_raw_fd()),
            fd(self.bound.as_raw_fd()),
            fd(self.connected.as_raw_fd()),
        ]
    }

    /// What has handles tells no descriptors.
    #[cfg(not(unix))]
    fn descriptors(&self) -> Vec<Option<u32>> {
        vec![None; 5]
    }
}

fn look() -> Result<Snapshot, Failed> {
    Ok(Query::new().tcp().udp().owners().stats().collect()?)
}

/// The rows with these ends.
fn rows(
    snapshot: &Snapshot,
    protocol: Protocol,
    local: SocketAddr,
    remote: Option<SocketAddr>,
) -> Vec<&Socket> {
    let ends = |socket: &&Socket| {
        socket.protocol == protocol
            && socket.local.socket_addr() == Some(local)
            && socket.remote.as_ref().and_then(|remote| remote.socket_addr()) == remote
    };
    snapshot.iter().filter(ends).collect()
}

fn told(ip: IpAddr) -> Result<(), Failed> {
    let sockets = Sockets::new(ip)?;
    let snapshot = look()?;
    for ((protocol, local, remote, state), fd) in sockets.truth()?.into_iter().zip(sockets.descriptors()) {
        let (mut remote, mut state) = (remote, state);
        if cfg!(windows) && protocol == Protocol::Udp {
            (remote, state) = (None, State::Unconnected);
        }
        let found = rows(&snapshot, protocol, local, remote);
        let [socket] = found.as_slice() else {
            return Err(format!("{protocol} {local} {remote:?}: {} rows", found.len()).into());
        };
        if socket.state != state {
            return Err(format!("{protocol} {local}: {}, not {state}", socket.state).into());
        }
        let holders: Vec<_> = socket.owners.iter().map(|owner| (owner.pid(), owner.fd)).collect();
        if holders != [(std::process::id(), fd)] {
            return Err(format!("{protocol} {local}: held by {holders:?}, not by us through {fd:?}").into());
        }
    }
    Ok(())
}

fn closed(ip: IpAddr) -> Result<(), Failed> {
    let sockets = Sockets::new(ip)?;
    let truth = sockets.truth()?;
    drop(sockets);
    // The last acknowledgements may still be on their way.
    let patience = Instant::now() + Duration::from_secs(10);
    loop {
        let snapshot = look()?;
        let left: Vec<&Socket> = truth
            .iter()
            .flat_map(|(protocol, local, remote, _)| rows(&snapshot, *protocol, *local, *remote))
            .filter(|socket| socket.state != State::TimeWait)
            .collect();
        match left.as_slice() {
            [] => return Ok(()),
            _ if Instant::now() < patience => std::thread::sleep(Duration::from_millis(50)),
            _ => return Err(format!("still told of: {left:?}").into()),
        }
    }
}

fn statistics(ip: IpAddr) -> Result<(), Failed> {
    let sockets = Sockets::new(ip)?;
    let stats = TcpStats::of(&sockets.client)?;
    let mss = stats.snd_mss.ok_or("no segment size")?;
    if mss < 500 {
        return Err(format!("a segment of {mss} bytes").into());
    }
    match TcpStats::of(&sockets.bound) {
        Ok(stats) => Err(format!("statistics of TCP of a datagram socket: {stats:?}").into()),
        Err(error) if error.to_string().is_empty() => Err("an error that says nothing".into()),
        Err(_) => Ok(()),
    }
}

fn list() -> Result<(), Failed> {
    let sockets = Sockets::new(V4)?;
    let local = sockets.listener.local_addr()?;
    let all = get_sockets_info()?;
    let listener = all.iter().find(|socket| socket.local_addr == local).ok_or("no listener")?;
    if listener.process_id != Some(std::process::id()) || listener.state != State::Listen {
        return Err(format!("{listener:?}").into());
    }
    Ok(())
}
