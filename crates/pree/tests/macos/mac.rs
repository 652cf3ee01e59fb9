//! A Mac for tests: answers in Apple's own structures, as its kernel would give them, and everything that can go wrong.
//!
//! The bytes are those of `crates/pree-wire/tests/golden/apple`, which a C compiler made with Apple's headers; lists are cut
//! and put together here.

#![allow(unreachable_pub, reason = "a module of a test")]

use std::collections::HashMap;

use pree::source::{AppleList, AppleProcessPart, AppleQuestion, Errno, Failure, Question, Source, System};

macro_rules! golden {
    ($name:literal) => {
        include_bytes!(concat!("../../../pree-wire/tests/golden/apple/", $name)).as_slice()
    };
}

pub const EPERM: Failure = Failure::Answer(Errno::apple(1));
pub const ENOENT: Failure = Failure::Answer(Errno::apple(2));
pub const ESRCH: Failure = Failure::Answer(Errno::apple(3));
pub const EINTR: Failure = Failure::Answer(Errno::apple(4));
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

pub struct Mac {
    pub asks: Asks,
    pub release: &'static str,
    pub event: Event,
    /// The question whose answer fills whatever room it has.
    pub grows: Option<&'static str>,
    asked: HashMap<String, usize>,
    answer: Option<Vec<u8>>,
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
            answer: None,
            log: Vec::new(),
        }
    }

    fn list(&self, list: AppleList) -> Vec<u8> {
        let whole = match list {
            AppleList::Tcp => golden!("tcp"),
            AppleList::Udp => golden!("udp"),
            AppleList::UnixStream => golden!("stream"),
            AppleList::UnixDatagram => golden!("dgram"),
            _ => panic!("no such list"),
        };
        match self.asks {
            Asks::Root | Asks::User => whole.to_vec(),
            Asks::UserKeptApart => only(whole, |uid| uid == UID),
            Asks::ProcessKeptApart => only(whole, |_| false),
        }
    }

    fn process(&self, pid: u32, part: AppleProcessPart) -> Result<Vec<u8>, Failure> {
        let mine = matches!(pid, 400 | 401);
        let bytes: &[u8] = match (part, pid) {
            (AppleProcessPart::ShortInfo, 500) => golden!("short_500"),
            (_, 400 | 401) => match part {
                AppleProcessPart::Descriptors { .. } if pid == 400 => golden!("fds_400"),
                AppleProcessPart::Descriptors { .. } => golden!("fds_401"),
                AppleProcessPart::Info if pid == 400 => golden!("bsd_400"),
                AppleProcessPart::Info => golden!("bsd_401"),
                AppleProcessPart::Executable => b"/opt/web/bin/server\0",
                AppleProcessPart::Arguments => b"\x02\0\0\0/opt/web/bin/server\0\0\0server\0-v\0HOME=/\0",
                AppleProcessPart::Socket { fd } => match (pid, fd) {
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
                    _ => return Err(Failure::Answer(Errno::apple(9))),
                },
                _ => return Err(ENOENT),
            },
            (AppleProcessPart::Descriptors { .. }, 1 | 88 | 500) if self.asks == Asks::Root => b"",
            (_, 1 | 88 | 500) => return Err(EPERM),
            _ => return Err(ESRCH),
        };
        assert!(mine || pid == 500 || bytes.is_empty(), "golden answers are of these processes");
        Ok(bytes.to_vec())
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
                    AppleList::Tcp => (10_u64, 616, 1),
                    AppleList::Udp => (3, 408, 1),
                    _ => (4, 896, 0),
                };
                (48 + (count + count / 8 + spare) * row).to_le_bytes().to_vec()
            }
            Question::Apple(AppleQuestion::List { list, room }) => {
                let bytes = self.list(list);
                if bytes.len() > room {
                    return Err(ENOMEM);
                }
                bytes
            }
            Question::Apple(AppleQuestion::Processes { room }) => {
                let mut pids: Vec<u8> =
                    [1_u32, 88, 400, 401, 500].iter().flat_map(|pid| pid.to_le_bytes()).collect();
                pids.truncate(room);
                pids
            }
            Question::Apple(AppleQuestion::Process { pid, part }) => {
                let mut bytes = self.process(pid, part)?;
                if let AppleProcessPart::Descriptors { room } = part {
                    bytes.truncate(room);
                }
                bytes
            }
            Question::BootId => b"9B5E8C1A-0000-4000-8000-00000000ABCD\0".to_vec(),
            Question::KernelRelease => self.release.as_bytes().to_vec(),
            Question::Time => 1_700_003_600_000_000_000_i64.to_le_bytes().to_vec(),
            Question::Users => {
                b"##\nroot:*:0:0:System Administrator:/var/root:/bin/sh\n_www:*:70:70::/:/usr/bin/false\n"
                    .to_vec()
            }
            Question::Interface("lo0") => 1_u32.to_le_bytes().to_vec(),
            Question::Interface(_) => return Err(Failure::Answer(Errno::apple(6))),
            _ => panic!("a Mac is not asked {question}"),
        })
    }
}

/// How much an answer may take.
fn room(question: &Question<'_>) -> usize {
    match *question {
        Question::Apple(
            AppleQuestion::List { room, .. }
            | AppleQuestion::Processes { room }
            | AppleQuestion::Process { part: AppleProcessPart::Descriptors { room }, .. },
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

    fn ask(&mut self, question: &Question<'_>) -> Result<(), Failure> {
        self.answer = None;
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
        self.answer = Some((self.event)(&key, count, honest)?);
        Ok(())
    }

    fn next(&mut self, batch: &mut Vec<u8>) -> Result<bool, Failure> {
        batch.clear();
        match self.answer.take() {
            Some(bytes) => {
                batch.extend(bytes);
                Ok(true)
            }
            None => Ok(false),
        }
    }
}
