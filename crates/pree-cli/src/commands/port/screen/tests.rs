//! What is said of listeners: queues, clients, addresses.

use pree::States;
use pree::model::ListenQueue;

use super::super::holders;
use super::super::holders::tests::{connection, listener, on};
use super::*;

/// A listener with so many in its accept queue.
fn waiting(mut listener: Socket, queue: u32) -> Socket {
    listener.listen = Some(ListenQueue::new(queue, 50));
    listener.recv_queue = Some(queue);
    listener
}

fn shown(sockets: Vec<Socket>) -> String {
    let port = Asked { number: 80, protocol: None, address: None };
    let screen = Screen {
        port,
        coverage: &Coverage::default(),
        processes: HashMap::new(),
        now: None,
        whole_commands: false,
        width: 80,
        names_namespaces: false,
        is_here: false,
    };
    screen.text(&holders::of(sockets, States::all()))
}

/// Lines about queues and clients.
#[track_caller]
fn check(sockets: Vec<Socket>, expected: &[&str]) {
    let text = shown(sockets);
    let lines: Vec<&str> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.starts_with("80/") && !line.starts_with("\"\"["))
        .collect();
    assert_eq!(lines, expected, "{text}");
}

#[test]
fn clients_are_counted_where_it_is_known_whose_they_are() {
    let here = "192.0.2.1:80";
    let queued = |count: u16| (1..=count).map(|port| connection(here, port, &[]));
    let one = [waiting(listener("0.0.0.0:80", &[1]), 2)].into_iter().chain(queued(2));
    check(one.collect(), &["accept queue 2/50, 2 clients from 1 host"]);
    // Two workers: who waits in a queue waits in one of theirs.
    let two = || [1, 2].map(|pid| waiting(listener("0.0.0.0:80", &[pid]), 1)).into_iter().chain(queued(2));
    let below = "2 clients from 1 host, to which of them is not known";
    check(
        two().collect(),
        &["accept queue 1/50, clients: see below"; 2].into_iter().chain([below]).collect::<Vec<_>>(),
    );
    let accepted = connection(here, 9, &[1]);
    check(
        two().chain([accepted]).collect(),
        &[
            "accept queue 1/50, 1 client from 1 host, more clients: see below",
            "accept queue 1/50, clients: see below",
            below,
        ],
    );
}

#[test]
fn a_listener_has_clients_and_nothing_to_read_whatever_its_protocol() {
    let of = |protocol, mut socket: Socket| {
        socket.protocol = protocol;
        socket
    };
    for protocol in [Protocol::Tcp, Protocol::Mptcp, Protocol::Sctp, Protocol::Vsock] {
        let all = vec![
            of(protocol, waiting(listener("0.0.0.0:80", &[1]), 3)),
            of(protocol, connection("192.0.2.1:80", 1, &[1])),
        ];
        check(all, &["accept queue 3/50, 1 client from 1 host"]);
    }
    let mut datagrams = of(Protocol::Udp, listener("0.0.0.0:80", &[1]));
    (datagrams.state, datagrams.recv_queue, datagrams.listen) = (State::Unconnected, Some(7), None);
    let connected = of(Protocol::Udp, connection("192.0.2.1:80", 1, &[1]));
    check(vec![datagrams, connected], &["7 bytes not yet read, 1 connected peer from 1 host"]);
}

#[test]
fn addresses_say_what_is_known_of_them() {
    let six = |v6only| {
        let mut socket = listener("[::]:80", &[1]);
        socket.v6only = v6only;
        socket
    };
    let untold = |mut socket: Socket| {
        socket.kernel_id = None;
        socket
    };
    let begins = "80/tcp LISTEN";
    for (socket, expected) in [
        (listener("0.0.0.0:80", &[1]), "0.0.0.0   reachable from: any interface"),
        (untold(listener("0.0.0.0:80", &[1])), "0.0.0.0   reachable from: any address, interface unknown"),
        (untold(listener("127.0.0.1:80", &[1])), "127.0.0.1   reachable from: loopback only"),
        (on(3, listener("0.0.0.0:80", &[1])), "0.0.0.0   reachable from: interface 3"),
        (six(Some(true)), "[::]   reachable from: any interface"),
        (six(Some(false)), "[::] (IPv4 too)   reachable from: any interface"),
        (six(None), "[::] (IPv4 too: unknown)   reachable from: any interface"),
        (on(3, listener("[fe80::77%3]:80", &[1])), "[fe80::77%3]   reachable from: the link of fe80::77%3"),
    ] {
        let text = shown(vec![socket]).replace("\n  reachable", "   reachable");
        assert_eq!(text.lines().next(), Some(format!("{begins} {expected}").as_str()), "{text}");
    }
}
