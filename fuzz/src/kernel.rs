//! A small machine: the played kernel of the library's tests, with what it says of its other families recorded from a real one. It runs
//! filter programs as the kernel does.

use std::sync::OnceLock;

use pree::source::{DiagPass, Errno, Failure, NetTable, ProcessPart, Question};
use pree::{Query, Socket};
use pree_wire::netlink::attributes;

use crate::interpreter::{audit, run};
use crate::meaning;
use crate::played::{Fake, Kernel, Population, Process, TCP, UDP, address};

/// Protocol, state, local, remote, interface, mark, cgroup, inode.
type Line = (u16, u8, &'static str, &'static str, u32, Option<u32>, u64, u32);

const LINES: &[Line] = &[
    (TCP, 10, "0.0.0.0:22", "", 0, Some(0), 7, 100),
    (TCP, 10, "[::]:80", "", 0, Some(0), 7, 101),
    (TCP, 10, "127.0.0.1:8080", "", 1, Some(0x10), 8, 102),
    (TCP, 10, "[fe80::1]:443", "", 3, Some(0x1f), 8, 103),
    (TCP, 1, "10.0.0.5:40001", "10.9.9.9:443", 0, Some(0), 7, 104),
    (TCP, 1, "10.0.0.5:80", "192.168.1.7:50000", 0, Some(0x20), 9, 105),
    (TCP, 1, "[::ffff:10.0.0.5]:443", "[::ffff:10.9.9.9]:40001", 0, Some(0), 7, 106),
    (TCP, 1, "[2001:db8::1]:40002", "[2001:db8::2]:443", 0, Some(0), 7, 107),
    (TCP, 8, "10.0.0.5:80", "10.9.9.9:40003", 0, Some(0), 7, 0),
    (TCP, 6, "10.0.0.5:80", "10.9.9.9:40004", 0, None, 0, 0),
    (TCP, 3, "10.0.0.5:80", "10.9.9.9:40005", 0, Some(0), 0, 0),
    (TCP, 5, "[::1]:80", "[::1]:40006", 1, None, 0, 0),
    (TCP, 7, "127.0.0.1:7000", "127.0.0.1:1", 0, Some(0), 7, 108),
    (TCP, 2, "8.8.8.8:40007", "8.8.4.4:65535", 0, Some(0), 7, 109),
    (UDP, 7, "0.0.0.0:53", "", 0, Some(0), 7, 110),
    (UDP, 7, "[::]:5353", "", 3, Some(0x11), 8, 111),
    (UDP, 1, "[fd00::5]:40008", "[fd00::6]:53", 0, Some(0), 7, 112),
    (UDP, 1, "127.0.0.1:40009", "127.0.0.1:0", 0, Some(0), 7, 113),
    (136, 7, "100.64.0.1:4000", "", 0, Some(0), 7, 114),
];

fn population() -> Population {
    let fake = |line: &Line| {
        let (protocol, state, local, remote, interface, mark, cgroup, inode) = *line;
        let mut fake = match protocol {
            TCP => Fake::tcp(state, local, remote, inode),
            _ => Fake { protocol, ..Fake::udp(state, local, remote, inode) },
        };
        // Of those without an inode it would be one.
        fake.cookie += u64::from(fake.local.port()) << 40;
        let tcp_info = vec![1; 248];
        Fake { uid: inode % 3, interface, mark, cgroup, tcp_info, ..fake }
    };
    let process = |name: &[u8], sockets| Process { name: name.to_vec(), sockets, ..Process::default() };
    let owned = LINES.iter().map(|line| line.7).filter(|inode| *inode > 101);
    let owned = owned.map(|inode| (inode - 90, inode.into())).collect();
    Population {
        sockets: LINES.iter().map(fake).collect(),
        processes: [(1, process(b"init", vec![(3, 100)])), (40, process(b"web (a) \"b", owned))].into(),
        rows_per_message: usize::MAX,
    }
}

/// What a program sees.
fn entry(fake: &Fake) -> meaning::Socket {
    meaning::Socket {
        family: fake.family(),
        source: address(fake.local.ip()),
        destination: fake.remote.map_or([0; 16], |remote| address(remote.ip())),
        source_port: fake.local.port(),
        destination_port: fake.remote.map_or(0, |remote| remote.port()),
        device: fake.interface,
        mark: fake.mark.unwrap_or(0),
        cgroup: fake.cgroup,
        autobound: fake.local.port() >= 40_000,
    }
}

/// The machine.
pub(crate) fn kernel() -> Kernel {
    static POPULATION: OnceLock<Population> = OnceLock::new();
    Kernel::new(POPULATION.get_or_init(population).clone())
        .on(|population, question, _| answer(population, question).transpose())
}

/// What it answers that the played kernel does not, or otherwise.
fn answer(population: &Population, question: &Question<'_>) -> Result<Option<Vec<Vec<u8>>>, Failure> {
    let whole = |bytes: &[u8]| Ok(Some(vec![bytes.to_vec()]));
    let absent = |errno| Err(Failure::Answer(errno));
    match *question {
        Question::Diag { pass: DiagPass::Exact(_), .. } => absent(Errno::ENOENT),
        Question::Diag { table, .. } if !matches!(table.family, 0 | 2 | 10) => {
            match RECORDED.iter().find(|(family, ..)| *family == table.family) {
                Some((_, _, answer, _)) => whole(answer),
                None => absent(Errno::ENOENT),
            }
        }
        Question::Diag { table, pass, request } => {
            let attributes_at = if request[4] == 18 { 76 } else { 72 };
            let program =
                attributes(&request[attributes_at..]).flatten().find(|attribute| attribute.kind == 1);
            let program = program.map(|attribute| attribute.payload);
            assert!(program.is_none_or(audit), "the kernel refuses {program:?}");
            let chosen = |fake: &Fake| program.is_none_or(|program| run(program, &entry(fake)));
            Ok(Some(population.chosen(table.family, table.protocol, pass, request, chosen)))
        }
        Question::NetTable(table) => match RECORDED.iter().find(|(_, recorded, ..)| *recorded == table) {
            Some((.., text)) => whole(text),
            None => Ok(None),
        },
        Question::Interface("lo") => whole(&1_u32.to_le_bytes()),
        Question::Interface("eth0") => whole(&3_u32.to_le_bytes()),
        Question::InterfaceName(1) => whole(b"lo"),
        Question::InterfaceName(3) => whole(b"eth0"),
        Question::Interface(_) | Question::InterfaceName(_) => absent(Errno::ENODEV),
        Question::Cgroup(path) if path.starts_with('/') => whole(&7_u64.to_le_bytes()),
        Question::Cgroup(_) => absent(Errno::ENOENT),
        Question::Users => whole(b"root:x:0:0::/:\nwww-data:x:1:1::/:\n"),
        Question::ProcMount => whole(b"22 1 0:21 / /proc rw - proc proc rw,hidepid=2"),
        Question::Process { part: ProcessPart::Executable, .. } => whole(b"/usr/bin/web"),
        Question::Process { part: ProcessPart::CommandLine, .. } => whole(b"web\0--port\x0080\0"),
        Question::Process { part: ProcessPart::Cgroup, .. } => whole(b"0::/system.slice/web.service\n"),
        _ => Ok(None),
    }
}

/// What a real machine said of its other families: address family, table, answer of `sock_diag`, text.
const RECORDED: [(u8, NetTable, &[u8], &[u8]); 3] = [
    (
        1,
        NetTable::Unix,
        include_bytes!("../../crates/pree-wire/tests/golden/unix.bin"),
        include_bytes!("../../crates/pree-wire/tests/golden/unix.txt"),
    ),
    (
        17,
        NetTable::Packet,
        include_bytes!("../../crates/pree-wire/tests/golden/packet.bin"),
        include_bytes!("../../crates/pree-wire/tests/golden/packet.txt"),
    ),
    (
        16,
        NetTable::Netlink,
        include_bytes!("../../crates/pree-wire/tests/golden/netlink.bin"),
        include_bytes!("../../crates/pree-wire/tests/golden/netlink.txt"),
    ),
];

/// Every socket of the machine with all that can be known.
pub(crate) fn sockets() -> &'static [Socket] {
    static SOCKETS: OnceLock<Vec<Socket>> = OnceLock::new();
    SOCKETS.get_or_init(|| {
        let query = Query::new().needs(pree::Needs::all());
        let sockets = query.collect_from(&mut kernel()).map(pree::Snapshot::into_sockets);
        let sockets = sockets.unwrap_or_default();
        assert_eq!(sockets.len(), LINES.len(), "the machine shows all it has");
        sockets
    })
}
