//! Interfaces by name, and listeners of IPv6 alone or of both versions, as ss shows them; and what is shown is read.

use std::collections::BTreeSet;
use std::net::SocketAddrV6;

use pree_testkit::link::Namespace;
use pree_testkit::packet::bound_to;
use pree_testkit::wire::{Wire, named, tunnel};
use pree_testkit::{Case, Failed, Family, Need, Socket};
use serde_json::Value;

use crate::run;

pub fn cases() -> Vec<Case> {
    vec![
        Case::new("local_ends_are_those_of_ss", local_ends)
            .lab()
            .needs(Need::Veth)
            .needs(Need::Ipv6)
            .needs(Need::Tool("ss")),
        Case::new("names_of_interfaces_in_every_output", every_output)
            .lab()
            .needs(Need::Veth)
            .needs(Need::Ipv6),
        Case::new("names_of_interfaces_are_those_of_the_namespace", namespaces).lab().needs(Need::Veth),
        Case::new("interfaces_called_like_operators", operators).lab().needs(Need::Veth),
        Case::new("recordings_know_interfaces_without_sockets", recorded).lab().needs(Need::Veth),
        Case::new("ports_of_tunnels_are_the_kernels", tunnels).lab().needs(Need::Vxlan),
    ]
}

/// Listeners and UDP sockets with and without a device, of IPv4, of IPv6 alone and of both, and at a link-local address.
fn sockets(wire: Wire) -> Result<Vec<Socket>, Failed> {
    let mut all = Vec::new();
    for device in [None, Some(wire.interface_name())] {
        for (family, only) in [(Family::V4, None), (Family::V6, Some(false)), (Family::V6, Some(true))] {
            for socket in [Socket::tcp(family)?, Socket::udp(family)?] {
                device.map_or(Ok(()), |device| socket.bind_to_device(device))?;
                only.map_or(Ok(()), |only| socket.set_v6only(only))?;
                socket.bind((family.any(), 0))?;
                if socket.protocol() == "tcp" {
                    socket.listen(1)?;
                }
                all.push(socket);
            }
        }
    }
    let link_local = Socket::tcp(Family::V6)?;
    link_local.bind(SocketAddrV6::new(wire.near_link_local(), 0, 0, wire.interface()))?;
    link_local.listen(1)?;
    all.push(link_local);
    Ok(all)
}

fn local_ends() -> Result<(), Failed> {
    let wire = Wire::open()?;
    let _sockets = sockets(wire)?;
    let ss = run::hermetic("ss").arg("-Htuln").output()?.stdout;
    let ss = String::from_utf8(ss)?;
    // Versions of ss differ in where the bracket stands; pree has the scope inside, as RFC 6874 does.
    let (outside, inside) = ("[fe80::1]%wire0", "[fe80::1%wire0]");
    let of_ss: BTreeSet<String> = ss
        .lines()
        .filter_map(|line| Some(line.split_whitespace().nth(4)?.replace(outside, inside)))
        .collect();
    let out = run::pree("-Htuln -c local")?.whole()?.out;
    let shown: BTreeSet<String> = out.lines().map(|line| line.trim().to_owned()).collect();
    assert_eq!(shown, of_ss);
    for kind in ["0.0.0.0:", "0.0.0.0%wire0:", "*:", "*%wire0:", "[::]:", "[::]%wire0:", inside] {
        assert!(shown.iter().any(|end| end.starts_with(kind)), "{kind}: {shown:?}");
    }
    for end in &shown {
        for filter in [format!("src={end}"), end.clone()] {
            let out = run::pree(&format!("-Htuln -c local {filter}"))?.whole()?.out;
            assert!(out.lines().any(|line| line.trim() == end), "{filter}: {out}");
        }
    }
    // What has a port of its own is found alone, whatever stands before the port.
    let port = |end: &String| end.rsplit_once(':').map(|(_, port)| port.to_owned());
    for (end, port) in shown.iter().filter_map(|end| Some((end, port(end)?))) {
        let page = run::pree(&format!("port {port}"))?.whole()?.out;
        let interface = "wire0";
        assert_eq!(page.contains(interface), end.contains(interface), "{page}");
        let page = run::pree(&format!("explain src={end}"))?.whole()?.out;
        assert!(page.contains(end.as_str()), "{end}: {page}");
    }
    Ok(())
}

fn every_output() -> Result<(), Failed> {
    let wire = Wire::open()?;
    let (index, name) = (wire.interface(), wire.interface_name());
    let _sockets = sockets(wire)?;
    let _packet = bound_to(0x88b5, index)?;
    let lines = |words: &str| -> Result<Vec<String>, Failed> {
        let out = run::command(words).output()?.stdout;
        Ok(String::from_utf8(out)?.lines().map(|line| line.trim().to_owned()).collect())
    };
    let (by_name, by_index) = (format!("dev={name}"), format!("dev={index}"));
    for (words, expected) in [
        ("-c dev", name.to_owned()),
        ("-c dev_name", name.to_owned()),
        ("--csv -c dev,dev_name", format!("{index},{name}")),
        ("--format {dev}/{dev_name}", format!("{index}/{name}")),
    ] {
        for filter in [&by_name, &by_index] {
            let lines = lines(&format!("-H -tu {words} {filter}"))?;
            assert_eq!(lines, vec![expected.clone(); 7], "{words} {filter}");
        }
    }
    let document: Value = serde_json::from_str(&run::pree(&format!("--json {by_name}"))?.whole()?.out)?;
    for socket in document["sockets"].as_array().ok_or("no sockets")? {
        assert_eq!((&socket["interface"], &socket["interface_name"]), (&index.into(), &name.into()));
    }
    let groups: BTreeSet<String> = lines("-H -g dev --count -tu")?.into_iter().collect();
    let of = |line: &String| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let groups: BTreeSet<Vec<String>> = groups.iter().map(of).collect();
    assert_eq!(groups, [vec![name.to_owned(), "7".into()], vec!["-".into(), "6".into()]].into());
    let shown = format!("0x88b5%{name}");
    for filter in [format!("src={shown}"), shown.clone(), format!("src=0x88b5%{index}"), by_name.clone()] {
        assert_eq!(lines(&format!("-H -0 -c local {filter}"))?, std::slice::from_ref(&shown), "{filter}");
    }
    // A recording keeps the names, and reads what it shows.
    let file = pree_testkit::fresh_path("interfaces")?;
    let file = file.display();
    run::pree(&format!("capture -q {file}"))?.code(0)?;
    let replayed = lines(&format!("-H -tu -c local --replay {file} {by_name}"))?;
    assert_eq!(replayed, lines(&format!("-H -tu -c local {by_name}"))?);
    assert!(replayed.iter().all(|line| line.contains(name)), "{replayed:?}");
    Ok(())
}

/// Here the index is nobody's.
fn namespaces() -> Result<(), Failed> {
    let blue = Namespace::new()?;
    let _socket = blue.run(|| {
        let wire = Wire::open().map_err(|failed| std::io::Error::other(format!("{failed:?}")))?;
        let socket = Socket::tcp(Family::V4)?;
        socket.bind_to_device(wire.interface_name())?;
        socket.bind((Family::V4.any(), 7002))?;
        socket.listen(1)?;
        Ok(socket)
    })?;
    let out = run::pree("-Hl --all-netns -c local")?.whole()?.out;
    assert_eq!(out.trim(), "0.0.0.0%wire0:7002");
    Ok(())
}

/// What stands under DEV is what `dev=` takes.
fn operators() -> Result<(), Failed> {
    let mut sockets = Vec::new();
    for (name, shown) in [("not", "\"not\""), ("LT", "\"LT\""), ("nota", "nota")] {
        // Each makes another pair, whose other end would have the same name.
        let network = Namespace::new()?;
        let (words, socket) = network.run(|| {
            named(name)?;
            let socket = Socket::tcp(Family::V4)?;
            socket.bind_to_device(name)?;
            socket.bind((Family::V4.any(), 0))?;
            socket.listen(1)?;
            let out = run::command("-Hl -c dev").output()?.stdout;
            Ok((String::from_utf8_lossy(&out).trim().to_owned(), socket))
        })?;
        assert_eq!(words, shown);
        let filter = format!("dev={words}");
        let found =
            network.run(move || run::hermetic(run::PREE).args(["-Hl", "-c", "dev", &filter]).output())?;
        assert_eq!(String::from_utf8(found.stdout)?.trim(), shown);
        sockets.push(socket);
    }
    Ok(())
}

/// As with the running system: an interface that is there and has no sockets is an empty list, one that is not is an error.
fn recorded() -> Result<(), Failed> {
    named("idle0")?;
    let file = pree_testkit::fresh_path("idle")?;
    let file = file.display();
    run::pree(&format!("capture -q {file}"))?.code(0)?;
    for of in [String::new(), format!("--replay {file} ")] {
        assert_eq!(run::pree(&format!("-H {of}dev=idle0"))?.code(0)?.out, "");
        let error = run::pree(&format!("-H {of}dev=nosuch"))?.code(2)?.err;
        assert_eq!(error.trim(), "pree: no interface named \"nosuch\"");
    }
    Ok(())
}

/// A socket at a tunnel's port is the kernel's; one at the port of another namespace's tunnel is not.
fn tunnels() -> Result<(), Failed> {
    tunnel("vx0", 4789)?;
    let other = Namespace::new()?;
    other.run(|| tunnel("vx1", 8472))?;
    let held = Socket::udp(Family::V4)?;
    held.bind((Family::V4.any(), 8472))?;
    let document: Value = serde_json::from_str(&run::pree("--json -u")?.whole()?.out)?;
    let sockets = document["sockets"].as_array().ok_or("no sockets")?;
    let of_kernel = |socket: &&Value| socket["unowned"] == "kernel";
    let of_tunnel: Vec<_> = sockets.iter().filter(of_kernel).collect();
    assert!((1..=2).contains(&of_tunnel.len()), "{sockets:?}");
    for socket in &of_tunnel {
        assert_eq!((&socket["tunnel"], &socket["local"]["port"]), (&"vx0".into(), &4789.into()));
    }
    assert_eq!(sockets.iter().filter(|socket| !socket["tunnel"].is_null()).count(), of_tunnel.len());
    let found = |filter: &str| -> Result<usize, Failed> {
        Ok(run::pree(&format!("-Hu {filter}"))?.whole()?.out.lines().count())
    };
    for filter in ["unowned=kernel", "owner=(kernel)", "tunnel=vx0", "has tunnel"] {
        assert_eq!(found(filter)?, of_tunnel.len(), "{filter}");
    }
    let page = run::pree("port 4789")?.whole()?.out;
    assert!(page.contains("the kernel, for the tunnel vx0"), "{page}");
    // With every namespace, each has its own tunnels; through /proc they are found too.
    let out = run::pree("-Hu --all-netns -c local,tunnel has tunnel")?.whole()?.out;
    for row in ["0.0.0.0:4789", "0.0.0.0:8472"] {
        assert!(out.contains(row), "{out}");
    }
    let out = run::pree("-Hu --source proc -c tunnel has tunnel")?.out;
    assert!(out.lines().count() == of_tunnel.len() && out.lines().all(|line| line.trim() == "vx0"), "{out}");
    Ok(())
}
