//! The running kernel agrees: requests are understood, rows are read, and a filter in the kernel leaves the rows its
//! expression describes. Where there is no `sock_diag` (another system, a sandbox) these tests have nothing to ask.

use crate::{interpreter, sock_diag};
use pree_wire::Errno;
use pree_wire::inet_diag::{
    AF_INET, AF_INET6, Expr, Extensions, HostCondition, Id, Request, Row, StateBits, TCP, UDP,
};
use pree_wire::netlink::{Body, messages};
use std::collections::BTreeSet;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};

/// Cookies of the rows; `None` where there is nobody to ask.
fn cookies(request: &Request<'_>) -> Option<Result<BTreeSet<u64>, Errno>> {
    let answer = sock_diag::ask(request)?;
    Some(answer.map(|datagrams| {
        let mut cookies = BTreeSet::new();
        // A dump may repeat a row while other sockets come and go.
        each_row(&datagrams, |row| {
            cookies.insert(row.cookie());
        });
        cookies
    }))
}

fn each_row(datagrams: &[Vec<u8>], mut visit: impl FnMut(&Row<'_>)) {
    for datagram in datagrams {
        for message in messages(datagram) {
            if let Body::Data(payload) = message.unwrap().body() {
                visit(&Row::parse(payload).unwrap());
            }
        }
    }
}

/// Sockets of this test, so that filters have something to find whatever else the host runs.
struct Population {
    listeners: Vec<TcpListener>,
    connected: Vec<(TcpStream, TcpStream)>,
    datagram: UdpSocket,
}

impl Population {
    fn new() -> Self {
        let mut population = Self {
            listeners: Vec::new(),
            connected: Vec::new(),
            datagram: UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap(),
        };
        let loopbacks: [SocketAddr; 2] = [(Ipv4Addr::LOCALHOST, 0).into(), (Ipv6Addr::LOCALHOST, 0).into()];
        // A host without IPv6 tests less.
        for listener in loopbacks.iter().filter_map(|address| TcpListener::bind(address).ok()) {
            let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            population.connected.push((client, listener.accept().unwrap().0));
            population.listeners.push(listener);
        }
        // The wildcard address takes IPv4 in too: its connections have mapped addresses.
        if let Ok(listener) = TcpListener::bind((Ipv6Addr::UNSPECIFIED, 0)) {
            let port = listener.local_addr().unwrap().port();
            if let Ok(client) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)) {
                population.connected.push((client, listener.accept().unwrap().0));
            }
            population.listeners.push(listener);
        }
        population
    }

    fn ports(&self) -> Vec<u16> {
        let ends = self.connected.iter().flat_map(|(a, b)| [a, b]);
        let connected = ends.map(|stream| stream.local_addr().unwrap().port());
        connected.chain(self.listeners.iter().map(|l| l.local_addr().unwrap().port())).collect()
    }
}

/// The conditions on rows a program sees. Rows of other processes come and go; these stay.
fn seen_by_programs(row: &Row<'_>) -> interpreter::Socket {
    interpreter::Socket {
        family: row.family(),
        source: row.source(),
        destination: row.destination(),
        source_port: row.source_port(),
        destination_port: row.destination_port(),
        device: row.interface(),
        mark: row.mark().unwrap_or(0),
        cgroup: row.cgroup_id().unwrap_or(0),
        // No socket of the population asked for a port by number.
        autobound: true,
    }
}

/// Leaks a little: expressions borrow each other.
fn not(expr: Expr<'_>) -> Expr<'_> {
    Expr::Not(Box::leak(Box::new(expr)))
}

#[test]
fn a_filter_leaves_what_its_expression_describes() {
    let population = Population::new();
    let ours = population.ports();
    let [first, second] = [ours[0], ours[1]];
    let everything = Request::dump_v1(TCP).with_states(StateBits::ALL).with_sequence(1);
    let Some(all) = sock_diag::ask(&everything) else { return };
    let all = all.unwrap();

    let (mut cgroup, mut marked) = (0, false);
    each_row(&all, |row| {
        marked |= row.mark().is_some();
        if ours.contains(&row.source_port()) {
            cgroup = row.cgroup_id().unwrap_or(cgroup);
        }
    });

    let host = |family, prefix_length, address: &[u8], port| {
        let mut padded = [0; 16];
        padded[..address.len()].copy_from_slice(address);
        HostCondition { family, prefix_length, address: padded, port }
    };
    let local = host(AF_INET, 8, &[127, 0, 0, 1], None);
    let exactly = host(AF_INET, 32, &[127, 0, 0, 1], Some(first));
    let any_v4 = host(AF_INET, 0, &[0; 4], None);
    let v6 = host(AF_INET6, 128, &Ipv6Addr::LOCALHOST.octets(), None);
    let either = [Expr::SourcePort(first), Expr::DestinationPort(first)];
    let range = [Expr::SourcePortAtLeast(second), Expr::SourcePortAtMost(second)];
    let v6_or_local = [Expr::SourceHost(v6), Expr::DestinationHost(local)];
    let range_or_any = [Expr::And(&range), Expr::And(&[])];
    let mixed = [Expr::Or(&either), not(Expr::SourceHost(v6)), Expr::Or(&range_or_any)];
    let mut expressions = vec![
        Expr::And(&[]),
        Expr::Or(&[]),
        Expr::Not(&Expr::And(&[])),
        Expr::Not(&Expr::Or(&[])),
        Expr::SourcePort(first),
        Expr::DestinationPort(first),
        Expr::SourcePortAtLeast(first),
        Expr::SourcePortAtMost(first),
        Expr::DestinationPortAtLeast(first),
        Expr::DestinationPortAtMost(first),
        Expr::Or(&either),
        Expr::And(&range),
        not(Expr::Or(&either)),
        Expr::SourceHost(local),
        Expr::SourceHost(exactly),
        Expr::DestinationHost(exactly),
        Expr::SourceHost(any_v4),
        not(Expr::SourceHost(any_v4)),
        Expr::SourceHost(v6),
        Expr::Or(&v6_or_local),
        Expr::And(&mixed),
        not(Expr::And(&mixed)),
        Expr::Autobound,
        Expr::Device(0),
        Expr::Device(1_000_000),
    ];
    if cgroup != 0 {
        expressions.extend([Expr::Cgroup(cgroup), Expr::Not(&Expr::Cgroup(1))]);
    }
    if marked {
        // Rows with the mark attribute mean CAP_NET_ADMIN, which this condition needs.
        expressions.extend([Expr::Mark { mark: 0, mask: u32::MAX }, Expr::Mark { mark: 1, mask: 1 }]);
    }

    for expr in expressions {
        let mut buffer = [0; 512];
        let length = expr.compile(&mut buffer).unwrap();
        let found = cookies(&everything.with_bytecode(&buffer[..length])).unwrap().unwrap();
        let mut seen = 0;
        each_row(&all, |row| {
            if ours.contains(&row.source_port()) && row.state() != 6 {
                seen += 1;
                let expected = interpreter::holds(&expr, &seen_by_programs(row));
                assert_eq!(found.contains(&row.cookie()), expected, "{expr:?} of {:?}", row.id());
            }
        });
        assert_eq!(seen, ours.len(), "all our sockets are in the table");
    }
}

#[test]
fn both_ways_of_dumping_see_our_sockets() {
    let population = Population::new();
    let Some(v1) = cookies(&Request::dump_v1(TCP).with_sequence(3)) else { return };
    let v1 = v1.unwrap();
    let mut v2 = BTreeSet::new();
    for family in [AF_INET, AF_INET6] {
        match cookies(&Request::dump_v2(family, TCP)).unwrap() {
            Ok(found) => v2.extend(found),
            Err(errno) => assert_eq!((family, errno), (AF_INET6, Errno::ENOENT)),
        }
    }
    let mut ours = 0;
    each_row(&sock_diag::ask(&Request::dump_v1(TCP)).unwrap().unwrap(), |row| {
        if population.ports().contains(&row.source_port()) {
            ours += 1;
            assert!(v1.contains(&row.cookie()) && v2.contains(&row.cookie()));
        }
    });
    assert_eq!(ours, population.ports().len());
}

#[test]
fn an_exact_get_finds_the_socket_and_nothing_else() {
    let population = Population::new();
    let Some(rows) = sock_diag::ask(&Request::dump_v1(TCP).with_sequence(9)) else { return };
    let mut asked = 0;
    each_row(&rows.unwrap(), |row| {
        if !population.ports().contains(&row.source_port()) {
            return;
        }
        asked += 1;
        let request = Request::exact(row.family(), TCP, row.id()).with_extensions(Extensions::ALL);
        let answer = sock_diag::ask(&request).unwrap().unwrap();
        each_row(&answer, |found| {
            assert_eq!((found.id(), found.inode(), found.state()), (row.id(), row.inode(), row.state()));
            assert!(found.tcp_info().unwrap().rcv_space().is_some());
            assert!(found.socket_memory().unwrap().rcvbuf().is_some());
            assert!(found.congestion_algorithm().is_some_and(|name| !name.is_empty()));
        });
        let stale = Id { cookie: row.cookie() ^ 1, ..row.id() };
        let refused = sock_diag::ask(&Request { id: stale, ..request }).unwrap();
        assert!(matches!(refused, Err(Errno::ESTALE | Errno::ENOENT)), "{refused:?}");
    });
    assert_eq!(asked, population.ports().len());
}

#[test]
fn an_exact_get_for_udp_wants_the_ends_swapped() {
    let population = Population::new();
    let mut id = Id { source_port: population.datagram.local_addr().unwrap().port(), ..Id::ANY };
    id.source[..4].copy_from_slice(&[127, 0, 0, 1]);
    let request = Request::exact(AF_INET, UDP, id.swapped());
    let datagrams = match sock_diag::ask(&request) {
        // No sock_diag, or none for UDP: the module may be missing.
        None | Some(Err(Errno::ENOENT))
            if sock_diag::ask(&Request::dump_v2(AF_INET, UDP)).is_none_or(|d| d.is_err()) =>
        {
            return;
        }
        answer => answer.unwrap().unwrap(),
    };
    each_row(&datagrams, |row| {
        assert_eq!((row.source_port(), row.source(), row.state()), (id.source_port, id.source, 7));
    });
    let unswapped = sock_diag::ask(&Request { id, ..request }).unwrap();
    assert_eq!(unswapped, Err(Errno::ENOENT));
}
