//! `pree close`: connections that match are closed, and no other.

use std::io::{ErrorKind, Read};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsFd, AsRawFd};

use pree_testkit::link::Namespace;
use pree_testkit::{Case, Failed, Family, Socket, lab};
use serde_json::Value;

use crate::run;
use crate::verdicts::follows;

pub fn cases() -> Vec<Case> {
    let lab = |name, run: fn() -> Result<(), Failed>| Case::new(name, run).lab();
    vec![
        lab("connections_that_match_are_closed", connections),
        lab("listeners_and_udp_are_closed_only_when_asked_for", not_connections),
        lab("of_equal_addresses_those_of_the_namespace_are_closed", equal_addresses),
        lab("what_is_no_connection_to_close_is_said", nothing),
        lab("without_the_right_nothing_is_closed", without_right),
    ]
}

fn connect(listener: &TcpListener) -> Result<(TcpStream, TcpStream), Failed> {
    let near = TcpStream::connect(listener.local_addr()?)?;
    Ok((near, listener.accept()?.0))
}

fn is_open(stream: &TcpStream) -> Result<bool, Failed> {
    stream.set_nonblocking(true)?;
    match (&*stream).read(&mut [0]) {
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(true),
        _ => Ok(false),
    }
}

fn document(words: &str, code: i32) -> Result<Value, Failed> {
    Ok(follows("closed", &run::pree(words)?.code(code)?.out)?["close"].take())
}

fn connections() -> Result<(), Failed> {
    let listeners = [TcpListener::bind("127.0.0.1:3000")?, TcpListener::bind("127.0.0.1:3001")?];
    let some: Vec<_> = (0..50).map(|_| connect(&listeners[0])).collect::<Result<_, _>>()?;
    let other = connect(&listeners[1])?;
    let plan = run::pree("close dport=3000 --dry-run")?.whole()?.out;
    assert_eq!(plan.lines().count(), 21, "{plan}");
    assert!(plan.ends_with("and 30 others\n"), "{plan}");
    let plan = document("close dport=3000 --dry-run --json", 0)?;
    let planned = plan["sockets"].as_array().map(Vec::as_slice).unwrap_or_default();
    assert!(planned.len() == 50 && planned.iter().all(|one| one["outcome"] == "planned"), "{plan}");
    assert!(is_open(&some[0].0)?);
    let answer = run::pree("close dport=3000 --yes")?.whole()?;
    assert_eq!(answer.out, "closed 50 sockets\n");
    for (near, far) in &some {
        // Both have read it, so nobody's connection is left.
        assert!(!is_open(near)? && !is_open(far)?);
    }
    assert!(is_open(&other.0)? && is_open(&other.1)?);
    // Each end of a connection is a match: with the first the second has gone.
    let answer = run::pree("close :3001 state established --yes")?.whole()?;
    assert_eq!(answer.out, "closed 2 sockets\n");
    // Its listener is none.
    let _more = connect(&listeners[1])?;
    Ok(())
}

fn not_connections() -> Result<(), Failed> {
    let shared = || -> Result<Socket, Failed> {
        let socket = Socket::tcp(Family::V4)?;
        socket.reuse_port()?;
        socket.bind((Family::V4.loopback(), 3000))?;
        socket.listen(4)?;
        Ok(socket)
    };
    let listeners: Vec<Socket> = (0..5).map(|_| shared()).collect::<Result<_, _>>()?;
    let udp = UdpSocket::bind("127.0.0.1:3000")?;
    let says = "nothing to close matches in this network namespace (listeners: --listeners; UDP: -u)";
    run::pree("close sport=3000 --yes")?.code(1)?.silent()?.tells(says)?;
    let answer = run::pree("close sport=3000 --listeners --yes")?.whole()?;
    assert_eq!(answer.out, "closed 5 sockets\n");
    assert!(TcpStream::connect("127.0.0.1:3000").is_err());
    drop(listeners);
    // Of two that share their addresses only the kernel chooses which one it finds.
    let pair = [shared()?, shared()?];
    let number = rustix::fs::fstat(&pair[0])?.st_ino;
    let answer = run::pree(&format!("close inode={number} --listeners --yes"))?;
    let is_closed = run::pree(&format!("-l inode={number} -q"))?.code == 1;
    let answer = answer.code(if is_closed { 0 } else { 4 })?;
    if !is_closed {
        answer.silent()?.tells("another socket has its addresses")?;
    }
    drop(pair);
    udp.set_nonblocking(true)?;
    assert_eq!(udp.recv(&mut [0]).map_err(|error| error.kind()), Err(ErrorKind::WouldBlock));
    assert_eq!(run::pree("close -u sport=3000 --yes")?.whole()?.out, "closed 1 socket\n");
    assert_eq!(udp.recv(&mut [0]).map_err(|error| error.kind()), Err(ErrorKind::ConnectionAborted));
    Ok(())
}

/// The same addresses and ports in two network namespaces.
fn equal_addresses() -> Result<(), Failed> {
    let blue = Namespace::new()?;
    let connected = || -> Result<(TcpStream, TcpStream), Failed> {
        let listener = TcpListener::bind("127.0.0.1:3000")?;
        let socket = Socket::tcp(Family::V4)?;
        socket.bind((Family::V4.loopback(), 40000))?;
        socket.connect(listener.local_addr()?)?;
        Ok((TcpStream::from(std::os::fd::OwnedFd::from(socket)), listener.accept()?.0))
    };
    let here = connected()?;
    let there =
        blue.run(move || connected().map_err(|failed| std::io::Error::other(format!("{failed:?}"))))?;
    let path = format!("/proc/{}/fd/{}", std::process::id(), blue.as_fd().as_raw_fd());
    assert_eq!(run::pree(&format!("close sport=40000 --yes -N {path}"))?.whole()?.out, "closed 1 socket\n");
    assert!(is_open(&here.0)? && is_open(&here.1)?);
    assert!(!is_open(&there.0)? && !is_open(&there.1)?);
    assert_eq!(run::pree("close sport=40000 --yes --all-netns")?.whole()?.out, "closed 1 socket\n");
    assert!(!is_open(&here.0)?);
    Ok(())
}

fn nothing() -> Result<(), Failed> {
    for (words, code, says) in [
        ("close", 2, "pree close takes a filter"),
        ("close --yes", 2, "pree close takes a filter"),
        ("close sport=1", 2, "here is no terminal"),
        ("close sport=1 -x --yes", 2, "is for TCP and, with -u, UDP"),
        ("close sport=1 -A all --yes", 2, "is for TCP and, with -u, UDP"),
        ("close sport=1 --signal TERM --yes", 2, "takes no --signal"),
        ("close src=/run/x --yes", 1, "only unix sockets can match"),
        ("close sport=1 --yes", 1, "nothing to close matches"),
    ] {
        run::pree(words)?.code(code)?.silent()?.tells(says)?;
    }
    run::pree("close sport=1 --yes -q")?.code(1)?.silent()?;
    Ok(())
}

fn without_right() -> Result<(), Failed> {
    let listener = TcpListener::bind("127.0.0.1:3000")?;
    let (near, _far) = connect(&listener)?;
    let (more, _more_far) = connect(&listener)?;
    lab::give_up_rights()?;
    let answer = run::pree("close dport=3000 --yes --owners none")?.code(4)?.silent()?;
    let answer = answer.tells("this takes CAP_NET_ADMIN: run as root (and 1 other alike)")?;
    assert!(answer.err.contains("cannot close tcp 127.0.0.1:"), "{}", answer.err);
    assert!(is_open(&near)? && is_open(&more)?);
    let failed = document("close dport=3000 --yes --json --owners none", 4)?;
    assert_eq!(failed["sockets"][1]["outcome"], "failed");
    Ok(())
}
