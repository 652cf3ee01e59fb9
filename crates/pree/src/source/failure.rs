//! Why there is no answer, or not the rest of one: the system's own word, or something that failed on the way to it.

use std::fmt;

use pree_wire::errno::Errno;

use crate::error::ErrorKind;

/// Why a [`Source`](super::Source) gave no answer, or broke off in the middle of one.
///
/// The same error number is one thing when the system answers with it and another when a call on the way fails with it:
/// `ENOENT` in a netlink message means that there is no such socket or protocol, `ENOENT` from `recv` means nothing
/// about sockets. Only the source knows which call it was, so the source says so.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Failure {
    /// The system's answer to the question: there is no such thing, it has ended, it is not permitted or not supported.
    Answer(Errno),
    /// A call on the way to the answer failed: opening a socket, sending, receiving, reading on, finding memory. Whatever
    /// the number, nothing is known about what was asked.
    Transport(Errno),
    /// This was not asked when the recording was made, so a [`Replay`](super::Replay) has no answer.
    NotRecorded,
}

impl Failure {
    /// The bytes that came make no sense.
    pub(crate) const MALFORMED: Self = Self::Transport(Errno::EBADMSG);

    /// What a system call failed with: its answer, where this is one of the error numbers with which it answers.
    #[allow(dead_code, reason = "for what is below sys/, which not every build has")]
    pub(crate) fn of_call(answers: &[Errno], errno: Errno) -> Self {
        if answers.contains(&errno) { Self::Answer(errno) } else { Self::Transport(errno) }
    }

    /// The system's error number, whichever of the two it is.
    pub fn errno(self) -> Option<Errno> {
        match self {
            Self::Answer(errno) | Self::Transport(errno) => Some(errno),
            Self::NotRecorded => None,
        }
    }

    /// The reason for errors and gaps. What failed on the way is never "absent" or "unsupported": that would be an answer.
    pub fn kind(self) -> ErrorKind {
        match self {
            Self::Answer(errno) => ErrorKind::of(errno),
            Self::Transport(errno) => match ErrorKind::of(errno) {
                ErrorKind::Absent | ErrorKind::Unsupported => ErrorKind::Io,
                kind => kind,
            },
            Self::NotRecorded => ErrorKind::NotRecorded,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answer(errno) | Self::Transport(errno) => errno.fmt(f),
            Self::NotRecorded => f.write_str("not in the recording"),
        }
    }
}

impl std::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_failed_on_the_way_is_no_answer() {
        let answers = [ErrorKind::Absent, ErrorKind::Unsupported];
        let mut as_answer = 0;
        for number in 1..=133 {
            let errno = Errno::linux(number);
            as_answer += u32::from(answers.contains(&Failure::Answer(errno).kind()));
            assert!(!answers.contains(&Failure::Transport(errno).kind()), "{errno}");
        }
        assert!(as_answer > 5, "the same numbers are answers where the system gives them as one");
        assert_eq!(Failure::Answer(Errno::ENOENT).kind(), ErrorKind::Absent);
        assert_eq!(Failure::Transport(Errno::ENOENT).kind(), ErrorKind::Io);
        assert_eq!(Failure::Transport(Errno::ENOBUFS).kind(), ErrorKind::Exhausted);
        assert_eq!(Failure::NotRecorded.kind(), ErrorKind::NotRecorded);
    }
}
