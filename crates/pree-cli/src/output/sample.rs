//! Six sockets for tests, as the library makes them of what the played kernel of its tests answers.

use pree::{Query, Socket};

use crate::played::{Fake, Kernel, Population, Process};

/// A listener on 22 whose accept queue is full, a UDP socket on 53, a listener on 443, and connections from 40000
/// (`postgres`, RTT 251 ms, one drop), 40001 (`a b`, RTT 1.5 ms) and 40002 (`TIME_WAIT`); 22 and 443 are `sshd`'s.
pub(crate) fn sockets() -> Vec<Socket> {
    let tcp = |state, local, remote, inode, queues, rtt: u32| {
        let mut fake = Fake { queues, ..Fake::tcp(state, local, remote, inode) };
        for (at, number) in [(16, 1448), (68, rtt), (80, 10)] {
            fake.tcp_info[at..at + 4].copy_from_slice(&number.to_ne_bytes());
        }
        fake
    };
    let sockets = vec![
        tcp(10, "0.0.0.0:22", "", 101, [128, 128], 0),
        tcp(10, "[::]:443", "", 102, [0, 511], 0),
        Fake { queues: [0, 0], ..Fake::udp(7, "127.0.0.53:53", "", 103) },
        tcp(1, "10.0.0.5:40000", "10.0.0.9:5432", 104, [7, 2048], 251_000),
        tcp(8, "[2001:db8::1]:40001", "[2001:db8::2]:443", 105, [1, 0], 1_500),
        tcp(6, "10.0.0.5:40002", "52.84.228.25:443", 0, [0, 0], 0),
    ];
    let processes = [
        (1, process(b"init", &[])),
        (12, process(b"sshd", &[(3, 101), (4, 102)])),
        (77, process(b"postgres", &[(9, 104), (10, 103)])),
        (90, process(b"a b", &[(5, 105)])),
    ];
    collect(Population { sockets, processes: processes.into(), rows_per_message: 1 })
}

fn process(name: &[u8], sockets: &[(u32, u64)]) -> Process {
    Process { name: name.to_vec(), sockets: sockets.to_vec(), ..Process::default() }
}

/// Listeners on ports from 1 up, each of a process with one of these names.
pub(crate) fn listeners_of(names: &[Vec<u8>]) -> Vec<Socket> {
    let mut population = Population::default();
    for (name, number) in names.iter().zip(1..) {
        population.sockets.push(Fake::tcp(10, &format!("0.0.0.0:{number}"), "", number));
        population.processes.insert(number, process(name, &[(3, number.into())]));
    }
    collect(population)
}

/// A listener of each of these names, and connections that nobody accepted yet, one for each name too.
pub(crate) fn waiting_beside(names: &[&[u8]]) -> Vec<Socket> {
    let mut sockets = listeners_of(&names.iter().map(|name| name.to_vec()).collect::<Vec<_>>());
    let waiting = |port| Fake::tcp(1, &format!("10.0.0.5:{port}"), "10.0.0.9:9", 0);
    sockets.extend(collect(Population {
        sockets: (1..=names.len()).map(waiting).collect(),
        ..Population::default()
    }));
    sockets
}

fn collect(mut population: Population) -> Vec<Socket> {
    for fake in &mut population.sockets {
        let port = fake.local.port();
        (fake.cookie, fake.by_old_kernel) = (port.into(), true);
        fake.memory = [0; 36];
        fake.memory[4..8].copy_from_slice(&131_072_u32.to_ne_bytes());
        fake.memory[32] = u8::from(port == 40_000);
        fake.tcp_info.truncate(232);
    }
    let query = Query::new().stats().owners();
    let mut sockets = query.collect_from(&mut Kernel::new(population)).unwrap().into_sockets();
    sockets.sort_by_key(|socket| socket.local.port());
    sockets
}
