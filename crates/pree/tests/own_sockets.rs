//! Sockets that this very process makes, beside what is told of them: with nothing but the standard library, so that it runs on
//! every system that pree knows, without any right.
#![allow(clippy::pedantic, clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "test code")]
#![allow(clippy::disallowed_methods, reason = "the test has its own environment")]

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use libtest_mimic::{Arguments, Failed, Trial};
use pree::socket::platform::{SocketInfo, get_sockets_info};
use pree::{ErrorKind, Needs, Protocol, Query, Snapshot, Socket, State, TcpStats};

const V4: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const V6: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);

fn main() -> ExitCode {
    let v6 = TcpListener::bind((V6, 0)).is_err().then_some("IPv6");
    // Wine, and Windows before version 1703.
    let without_statistics = || {
        let socket = TcpListener::bind((V4, 0)).ok()?;
        TcpStats::of(&socket).err().filter(|error| error.kind() == ErrorKind::Unsupported)
    };
    let statistics_need = if cfg!(windows) { without_statistics().map(|_| "SIO_TCP_INFO") } else { None };
    let mut trials = Vec::new();
    let mut both = |name: &str, test: fn(IpAddr) -> Result<(), Failed>, needs: Option<&str>| {
        trials.push(trial(format!("{name}_v4"), move || test(V4), needs));
        trials.push(trial(format!("{name}_v6"), move || test(V6), needs.or(v6)));
    };
    both("every_socket_is_told_of_with_its_owner", told, None);
    both("closed_sockets_are_not", closed, None);
    both("statistics_of_ones_own", statistics, statistics_need);
    trials.push(trial("the_list_of_the_compatibility_api".to_owned(), list, None));
    // Windows tells none.
    if !cfg!(windows) {
        trials.push(trial("the_command_line_of_this_process".to_owned(), command_line, None));
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// A test. Where this machine lacks what it needs it is skipped by name, or fails under `PREE_TEST_STRICT=1`: as those
/// of the test kit, which is for Linux alone.
fn trial(
    name: String,
    test: impl FnOnce() -> Result<(), Failed> + Send + 'static,
    lacks: Option<&str>,
) -> Trial {
    let Some(need) = lacks else { return Trial::test(name, test) };
    let strict = std::env::var_os("PREE_TEST_STRICT").is_some_and(|value| value == "1");
    let reason = format!("needs {need}");
    let kind = if strict { String::new() } else { format!("skip: {reason}") };
    Trial::test(name, move || Err(reason.into())).with_kind(kind).with_ignored_flag(!strict)
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
    assert_eq!(sockets.truth()?.len(), sockets.descriptors().len());
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
    // A datagram socket has none: the system says so, and it is said what was asked of what.
    let error = TcpStats::of(&sockets.bound).err().ok_or("statistics of TCP of a datagram socket")?;
    if error.errno().is_none() || !error.to_string().contains("TCP") {
        return Err(format!("{error}: {:?}", error.kind()).into());
    }
    Ok(())
}

fn list() -> Result<(), Failed> {
    let sockets = Sockets::new(V4)?;
    let local = sockets.listener.local_addr()?;
    let all = get_sockets_info()?;
    // Connections that it accepted have its address too.
    let is_it = |socket: &&SocketInfo| socket.local_addr == local && socket.state == State::Listen;
    let listener = all.iter().find(is_it).ok_or("no listener")?;
    if listener.process_id != Some(std::process::id()) {
        return Err(format!("{listener:?}").into());
    }
    Ok(())
}

fn command_line() -> Result<(), Failed> {
    let sockets = Sockets::new(V4)?;
    let snapshot = Query::new().tcp().owners().needs(Needs::PROCESS_COMMAND_LINE).collect()?;
    let found = rows(&snapshot, Protocol::Tcp, sockets.listener.local_addr()?, None);
    let process = &found.first().and_then(|row| row.owners.first()).ok_or("no owner")?.process;
    let told = process.command_line.as_ref().map(|line| line.as_bytes().to_vec());
    let words = std::env::args_os().map(|word| [word.as_encoded_bytes(), b"\0"].concat());
    let expected = words.collect::<Vec<_>>().concat();
    if told.as_ref() != Some(&expected) {
        return Err(format!("{process:?}, not {expected:?}").into());
    }
    Ok(())
}
