//! `pree port`: every owner of every port, and an exit code for scripts.

use std::collections::BTreeMap;
use std::net::TcpStream;

use pree_testkit::{Case, Failed, Family, Need, Population, Socket, Truth, population as made};
use serde_json::Value;

use crate::{population, run};

pub fn cases() -> Vec<Case> {
    vec![
        Case::new("every_port_has_its_owners", owners).lab().needs(Need::Ipv6),
        Case::new("a_full_accept_queue_has_its_owner_and_its_clients", accept_queue).lab(),
        Case::new("a_port_that_nobody_has_is_code_1", nobody).lab(),
        Case::new("who_takes_ipv4_has_its_port", dual_stack).lab().needs(Need::Ipv6),
        Case::new("nobody_says_what_was_looked_at", looked_at).lab().needs(Need::Ipv6),
        Case::new("a_port_at_an_address_is_also_that_of_every_address", at_address).lab(),
        Case::new("an_address_is_had_as_binding_it_says", as_binding_says).lab().needs(Need::Ipv6),
        Case::new("nobody_is_said_of_what_is_told", not_told).lab(),
        Case::new("addresses_with_their_interface_are_read_everywhere", scoped)
            .lab()
            .needs(Need::Ipv6)
            .needs(Need::Veth),
    ]
}

fn by_port(all: &Population) -> BTreeMap<u16, Vec<&Truth>> {
    let mut ports: BTreeMap<u16, Vec<&Truth>> = BTreeMap::new();
    for truth in all.truth() {
        ports.entry(truth.local.port()).or_default().push(truth);
    }
    ports
}

fn at_address() -> Result<(), Failed> {
    let listener = |address: [u8; 4], port: u16| -> Result<Socket, Failed> {
        let socket = Socket::tcp(Family::V4)?;
        socket.bind(std::net::SocketAddr::from((address, port)))?;
        socket.listen(1)?;
        Ok(socket)
    };
    let _sockets = [listener([127, 0, 0, 1], 8080)?, listener([0, 0, 0, 0], 8081)?];
    for (words, code) in [
        ("127.0.0.1:8080", 0),
        ("tcp:127.0.0.1:8080", 0),
        ("127.0.0.1:8080/udp", 1),
        ("127.0.0.2:8080", 1),
        ("127.0.0.2:8081", 0),
        ("[::ffff:127.0.0.1]:8080", 0),
        ("[::ffff:127.0.0.2]:8080", 1),
        ("[::ffff:127.0.0.2]:8081", 0),
        ("127.0.0.2:8082", 1),
        // Whoever binds every address meets whoever has the port at one.
        ("0.0.0.0:8080", 0),
        ("[::]:8081", 1),
    ] {
        run::pree(&format!("port {words} -q"))?.code(code)?.silent()?;
        let answer = run::pree(&format!("port {words}"))?.code(code)?;
        if code == 1 {
            answer.tells(" at ")?;
        }
    }
    // A connection of a listener at every address is at one of them.
    let _clients = [TcpStream::connect(("127.0.0.1", 8081))?, TcpStream::connect(("127.0.0.2", 8081))?];
    for words in ["8081", "*:8081", "0.0.0.0:8081", "0.0.0.0%lo:8081"] {
        let answer = run::pree(&format!("port {words}"))?.code(0)?;
        assert!(answer.out.contains("2 clients from "), "{words}: {}", answer.out);
    }
    Ok(())
}

/// Who has every address of one family has no address of the other, unless a socket of IPv6 takes IPv4: the kernel decides
/// so when somebody else wants the port.
fn as_binding_says() -> Result<(), Failed> {
    let of = |protocol: &str, family| {
        if protocol == "tcp" { Socket::tcp(family) } else { Socket::udp(family) }
    };
    let mut sockets = Vec::new();
    for protocol in ["tcp", "udp"] {
        for (port, family, only) in
            [(9001, Family::V6, Some(true)), (9002, Family::V4, None), (9003, Family::V6, Some(false))]
        {
            let socket = of(protocol, family)?;
            only.map_or(Ok(()), |only| socket.set_v6only(only))?;
            socket.bind((family.any(), port))?;
            if protocol == "tcp" {
                socket.listen(4)?;
            }
            sockets.push(socket);
        }
    }
    let (mut held, mut free) = (0, 0);
    for (protocol, port) in
        ["tcp", "udp"].into_iter().flat_map(|it| [9001, 9002, 9003].map(|port| (it, port)))
    {
        for (family, written) in
            [(Family::V4, "127.0.0.1"), (Family::V4, "[::ffff:127.0.0.1]"), (Family::V6, "[::1]")]
        {
            let is_held = of(protocol, family)?.bind((family.loopback(), port)).is_err();
            *(if is_held { &mut held } else { &mut free }) += 1;
            let (words, code) = (format!("port {written}:{port}/{protocol}"), i32::from(!is_held));
            let answer = run::pree(&words)?.code(code).map_err(|failed| run::while_doing(&words, failed))?;
            run::pree(&format!("{words} -q"))?.code(code)?.silent()?;
            let rows = run::pree(&format!("{words} --format {{sport}}"))?.code(code)?;
            assert_eq!(rows.out.lines().count(), usize::from(is_held), "{words}");
            let document: Value =
                serde_json::from_str(&run::pree(&format!("{words} --json"))?.code(code)?.out)?;
            assert_eq!(document["sockets"].as_array().map(Vec::len), Some(usize::from(is_held)), "{words}");
            if !is_held {
                answer.silent()?.tells(&format!("[{}] has {protocol} ", std::process::id()))?;
            }
        }
    }
    assert_eq!((held, free), (12, 6), "what the kernel makes of it");
    // /proc does not tell whether such a socket takes IPv4, nor who else has the port without listening.
    for words in ["port 127.0.0.1:9001/tcp --source proc", "port 9001/tcp -4 --source proc"] {
        let answer = run::pree(words)?.code(3)?;
        assert!(answer.out.starts_with("9001/tcp LISTEN [::] (IPv4 too: unknown)\n"), "{}", answer.out);
        let quiet = run::pree(&format!("{words} -q --strict"))?.code(3)?;
        assert!(quiet.err.contains("v6only"), "{}", quiet.err);
    }
    Ok(())
}

/// What no source tells nobody can be said not to have.
fn not_told() -> Result<(), Failed> {
    // Among other lines: a gap is told beside it.
    let says = |answer: run::Answer, words: &str| -> Result<(), Failed> {
        if answer.err.contains(words) {
            Ok(())
        } else {
            Err(format!("no {words:?} in {}", answer.err).into())
        }
    };
    let bound = Socket::tcp(Family::V4)?;
    bound.bind((Family::V4.loopback(), 1004))?;
    let only_bound = "sockets that are only bound are not reported)";
    for words in ["port 1004 --source proc", "port 1004/tcp --source proc", "port 1004 -B --source proc"] {
        says(run::pree(words)?.silent()?, only_bound)?;
    }
    // What is said of others than listeners takes a look at all.
    for (words, code) in
        [("port 1004 -l --source proc", 3), ("port 1004/udp --source proc", 1), ("port 1005", 1)]
    {
        let answer = run::pree(words)?.code(code)?.silent()?;
        assert!(!answer.err.contains(only_bound), "{words}: {}", answer.err);
    }
    // A kernel that has such sockets may be without what tells of them; /proc never tells.
    let protocols = std::fs::read_to_string("/proc/net/protocols")?;
    let (code, nobody) = match protocols.lines().any(|line| line.starts_with("AF_VSOCK")) {
        true => (3, "whether anybody has port 555 is unknown (vsock in this network namespace"),
        false => (1, "nobody has port 555 (vsock in this network namespace)"),
    };
    says(run::pree("port 555 -A vsock --source proc")?.code(code)?.silent()?, nobody)?;
    run::pree("port 555 -A vsock --source proc -q")?.code(code)?.silent()?;
    run::pree("port 555 -A vsock --source proc --json")?.code(code)?;
    // Beside others it is only not among those that were looked at.
    let beside = run::pree("port 555 -A vsock,tcp --source proc")?.silent()?;
    says(
        beside,
        if code == 3 { "nobody has port 555 (tcp in" } else { "nobody has port 555 (tcp and vsock in" },
    )?;
    Ok(())
}

fn scoped() -> Result<(), Failed> {
    let all = made::link_local()?;
    let is_scoped = |truth: &&Truth| truth.local.to_string().contains('%') && truth.state == "established";
    let truth = all.truth().iter().find(is_scoped).ok_or("no link-local connection")?;
    let remote = truth.remote.ok_or("no other end")?;
    let number = |address: std::net::SocketAddr| address.to_string();
    let index = number(truth.local).split(['%', ']']).nth(1).unwrap_or_default().to_owned();
    // /sys has the interfaces of whoever mounted it: of this namespace they are in /proc, with their index in hexadecimal.
    let addresses = std::fs::read_to_string("/proc/thread-self/net/if_inet6")?;
    let named = addresses
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .find(|words| u32::from_str_radix(words[1], 16).is_ok_and(|id| id.to_string() == index))
        .ok_or("no interface of this index")?[5]
        .to_owned();
    for interface in [index.clone(), named] {
        let written = |address| number(address).replace(&format!("%{index}]"), &format!("%{interface}]"));
        let (local, remote) = (written(truth.local), written(remote));
        for words in [
            format!("src={local}"),
            format!("local={local}"),
            format!("dst={remote}"),
            format!("src={local} dst={remote}"),
            format!("host {local}"),
            format!("explain {local}"),
            format!("explain tcp:{local}"),
            format!("port {local}"),
        ] {
            run::pree(&format!("{words} -q"))?.code(0).map_err(|failed| run::while_doing(&words, failed))?;
        }
        let elsewhere = local.replace(&format!("%{interface}]"), "%1]");
        for words in [format!("src={elsewhere}"), format!("explain {elsewhere}"), format!("port {elsewhere}")]
        {
            run::pree(&format!("{words} -q"))?.code(1).map_err(|failed| run::while_doing(&words, failed))?;
        }
    }
    Ok(())
}

fn owners() -> Result<(), Failed> {
    let all = population::few()?;
    for (port, truths) in by_port(&all) {
        let held = truths.iter().any(|truth| truth.state != "time_wait");
        let answer = run::pree(&format!("port {port}"))?.code(i32::from(!held))?;
        for truth in truths.iter().filter(|truth| truth.state != "time_wait") {
            let name = format!("{port}/{}", truth.protocol);
            if !answer.out.lines().any(|line| line.starts_with(&name)) {
                return Err(format!("{truth}: no {name} in\n{}", answer.out).into());
            }
            for (pid, _) in &truth.owners {
                let known = answer.out.contains(&format!("[{pid}] user root"));
                // Those of the case's own connections stand with the listener they came to.
                if !known && truth.state == "listen" {
                    return Err(format!("{truth}: no {pid} in\n{}", answer.out).into());
                }
            }
        }
        run::pree(&format!("port {port} -q"))?.code(i32::from(!held))?.silent()?;
        let document = run::pree(&format!("port :{port} --json"))?.code(i32::from(!held))?.out;
        let document: Value = serde_json::from_str(&document)?;
        let rows = document["sockets"].as_array().map_or(0, Vec::len);
        if rows != truths.len() {
            return Err(format!("port {port}: {rows} sockets, not {}", truths.len()).into());
        }
        for protocol in ["tcp", "udp"] {
            let held = truths.iter().any(|t| t.protocol == protocol && t.state != "time_wait");
            run::pree(&format!("port {port}/{protocol} -q"))?.code(i32::from(!held))?;
        }
        let listens = truths.iter().any(|truth| matches!(truth.state, "listen" | "unconnected"));
        run::pree(&format!("port {port} -lq"))?.code(i32::from(!listens))?;
    }
    Ok(())
}

fn accept_queue() -> Result<(), Failed> {
    let all = made::accept_queue(Family::V4)?;
    let listener = all.truth().iter().find(|truth| truth.state == "listen").ok_or("no listener")?;
    let port = listener.local.port();
    let clients = all.truth().iter().filter(|t| t.local.port() == port && t.remote.is_some()).count();
    let (queue, limit) = listener.listen.ok_or("no queue")?;
    let out = run::pree(&format!("port {port}"))?.whole()?.out;
    let full = if queue > limit { " FULL" } else { "" };
    for words in [
        format!("{port}/tcp LISTEN 127.0.0.1   reachable from: loopback only\n"),
        format!("  accept queue {queue}/{limit}{full}, {clients} client"),
        "from 1 host".to_owned(),
        " ago\n".to_owned(),
        "started by pid ".to_owned(),
    ] {
        if !out.contains(&words) {
            return Err(format!("no {words:?} in\n{out}").into());
        }
    }
    Ok(())
}

fn nobody() -> Result<(), Failed> {
    run::pree("port 1")?.code(1)?.silent()?.tells("nobody has port 1")?;
    run::pree("port 53/udp")?.code(1)?.silent()?.tells("nobody has 53/udp")?;
    let quiet = run::pree("port 1 -q")?.code(1)?.silent()?;
    if !quiet.err.is_empty() {
        return Err(format!("-q said {:?}", quiet.err).into());
    }
    let document: Value = serde_json::from_str(&run::pree("port 1 --json")?.code(1)?.out)?;
    if document["sockets"].as_array().is_none_or(|sockets| !sockets.is_empty()) {
        return Err(format!("{document}").into());
    }
    Ok(())
}

/// A listener of IPv6 on every address that takes IPv4 too holds the port: binding it for IPv4 fails.
fn dual_stack() -> Result<(), Failed> {
    let listen = |only, port: u16| -> Result<Socket, Failed> {
        let socket = Socket::tcp(Family::V6)?;
        socket.set_v6only(only)?;
        socket.bind((Family::V6.any(), port))?;
        socket.listen(4)?;
        Ok(socket)
    };
    let (_both, _six) = (listen(false, 9000)?, listen(true, 9001)?);
    let four = |port: u16| Socket::tcp(Family::V4)?.bind((Family::V4.any(), port));
    assert!(four(9000).is_err() && four(9001).is_ok(), "what the kernel makes of it");
    for (words, code) in [
        ("port 9000 -4", 0),
        ("port 9000 -4 -l", 0),
        ("port 9000 -6", 0),
        // Who is only bound to it is not told there.
        ("port 9000 -4 --source proc", 3),
    ] {
        let answer = run::pree(words)?.code(code)?;
        assert!(answer.out.starts_with("9000/tcp LISTEN [::]"), "{words}: {}", answer.out);
        run::pree(&format!("{words} -q"))?.code(0)?.silent()?;
        let rows = run::pree(&format!("{words} --format {{sport}}"))?.code(code)?;
        assert_eq!(rows.out, "9000\n", "{words}");
        let document: Value = serde_json::from_str(&run::pree(&format!("{words} --json"))?.code(code)?.out)?;
        assert_eq!(document["sockets"].as_array().map(Vec::len), Some(1), "{words}");
    }
    let me = std::process::id();
    run::pree("port 9001 -4")?.code(1)?.silent()?.tells(&format!("[{me}] has tcp [::]:9001"))?;
    run::pree("port 9001 -4 -q")?.code(1)?.silent()?;
    run::pree("port 9001 -4 --json")?.code(1)?;
    run::pree("port 9001 -6 -q")?.code(0)?;
    Ok(())
}

fn looked_at() -> Result<(), Failed> {
    let listener = Socket::tcp(Family::V4)?;
    listener.bind((Family::V4.loopback(), 0))?;
    listener.listen(4)?;
    let client = Socket::tcp(Family::V4)?;
    client.connect(listener.local()?)?;
    let (port, me) = (client.local()?.port(), std::process::id());
    let tells = |words: &str, end: &str| -> Result<(), Failed> {
        let answer = run::pree(words)?.code(1)?.silent()?;
        if answer.err.trim_end().ends_with(end) {
            Ok(())
        } else {
            Err(format!("{words}: {}", answer.err).into())
        }
    };
    run::pree(&format!("port {port}"))?.code(0)?;
    run::pree(&format!("port {port} -lq"))?.code(1)?.silent()?;
    let name = std::fs::read_to_string("/proc/self/comm")?;
    let who = format!("{}[{me}]", name.trim_end());
    let here = "in this network namespace)";
    tells(
        &format!("port {port} -l"),
        &format!("nobody listens on port {port} (tcp, udp and udplite {here}; a connection of {who} uses it"),
    )?;
    tells(&format!("port {port} -u"), &format!("nobody has port {port} (udp and udplite {here}"))?;
    tells(&format!("port {port}/udp"), &format!("nobody has {port}/udp (udp {here}"))?;
    tells(
        &format!("port {port} -6"),
        &format!(
            "nobody has port {port} (tcp, udp and udplite over IPv6 {here}; a connection of {who} uses it"
        ),
    )?;
    let served = listener.local()?.port();
    tells(
        &format!("port {served} -t -B"),
        &format!(
            "nobody is only bound to port {served} (tcp {here}; {who} has tcp 127.0.0.1:{served}; a connection uses it"
        ),
    )?;
    tells("port 9 -A udp,tcp -4", &format!("nobody has port 9 (tcp and udp over IPv4 {here}"))?;
    Ok(())
}
