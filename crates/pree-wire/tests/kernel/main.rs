//! The running kernel agrees: requests are understood, rows are read, and a filter in the kernel leaves the rows its
//! expression describes.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod families;
#[path = "../suite/meaning.rs"]
mod meaning;
mod sock_diag;

use pree_testkit::{Case, Need};
use pree_wire::Errno;
use pree_wire::inet_diag::{
    AF_INET, AF_INET6, Expr, Extensions, HostCondition, Id, Request, Row, StateBits, TCP, UDP,
};
use pree_wire::netlink::{Body, messages};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpListener, TcpStream, UdpSocket};

/// The rows of a dump by their cookies.
///
/// One dump may lose and repeat rows while other sockets of the host come and go, so this is the union of two.
fn dump(request: &Request<'_>) -> Result<BTreeMap<u64, Vec<u8>>, Errno> {
    let mut rows = BTreeMap::new();
    for _ in 0..2 {
        each_payload(&sock_diag::ask(request)?, |payload| {
            rows.insert(Row::parse(payload).unwrap().cookie(), payload.to_vec());
        });
    }
    Ok(rows)
}

fn each_payload(datagrams: &[Vec<u8>], mut visit: impl FnMut(&[u8])) {
    for datagram in datagrams {
        for message in messages(datagram) {
            if let Body::Data(payload) = message.unwrap().body() {
                visit(payload);
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
        let datagram = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let mut population = Self { listeners: Vec::new(), connected: Vec::new(), datagram };
        // The wildcard address takes IPv4 in too: its connections have mapped addresses.
        for (bound, target) in [
            (IpAddr::from(Ipv4Addr::LOCALHOST), IpAddr::from(Ipv4Addr::LOCALHOST)),
            (Ipv6Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()),
            (Ipv6Addr::UNSPECIFIED.into(), Ipv4Addr::LOCALHOST.into()),
        ] {
            let listener = TcpListener::bind((bound, 0)).unwrap();
            let client = TcpStream::connect((target, listener.local_addr().unwrap().port())).unwrap();
            population.connected.push((client, listener.accept().unwrap().0));
            population.listeners.push(listener);
        }
        population
    }

    /// Local and remote port of every TCP socket.
    fn ports(&self) -> Vec<(u16, u16)> {
        let ends = self.connected.iter().flat_map(|(a, b)| [a, b]);
        let connected =
            ends.map(|stream| (stream.local_addr().unwrap().port(), stream.peer_addr().unwrap().port()));
        connected.chain(self.listeners.iter().map(|l| (l.local_addr().unwrap().port(), 0))).collect()
    }

    /// The rows of these sockets: each has one, and what else the host holds is left out. An old connection in
    /// `TIME_WAIT` may have had one of the ports before.
    fn rows_in(&self, dump: &BTreeMap<u64, Vec<u8>>) -> Vec<Vec<u8>> {
        let ours = |payload: &&Vec<u8>| {
            let row = Row::parse(payload).unwrap();
            self.ports().contains(&(row.source_port(), row.destination_port())) && row.inode() != 0
        };
        let rows: Vec<_> = dump.values().filter(ours).cloned().collect();
        assert_eq!(rows.len(), self.ports().len());
        rows
    }
}

/// The conditions on rows a program sees. Rows of other processes come and go; these stay.
fn seen_by_programs(row: &Row<'_>) -> meaning::Socket {
    meaning::Socket {
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

fn a_filter_leaves_what_its_expression_describes() {
    let population = Population::new();
    let (first, second) = population.ports()[0];
    let everything = Request::dump_v1(TCP).with_states(StateBits::ALL).with_sequence(1);
    let all = population.rows_in(&dump(&everything).unwrap());

    let sample = Row::parse(&all[0]).unwrap();
    let (cgroup, marked) = (sample.cgroup_id().unwrap_or(0), sample.mark().is_some());

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
        let found = dump(&everything.with_bytecode(&buffer[..length])).unwrap();
        for row in &all {
            let row = Row::parse(row).unwrap();
            let expected = meaning::holds(&expr, &seen_by_programs(&row));
            assert_eq!(found.contains_key(&row.cookie()), expected, "{expr:?} of {:?}", row.id());
        }
    }
}

fn both_ways_of_dumping_see_our_sockets() {
    let population = Population::new();
    let v1 = dump(&Request::dump_v1(TCP).with_sequence(3)).unwrap();
    let mut v2 = BTreeMap::new();
    for family in [AF_INET, AF_INET6] {
        v2.extend(dump(&Request::dump_v2(family, TCP)).unwrap());
    }
    for row in population.rows_in(&v1) {
        assert!(v2.contains_key(&Row::parse(&row).unwrap().cookie()));
    }
}

fn an_exact_get_finds_the_socket_and_nothing_else() {
    let population = Population::new();
    for row in population.rows_in(&dump(&Request::dump_v1(TCP).with_sequence(9)).unwrap()) {
        let row = Row::parse(&row).unwrap();
        let request = Request::exact(row.family(), TCP, row.id()).with_extensions(Extensions::ALL);
        let answer = sock_diag::ask(&request).unwrap();
        each_payload(&answer, |payload| {
            let found = Row::parse(payload).unwrap();
            assert_eq!((found.id(), found.inode(), found.state()), (row.id(), row.inode(), row.state()));
            assert!(found.tcp_info().unwrap().rcv_space().is_some());
            assert!(found.socket_memory().unwrap().rcvbuf().is_some());
            assert!(found.congestion_algorithm().is_some_and(|name| !name.is_empty()));
        });
        let stale = Id { cookie: row.cookie() ^ 1, ..row.id() };
        let refused = sock_diag::ask(&Request { id: stale, ..request });
        assert!(matches!(refused, Err(Errno::ESTALE | Errno::ENOENT)), "{refused:?}");
    }
}

fn an_exact_get_for_udp_wants_the_ends_swapped() {
    let population = Population::new();
    let mut id = Id { source_port: population.datagram.local_addr().unwrap().port(), ..Id::ANY };
    id.source[..4].copy_from_slice(&[127, 0, 0, 1]);
    let request = Request::exact(AF_INET, UDP, id.swapped());
    let datagrams = sock_diag::ask(&request).unwrap();
    each_payload(&datagrams, |payload| {
        let row = Row::parse(payload).unwrap();
        assert_eq!((row.source_port(), row.source(), row.state()), (id.source_port, id.source, 7));
    });
    let unswapped = sock_diag::ask(&Request { id, ..request });
    assert_eq!(unswapped, Err(Errno::ENOENT));
}

fn main() -> std::process::ExitCode {
    // In a lab the host's own sockets do not come and go between two dumps.
    let case = |name, test: fn()| {
        let run = move || {
            test();
            Ok(())
        };
        Case::new(name, run).lab().needs(Need::Ipv6)
    };
    pree_testkit::main(vec![
        case("a_filter_leaves_what_its_expression_describes", a_filter_leaves_what_its_expression_describes),
        case("both_ways_of_dumping_see_our_sockets", both_ways_of_dumping_see_our_sockets),
        case(
            "an_exact_get_finds_the_socket_and_nothing_else",
            an_exact_get_finds_the_socket_and_nothing_else,
        ),
        case("an_exact_get_for_udp_wants_the_ends_swapped", an_exact_get_for_udp_wants_the_ends_swapped),
        case("unix_sockets_are_told_by_both_ways_of_asking", families::unix),
        case("packet_sockets_are_told", families::packet),
        case("netlink_sockets_are_told", families::netlink),
    ])
}
