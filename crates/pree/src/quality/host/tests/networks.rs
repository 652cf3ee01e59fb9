//! The same address in different network namespaces, or of different devices.

use super::*;

/// The same socket of another network namespace, or bound to an interface.
fn elsewhere(socket: Socket, (namespace, interface): (u64, u32)) -> Socket {
    Socket {
        network_namespace: (namespace > 0).then(|| Arc::new(NetworkNamespace::new(namespace, None))),
        interface: (interface > 0).then_some(interface),
        ..socket
    }
}

/// One address is as many hosts as there are network namespaces and links that it is of: what is known of one is not said of
/// another, and what they use up is not added up.
#[test]
fn an_address_is_a_host_within_its_network_only() {
    let ms = Duration::from_millis;
    let late = TcpStats { rtt: Some(ms(420)), min_rtt: Some(ms(400)), ..healthy() };
    let stalled = TcpStats { ca_state: Some(4), backoff: Some(2), ..healthy() };
    for (remote, one, other) in [
        (WEB, (1, 0), (2, 0)),
        (WEB, (0, 2), (0, 3)),
        (WEB, (0, 0), (0, 3)),
        ("[fe80::1]:443", (0, 2), (0, 3)),
        ("[fe80::1%2]:443", (0, 0), (0, 3)),
    ] {
        let at = |stats: &TcpStats, place| elsewhere(connection(remote, stats.clone()), place);
        let base =
            |sockets: [Socket; 2]| super::super::Peers::of(&sockets).context(&sockets[0]).peer_base_rtt;
        assert_eq!(base([at(&late, one), at(&healthy(), one)]), Some(ms(20)), "{remote} {one:?}");
        assert_eq!(base([at(&late, one), at(&healthy(), other)]), Some(ms(400)), "{remote} {other:?}");

        let said = |name, sockets: Vec<Socket>| said(&assess_host(&snapshot(sockets, limits())), name);
        let troubled = |places: [_; 3]| places.map(|place| at(&stalled, place)).to_vec();
        assert!(said("path_trouble", troubled([one, one, one])).is_some(), "{remote} {one:?}");
        assert_eq!(said("path_trouble", troubled([one, one, other])), None, "{remote} {other:?}");

        let used = |places: [_; 2]| -> Vec<Socket> {
            let ports =
                [many(20, 40_000, State::FinWait1, remote), many(20, 40_020, State::FinWait1, remote)];
            let there = |(sockets, place): (Vec<Socket>, _)| {
                sockets.into_iter().map(move |socket| elsewhere(socket, place))
            };
            ports.into_iter().zip(places).flat_map(there).collect()
        };
        assert!(said("ports_exhausted", used([one, one])).is_some(), "{remote} {one:?}");
        assert_eq!(said("ports_exhausted", used([one, other])), None, "{remote} {other:?}");
    }
}

fn on(device: u32, mut socket: Socket) -> Socket {
    socket.interface = Some(device);
    socket
}

/// A listener for each device, as in VRFs: the queue that is full is that of the handshakes' own device.
#[test]
fn half_open_by_device() {
    let name = "half_open";
    let listeners = [on(1, listening("0.0.0.0:80", 0, 4)), on(2, listening("0.0.0.0:80", 0, 4))];
    let half =
        |device, count: u16| (1..=count).map(move |port| on(device, handshake("192.0.2.1:80", port, 1)));
    let with = |half: Vec<Socket>| [half, listeners.to_vec()].concat();
    let at = Some((Warning, About::Local(end("0.0.0.0:80")), 4));
    check(name, with(half(1, 4).collect()), at);
    check(name, with(half(1, 3).chain(half(2, 3)).collect()), None);
    let host = assess_host(&snapshot(with(half(2, 4).collect()), limits()));
    let finding = host.findings.iter().find(|finding| finding.name == name).unwrap();
    assert_eq!(finding.interface, Some(2));
    // One without a device takes what comes through any, and not what a device has a listener of its own for.
    let any = listening("0.0.0.0:80", 0, 4);
    check(
        name,
        half(3, 4).chain([any.clone()]).collect(),
        Some((Warning, About::Local(end("0.0.0.0:80")), 4)),
    );
    let both = half(1, 2).chain(half(3, 2)).chain([any, listeners[0].clone()]);
    check(name, both.collect(), None);
    // One for IPv6 alone has no part in handshakes of IPv4.
    let mut v6only = listening("[::]:80", 0, 4);
    v6only.v6only = Some(true);
    let handshakes = |local| (1..=4).map(move |port| handshake(local, port, 1)).collect::<Vec<_>>();
    check(name, [handshakes("192.0.2.1:80"), vec![v6only.clone()]].concat(), None);
    let six = Some((Warning, About::Local(end("[::]:80")), 4));
    check(name, [handshakes("[2001:db8::1]:80"), vec![v6only]].concat(), six);
}

fn of_namespace(inode: u64, mut socket: Socket) -> Socket {
    socket.network_namespace = Some(Arc::new(NetworkNamespace::new(inode, None)));
    socket
}

/// The same address is another one in another network namespace or of another device.
#[test]
fn networks_are_not_mixed() {
    let used = |device, range: std::ops::Range<u16>| {
        range.map(move |port| on(device, Socket::tcp(State::Established, &format!("192.0.2.1:{port}"), WEB)))
    };
    check("ports_exhausted", used(1, 40_000..40_016).chain(used(2, 40_016..40_032)).collect(), None);
    check("ports_exhausted", used(1, 40_000..40_032).collect(), Some((Warning, to(WEB), 32)));

    // Handshakes of two namespaces: each namespace has its own listeners.
    let half = |inode, count: u16| {
        (1..=count).map(move |port| of_namespace(inode, handshake("192.0.2.1:80", port, 1)))
    };
    let listener = |inode| of_namespace(inode, listening("0.0.0.0:80", 0, 4));
    let sockets = |a, b| half(7, a).chain(half(8, b)).chain([listener(7), listener(8)]).collect::<Vec<_>>();
    check("half_open", sockets(3, 3), None);
    check("half_open", sockets(1, 4), Some((Warning, About::Local(end("0.0.0.0:80")), 4)));
    let host = assess_host(&snapshot(sockets(1, 4), limits()));
    let finding = host.findings.iter().find(|finding| finding.name == "half_open").unwrap();
    assert_eq!(finding.network_namespace.as_ref().map(|namespace| namespace.inode), Some(8));

    // A shorter round trip in another network says nothing of this one.
    let base = |ms| TcpStats { min_rtt: Some(Duration::from_millis(ms)), ..healthy() };
    let (near, far) = (of_namespace(7, connection(WEB, base(1))), of_namespace(8, connection(WEB, base(50))));
    let peers = super::super::Peers::of([&near, &far]);
    let known = |socket| peers.context(socket).peer_base_rtt.map(|rtt| rtt.as_millis());
    assert_eq!((known(&near), known(&far)), (Some(1), Some(50)));
    let (near, far) = (on(1, connection(WEB, base(1))), on(2, connection(WEB, base(50))));
    let peers = super::super::Peers::of([&near, &far]);
    let known = |socket| peers.context(socket).peer_base_rtt.map(|rtt| rtt.as_millis());
    assert_eq!((known(&near), known(&far)), (Some(1), Some(50)));
}
