//! A Mac for tests: answers in Apple's own structures, as its kernel would give them, refuses what its kernel refuses with the
//! number that it has for that in this version, and everything that can go wrong.
//!
//! The bytes are those of `crates/pree-wire/tests/golden/apple`, which a C compiler made with Apple's headers; lists are cut
//! and put together here.

#![allow(unreachable_pub, reason = "a module of a test")]

use std::collections::HashMap;

use pree::source::{
    Answer, AppleList, AppleProcessPart, AppleQuestion, Errno, Failure, Question, Source, System,
};

macro_rules! golden {
    ($name:literal) => {
        include_bytes!(concat!("../../../pree-wire/tests/golden/apple/", $name)).as_slice()
    };
}

pub const EPERM: Failure = Failure::Answer(Errno::apple(1));
pub const ENOENT: Failure = Failure::Answer(Errno::apple(2));
pub const EINVAL: Failure = Failure::Answer(Errno::apple(22));
pub const ESRCH: Failure = Failure::Answer(Errno::apple(3));
pub const EINTR: Failure = Failure::Answer(Errno::apple(4));
pub const ENOTSOCK: Failure = Failure::Answer(Errno::apple(38));
pub const EOPNOTSUPP: Failure = Failure::Answer(Errno::apple(102));
pub const ENOMEM: Failure = Failure::Answer(Errno::apple(12));

/// Answers one question instead of the Mac: the question's key, how often it was asked before, what the Mac would say.
pub type Event = Box<dyn FnMut(&str, usize, Result<Vec<u8>, Failure>) -> Result<Vec<u8>, Failure>>;

/// Who may see what.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Asks {
    /// Root.
    Root,
    /// A user, on a system that tells everybody of all sockets.
    User,
    /// A user on macOS 27: lists tell of the asking user's own sockets only.
    UserKeptApart,
    /// The same where they tell of the asking process's own only, and this process has none.
    ProcessKeptApart,
}

/// The user who asks, unless it is root.
pub const UID: u32 = 501;

/// `ARG_MAX`: the arguments of a process take no more, and the kernel is given no more room for them.
pub const ARG_MAX: usize = 1 << 20;

/// Every process, and its user.
const PROCESSES: [(u32, u32); 5] = [(1, 0), (88, 0), (400, UID), (401, UID), (500, 502)];

/// First versions of Darwin: macOS 11, with other error numbers, and macOS 13, with lists of Unix sockets.
const MACOS_11: u32 = 20;
const MACOS_13: u32 = 22;

pub struct Mac {
    pub asks: Asks,
    pub release: &'static str,
    pub event: Event,
    /// The question whose answer fills whatever room it has.
    pub grows: Option<&'static str>,
    asked: HashMap<String, usize>,
    /// Every question, in order.
    pub log: Vec<String>,
}

impl Mac {
    pub fn new(asks: Asks) -> Self {
        Self::with(asks, |_, _, answer| answer)
    }

    pub fn with(
        asks: Asks,
        event: impl FnMut(&str, usize, Result<Vec<u8>, Failure>) -> Result<Vec<u8>, Failure> + 'static,
    ) -> Self {
        Self {
            asks,
            release: "24.4.0",
            event: Box::new(event),
            grows: None,
            asked: HashMap::new(),
            log: Vec::new(),
        }
    }

    /// The first number of the release of Darwin; of none, that of today.
    fn darwin(&self) -> u32 {
        self.release.split('.').next().unwrap().parse().unwrap_or(24)
    }

    fn list(&self, list: AppleList) -> Result<Vec<u8>, Failure> {
        let whole = match list {
            AppleList::Tcp => golden!("tcp"),
            AppleList::Udp => golden!("udp"),
            AppleList::Raw => golden!("raw"),
            AppleList::UnixStream | AppleList::UnixDatagram if self.darwin() < MACOS_13 => {
                return Err(ENOENT);
            }
            AppleList::UnixStream => golden!("stream"),
            AppleList::UnixDatagram => golden!("dgram"),
            _ => panic!("no such list"),
        };
        let told = match self.asks {
            Asks::Root | Asks::User => whole.to_vec(),
            Asks::UserKeptApart => only(whole, |uid| uid == UID),
            Asks::ProcessKeptApart => only(whole, |_| false),
        };
        Ok(if self.darwin() < MACOS_13 { with_old_sockets(&told) } else { told })
    }

    fn process(&self, pid: u32, part: AppleProcessPart) -> Result<Vec<u8>, Failure> {
        let user = PROCESSES.iter().find(|(known, _)| *known == pid).map(|(_, user)| *user);
        let is_told = user.is_some_and(|user| self.asks == Asks::Root || user == UID);
        let cut = |bytes: &[u8], room: usize| Ok(bytes[..bytes.len().min(room)].to_vec());
        match part {
            // One number for whatever is wrong.
            AppleProcessPart::Arguments { room } => {
                if is_told && (5..=ARG_MAX + 4).contains(&room) {
                    Ok(arguments(room))
                } else {
                    Err(EINVAL)
                }
            }
            _ if user.is_none() => Err(ESRCH),
            AppleProcessPart::ShortInfo => Ok(with_pid(golden!("short_500"), 0, pid)),
            AppleProcessPart::Executable => Ok(b"/opt/web/bin/server\0".to_vec()),
            _ if !is_told => Err(EPERM),
            AppleProcessPart::Info => Ok(match pid {
                400 => golden!("bsd_400").to_vec(),
                401 => golden!("bsd_401").to_vec(),
                _ => with_pid(golden!("bsd_500"), 12, pid),
            }),
            AppleProcessPart::Descriptors { room } => cut(descriptors(pid), room),
            AppleProcessPart::FilePorts { room } => cut(file_ports(pid), room),
            AppleProcessPart::Socket { fd } => match socket(pid, fd) {
                Some(bytes) => Ok(bytes.to_vec()),
                None if !names(descriptors(pid)).contains(&fd) => Err(Failure::Answer(Errno::apple(9))),
                // Open, and no socket.
                None if self.darwin() < MACOS_11 => Err(EOPNOTSUPP),
                None => Err(ENOTSOCK),
            },
            AppleProcessPart::FilePortSocket { port } => match (pid, port) {
                (400, 0x1b07) => Ok(golden!("port_400_1b07").to_vec()),
                (400, 0x1c0b) => Ok(golden!("port_400_1c0b").to_vec()),
                _ if names(file_ports(pid)).contains(&port) => Err(EOPNOTSUPP),
                _ => Err(EINVAL),
            },
            _ => panic!("a process has no such part"),
        }
    }

    fn honest(&self, question: &Question<'_>) -> Result<Vec<u8>, Failure> {
        Ok(match *question {
            Question::Apple(AppleQuestion::EffectiveUser) => {
                if self.asks == Asks::Root {
                    vec![0; 4]
                } else {
                    UID.to_le_bytes().to_vec()
                }
            }
            Question::Apple(AppleQuestion::ListSize(list)) => {
                // Never of less than all.
                let (count, row, spare) = match list {
                    AppleList::Tcp => (11_u64, 616, 1),
                    AppleList::Udp => (5, 408, 1),
                    AppleList::Raw => (4, 408, 1),
                    _ if self.darwin() < MACOS_13 => return Err(ENOENT),
                    _ => (4, 896, 0),
                };
                (48 + (count + count / 8 + spare) * row).to_le_bytes().to_vec()
            }
            Question::Apple(AppleQuestion::List { list, room }) => {
                let bytes = self.list(list)?;
                if bytes.len() > room {
                    return Err(ENOMEM);
                }
                bytes
            }
            Question::Apple(AppleQuestion::ArgumentsRoom) => (ARG_MAX as u64).to_le_bytes().to_vec(),
            Question::Apple(AppleQuestion::Processes { room }) => {
                let mut pids: Vec<u8> = PROCESSES.iter().flat_map(|(pid, _)| pid.to_le_bytes()).collect();
                pids.truncate(room);
                pids
            }
            Question::Apple(AppleQuestion::Process { pid, part }) => self.process(pid, part)?,
            Question::BootId => b"9B5E8C1A-0000-4000-8000-00000000ABCD\0".to_vec(),
            Question::KernelRelease => self.release.as_bytes().to_vec(),
            Question::Time => 1_700_003_600_000_000_000_i64.to_le_bytes().to_vec(),
            Question::Users => {
                b"##\nroot:*:0:0:System Administrator:/var/root:/bin/sh\n_www:*:70:70::/:/usr/bin/false\n"
                    .to_vec()
            }
            Question::Interface("lo0") => 1_u32.to_le_bytes().to_vec(),
            Question::InterfaceName(1) => b"lo0".to_vec(),
            Question::InterfaceName(_) => return Err(Failure::Answer(Errno::apple(6))),
            Question::Interface(_) => return Err(Failure::Answer(Errno::apple(6))),
            _ => panic!("a Mac is not asked {question}"),
        })
    }
}

fn descriptors(pid: u32) -> &'static [u8] {
    match pid {
        400 => golden!("fds_400"),
        401 => golden!("fds_401"),
        _ => b"",
    }
}

fn file_ports(pid: u32) -> &'static [u8] {
    if pid == 400 { golden!("ports_400") } else { b"" }
}

/// The names in a list of descriptors or file ports.
fn names(list: &[u8]) -> Vec<u32> {
    list.chunks(8).map(|entry| u32::from_le_bytes(entry[..4].try_into().unwrap())).collect()
}

fn socket(pid: u32, fd: u32) -> Option<&'static [u8]> {
    Some(match (pid, fd) {
        (400, 5) => golden!("socket_400_5"),
        (400, 6) => golden!("socket_400_6"),
        (400, 7) => golden!("socket_400_7"),
        (400, 8) => golden!("socket_400_8"),
        (400, 9) => golden!("socket_400_9"),
        (400, 10) => golden!("socket_400_10"),
        (401, 3) => golden!("socket_401_3"),
        (401, 4) => golden!("socket_401_4"),
        (401, 5) => golden!("socket_401_5"),
        (401, 6) => golden!("socket_401_6"),
        _ => return None,
    })
}

/// Arguments and environment as they lie in the process: of more than there is room for, the last bytes.
fn arguments(room: usize) -> Vec<u8> {
    let strings = b"/opt/web/bin/server\0\0\0server\0-v\0HOME=/\0";
    let rest = &strings[strings.len().saturating_sub(room - 4)..];
    [&[2, 0, 0, 0], rest].concat()
}

/// The structure of another process that is much the same.
fn with_pid(structure: &[u8], at: usize, pid: u32) -> Vec<u8> {
    let mut bytes = structure.to_vec();
    bytes[at..at + 4].copy_from_slice(&pid.to_le_bytes());
    bytes
}

/// The list as before macOS 13, where `xsocket_n` ends before `so_gencnt`.
fn with_old_sockets(list: &[u8]) -> Vec<u8> {
    const OLD: usize = 76;
    let (head, rest) = list.split_at(24);
    let mut out = head.to_vec();
    let mut rest = &rest[..rest.len() - 24];
    while !rest.is_empty() {
        let (record, next) = rest.split_at(record_length(rest));
        if record[4..8] == [1, 0, 0, 0] {
            out.extend_from_slice(&(OLD as u32).to_le_bytes());
            out.extend_from_slice(&record[4..OLD.next_multiple_of(8)]);
        } else {
            out.extend_from_slice(record);
        }
        rest = next;
    }
    out.extend_from_slice(&list[list.len() - 24..]);
    out
}

/// How much an answer may take.
fn room(question: &Question<'_>) -> usize {
    match *question {
        Question::Apple(
            AppleQuestion::List { room, .. }
            | AppleQuestion::Processes { room }
            | AppleQuestion::Process {
                part: AppleProcessPart::Descriptors { room } | AppleProcessPart::FilePorts { room },
                ..
            },
        ) => room,
        _ => panic!("{question} has any room"),
    }
}

/// The list with only the rows whose socket is made by such a user. The counts in its headers stay.
pub fn only(list: &[u8], keep: impl Fn(u32) -> bool) -> Vec<u8> {
    let mut out = list[..24].to_vec();
    for row in rows(list) {
        // The socket is the second record.
        let first = record_length(row);
        let uid = u32::from_le_bytes(row[first + 64..first + 68].try_into().unwrap());
        let is_flow = row[first + 8..first + 16] == [0; 8];
        if !is_flow && keep(uid) {
            out.extend_from_slice(row);
        }
    }
    out.extend_from_slice(&list[list.len() - 24..]);
    out
}

/// The rows of a list: all of one are of one length.
pub fn rows(list: &[u8]) -> Vec<&[u8]> {
    let body = &list[24..list.len() - 24];
    let first_kind = &body[4..8];
    let mut starts = Vec::new();
    let mut at = 0;
    while at < body.len() {
        if &body[at + 4..at + 8] == first_kind {
            starts.push(at);
        }
        at += record_length(&body[at..]);
    }
    starts.push(body.len());
    starts.windows(2).map(|pair| &body[pair[0]..pair[1]]).collect()
}

fn record_length(record: &[u8]) -> usize {
    (u32::from_le_bytes(record[..4].try_into().unwrap()) as usize).next_multiple_of(8)
}

impl Source for Mac {
    fn system(&self) -> System {
        System::Macos
    }

    fn ask(&mut self, question: &Question<'_>) -> Result<Answer, Failure> {
        let key = question.to_string();
        let before = self.asked.entry(key.clone()).or_default();
        let count = *before;
        *before += 1;
        self.log.push(key.clone());
        assert!(self.log.len() < 500_000, "this does not end");
        let mut honest = self.honest(question);
        if self.grows == Some(key.as_str()) {
            honest = honest.map(|bytes| bytes.iter().copied().cycle().take(room(question)).collect());
        }
        (self.event)(&key, count, honest).map(Answer::whole)
    }
}
