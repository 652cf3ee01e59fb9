//! Whose connections are whose: by process, by device, by address, or by nobody.

use std::sync::Arc;

use pree::model::{BootId, Detail, KernelId};
use pree::{Owner, Process, Unowned};

use super::*;
use crate::output::sample;

/// A socket at these ends, held by these processes.
fn socket(state: State, local: &str, remote: &str, pids: &[u32]) -> Socket {
    let mut socket = Socket::between(Protocol::Tcp, state, local.parse().unwrap(), remote.parse().ok());
    socket.kernel_id = Some(KernelId::new(BootId::default(), 1, 1));
    socket.unowned = pids.is_empty().then_some(Unowned::AcceptQueue);
    socket.owners.extend(pids.iter().map(|&pid| {
        let mut process = Process::default();
        process.pid = pid;
        Owner::new(Arc::new(process), Some(3))
    }));
    socket
}

pub(in super::super) fn listener(local: &str, pids: &[u32]) -> Socket {
    socket(State::Listen, local, "", pids)
}

/// A connection of a peer with this port.
pub(in super::super) fn connection(local: &str, port: u16, pids: &[u32]) -> Socket {
    let peer = if local.starts_with("[2") { "[2001:db8::9]" } else { "192.0.2.9" };
    let peer = if local.starts_with("[::ffff") { "[::ffff:192.0.2.9]" } else { peer };
    socket(State::Established, local, &format!("{peer}:{port}"), pids)
}

pub(in super::super) fn on(device: u32, mut socket: Socket) -> Socket {
    socket.interface = Some(device);
    socket
}

/// Each group's processes with its clients, then those that several share with theirs; the first of the groups is the
/// first listener's.
#[track_caller]
fn check(sockets: Vec<Socket>, expected: &[(&[u32], usize)], shared: &[(usize, usize)]) {
    let holders = of(sockets, States::all());
    let pids = |socket: &Socket| pids(socket).into_iter().collect::<Vec<_>>();
    let groups: Vec<_> = holders
        .groups
        .iter()
        .map(|group| (group.first().map(pids).unwrap(), group.connections.clients().0))
        .collect();
    let expected: Vec<_> = expected.iter().map(|(pids, clients)| (pids.to_vec(), *clients)).collect();
    assert_eq!(groups, expected);
    let counted: Vec<_> =
        holders.shared.iter().map(|it| (it.named.len() + it.others, it.connections.clients().0)).collect();
    assert_eq!(counted, shared);
}

#[test]
fn a_connection_is_of_the_listener_of_the_process_that_holds_it() {
    let here = "192.0.2.1:80";
    // Two with SO_REUSEPORT, one that waits to be accepted: by whom is open.
    let two = || vec![listener("0.0.0.0:80", &[1]), listener("0.0.0.0:80", &[2])];
    let held = [connection(here, 1, &[1]), connection(here, 2, &[2]), connection(here, 3, &[2])];
    check(
        [two(), held.to_vec(), vec![connection(here, 4, &[])]].concat(),
        &[(&[1], 1), (&[2], 2)],
        &[(2, 1)],
    );
    // Forked workers share one descriptor; or one process has two.
    let forked =
        vec![listener("0.0.0.0:80", &[1, 2, 3]), connection(here, 1, &[2]), connection(here, 2, &[])];
    check(forked, &[(&[1, 2, 3], 2)], &[]);
    let twice = vec![listener("0.0.0.0:80", &[1]), listener("0.0.0.0:80", &[1]), connection(here, 2, &[])];
    check(twice, &[(&[1], 1)], &[]);
    // Handed over to one that does not listen: of two listeners, which is open.
    check([two(), vec![connection(here, 1, &[7])]].concat(), &[(&[1], 0), (&[2], 0)], &[(2, 1)]);
    check(vec![listener("0.0.0.0:80", &[1]), connection(here, 1, &[7])], &[(&[1], 1)], &[]);
    // The process decides before the address does, but not against it.
    let later = vec![listener("0.0.0.0:80", &[1]), listener(here, &[2]), connection(here, 1, &[1])];
    check(later, &[(&[1], 1), (&[2], 0)], &[]);
    let elsewhere = vec![listener("192.0.2.2:80", &[1]), connection(here, 1, &[1])];
    check(elsewhere, &[(&[1], 0), (&[1], 1)], &[]);
}

#[test]
fn then_of_that_of_its_device_family_and_address() {
    let here = "192.0.2.1:80";
    let red_blue = || vec![on(1, listener("0.0.0.0:80", &[1])), on(2, listener("0.0.0.0:80", &[2]))];
    let clients =
        [on(1, connection(here, 1, &[])), on(2, connection(here, 2, &[])), on(2, connection(here, 3, &[]))];
    check([red_blue(), clients.to_vec()].concat(), &[(&[1], 1), (&[2], 2)], &[]);
    // What came through no device of theirs is of the one without; if there is none, of nobody.
    let without = [red_blue(), vec![listener("0.0.0.0:80", &[3])]].concat();
    let others =
        vec![connection(here, 1, &[]), on(9, connection(here, 2, &[])), on(1, connection(here, 3, &[]))];
    check([without, others.clone()].concat(), &[(&[1], 1), (&[2], 0), (&[3], 2)], &[]);
    check([red_blue(), vec![connection(here, 1, &[7])]].concat(), &[(&[1], 0), (&[2], 0), (&[7], 1)], &[]);
    // Very address before all addresses.
    let both = vec![listener("0.0.0.0:80", &[1]), listener(here, &[2]), connection(here, 1, &[])];
    check(both, &[(&[1], 0), (&[2], 1)], &[]);
    // IPv4 and IPv6 on one port: what came through the socket of IPv6 is of IPv6.
    let (four, six) = (listener("0.0.0.0:80", &[1]), listener("[::]:80", &[2]));
    let mapped = connection("[::ffff:192.0.2.1]:80", 2, &[]);
    let mixed = vec![four.clone(), six.clone(), connection(here, 1, &[]), mapped.clone()];
    check(mixed, &[(&[1], 1), (&[2], 1)], &[]);
    let mut only_six = six;
    only_six.v6only = Some(true);
    check(vec![only_six.clone(), mapped], &[(&[2], 0), (&[], 1)], &[]);
    check(vec![four, only_six, connection("[2001:db8::1]:80", 1, &[])], &[(&[1], 0), (&[2], 1)], &[]);
}

#[test]
fn datagram_sockets_are_of_who_connected_them() {
    let udp = |mut socket: Socket| {
        socket.protocol = Protocol::Udp;
        if socket.remote.is_none() {
            socket.state = State::Unconnected;
        }
        socket
    };
    let server = udp(listener("0.0.0.0:53", &[1]));
    let all =
        vec![server, udp(connection("192.0.2.1:53", 1, &[1])), udp(connection("192.0.2.1:53", 2, &[7]))];
    check(all, &[(&[1], 1), (&[7], 1)], &[]);
}

#[test]
fn namespaces_are_kept_apart() {
    let of = |inode, mut socket: Socket| {
        socket.network_namespace = Some(Arc::new(pree::model::NetworkNamespace::new(inode, None)));
        socket
    };
    let here = "192.0.2.1:80";
    let all = vec![
        of(7, listener("0.0.0.0:80", &[1])),
        of(8, listener("0.0.0.0:80", &[1])),
        of(8, connection(here, 1, &[])),
        of(9, connection(here, 1, &[])),
    ];
    check(all, &[(&[1], 0), (&[1], 1), (&[], 1)], &[]);
}

#[test]
fn subflows_of_one_connection_are_one_client() {
    let subflow = |port, inode| {
        let mut socket = connection("192.0.2.1:80", port, &[1]);
        socket.upper_layer = Some((&b"mptcp"[..]).into());
        socket.inode = Some(inode);
        socket
    };
    let with_token = |port, inode, token| {
        let mut detail = pree::model::SubflowDetail::default();
        detail.token = Some(token);
        let mut socket = subflow(port, inode);
        socket.detail = Some(Box::new(Detail::Subflow(detail)));
        socket
    };
    let two = vec![listener("0.0.0.0:80", &[1]), subflow(1, 5), subflow(2, 5), subflow(3, 6)];
    check(two, &[(&[1], 2)], &[]);
    let told =
        vec![listener("0.0.0.0:80", &[1]), with_token(1, 5, 77), with_token(2, 6, 77), with_token(3, 7, 78)];
    check(told, &[(&[1], 2)], &[]);
    // Without either each is its own.
    let mut bare = subflow(1, 5);
    bare.inode = None;
    let bare = vec![listener("0.0.0.0:80", &[1]), bare.clone(), bare];
    check(bare, &[(&[1], 2)], &[]);
}

#[test]
fn the_same_processes_are_one_entry() {
    // Of all ports at once: both listeners are sshd's, connections come to the listener of their family, and one
    // that is only remembered is no client.
    let groups = of(sample::sockets(), States::all()).groups;
    let shown: Vec<_> = groups
        .iter()
        .map(|group| {
            let connections = &group.connections;
            (group.protocol, group.waiting.len(), connections.0.len(), connections.clients())
        })
        .collect();
    assert_eq!(shown.len(), 2);
    assert!(shown.contains(&(Protocol::Tcp, 2, 3, (2, 2))), "{shown:?}");
    assert!(shown.contains(&(Protocol::Udp, 1, 0, (0, 0))), "{shown:?}");
    let listening = of(sample::sockets(), States::LISTENING);
    assert!(listening.groups.iter().all(|group| !group.waiting.is_empty()));
}

#[test]
fn of_several_holders_who_has_the_fewest_listeners_tells() {
    let here = "192.0.2.1:80";
    // A parent keeps the listener of each child.
    let children = || vec![listener("0.0.0.0:80", &[1, 2]), listener("0.0.0.0:80", &[1, 3])];
    check([children(), vec![connection(here, 1, &[1, 3])]].concat(), &[(&[1, 2], 0), (&[1, 3], 1)], &[]);
    check([children(), vec![connection(here, 1, &[1])]].concat(), &[(&[1, 2], 0), (&[1, 3], 0)], &[(2, 1)]);
    // Both have one each, and one connection: whose it was is open.
    let two = vec![listener("0.0.0.0:80", &[2]), listener("0.0.0.0:80", &[3]), connection(here, 1, &[2, 3])];
    check(two, &[(&[2], 0), (&[3], 0)], &[(2, 1)]);
}

#[test]
fn what_is_shared_by_many_names_a_few() {
    let mut all: Vec<Socket> = (1..=9).map(|pid| listener("0.0.0.0:80", &[pid])).collect();
    all.push(connection("192.0.2.1:80", 1, &[]));
    let holders = of(all, States::all());
    let [shared] = holders.shared.as_slice() else { panic!("{:?}", holders.shared) };
    assert_eq!((shared.named.len(), shared.others), (NAMED, 6));
}

/// So many sockets of what a process can have many of at one port.
type Shape = (&'static str, fn(u32) -> Vec<Socket>);

fn every(number: u32) -> String {
    let [_, a, b, c] = number.to_be_bytes();
    format!("127.{a}.{b}.{}:80", c | 1)
}

const SHAPES: [Shape; 8] = [
    ("listeners of one process", |n| (0..n).map(|_| listener("0.0.0.0:80", &[7])).collect()),
    ("addresses of one process", |n| (0..n).map(|at| listener(&every(2 * at), &[7])).collect()),
    ("processes with a listener each", |n| (0..n).map(|at| listener("0.0.0.0:80", &[9 + at])).collect()),
    ("processes with an address each", |n| (0..n).map(|at| listener(&every(2 * at), &[9 + at])).collect()),
    ("children whose listeners the parent has too", |n| {
        (0..n).map(|at| listener("0.0.0.0:80", &[7, 9 + at])).collect()
    }),
    ("processes that share one", |n| vec![listener("0.0.0.0:80", &(7..7 + n).collect::<Vec<_>>())]),
    ("devices", |n| (0..n).map(|at| on(at + 1, listener("0.0.0.0:80", &[7]))).collect()),
    ("no listener", |_| Vec::new()),
];

const CLIENTS: [Shape; 5] = [
    ("held by one process", |n| (0..n).map(|_| connection("127.0.0.1:80", 1, &[7])).collect()),
    ("held by one process each", |n| (0..n).map(|at| connection("127.0.0.1:80", 1, &[9 + at])).collect()),
    ("held by parent and child", |n| (0..n).map(|at| connection("127.0.0.1:80", 1, &[7, 9 + at])).collect()),
    ("at an address each, held by nobody", |n| (0..n).map(|at| connection(&every(2 * at), 1, &[])).collect()),
    ("held by strangers", |n| (0..n).map(|at| connection(&every(2 * at), 1, &[900_000 + at])).collect()),
];

/// Processes, listeners, addresses and connections: twice as many of all of them cost twice as many steps.
#[test]
fn twice_as_many_cost_twice_as_many_steps() {
    for (what, shape) in SHAPES {
        for (whose, clients) in CLIENTS {
            let steps = |n| {
                crate::steps::of(|| {
                    let holders = of([shape(n), clients(n)].concat(), States::all());
                    let connections = holders.groups.iter().map(|group| &group.connections);
                    let all = connections.chain(holders.shared.iter().map(|shared| &shared.connections));
                    assert_eq!(
                        all.map(|it| it.0.len()).sum::<usize>(),
                        n as usize,
                        "{what}, clients {whose}"
                    );
                })
            };
            let (few, many) = (steps(200), steps(400));
            assert!(few >= 200, "{what}, clients {whose}: only {few} steps were counted");
            assert!(4 * many <= 9 * few, "{what}, clients {whose}: {few} steps, {many} for twice as many");
        }
    }
}
