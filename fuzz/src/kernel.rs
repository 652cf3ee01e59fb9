//! A small machine that answers every question in the real formats and runs filter programs as the kernel does.

use std::net::{IpAddr, SocketAddr};
use std::sync::OnceLock;

use pree::source::{Answer, DiagPass, Errno, Failure, NetTable, ProcessPart, Question, Source};
use pree::{Query, Socket};
use pree_wire::fd_records::FdRecord;
use pree_wire::netlink::attributes;

use crate::interpreter::{audit, run};
use crate::meaning;

const TCP: u16 = 6;
const UDP: u16 = 17;

struct Row {
    protocol: u16,
    state: u8,
    local: SocketAddr,
    remote: Option<SocketAddr>,
    interface: u32,
    mark: Option<u32>,
    cgroup: Option<u64>,
    uid: u32,
    inode: u32,
}

/// Protocol, state, local, remote, interface, mark, cgroup, inode.
type Line = (u16, u8, &'static str, &'static str, u32, Option<u32>, Option<u64>, u32);

const LINES: &[Line] = &[
    (TCP, 10, "0.0.0.0:22", "", 0, Some(0), Some(7), 100),
    (TCP, 10, "[::]:80", "", 0, Some(0), Some(7), 101),
    (TCP, 10, "127.0.0.1:8080", "", 1, Some(0x10), Some(8), 102),
    (TCP, 10, "[fe80::1]:443", "", 3, Some(0x1f), Some(8), 103),
    (TCP, 1, "10.0.0.5:40001", "10.9.9.9:443", 0, Some(0), Some(7), 104),
    (TCP, 1, "10.0.0.5:80", "192.168.1.7:50000", 0, Some(0x20), Some(9), 105),
    (TCP, 1, "[::ffff:10.0.0.5]:443", "[::ffff:10.9.9.9]:40001", 0, Some(0), Some(7), 106),
    (TCP, 1, "[2001:db8::1]:40002", "[2001:db8::2]:443", 0, Some(0), Some(7), 107),
    (TCP, 8, "10.0.0.5:80", "10.9.9.9:40003", 0, Some(0), Some(7), 0),
    (TCP, 6, "10.0.0.5:80", "10.9.9.9:40004", 0, None, None, 0),
    (TCP, 3, "10.0.0.5:80", "10.9.9.9:40005", 0, Some(0), None, 0),
    (TCP, 5, "[::1]:80", "[::1]:40006", 1, None, None, 0),
    (TCP, 7, "127.0.0.1:7000", "127.0.0.1:1", 0, Some(0), Some(7), 108),
    (TCP, 2, "8.8.8.8:40007", "8.8.4.4:65535", 0, Some(0), Some(7), 109),
    (UDP, 7, "0.0.0.0:53", "", 0, Some(0), Some(7), 110),
    (UDP, 7, "[::]:5353", "", 3, Some(0x11), Some(8), 111),
    (UDP, 1, "[fd00::5]:40008", "[fd00::6]:53", 0, Some(0), Some(7), 112),
    (UDP, 1, "127.0.0.1:40009", "127.0.0.1:0", 0, Some(0), Some(7), 113),
    (136, 7, "100.64.0.1:4000", "", 0, Some(0), Some(7), 114),
];

fn rows() -> &'static [Row] {
    static ROWS: OnceLock<Vec<Row>> = OnceLock::new();
    ROWS.get_or_init(|| {
        let row = |line: &Line| {
            let (protocol, state, local, remote, interface, mark, cgroup, inode) = *line;
            let end = |text: &str| text.parse::<SocketAddr>().ok();
            let Some(local) = end(local) else { unreachable!() };
            Row {
                protocol,
                state,
                local,
                remote: end(remote),
                interface,
                mark,
                cgroup,
                uid: inode % 3,
                inode,
            }
        };
        LINES.iter().map(row).collect()
    })
}

impl Row {
    fn family(&self) -> u8 {
        if self.local.is_ipv4() { 2 } else { 10 }
    }

    /// `struct inet_diag_msg` and attributes, in a message.
    fn message(&self) -> Vec<u8> {
        let mut row = vec![self.family(), self.state, 0, 0];
        row.extend(self.local.port().to_be_bytes());
        row.extend(self.remote.map_or(0, |remote| remote.port()).to_be_bytes());
        row.extend(octets(self.local.ip()));
        row.extend(self.remote.map_or([0; 16], |remote| octets(remote.ip())));
        // The cookie is the place in the list.
        let cookie = 1 + u32::from(self.local.port()) + self.inode * 65536;
        for number in [self.interface, cookie, u32::from(self.state), 0, 3, 5, self.uid, self.inode] {
            row.extend(number.to_ne_bytes());
        }
        let is_small = matches!(self.state, 3 | 5 | 6);
        if self.protocol == TCP && !is_small {
            attribute(&mut row, 2, &[1; 248]);
            attribute(&mut row, 4, b"cubic\0");
        }
        if !is_small {
            attribute(&mut row, 7, &[1, 0, 0, 0].repeat(9));
        }
        if let Some(mark) = self.mark {
            attribute(&mut row, 15, &mark.to_ne_bytes());
        }
        if let Some(cgroup) = self.cgroup {
            attribute(&mut row, 21, &cgroup.to_ne_bytes());
        }
        message(20, &row)
    }

    /// What a program sees.
    fn entry(&self) -> meaning::Socket {
        meaning::Socket {
            family: self.family(),
            source: octets(self.local.ip()),
            destination: self.remote.map_or([0; 16], |remote| octets(remote.ip())),
            source_port: self.local.port(),
            destination_port: self.remote.map_or(0, |remote| remote.port()),
            device: self.interface,
            mark: self.mark.unwrap_or(0),
            cgroup: self.cgroup.unwrap_or(0),
            autobound: self.local.port() >= 40_000,
        }
    }
}

fn octets(ip: IpAddr) -> [u8; 16] {
    match ip {
        IpAddr::V6(ip) => ip.octets(),
        IpAddr::V4(ip) => {
            let mut bytes = [0; 16];
            bytes[..4].copy_from_slice(&ip.octets());
            bytes
        }
    }
}

fn attribute(to: &mut Vec<u8>, kind: u16, value: &[u8]) {
    to.extend((value.len() as u16 + 4).to_ne_bytes());
    to.extend(kind.to_ne_bytes());
    to.extend(value);
    to.resize(to.len().next_multiple_of(4), 0);
}

pub(crate) fn message(kind: u16, payload: &[u8]) -> Vec<u8> {
    let mut message = (payload.len() as u32 + 16).to_ne_bytes().to_vec();
    message.extend(kind.to_ne_bytes());
    message.extend([2, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
    message.extend(payload);
    message.resize(message.len().next_multiple_of(4), 0);
    message
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

/// The machine.
pub(crate) struct Kernel;

impl Kernel {
    fn dump(&self, family: u8, protocol: u16, request: &[u8]) -> Vec<u8> {
        let is_v1 = request[4] == 18 || request[5] == 18;
        let (states_at, attributes_at) = if is_v1 { (68, 76) } else { (20, 72) };
        let states = u32::from_ne_bytes(request[states_at..states_at + 4].try_into().unwrap_or_default());
        let program = attributes(&request[attributes_at..]).flatten().find(|attribute| attribute.kind == 1);
        let program = program.map(|attribute| attribute.payload);
        assert!(program.is_none_or(audit), "the kernel refuses {program:?}");
        let mut answer = Vec::new();
        for row in rows() {
            let bit = if row.protocol == TCP && row.state == 7 { 13 } else { row.state };
            let asked =
                row.protocol == protocol && (is_v1 || row.family() == family) && states & 1 << bit != 0;
            if asked && program.is_none_or(|program| run(program, &row.entry())) {
                answer.extend(row.message());
            }
        }
        answer.extend(message(3, &[0; 4]));
        answer
    }

    fn net_table(table: NetTable) -> Vec<u8> {
        let (protocol, family) = match table {
            NetTable::Tcp => (TCP, 2),
            NetTable::Tcp6 => (TCP, 10),
            NetTable::Udp => (UDP, 2),
            NetTable::Udp6 => (UDP, 10),
            NetTable::UdpLite => (136, 2),
            _ => (136, 10),
        };
        let end = |end: Option<SocketAddr>| {
            let bytes = end.map_or([0; 16], |end| octets(end.ip()));
            let words = bytes.chunks(4).take(if family == 2 { 1 } else { 4 });
            let hex: String = words
                .map(|word| format!("{:08X}", u32::from_ne_bytes(word.try_into().unwrap_or_default())))
                .collect();
            format!("{hex}:{:04X}", end.map_or(0, |end| end.port()))
        };
        let mut text = "  sl  local_address rem_address   st\n".to_owned();
        for row in rows().iter().filter(|row| row.protocol == protocol && row.family() == family) {
            text += &format!(
                "   0: {} {} {:02X} 00000005:00000003 00:00000000 00000000 {} 0 {} 2 0000000000000000 0\n",
                end(Some(row.local)),
                end(row.remote),
                row.state,
                row.uid,
                row.inode
            );
        }
        text.into_bytes()
    }

    fn process(pid: u32, part: ProcessPart) -> Vec<u8> {
        match part {
            ProcessPart::Sockets if pid == 40 => {
                let owned = rows().iter().map(|row| row.inode).filter(|inode| *inode > 101);
                owned.flat_map(|inode| FdRecord { fd: inode - 90, inode: inode.into() }.encode()).collect()
            }
            ProcessPart::Sockets => FdRecord { fd: 3, inode: 100 }.encode().to_vec(),
            ProcessPart::Threads => pid.to_le_bytes().to_vec(),
            ProcessPart::Stat => {
                format!("{pid} (web (a) \"b) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 12345 0 0\n")
                    .into_bytes()
            }
            ProcessPart::Status => b"Name:\tx\nUid:\t1\t1\t1\t1\n".to_vec(),
            ProcessPart::Executable => b"/usr/bin/web".to_vec(),
            ProcessPart::CommandLine => b"web\0--port\x0080\0".to_vec(),
            ProcessPart::Cgroup => b"0::/system.slice/web.service\n".to_vec(),
            _ => Vec::new(),
        }
    }
}

impl Source for Kernel {
    fn ask(&mut self, question: &Question<'_>) -> Result<Answer, Failure> {
        Ok(Answer::whole(match *question {
            Question::Diag { pass: DiagPass::Exact(_), .. } => return Err(Failure::Answer(Errno::ENOENT)),
            Question::Diag { table, .. } if !matches!(table.family, 0 | 2 | 10) => {
                let recorded = RECORDED.iter().find(|(family, ..)| *family == table.family);
                recorded.ok_or(Failure::Answer(Errno::ENOENT))?.2.to_vec()
            }
            Question::Diag { table, request, .. } => self.dump(table.family, table.protocol, request),
            Question::NetTable(table) => match RECORDED.iter().find(|(_, recorded, ..)| *recorded == table) {
                Some((.., text)) => text.to_vec(),
                None => Self::net_table(table),
            },
            Question::BootId => b"00112233-4455-6677-8899-aabbccddeeff\n".to_vec(),
            Question::NetNamespace => b"net:[4026531840]".to_vec(),
            Question::KernelRelease => b"6.18.0".to_vec(),
            Question::BootTime => 1_000_000_000_000_000_000_i64.to_le_bytes().to_vec(),
            Question::Users => b"root:x:0:0::/:\nwww-data:x:1:1::/:\n".to_vec(),
            Question::Interface("lo") => 1_u32.to_le_bytes().to_vec(),
            Question::Interface("eth0") => 3_u32.to_le_bytes().to_vec(),
            Question::Interface(_) => return Err(Failure::Answer(Errno::ENODEV)),
            Question::InterfaceName(1) => b"lo".to_vec(),
            Question::InterfaceName(3) => b"eth0".to_vec(),
            Question::InterfaceName(_) => return Err(Failure::Answer(Errno::ENODEV)),
            Question::Cgroup(path) if path.starts_with('/') => 7_u64.to_le_bytes().to_vec(),
            Question::Cgroup(_) => return Err(Failure::Answer(Errno::ENOENT)),
            Question::OwnStatus => b"NSpid:\t40\nCapEff:\t000001ffffffffff\n".to_vec(),
            Question::UserNamespace => b"user:[4026531837]".to_vec(),
            Question::ProcMount => b"22 1 0:21 / /proc rw - proc proc rw,hidepid=2".to_vec(),
            Question::Processes => [1_u32, 40].iter().flat_map(|pid| pid.to_le_bytes()).collect(),
            Question::Process { pid, part } => Self::process(pid, part),
            _ => return Err(Failure::Answer(Errno::ENOSYS)),
        }))
    }
}

/// Every socket of the machine with all that can be known.
pub(crate) fn sockets() -> &'static [Socket] {
    static SOCKETS: OnceLock<Vec<Socket>> = OnceLock::new();
    SOCKETS.get_or_init(|| {
        let query = Query::new().needs(pree::Needs::all());
        let sockets = query.collect_from(&mut Kernel).map(pree::Snapshot::into_sockets);
        let sockets = sockets.unwrap_or_default();
        assert_eq!(sockets.len(), rows().len(), "the machine shows all it has");
        sockets
    })
}
