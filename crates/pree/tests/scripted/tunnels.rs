//! UDP sockets that the kernel holds for WireGuard, L2TP and FOU. The bytes are written from `linux/if_link.h`, `linux/l2tp.h` and
//! `linux/fou.h`.

use pree::source::{Errno, Failure, Question};
use pree::{Query, Snapshot, Unowned};

use super::kernel::{Fake, Kernel, Population, done, error, message};
use super::{CLOSE, ESTABLISHED, population};

fn attributes(all: &[(u16, &[u8])]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (kind, value) in all {
        bytes.extend([value.len() as u16 + 4, *kind].map(u16::to_ne_bytes).concat());
        bytes.extend(*value);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
    }
    bytes
}

/// `struct ifinfomsg` of an interface that is up, and what it is.
fn link(index: u32, name: &[u8], kind: &[u8]) -> Vec<u8> {
    let info = attributes(&[(1, kind)]);
    let fixed = [0, index, 1, 0].map(u32::to_ne_bytes).concat();
    message(16, 2, &[fixed, attributes(&[(3, name), (18, &info)])].concat())
}

/// Over UDP between loopback addresses.
fn l2tp(id: u32, ports: [u16; 2]) -> Vec<u8> {
    let [here, there] = ports.map(u16::to_ne_bytes);
    let ends = [(26, &here[..]), (27, &there), (24, &[127, 0, 0, 1]), (25, &[127, 0, 0, 2])];
    let tunnel = attributes(&[&[(9, &id.to_ne_bytes()[..])], &ends[..]].concat());
    message(30, 2, &[&[4, 1, 0, 0][..], &tunnel].concat())
}

/// A port of FOU.
fn fou(port: u16, more: &[(u16, &[u8])]) -> Vec<u8> {
    let port = attributes(&[(1, &port.to_be_bytes())]);
    message(31, 2, &[&[1, 1, 0, 0][..], &port, &attributes(more)].concat())
}

/// What no process holds: a port of every address, in both families, and two connections.
fn sockets() -> Population {
    let mut all = population();
    all.sockets.extend([
        Fake::udp(CLOSE, "0.0.0.0:51820", "", 4000),
        Fake::udp(CLOSE, "[::]:51820", "", 4001),
        Fake::udp(CLOSE, "0.0.0.0:51821", "", 4002),
        Fake::udp(ESTABLISHED, "127.0.0.1:1701", "127.0.0.2:1702", 4003),
        Fake::udp(ESTABLISHED, "127.0.0.1:1701", "127.0.0.3:1702", 4004),
        Fake::udp(CLOSE, "0.0.0.0:5555", "", 4005),
        Fake::udp(CLOSE, "0.0.0.0:5556", "", 4006),
    ]);
    all
}

type Answered = Result<Vec<Vec<u8>>, Failure>;

/// A kernel with these interfaces, and what it answers about WireGuard's port and the tunnels of L2TP.
fn kernel(
    population: Population,
    links: &'static [(u32, &str, &str)],
    port: Answered,
    tunnels: Answered,
) -> Kernel {
    Kernel::new(population).on(move |_, question, _| match question {
        Question::Links => {
            let links =
                links.iter().map(|(index, name, kind)| link(*index, name.as_bytes(), kind.as_bytes()));
            Some(Ok(links.chain([done(0)]).collect()))
        }
        Question::WireGuardPort(3) => Some(port.clone()),
        Question::L2tpTunnels => Some(tunnels.clone()),
        Question::FouPorts => Some(Ok(vec![fou(5555, &[]), fou(5556, &[(6, &[127, 0, 0, 1])]), done(0)])),
        _ => None,
    })
}

/// Of the sockets that nobody holds, by inode: the tunnel, and why there is no owner.
fn unheld(snapshot: &Snapshot) -> Vec<(u64, String, Option<Unowned>)> {
    let tunnel = |socket: &pree::Socket| {
        socket
            .tunnel
            .as_ref()
            .map_or(String::new(), |name| String::from_utf8_lossy(name.as_bytes()).into_owned())
    };
    let of = |socket: &pree::Socket| (socket.inode.unwrap_or(0), tunnel(socket), socket.unowned);
    let mut all: Vec<_> = snapshot.iter().map(of).filter(|(inode, ..)| *inode >= 4000).collect();
    all.sort_by_key(|(inode, ..)| *inode);
    all
}

const WIREGUARD: &[(u32, &str, &str)] = &[(2, "br0", "bridge"), (3, "wg0", "wireguard")];

#[test]
fn sockets_of_tunnels_are_the_kernels() {
    let port = || Ok(vec![51820_u16.to_le_bytes().to_vec()]);
    let tunnels = || Ok(vec![l2tp(7, [1702, 1701]), l2tp(10, [1701, 1702]), done(0)]);
    let eperm = || Err(Failure::Answer(Errno::EPERM));
    let (wg, l2tp, none) = ("wg0", "l2tp:10", "");
    for (links, port, tunnels, expected) in [
        (WIREGUARD, port(), tunnels(), [wg, wg, none, l2tp, none]),
        (WIREGUARD, eperm(), tunnels(), [none, none, none, l2tp, none]),
        (WIREGUARD, Ok(vec![vec![1]]), Ok(vec![error(1)]), [none; 5]),
        (WIREGUARD, port(), eperm(), [wg, wg, none, none, none]),
        (WIREGUARD, port(), Err(Failure::Transport(Errno::ENOBUFS)), [wg, wg, none, none, none]),
        (&[(3, "wg0", "dummy")], port(), tunnels(), [none, none, none, l2tp, none]),
    ] {
        let said = format!("{links:?} {port:?} {tunnels:?}");
        let mut kernel = kernel(sockets(), links, port, tunnels);
        let snapshot = Query::new().udp().owners().collect_from(&mut kernel).unwrap();
        let expected = (4000..).zip(expected.into_iter().chain(["fou:5555", none])).map(|(inode, tunnel)| {
            let why = if tunnel.is_empty() { Unowned::NoVisibleHolder } else { Unowned::Kernel };
            (inode, tunnel.to_owned(), Some(why))
        });
        assert_eq!(unheld(&snapshot), expected.collect::<Vec<_>>(), "{said}");
        let asked = |key: &str| kernel.asked.iter().filter(|asked| asked.starts_with(key)).count();
        let has_wireguard = usize::from(links == WIREGUARD);
        assert_eq!((asked("links"), asked("wireguard_port 3"), asked("l2tp_tunnels")), (1, has_wireguard, 1));
    }
}

/// What some process holds leads to no question, and neither does what can be no tunnel's.
#[test]
fn nobody_is_asked_where_no_socket_can_be_a_tunnels() {
    for (more, links, tunnels) in [
        (None, 0, 0),
        (Some(Fake::udp(CLOSE, "127.0.0.1:51820", "", 4000)), 0, 0),
        (Some(Fake::udp(CLOSE, "0.0.0.0:51820", "", 4000)), 1, 0),
        (Some(Fake::udp(ESTABLISHED, "127.0.0.1:1701", "127.0.0.2:1702", 4000)), 0, 1),
    ] {
        let mut all = population();
        all.sockets.extend(more);
        let absent = || Err(Failure::Answer(Errno::ENOENT));
        let mut kernel = kernel(all, &[(2, "br0", "bridge")], absent(), absent());
        let snapshot = Query::new().udp().owners().collect_from(&mut kernel).unwrap();
        assert!(
            snapshot.iter().all(|socket| socket.tunnel.is_none() && socket.unowned != Some(Unowned::Kernel))
        );
        let asked = |key: &str| kernel.asked.iter().filter(|asked| asked.starts_with(key)).count();
        assert_eq!((asked("links"), asked("wireguard_port"), asked("l2tp_tunnels")), (links, 0, tunnels));
    }
}
