//! Acts: they meet what was seen and nothing else, and say why they could not.

#![allow(clippy::disallowed_methods, reason = "processes to end")]

use std::io::{ErrorKind as Io, Read};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::UnixListener;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command};
use std::time::Duration;

use pree::act::{Held, Signal, close_socket, end_process};
use pree::model::{BootId, KernelId, StartTime};
use pree::{ErrorKind, Process, Protocols, Query, Socket};
use pree_testkit::forked::{Forked, Namespaces};
use pree_testkit::{Case, Failed, Need, lab};

pub fn cases() -> Vec<Case> {
    vec![
        Case::new("a_process_that_was_seen_ends", a_process_ends).lab(),
        Case::new("who_must_not_end_is_not_held", never_ended).lab(),
        Case::new("a_process_that_is_held_gets_its_signals", held_on).lab(),
        Case::new("another_process_with_its_id_does_not_end", another_lives).lab(),
        Case::new("a_process_of_another_user_does_not_end", of_another_user).lab().needs(Need::RealRoot),
        Case::new("a_connection_that_was_seen_is_closed", a_connection).lab(),
        Case::new("a_datagram_socket_and_a_listener_are_closed", without_a_connection).lab(),
        Case::new("another_socket_with_its_ends_is_not_closed", another_socket).lab(),
        Case::new("closing_takes_a_right", without_rights).lab(),
    ]
}

/// A process that stays, and what a look reports of it.
fn sleeper() -> Result<(Child, Process), Failed> {
    let child = Command::new("sleep").arg("600").spawn()?;
    let process = seen(child.id())?;
    Ok((child, process))
}

fn seen(pid: u32) -> Result<Process, Failed> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let ticks = stat.split_whitespace().nth(21).ok_or("no start time")?.parse()?;
    let mut process = Process::default();
    process.pid = pid;
    process.start_time = Some(StartTime::new(ticks, None));
    Ok(process)
}

fn refused<T: std::fmt::Debug>(answer: pree::Result<T>, kind: ErrorKind, says: &str) -> Result<(), Failed> {
    match answer {
        Err(error) if error.kind() == kind && format!("{error} {:?}", error.hint()).contains(says) => Ok(()),
        other => Err(format!("{other:?}, not {kind:?} with {says:?}").into()),
    }
}

fn a_process_ends() -> Result<(), Failed> {
    for (how, signal) in [(Signal::Term, 15), (Signal::Kill, 9)] {
        let (mut child, process) = sleeper()?;
        end_process(&process, how)?;
        pree_testkit::wait_until("it ends", || end_process(&process, how).is_err())?;
        // Not yet taken note of by its parent, then gone.
        refused(end_process(&process, how), ErrorKind::Absent, "it has ended")?;
        assert_eq!(child.wait()?.signal(), Some(signal));
        refused(end_process(&process, how), ErrorKind::Absent, "it has ended")?;
    }
    Ok(())
}

/// Process 1, this one, those that started it: whoever asks.
fn never_ended() -> Result<(), Failed> {
    let (own, parent) = (std::process::id(), std::os::unix::process::parent_id());
    for (pid, says) in [(1, "it is process 1"), (own, "it is this one"), (parent, "it is process 1")] {
        refused(Held::new(&seen(pid)?).map(drop), ErrorKind::Invalid, says)?;
    }
    // Seen by a child, this process is one of those that started it.
    let me = seen(own)?;
    Forked::start(Namespaces::empty(), || {
        refused(Held::new(&me).map(drop), ErrorKind::Invalid, "this one was started by it")?;
        Ok((String::new(), ()))
    })?;
    Ok(())
}

fn held_on() -> Result<(), Failed> {
    let (mut child, process) = sleeper()?;
    let held = Held::new(&process)?;
    held.check()?;
    assert!(!held.wait(Duration::ZERO)?);
    held.signal(Signal::Int)?;
    assert!(held.wait(pree_testkit::PATIENCE)?);
    assert_eq!(child.wait()?.signal(), Some(2));
    // Whoever gets its number is another one.
    refused(held.signal(Signal::Kill), ErrorKind::Absent, "it has ended")?;
    Ok(())
}

fn another_lives() -> Result<(), Failed> {
    let (mut child, mut process) = sleeper()?;
    let ticks =
        process.start_time.and_then(StartTime::since_boot).ok_or("no start time")?.as_millis() as u64 / 10;
    for other in [ticks - 1, ticks + 1] {
        process.start_time = Some(StartTime::new(other, None));
        refused(end_process(&process, Signal::Kill), ErrorKind::Absent, "it has ended")?;
    }
    process.start_time = None;
    refused(end_process(&process, Signal::Kill), ErrorKind::Unsupported, "when it started is not known")?;
    assert_eq!(child.try_wait()?, None);
    child.kill()?;
    child.wait()?;
    Ok(())
}

fn of_another_user() -> Result<(), Failed> {
    let (mut child, process) = sleeper()?;
    lab::become_ordinary()?;
    refused(end_process(&process, Signal::Kill), ErrorKind::NotPermitted, "another user's")?;
    assert_eq!(child.try_wait()?, None);
    Ok(())
}

/// The row of the socket with this local port.
fn row(filter: &str) -> Result<Socket, Failed> {
    let sockets = Query::new().filter(filter.parse()?).collect()?.into_sockets();
    sockets.into_iter().next().ok_or_else(|| format!("no socket for {filter}").into())
}

fn connection() -> Result<(TcpStream, TcpStream, Socket), Failed> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let near = TcpStream::connect(listener.local_addr()?)?;
    let far = listener.accept()?.0;
    let row =
        row(&format!("sport = {} and dport = {}", near.local_addr()?.port(), near.peer_addr()?.port()))?;
    Ok((near, far, row))
}

fn a_connection() -> Result<(), Failed> {
    let (mut near, mut far, row) = connection()?;
    close_socket(&row)?;
    assert_eq!(near.read(&mut [0]).map_err(|error| error.kind()), Err(Io::ConnectionAborted));
    assert_eq!(far.read(&mut [0]).map_err(|error| error.kind()), Err(Io::ConnectionReset));
    refused(close_socket(&row), ErrorKind::Absent, "it is closed already")
}

fn without_a_connection() -> Result<(), Failed> {
    for address in ["127.0.0.1:7001", "[::1]:7002", "0.0.0.0:7003"] {
        let socket = UdpSocket::bind(address)?;
        close_socket(&row(&format!("udp and sport = {}", socket.local_addr()?.port()))?)?;
        assert_eq!(socket.recv(&mut [0]).map_err(|error| error.kind()), Err(Io::ConnectionAborted));
        let listener = TcpListener::bind(address)?;
        close_socket(&row(&format!("tcp and sport = {}", listener.local_addr()?.port()))?)?;
        assert!(TcpStream::connect(listener.local_addr()?).is_err());
    }
    Ok(())
}

fn another_socket() -> Result<(), Failed> {
    let (near, _far, mut row) = connection()?;
    let id = row.kernel_id.ok_or("no cookie")?;
    let of = |boot, namespace, cookie| Some(KernelId::new(boot, namespace, cookie));
    for (other, kind, says) in [
        (of(id.boot, id.network_namespace, id.cookie + 1), ErrorKind::Absent, "it is closed already"),
        (of(id.boot, id.network_namespace + 1, id.cookie), ErrorKind::Absent, "another network namespace"),
        (of(BootId::from(1), id.network_namespace, id.cookie), ErrorKind::Absent, "another boot"),
        (None, ErrorKind::Unsupported, "only TCP and UDP sockets"),
    ] {
        row.kernel_id = other;
        refused(close_socket(&row), kind, says)?;
    }
    assert!(near.take_error()?.is_none());
    let path = pree_testkit::fresh_path("unix")?;
    let _listener = UnixListener::bind(&path)?;
    let unix = Query::new().protocols(Protocols::UNIX).collect()?.into_sockets();
    refused(close_socket(&unix[0]), ErrorKind::Unsupported, "only TCP and UDP sockets")
}

fn without_rights() -> Result<(), Failed> {
    let (near, _far, row) = connection()?;
    lab::give_up_rights()?;
    refused(close_socket(&row), ErrorKind::NotPermitted, "CAP_NET_ADMIN")?;
    assert!(near.take_error()?.is_none());
    Ok(())
}
