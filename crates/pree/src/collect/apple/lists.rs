//! The lists of control blocks: read until one is complete and settled, and whether they show all users' sockets.

use pree_wire::apple::{Generation, Item, ListKind, PcbList, rows_counted};
use pree_wire::errno::apple;

use super::ask::ask;
use crate::collect::retry::TRIES;
use crate::coverage::CAME_OR_WENT;
use crate::error::{Error, ErrorKind, Result};
use crate::model::Protocol;
use crate::source::{AppleList, AppleQuestion, Failure, Question, Source};

/// Every list.
pub(super) const LISTS: [AppleList; 5] =
    [AppleList::Tcp, AppleList::Udp, AppleList::Raw, AppleList::UnixStream, AppleList::UnixDatagram];

/// Room where the kernel does not say how much it takes.
const LEAST_ROOM: usize = 64 * 1024;

/// More than any machine needs: a million sockets.
const MOST_ROOM: usize = 1 << 30;

/// How often that is doubled before the list is taken to grow for ever.
const DOUBLINGS: usize = 10;

/// What one list said.
pub(super) struct Answer {
    pub(super) list: AppleList,
    /// As much of it as there is.
    pub(super) bytes: Vec<u8>,
    /// Why there is nothing.
    pub(super) error: Option<Error>,
    /// What is wrong with it, and what helps.
    pub(super) trouble: Option<(ErrorKind, &'static str)>,
    /// Control blocks that the kernel counts, and those that it reported.
    pub(super) counted: u64,
    pub(super) told: u64,
    /// Whether any of them is another user's than the first one's.
    users: Users,
    /// Whether there are others of which it says nothing.
    pub(super) keeps_back: bool,
}

/// Whose sockets were reported.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Users {
    Nobody,
    One(u32),
    Several,
}

impl Users {
    fn with(self, uid: u32) -> Self {
        match self {
            Self::Nobody => Self::One(uid),
            Self::One(known) if known == uid => self,
            Self::One(_) | Self::Several => Self::Several,
        }
    }
}

/// All lists that were asked for.
#[derive(Default)]
pub(super) struct Lists {
    pub(super) answers: Vec<Answer>,
}

impl Lists {
    /// Reads these lists, and finds out whether they show all users' sockets.
    pub(super) fn read(wanted: &[AppleList], is_root: bool, source: &mut dyn Source) -> Self {
        let mut lists = Self { answers: wanted.iter().map(|list| Answer::read(*list, source)).collect() };
        if !is_root && lists.any_read() && !lists.tells_of_several(source) {
            lists.mark_kept_back();
        }
        lists
    }

    /// The answers about this protocol.
    pub(super) fn of(&self, wanted: Protocol) -> impl Iterator<Item = &Answer> {
        self.answers.iter().filter(move |answer| protocols(answer.list).contains(&wanted))
    }

    /// True when every socket of this protocol was reported.
    pub(super) fn tell_all_of(&self, protocol: Protocol) -> bool {
        let mut answers = self.of(protocol).peekable();
        answers.peek().is_some() && answers.all(Answer::is_whole)
    }

    fn any_read(&self) -> bool {
        self.answers.iter().any(|answer| answer.error.is_none())
    }

    /// True when fewer control blocks were reported than are counted. By itself this proves nothing: those that are being
    /// freed are counted as well.
    fn lacks(&self, protocol: Protocol) -> bool {
        let read = || self.of(protocol).filter(|answer| answer.error.is_none());
        // Unix sockets of all types are counted together.
        read().map(|answer| answer.counted).max().unwrap_or(0) > read().map(|answer| answer.told).sum()
    }

    /// True when sockets of more than one user are reported, which a kernel that withholds other users' does not do. The system's
    /// own services always have UDP sockets, so that list is asked when the others leave it open.
    fn tells_of_several(&self, source: &mut dyn Source) -> bool {
        let users = |answers: &[Answer]| {
            answers.iter().fold(Users::Nobody, |all, answer| match answer.users {
                Users::Nobody => all,
                Users::One(uid) => all.with(uid),
                Users::Several => Users::Several,
            })
        };
        match users(&self.answers) {
            Users::Several => true,
            _ if self.answers.iter().any(|answer| answer.list == AppleList::Udp) => false,
            Users::Nobody => users(&[Answer::read(AppleList::Udp, source)]) == Users::Several,
            Users::One(uid) => match Answer::read(AppleList::Udp, source).users {
                Users::Nobody => false,
                others => others != Users::One(uid),
            },
        }
    }

    /// Where the counts show it; everywhere, where they show nothing: then they are of what is reported.
    fn mark_kept_back(&mut self) {
        let of = |list| protocols(list).iter().any(|protocol| self.lacks(*protocol));
        let lacking: Vec<AppleList> = LISTS.into_iter().filter(|list| of(*list)).collect();
        for answer in &mut self.answers {
            answer.keeps_back = lacking.is_empty() || lacking.contains(&answer.list);
        }
    }
}

impl Answer {
    fn new(list: AppleList) -> Self {
        Self {
            list,
            bytes: Vec::new(),
            error: None,
            trouble: None,
            counted: 0,
            told: 0,
            users: Users::Nobody,
            keeps_back: false,
        }
    }

    /// True when everything that it should report is there.
    pub(super) fn is_whole(&self) -> bool {
        self.error.is_none() && self.trouble.is_none() && !self.keeps_back
    }

    /// Reads a list until it is whole, makes sense and did not change meanwhile; three times at most, then the last one is
    /// kept with what is wrong with it.
    fn read(list: AppleList, source: &mut dyn Source) -> Self {
        let mut last = Self::new(list);
        for _ in 0..TRIES {
            last = match Self::read_once(list, source) {
                Ok(answer) => answer,
                Err(error) => return Self { error: Some(error), ..Self::new(list) },
            };
            if last.trouble.is_none() {
                break;
            }
        }
        last
    }

    fn read_once(list: AppleList, source: &mut dyn Source) -> Result<Self> {
        let size = ask(source, &Question::Apple(AppleQuestion::ListSize(list)))
            .ok()
            .and_then(|bytes| bytes.try_into().ok())
            .map_or(0, u64::from_le_bytes);
        let bytes = read_bytes(list, size, source)?;
        let mut answer = Self { counted: rows_counted(size, kind(list)), ..Self::new(list) };
        answer.look_through(&bytes);
        answer.bytes = bytes;
        Ok(answer)
    }

    fn look_through(&mut self, bytes: &[u8]) {
        let damaged = (ErrorKind::Malformed, "what came before the damage is there");
        let Ok(items) = PcbList::parse(bytes) else {
            self.trouble = Some(damaged);
            return;
        };
        let head = items.head();
        self.count(head);
        for item in items {
            match item {
                Ok(Item::Row(row)) => {
                    self.told += 1;
                    let uid = row.socket.uid().filter(|_| row.socket.handle() != Some(0));
                    if let Some(uid) = uid {
                        self.users = self.users.with(uid);
                    }
                }
                Ok(Item::End(end)) => {
                    self.count(end);
                    if end.number != head.number {
                        self.trouble = Some((ErrorKind::Unsettled, CAME_OR_WENT));
                    }
                }
                Err(_) => self.trouble = Some(damaged),
            }
        }
    }

    fn count(&mut self, generation: Generation) {
        self.counted = self.counted.max(generation.count.into());
    }
}

/// Reads it with as much room as the kernel says it takes, and more when that was not enough.
fn read_bytes(list: AppleList, size: u64, source: &mut dyn Source) -> Result<Vec<u8>> {
    let error = |failure| Error::of(failure, "read", list.name());
    let mut room = usize::try_from(size).unwrap_or(MOST_ROOM).clamp(LEAST_ROOM, MOST_ROOM);
    for _ in 0..DOUBLINGS {
        match ask(source, &Question::Apple(AppleQuestion::List { list, room })) {
            // It does not fit: the table grew.
            Err(Failure::Answer(apple::ENOMEM)) if room < MOST_ROOM => {
                room = room.saturating_mul(2).min(MOST_ROOM);
            }
            result => return result.map_err(error),
        }
    }
    Err(Error::new(ErrorKind::Unsettled, "read", list.name()))
}

fn kind(list: AppleList) -> ListKind {
    match list {
        AppleList::Tcp => ListKind::Tcp,
        AppleList::Udp | AppleList::Raw => ListKind::Udp,
        AppleList::UnixStream | AppleList::UnixDatagram => ListKind::Unix,
    }
}

/// Whose sockets a list has.
pub(super) fn protocols(list: AppleList) -> &'static [Protocol] {
    match list {
        AppleList::Tcp => &[Protocol::Tcp],
        AppleList::Udp => &[Protocol::Udp],
        AppleList::Raw => &[Protocol::Raw, Protocol::Icmp],
        AppleList::UnixStream | AppleList::UnixDatagram => &[Protocol::Unix],
    }
}
