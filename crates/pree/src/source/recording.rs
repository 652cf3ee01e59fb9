//! A collection's bytes, kept: to repeat it on another machine, for bug reports, tests and screenshots.
//!
//! The format, version 2. All numbers little-endian.
//!
//! ```text
//! 8 bytes  "pree rec"
//! u32      version, 2
//! u8       byte order of the recorded system: 0 little-endian, 1 big-endian
//! u8       system: 1 Linux, 2 macOS, 3 Windows
//! u16      0
//! then records until the end of the file:
//! u8       kind: 1 question (its text), 2 batch (bytes of the answer), 3 end of the answer (empty),
//!          4 the system answered with an error (i32, its number; about the question when it follows it at once, else the
//!          answer broke off), 5 a call on the way to the answer failed (the same). Version 1 had only 4, for both
//! u32      length
//! …        that many bytes
//! ```

use std::collections::HashMap;

use super::{DiagTable, Errno, Failure, Namespaces, Question, Reachable, Source, System};
use crate::error::{Error, ErrorKind, Result};

const VERSION: u32 = 2;
const HEADER_LEN: usize = 16;
/// In a [`DiagTable`].
const BOTH_FAMILIES: u8 = 0;

#[derive(Clone, PartialEq, Eq, Debug)]
enum Record {
    Question(String),
    Batch(Vec<u8>),
    End,
    Answered(Errno),
    Failed(Errno),
}

/// Every question of one collection with its answer, in order.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Recording {
    system: System,
    records: Vec<Record>,
}

impl Recording {
    /// The first bytes of every recording.
    pub const MAGIC: [u8; 8] = *b"pree rec";

    /// The system that was recorded.
    pub fn system(&self) -> System {
        self.system
    }

    /// The file's bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        out.extend_from_slice(&Self::MAGIC);
        out.extend_from_slice(&VERSION.to_le_bytes());
        out.extend_from_slice(&[u8::from(cfg!(target_endian = "big")), self.system.code(), 0, 0]);
        for record in &self.records {
            let number;
            let (kind, bytes): (u8, &[u8]) = match record {
                Record::Question(key) => (1, key.as_bytes()),
                Record::Batch(bytes) => (2, bytes),
                Record::End => (3, &[]),
                Record::Answered(errno) => {
                    number = errno.number().to_le_bytes();
                    (4, &number)
                }
                Record::Failed(errno) => {
                    number = errno.number().to_le_bytes();
                    (5, &number)
                }
            };
            out.push(kind);
            out.extend_from_slice(&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes());
            out.extend_from_slice(bytes);
        }
        out
    }

    /// Reads a file's bytes.
    ///
    /// # Errors
    /// [`ErrorKind::Malformed`] with the offset of the first byte that makes no sense; [`ErrorKind::Unsupported`] for a
    /// newer version or another byte order.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let damaged = |what: &str, offset: usize| {
            Error::new(ErrorKind::Malformed, "replay", format!("recording: {what} at byte {offset}"))
        };
        let refused = |what: String| Error::new(ErrorKind::Unsupported, "replay", what);
        // Said of a short file too.
        if bytes.iter().zip(&Self::MAGIC).any(|(found, right)| found != right) {
            return Err(damaged("not a pree recording", 0));
        }
        let header = bytes.get(..HEADER_LEN).ok_or_else(|| damaged("header cut off", bytes.len()))?;
        let version = u32::from_le_bytes([header[8], header[9], header[10], header[11]]);
        if version == 0 || version > VERSION {
            return Err(refused(format!("recording of version {version} (this pree reads 1 to {VERSION})")));
        }
        if header[12] != u8::from(cfg!(target_endian = "big")) {
            return Err(refused("recording of a machine with the other byte order".into()));
        }
        let system = System::ALL.iter().copied().find(|system| system.code() == header[13]);
        let system = system.ok_or_else(|| refused(format!("recording of system {}", header[13])))?;
        let mut records = Vec::new();
        let mut offset = HEADER_LEN;
        while let Some(&kind) = bytes.get(offset) {
            let length = bytes
                .get(offset + 1..offset + 5)
                .and_then(|b| b.try_into().ok())
                .map(|b| u32::from_le_bytes(b) as usize)
                .ok_or_else(|| damaged("record cut off", offset))?;
            let start = offset + 5;
            let body = start
                .checked_add(length)
                .and_then(|end| bytes.get(start..end))
                .ok_or_else(|| damaged("record longer than the file", offset))?;
            let errno = || {
                let number = body.try_into().map_err(|_| damaged("error number of a wrong size", start))?;
                Ok(system.errno(i32::from_le_bytes(number)))
            };
            records.push(match kind {
                1 => Record::Question(
                    String::from_utf8(body.to_vec()).map_err(|_| damaged("question is not text", start))?,
                ),
                2 => Record::Batch(body.to_vec()),
                3 if body.is_empty() => Record::End,
                4 => Record::Answered(errno()?),
                5 if version > 1 => Record::Failed(errno()?),
                _ => return Err(damaged("unknown record", offset)),
            });
            offset = start + length;
        }
        Ok(Self { system, records })
    }

    /// A source that answers as the recorded one did.
    pub fn replay(&self) -> Replay<'_> {
        let mut answers: HashMap<&str, Vec<&[Record]>> = HashMap::new();
        let mut rest = self.records.as_slice();
        while let Some((first, tail)) = rest.split_first() {
            let length = tail.iter().position(|r| matches!(r, Record::Question(_))).unwrap_or(tail.len());
            let (answer, after) = tail.split_at(length);
            if let Record::Question(key) = first {
                answers.entry(key).or_default().push(answer);
            }
            rest = after;
        }
        for list in answers.values_mut() {
            list.reverse();
        }
        Replay { system: self.system, answers, current: &[] }
    }
}

/// Passes another source's answers on and keeps them.
#[derive(Debug)]
pub struct Recorder<S> {
    source: S,
    /// The one namespace that was entered.
    entered: Option<u64>,
    recording: Recording,
}

impl<S: Source> Recorder<S> {
    /// Records what `source` is asked and answers.
    pub fn new(source: S) -> Self {
        let recording = Recording { system: source.system(), ..Recording::default() };
        Self { source, entered: None, recording }
    }

    /// Ends the recording.
    pub fn finish(self) -> Recording {
        self.recording
    }

    fn keep<T>(&mut self, result: Result<T, Failure>) -> Result<T, Failure> {
        match result {
            Err(Failure::Answer(errno)) => self.recording.records.push(Record::Answered(errno)),
            Err(Failure::Transport(errno)) => self.recording.records.push(Record::Failed(errno)),
            Ok(_) | Err(Failure::NotRecorded) => {}
        }
        result
    }
}

impl<S: Source> Source for Recorder<S> {
    fn system(&self) -> System {
        self.recording.system
    }

    fn ask(&mut self, question: &Question<'_>) -> Result<(), Failure> {
        self.recording.records.push(Record::Question(question.to_string()));
        let result = self.source.ask(question);
        // A replay says this by itself.
        if result == Err(Failure::NotRecorded) {
            self.recording.records.pop();
            return result;
        }
        self.keep(result)
    }

    fn next(&mut self, batch: &mut Vec<u8>) -> Result<bool, Failure> {
        let result = self.source.next(batch);
        let more = self.keep(result)?;
        self.recording.records.push(if more { Record::Batch(batch.clone()) } else { Record::End });
        Ok(more)
    }

    /// A recording holds one namespace: nothing in it says which one an answer is about.
    fn namespaces(&mut self, which: &Namespaces) -> Result<Reachable, Failure> {
        // The name of its own is not kept either, so that a replay gives the same answer.
        if matches!(which, Namespaces::One(_)) {
            self.source.namespaces(which)
        } else {
            Err(Failure::Answer(Errno::EOPNOTSUPP))
        }
    }

    fn enter(&mut self, inode: Option<u64>) -> Result<(), Failure> {
        if self.entered.is_some() && inode != self.entered {
            return Err(Failure::Answer(Errno::EOPNOTSUPP));
        }
        self.source.enter(inode)?;
        self.entered = inode;
        Ok(())
    }
}

/// Answers from a [`Recording`]: a question asked again gets the next recorded answer to it, the last one from then
/// on. A question about sockets of one family gets the answer to the one about both, when only that was recorded: its
/// other rows are not delivered. A question that was never recorded fails with [`Failure::NotRecorded`].
#[derive(Debug)]
pub struct Replay<'r> {
    system: System,
    /// For each question its answers, the next one last.
    answers: HashMap<&'r str, Vec<&'r [Record]>>,
    current: &'r [Record],
}

impl Source for Replay<'_> {
    fn system(&self) -> System {
        self.system
    }

    fn ask(&mut self, question: &Question<'_>) -> Result<(), Failure> {
        self.current = &[];
        let mut key = question.to_string();
        if let (Question::Diag { table, pass, request }, false) =
            (*question, self.answers.contains_key(key.as_str()))
        {
            let table = DiagTable { family: BOTH_FAMILIES, ..table };
            key = Question::Diag { table, pass, request }.to_string();
        }
        let list = self.answers.get_mut(key.as_str()).ok_or(Failure::NotRecorded)?;
        let answer = if list.len() > 1 { list.pop() } else { list.last().copied() };
        match answer {
            Some([Record::Answered(errno)]) => Err(Failure::Answer(*errno)),
            Some([Record::Failed(errno)]) => Err(Failure::Transport(*errno)),
            Some(answer) => {
                self.current = answer;
                Ok(())
            }
            None => Err(Failure::NotRecorded),
        }
    }

    fn next(&mut self, batch: &mut Vec<u8>) -> Result<bool, Failure> {
        batch.clear();
        let Some((first, rest)) = self.current.split_first() else { return Ok(false) };
        self.current = rest;
        match first {
            Record::Batch(bytes) => {
                batch.extend_from_slice(bytes);
                Ok(true)
            }
            Record::Answered(errno) => Err(Failure::Answer(*errno)),
            Record::Failed(errno) => Err(Failure::Transport(*errno)),
            Record::End | Record::Question(_) => Ok(false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Recording {
        Recording {
            system: System::Linux,
            records: vec![
                Record::Question("processes".into()),
                Record::Batch(vec![1, 0, 0, 0]),
                Record::Batch(vec![2, 0, 0, 0]),
                Record::End,
                Record::Question("boot_id".into()),
                Record::Answered(Errno::EACCES),
                Record::Question("processes".into()),
                Record::Batch(vec![3, 0, 0, 0]),
                Record::Failed(Errno::EINTR),
            ],
        }
    }

    #[test]
    fn bytes_round_trip() {
        assert_eq!(Recording::from_bytes(&sample().to_bytes()).unwrap(), sample());
    }

    #[test]
    fn a_recording_says_whose_it_is() {
        for system in System::ALL.iter().copied() {
            let recording = Recording {
                system,
                records: vec![Record::Question("time".into()), Record::Answered(system.errno(5))],
            };
            let read = Recording::from_bytes(&recording.to_bytes()).unwrap();
            assert_eq!(read, recording);
            // Through a recorder too, and what was never recorded does not become an error of that system.
            let mut recorder = Recorder::new(read.replay());
            assert_eq!(recorder.system(), system);
            assert_eq!(recorder.ask(&Question::Time), Err(Failure::Answer(system.errno(5))));
            assert_eq!(recorder.ask(&Question::Users), Err(Failure::NotRecorded));
            let again = recorder.finish();
            assert_eq!((again.system(), again.replay().system()), (system, system));
            assert_eq!(again.replay().ask(&Question::Time), Err(Failure::Answer(system.errno(5))));
            assert_eq!(again.replay().ask(&Question::Users), Err(Failure::NotRecorded));
        }
        let mut unknown = sample().to_bytes();
        assert_eq!(unknown[13], 1);
        unknown[13] = 9;
        let error = Recording::from_bytes(&unknown).unwrap_err();
        assert!(error.to_string().contains("recording of system 9"), "{error}");
    }

    /// In version 1 every error was taken for an answer, and so it still is.
    #[test]
    fn recordings_of_version_1_replay() {
        let bytes = sample().to_bytes();
        let kinds: Vec<_> = [(4, Errno::EACCES), (5, Errno::EINTR)]
            .map(|(kind, errno)| [&[kind, 4, 0, 0, 0][..], &errno.number().to_le_bytes()].concat())
            .map(|record| bytes.windows(9).position(|part| part == record).unwrap())
            .into();
        let mut old = bytes;
        old[8] = 1;
        let refused = Recording::from_bytes(&old).unwrap_err().to_string();
        assert!(refused.contains(&format!("unknown record at byte {}", kinds[1])), "{refused}");
        old[kinds[1]] = 4;
        let read = Recording::from_bytes(&old).unwrap();
        assert_eq!(read.records[5], Record::Answered(Errno::EACCES));
        assert_eq!(read.records[8], Record::Answered(Errno::EINTR));
    }

    #[test]
    fn replays_in_order_then_repeats_the_last() {
        let recording = sample();
        let mut replay = recording.replay();
        let mut batch = Vec::new();
        for _ in 0..2 {
            replay.ask(&Question::Processes).unwrap();
            while matches!(replay.next(&mut batch), Ok(true)) {}
        }
        replay.ask(&Question::Processes).unwrap();
        assert_eq!(replay.next(&mut batch), Ok(true));
        assert_eq!(batch, [3, 0, 0, 0]);
        assert_eq!(replay.next(&mut batch), Err(Failure::Transport(Errno::EINTR)));
        assert_eq!(replay.ask(&Question::BootId), Err(Failure::Answer(Errno::EACCES)));
        assert_eq!(replay.ask(&Question::Users), Err(Failure::NotRecorded));
    }

    #[test]
    fn damage_is_named_with_its_offset() {
        let bytes = sample().to_bytes();
        for (cut, offset) in [(0, "byte 0"), (15, "byte 15"), (18, "byte 16")] {
            let error = Recording::from_bytes(&bytes[..cut]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Malformed);
            assert!(error.to_string().contains(offset), "{error}");
        }
        let mut unknown = bytes.clone();
        unknown[16] = 9;
        assert!(
            Recording::from_bytes(&unknown).unwrap_err().to_string().contains("unknown record at byte 16")
        );
        let mut newer = bytes;
        newer[8] = 3;
        assert_eq!(Recording::from_bytes(&newer).unwrap_err().kind(), ErrorKind::Unsupported);
        let error = Recording::from_bytes(b"root:x").unwrap_err();
        assert!(error.to_string().contains("not a pree recording at byte 0"), "{error}");
    }
}
