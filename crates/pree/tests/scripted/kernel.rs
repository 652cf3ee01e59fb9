//! A kernel for tests: a population that is known, answered in the real formats, with everything that can go wrong.
//!
//! The bytes are written here from the kernel's headers, by code that shares nothing with the decoders.

#![allow(unreachable_pub, reason = "a module of a test")]

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use pree_wire::fd_records::BoundPort;

use pree::source::{Answer, DiagPass, Errno, Failure, NetTable, ProcessPart, Question, Setting, Source};

pub const TCP: u16 = 6;
pub const UDP: u16 = 17;
const UDPLITE: u16 = 136;

/// A socket of this kernel.
#[derive(Clone, Debug)]
pub struct Fake {
    pub protocol: u16,
    pub state: u8,
    pub local: SocketAddr,
    pub remote: Option<SocketAddr>,
    pub inode: u32,
    pub cookie: u64,
    /// Index of the interface it is bound to; 0 for none.
    pub interface: u32,
    pub uid: u32,
    /// Of receiving and of sending.
    pub queues: [u32; 2],
    pub mark: Option<u32>,
    pub cgroup: u64,
    /// The bytes of `tcp_info` and of its memory, sent when asked for.
    pub tcp_info: Vec<u8>,
    pub memory: [u8; 36],
    /// Told as by Linux 5.7: without the cgroup (5.8) and the options (5.10).
    pub by_old_kernel: bool,
}

impl Fake {
    pub fn tcp(state: u8, local: &str, remote: &str, inode: u32) -> Self {
        Self::new(TCP, state, local, remote, inode)
    }

    pub fn udp(state: u8, local: &str, remote: &str, inode: u32) -> Self {
        Self::new(UDP, state, local, remote, inode)
    }

    fn new(protocol: u16, state: u8, local: &str, remote: &str, inode: u32) -> Self {
        let remote = (!remote.is_empty()).then(|| remote.parse().unwrap());
        let cookie = 0x1_0000_0000 + u64::from(inode) * 7 + u64::from(state);
        let local = local.parse().unwrap();
        let mut tcp_info = vec![0; 280];
        tcp_info[68..72].copy_from_slice(&(inode * 10).to_ne_bytes());
        Self {
            protocol,
            state,
            local,
            remote,
            inode,
            cookie,
            interface: 0,
            uid: 1000,
            queues: [3, 5],
            mark: None,
            cgroup: 1,
            tcp_info,
            memory: [1; 36],
            by_old_kernel: false,
        }
    }

    /// TIME_WAIT, SYN_RECV: the kernel keeps less of them.
    fn is_mini(&self) -> bool {
        matches!(self.state, 6 | 12)
    }

    pub fn family(&self) -> u8 {
        if self.local.is_ipv4() { 2 } else { 10 }
    }

    /// `struct inet_diag_msg` and attributes.
    pub fn row(&self, extensions: u8) -> Vec<u8> {
        let shown = if self.state == 12 { 3 } else { self.state };
        let mut row = vec![self.family(), shown, 0, 0];
        row.extend(self.local.port().to_be_bytes());
        row.extend(self.remote.map_or(0, |r| r.port()).to_be_bytes());
        row.extend(address(self.local.ip()));
        row.extend(self.remote.map_or([0; 16], |r| address(r.ip())));
        row.extend(self.interface.to_ne_bytes());
        row.extend((self.cookie as u32).to_ne_bytes());
        row.extend(((self.cookie >> 32) as u32).to_ne_bytes());
        for number in [0, self.queues[0], self.queues[1], self.uid, self.inode] {
            row.extend(u32::to_ne_bytes(number));
        }
        if !self.is_mini() {
            if extensions & 1 << 1 != 0 && self.protocol == TCP {
                attribute(&mut row, 2, &self.tcp_info);
            }
            if extensions & 1 << 3 != 0 && self.protocol == TCP {
                attribute(&mut row, 4, b"cubic\0");
            }
            if extensions & 1 << 6 != 0 {
                attribute(&mut row, 7, &self.memory);
            }
            if extensions & 1 << 4 != 0 {
                attribute(&mut row, 5, &[0]);
            }
            if !self.by_old_kernel {
                attribute(&mut row, 21, &self.cgroup.to_ne_bytes());
                attribute(&mut row, 22, &[0; 4]);
            }
        }
        if let Some(mark) = self.mark {
            attribute(&mut row, 15, &mark.to_ne_bytes());
        }
        attribute(&mut row, 8, &[0]);
        // One that nobody knows yet.
        attribute(&mut row, 999, &[1, 2, 3]);
        row
    }
}

pub fn address(ip: IpAddr) -> [u8; 16] {
    match ip {
        IpAddr::V6(ip) => ip.octets(),
        IpAddr::V4(ip) => {
            let mut bytes = [0; 16];
            bytes[..4].copy_from_slice(&ip.octets());
            bytes
        }
    }
}

fn attribute(row: &mut Vec<u8>, kind: u16, payload: &[u8]) {
    row.extend((payload.len() as u16 + 4).to_ne_bytes());
    row.extend(kind.to_ne_bytes());
    row.extend(payload);
    row.resize(row.len().next_multiple_of(4), 0);
}

pub fn message(kind: u16, flags: u16, payload: &[u8]) -> Vec<u8> {
    let mut message = Vec::new();
    message.extend((payload.len() as u32 + 16).to_ne_bytes());
    message.extend(kind.to_ne_bytes());
    message.extend(flags.to_ne_bytes());
    message.extend(1_u32.to_ne_bytes());
    message.extend(0_u32.to_ne_bytes());
    message.extend(payload);
    message.resize(message.len().next_multiple_of(4), 0);
    message
}

pub fn done(errno: i32) -> Vec<u8> {
    message(3, 2, &(-errno).to_ne_bytes())
}

pub fn error(errno: i32) -> Vec<u8> {
    let mut payload = (-errno).to_ne_bytes().to_vec();
    payload.extend([0; 16]);
    message(2, 0, &payload)
}

/// A process of this kernel.
#[derive(Clone, Debug, Default)]
pub struct Process {
    pub name: Vec<u8>,
    /// Descriptor and inode.
    pub sockets: Vec<(u32, u64)>,
    /// Thread id and what is in a table of its own.
    pub threads: Vec<(u32, Vec<(u32, u64)>)>,
    /// Descriptor of a ring (`io_uring`), and a socket in it.
    pub rings: Vec<(u32, u64)>,
    /// Its descriptors are refused.
    pub refused: bool,
}

/// What happens to a whole question.
pub type Event =
    Box<dyn FnMut(&mut Population, &Question<'_>, usize) -> Option<Result<Vec<Vec<u8>>, Failure>>>;

#[derive(Clone, Default)]
pub struct Population {
    pub sockets: Vec<Fake>,
    pub processes: BTreeMap<u32, Process>,
    pub rows_per_message: usize,
}

/// The kernel.
pub struct Kernel {
    pub population: Population,
    /// Called before each answer, with how often that question was asked before; may change the population and may
    /// answer itself.
    pub event: Option<Event>,
    pub asked: Vec<String>,
}

impl Kernel {
    pub fn new(population: Population) -> Self {
        Self { population, event: None, asked: Vec::new() }
    }

    pub fn on(
        mut self,
        event: impl FnMut(&mut Population, &Question<'_>, usize) -> Option<Result<Vec<Vec<u8>>, Failure>>
        + 'static,
    ) -> Self {
        self.event = Some(Box::new(event));
        self
    }
}

impl Population {
    fn diag(&self, family: u8, protocol: u16, pass: DiagPass, request: &[u8]) -> Vec<Vec<u8>> {
        self.chosen(family, protocol, pass, request, |_| true)
    }

    /// The answer of `sock_diag` with those that its filter program chooses.
    pub fn chosen(
        &self,
        family: u8,
        protocol: u16,
        pass: DiagPass,
        request: &[u8],
        program: impl Fn(&Fake) -> bool,
    ) -> Vec<Vec<u8>> {
        let body = &request[16..];
        let v1 = u16::from_ne_bytes([request[4], request[5]]) == 18;
        let (extensions, states) = if v1 {
            (body[3], u32::from_ne_bytes(body[52..56].try_into().unwrap()))
        } else {
            (body[2], u32::from_ne_bytes(body[4..8].try_into().unwrap()))
        };
        if let DiagPass::Exact(cookie) = pass {
            return vec![match self.sockets.iter().find(|s| s.cookie == cookie) {
                Some(socket) => message(20, 0, &socket.row(extensions)),
                None => error(2),
            }];
        }
        let wanted = |s: &&Fake| {
            // A bound socket is CLOSE, and told when bit 13 is set.
            let bit = if s.protocol == TCP && s.state == 7 { 13 } else { s.state };
            let bit = if bit == 12 { 3 } else { bit };
            s.protocol == protocol && (v1 || s.family() == family) && states & 1 << bit != 0 && program(s)
        };
        let rows: Vec<_> =
            self.sockets.iter().filter(wanted).map(|s| message(20, 2, &s.row(extensions))).collect();
        let mut datagrams: Vec<Vec<u8>> =
            rows.chunks(self.rows_per_message.max(1)).map(<[_]>::concat).collect();
        datagrams.push(done(0));
        datagrams
    }

    fn has_udplite(&self) -> bool {
        self.sockets.iter().any(|socket| socket.protocol == UDPLITE)
    }

    fn table(&self, table: NetTable) -> Result<Vec<u8>, Failure> {
        let (protocol, v4) = match table {
            NetTable::Tcp => (TCP, true),
            NetTable::Tcp6 => (TCP, false),
            NetTable::Udp => (UDP, true),
            NetTable::Udp6 => (UDP, false),
            NetTable::UdpLite if self.has_udplite() => (UDPLITE, true),
            NetTable::UdpLite6 if self.has_udplite() => (UDPLITE, false),
            _ => return Err(Failure::Answer(Errno::ENOENT)),
        };
        let end = |end: Option<SocketAddr>| {
            let bytes = end.map_or([0; 16], |end| address(end.ip()));
            let groups = if v4 { 1 } else { 4 };
            let hex: String = bytes
                .chunks(4)
                .take(groups)
                .map(|g| format!("{:08X}", u32::from_ne_bytes(g.try_into().unwrap())))
                .collect();
            format!("{hex}:{:04X}", end.map_or(0, |end| end.port()))
        };
        let mut text = String::from(
            "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n",
        );
        let rows = self.sockets.iter().filter(|s| s.protocol == protocol && s.local.is_ipv4() == v4);
        // Bound TCP sockets are in no file.
        for (index, s) in rows.filter(|s| s.protocol != TCP || s.state != 7).enumerate() {
            let state = if s.state == 12 { 3 } else { s.state };
            text += &format!(
                "{index:4}: {} {} {state:02X} {:08X}:{:08X} 00:00000000 00000000 {:5}        0 {} 2 0000000000000000 0\n",
                end(Some(s.local)),
                end(s.remote),
                s.queues[1],
                s.queues[0],
                s.uid,
                s.inode
            );
        }
        Ok(text.into_bytes())
    }

    fn process(&self, pid: u32, part: ProcessPart) -> Result<Vec<u8>, Failure> {
        let process = self.processes.get(&pid).ok_or(Failure::Answer(Errno::ENOENT))?;
        let records = |sockets: &[(u32, u64)]| {
            sockets
                .iter()
                .flat_map(|(fd, inode)| [&fd.to_le_bytes()[..], &inode.to_le_bytes()].concat())
                .collect()
        };
        match part {
            ProcessPart::Sockets if process.refused => Err(Failure::Answer(Errno::EACCES)),
            ProcessPart::Rings if process.refused => Err(Failure::Answer(Errno::EACCES)),
            ProcessPart::Sockets | ProcessPart::Rings => {
                let rings: Vec<_> = process.rings.iter().map(|(fd, _)| (*fd, 0)).collect();
                let sockets = if part == ProcessPart::Rings { &[][..] } else { &process.sockets };
                Ok(records(&[sockets, &rings].concat()))
            }
            ProcessPart::RingSockets { thread: 0, fd } => {
                let of_ring = process.rings.iter().filter(|(ring, _)| *ring == fd);
                Ok(records(&of_ring.map(|(_, inode)| (0, *inode)).collect::<Vec<_>>()))
            }
            ProcessPart::Threads => {
                let mut ids = pid.to_le_bytes().to_vec();
                process.threads.iter().for_each(|(id, _)| ids.extend(id.to_le_bytes()));
                Ok(ids)
            }
            ProcessPart::ThreadSockets(thread) => {
                let (_, sockets) = process
                    .threads
                    .iter()
                    .find(|(id, _)| *id == thread)
                    .ok_or(Failure::Answer(Errno::ENOENT))?;
                Ok(records(sockets))
            }
            ProcessPart::Stat => {
                let mut stat = format!("{pid} (").into_bytes();
                stat.extend(&process.name);
                stat.extend(b") S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 12345 0 0\n");
                Ok(stat)
            }
            ProcessPart::BoundPort { fd } => {
                let (_, inode) =
                    process.sockets.iter().find(|(at, _)| *at == fd).ok_or(Failure::Answer(Errno::EBADF))?;
                let socket = self
                    .sockets
                    .iter()
                    .find(|s| u64::from(s.inode) == *inode)
                    .ok_or(Failure::Answer(Errno::EPERM))?;
                let bound = BoundPort {
                    inode: *inode,
                    family: socket.family().into(),
                    protocol: socket.protocol,
                    port: socket.local.port(),
                };
                Ok(bound.encode().to_vec())
            }
            ProcessPart::Status => Ok(b"Name:\tx\nUid:\t1000\t1000\t1000\t1000\n".to_vec()),
            _ => Ok(Vec::new()),
        }
    }
}

impl Source for Kernel {
    fn ask(&mut self, question: &Question<'_>) -> Result<Answer, Failure> {
        let key = question.to_string();
        let before = self.asked.iter().filter(|asked| **asked == key).count();
        self.asked.push(key);
        if let Some(event) = &mut self.event {
            if let Some(answer) = event(&mut self.population, question, before) {
                return answer.map(Answer::batches);
            }
        }
        let answer = match *question {
            Question::Diag { table, pass, request } => {
                self.population.diag(table.family, table.protocol, pass, request)
            }
            Question::NetTable(table) => vec![self.population.table(table)?],
            Question::BootId => vec![b"00112233-4455-6677-8899-aabbccddeeff\n".to_vec()],
            Question::NetNamespace => vec![b"net:[4026531840]".to_vec()],
            Question::KernelRelease => vec![b"6.18.0-test".to_vec()],
            Question::BootTime => vec![1_000_000_000_000_000_000_i64.to_le_bytes().to_vec()],
            Question::Setting(setting) => vec![
                match setting {
                    Setting::LocalPortRange => &b"32768\t60999\n"[..],
                    Setting::LocalReservedPorts => b"40000-40009\n",
                    Setting::TcpMaxTwBuckets => b"65536\n",
                    Setting::TcpTwReuse => b"2\n",
                    Setting::TcpMaxSynBacklog => b"4096\n",
                    Setting::TcpSyncookies => b"1\n",
                    _ => return Err(Failure::Answer(Errno::ENOENT)),
                }
                .to_vec(),
            ],
            // Root in the machine's first namespaces.
            Question::OwnStatus => {
                vec![
                    b"Name:\ttest\nGid:\t0\t0\t0\t0\nGroups:\t0\nNSpid:\t7\nCapEff:\t000001ffffffffff\n"
                        .to_vec(),
                ]
            }
            Question::UserNamespace => vec![b"user:[4026531837]".to_vec()],
            Question::ProcMount => vec![b"22 1 0:21 / /proc rw - proc proc rw".to_vec()],
            Question::Users => vec![b"app:x:1000:1000::/:/bin/sh\n".to_vec()],
            Question::Processes => {
                vec![self.population.processes.keys().flat_map(|pid| pid.to_le_bytes()).collect()]
            }
            Question::Process { pid, part } => vec![self.population.process(pid, part)?],
            _ => return Err(Failure::Answer(Errno::ENOSYS)),
        };
        Ok(Answer::batches(answer))
    }
}
