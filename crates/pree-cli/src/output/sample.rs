//! Six sockets for tests, from a source that plays the kernel: `Socket` is made by the library alone.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};

use pree::source::{Answer, DiagPass, Errno, Failure, ProcessPart, Question, Source};
use pree::{Query, Socket};

/// A listener on 22 whose accept queue is full, a UDP socket on 53, a listener on 443, and connections from 40000
/// (`postgres`, RTT 251 ms, one drop), 40001 (`a b`, RTT 1.5 ms) and 40002 (`TIME_WAIT`); 22 and 443 are `sshd`'s.
pub(crate) fn sockets() -> Vec<Socket> {
    let process = |(pid, name, sockets): &(u32, &str, &[(u32, u64)])| Process {
        pid: *pid,
        name: name.as_bytes().to_vec(),
        sockets: sockets.to_vec(),
    };
    collect(Kernel { rows: ROWS.to_vec(), processes: PROCESSES.iter().map(process).collect() })
}

/// Listeners on ports from 1 up, each of a process with one of these names.
pub(crate) fn listeners_of(names: &[Vec<u8>]) -> Vec<Socket> {
    let mut kernel = Kernel::default();
    for (index, name) in names.iter().enumerate() {
        let number = index as u32 + 1;
        kernel.rows.push((6, 10, format!("0.0.0.0:{number}").leak(), "", number, [0, 8], 0));
        kernel.processes.push(Process { pid: number, name: name.clone(), sockets: vec![(3, number.into())] });
    }
    collect(kernel)
}

/// A listener of each of these names, and connections that nobody accepted yet, one for each name too.
pub(crate) fn waiting_beside(names: &[&[u8]]) -> Vec<Socket> {
    let mut sockets = listeners_of(&names.iter().map(|name| name.to_vec()).collect::<Vec<_>>());
    let row = |port| (6, 1, format!("10.0.0.5:{port}").leak() as &str, "10.0.0.9:9", 0, [0, 0], 0);
    let rows = (1..=names.len()).map(row).collect();
    sockets.extend(collect(Kernel { rows, ..Kernel::default() }));
    sockets
}

fn collect(mut kernel: Kernel) -> Vec<Socket> {
    let mut sockets = Query::new().stats().owners().collect_from(&mut kernel).unwrap().into_sockets();
    sockets.sort_by_key(|socket| socket.local.port());
    sockets
}

/// Protocol, state, ends, inode, queues, round trip time in microseconds.
type Row = (u16, u8, &'static str, &'static str, u32, [u32; 2], u32);

const ROWS: [Row; 6] = [
    (6, 10, "0.0.0.0:22", "", 101, [128, 128], 0),
    (6, 10, "[::]:443", "", 102, [0, 511], 0),
    (17, 7, "127.0.0.53:53", "", 103, [0, 0], 0),
    (6, 1, "10.0.0.5:40000", "10.0.0.9:5432", 104, [7, 2048], 251_000),
    (6, 8, "[2001:db8::1]:40001", "[2001:db8::2]:443", 105, [1, 0], 1_500),
    (6, 6, "10.0.0.5:40002", "52.84.228.25:443", 0, [0, 0], 0),
];

/// Process id, name, descriptors with their inodes.
#[allow(clippy::type_complexity, reason = "it is written out once")]
const PROCESSES: [(u32, &str, &[(u32, u64)]); 4] = [
    (1, "init", &[]),
    (12, "sshd", &[(3, 101), (4, 102)]),
    (77, "postgres", &[(9, 104), (10, 103)]),
    (90, "a b", &[(5, 105)]),
];

struct Process {
    pid: u32,
    name: Vec<u8>,
    /// Descriptors with their inodes.
    sockets: Vec<(u32, u64)>,
}

#[derive(Default)]
struct Kernel {
    rows: Vec<Row>,
    processes: Vec<Process>,
}

impl Source for Kernel {
    fn ask(&mut self, question: &Question<'_>) -> Result<Answer, Failure> {
        let answer: VecDeque<Vec<u8>> = match question {
            Question::Diag { pass: DiagPass::First | DiagPass::Check, table, request } => {
                // The v1 request asks for both families; states are in its last word.
                let family = table.family;
                let states = if family == 0 { &request[68..72] } else { &request[20..24] };
                let states = u32::from_ne_bytes(states.try_into().unwrap());
                let mut batch: Vec<u8> = self
                    .rows
                    .iter()
                    .filter(|row| row.0 == table.protocol && states & 1 << row.1 != 0)
                    .filter(|row| family == 0 || (family == 2) == end(row.2).is_ipv4())
                    .flat_map(diag_row)
                    .collect();
                batch.extend(message(3, &0_i32.to_ne_bytes()));
                [batch].into()
            }
            Question::BootId => [b"00112233-4455-6677-8899-aabbccddeeff\n".to_vec()].into(),
            Question::NetNamespace => [b"net:[4026531840]".to_vec()].into(),
            Question::KernelRelease => [b"6.18.0".to_vec()].into(),
            Question::Processes => {
                [self.processes.iter().flat_map(|process| process.pid.to_le_bytes()).collect()].into()
            }
            Question::Process { pid, part } => {
                let process = self
                    .processes
                    .iter()
                    .find(|process| process.pid == *pid)
                    .ok_or(Failure::Answer(Errno::ENOENT))?;
                match part {
                    ProcessPart::Sockets => {
                        let record = |(fd, inode): &(u32, u64)| {
                            [fd.to_le_bytes().to_vec(), inode.to_le_bytes().to_vec()].concat()
                        };
                        [process.sockets.iter().flat_map(record).collect()].into()
                    }
                    ProcessPart::Stat => {
                        let rest = format!(") S 1 {}12345 0 0\n", "0 ".repeat(17));
                        [[format!("{pid} (").as_bytes(), &process.name, rest.as_bytes()].concat()].into()
                    }
                    _ => return Err(Failure::Answer(Errno::ENOENT)),
                }
            }
            _ => return Err(Failure::Answer(Errno::ENOENT)),
        };
        Ok(Answer::batches(answer))
    }
}

fn end(text: &str) -> SocketAddr {
    text.parse().unwrap_or_else(|_| "0.0.0.0:0".parse().unwrap())
}

/// `struct inet_diag_msg` and its attributes.
fn diag_row((protocol, state, local, remote, inode, queues, rtt): &Row) -> Vec<u8> {
    let (local, remote) = (end(local), end(remote));
    let mut row = vec![if local.is_ipv4() { 2 } else { 10 }, *state, 0, 0];
    row.extend(local.port().to_be_bytes());
    row.extend(remote.port().to_be_bytes());
    for ip in [local.ip(), remote.ip()] {
        match ip {
            IpAddr::V4(ip) => row.extend([&ip.octets()[..], &[0; 12]].concat()),
            IpAddr::V6(ip) => row.extend(ip.octets()),
        }
    }
    for word in [0, u32::from(local.port()), 0, 0, queues[0], queues[1], 1000, *inode] {
        row.extend(word.to_ne_bytes());
    }
    if *protocol == 6 && *inode != 0 {
        let mut info = vec![0; 232];
        info[68..72].copy_from_slice(&rtt.to_ne_bytes());
        info[80..84].copy_from_slice(&10_u32.to_ne_bytes());
        info[16..20].copy_from_slice(&1448_u32.to_ne_bytes());
        attribute(&mut row, 2, &info);
        attribute(&mut row, 4, b"cubic\0");
    }
    if *inode != 0 {
        let mut memory = vec![0; 36];
        memory[4..8].copy_from_slice(&131_072_u32.to_ne_bytes());
        memory[32] = u8::from(local.port() == 40000);
        attribute(&mut row, 7, &memory);
    }
    message(20, &row)
}

fn attribute(row: &mut Vec<u8>, kind: u16, payload: &[u8]) {
    row.extend((payload.len() as u16 + 4).to_ne_bytes());
    row.extend(kind.to_ne_bytes());
    row.extend(payload);
    row.resize(row.len().next_multiple_of(4), 0);
}

fn message(kind: u16, payload: &[u8]) -> Vec<u8> {
    let mut message = Vec::new();
    message.extend((payload.len() as u32 + 16).to_ne_bytes());
    message.extend(kind.to_ne_bytes());
    message.extend(2_u16.to_ne_bytes());
    message.extend(1_u32.to_ne_bytes());
    message.extend(0_u32.to_ne_bytes());
    message.extend(payload);
    message.resize(message.len().next_multiple_of(4), 0);
    message
}
