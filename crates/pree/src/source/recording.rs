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

use super::{Errno, Failure, Namespaces, Question, Reachable, Source, System, namespaces};
use crate::error::{Error, ErrorKind, Result};
use crate::model::Moment;

const VERSION: u32 = 2;
const HEADER_LEN: usize = 16;

/// One record, where it lies in a file's bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Record<'r> {
    Question(&'r str),
    Batch(&'r [u8]),
    End,
    Answered(Errno),
    Failed(Errno),
}

/// Every question of one collection with its answer, in order.
///
/// It is kept as the bytes of its file, each record checked: what is small there must not be large here.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Recording {
    system: System,
    bytes: Vec<u8>,
}

impl Recording {
    /// The first bytes of every recording.
    pub const MAGIC: [u8; 8] = *b"pree rec";

    /// One without any record.
    pub(super) fn new(system: System) -> Self {
        let mut bytes = Self::MAGIC.to_vec();
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&[u8::from(cfg!(target_endian = "big")), system.code(), 0, 0]);
        Self { system, bytes }
    }

    /// The system that was recorded.
    pub fn system(&self) -> System {
        self.system
    }

    /// The file's bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// A copy of [`Recording::as_bytes`].
    pub fn to_bytes(&self) -> Vec<u8> {
        self.bytes.clone()
    }

    /// Reads a copy of a file's bytes.
    ///
    /// # Errors
    /// As [`Recording::from_vec`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        Self::from_vec(bytes.to_vec())
    }

    /// Reads a file's bytes, and keeps them: it needs no memory beside them.
    ///
    /// # Errors
    /// [`ErrorKind::Malformed`] with the offset of the first byte that makes no sense; [`ErrorKind::Unsupported`] for a
    /// newer version or another byte order.
    pub fn from_vec(mut bytes: Vec<u8>) -> Result<Self> {
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
        let mut offset = HEADER_LEN;
        while let Some((record, next)) = read(&bytes, offset, system)? {
            if version == 1 && matches!(record, Record::Failed(_)) {
                return Err(damaged("unknown record", offset));
            }
            offset = next;
        }
        // The same records in the version that we write.
        bytes[8..12].copy_from_slice(&VERSION.to_le_bytes());
        Ok(Self { system, bytes })
    }

    pub(super) fn push(&mut self, record: Record<'_>) {
        let number;
        let (kind, body): (u8, &[u8]) = match record {
            Record::Question(key) => (1, key.as_bytes()),
            Record::Batch(bytes) => (2, bytes),
            Record::End => (3, &[]),
            Record::Answered(errno) | Record::Failed(errno) => {
                number = errno.number().to_le_bytes();
                (if matches!(record, Record::Answered(_)) { 4 } else { 5 }, &number)
            }
        };
        self.bytes.push(kind);
        self.bytes.extend_from_slice(&u32::try_from(body.len()).unwrap_or(u32::MAX).to_le_bytes());
        self.bytes.extend_from_slice(body);
    }

    /// The records from an offset on, each with where the next one begins.
    pub(super) fn records_from(&self, offset: usize) -> impl Iterator<Item = (Record<'_>, usize)> {
        each(&self.bytes, offset, self.system)
    }

    /// Where questions are, in order.
    pub(super) fn questions(&self) -> impl Iterator<Item = usize> {
        let mut offset = HEADER_LEN;
        self.records_from(HEADER_LEN).filter_map(move |(record, next)| {
            let at = std::mem::replace(&mut offset, next);
            matches!(record, Record::Question(_)).then_some(at)
        })
    }

    /// The text of the question that is there.
    pub(super) fn key(&self, question: usize) -> &str {
        match self.records_from(question).next() {
            Some((Record::Question(key), _)) => key,
            _ => "",
        }
    }

    /// The answer to the question that is there: the bytes of the records before the next one.
    pub(super) fn answer(&self, question: usize) -> &[u8] {
        let Some((_, start)) = self.records_from(question).next() else { return &[] };
        let records =
            self.records_from(start).take_while(|(record, _)| !matches!(record, Record::Question(_)));
        let end = records.last().map_or(start, |(_, next)| next);
        self.bytes.get(start..end).unwrap_or_default()
    }

    /// The bytes of all records.
    pub(super) fn records(&self) -> &[u8] {
        self.bytes.get(HEADER_LEN..).unwrap_or_default()
    }

    /// Adds records that were read before.
    pub(super) fn extend(&mut self, records: &[u8]) {
        self.bytes.extend_from_slice(records);
    }
}

/// The record that begins at an offset, and where the next one does; `None` at the end.
fn read(bytes: &[u8], offset: usize, system: System) -> Result<Option<(Record<'_>, usize)>> {
    let Some(&kind) = bytes.get(offset) else { return Ok(None) };
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
    let record = match kind {
        1 => Record::Question(std::str::from_utf8(body).map_err(|_| damaged("question is not text", start))?),
        2 => Record::Batch(body),
        3 if body.is_empty() => Record::End,
        4 => Record::Answered(errno()?),
        5 => Record::Failed(errno()?),
        _ => return Err(damaged("unknown record", offset)),
    };
    Ok(Some((record, start + length)))
}

/// The records from an offset on, up to one that makes no sense, each with where the next one begins.
fn each(bytes: &[u8], mut offset: usize, system: System) -> impl Iterator<Item = (Record<'_>, usize)> {
    std::iter::from_fn(move || {
        let (record, next) = read(bytes, offset, system).ok()??;
        offset = next;
        Some((record, next))
    })
}

/// Some records without a file's header.
pub(super) fn records_in(bytes: &[u8], system: System) -> impl Iterator<Item = Record<'_>> {
    each(bytes, 0, system).map(|(record, _)| record)
}

fn damaged(what: &str, offset: usize) -> Error {
    Error::new(ErrorKind::Malformed, "replay", format!("recording: {what} at byte {offset}"))
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
        let recording = Recording::new(source.system());
        Self { source, entered: None, recording }
    }

    /// Ends the recording.
    pub fn finish(self) -> Recording {
        self.recording
    }

    fn keep<T>(&mut self, result: Result<T, Failure>) -> Result<T, Failure> {
        match result {
            Err(Failure::Answer(errno)) => self.recording.push(Record::Answered(errno)),
            Err(Failure::Transport(errno)) => self.recording.push(Record::Failed(errno)),
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
        let before = self.recording.bytes.len();
        self.recording.push(Record::Question(&question.to_string()));
        let result = self.source.ask(question);
        // A replay says this by itself.
        if result == Err(Failure::NotRecorded) {
            self.recording.bytes.truncate(before);
            return result;
        }
        self.keep(result)
    }

    fn next(&mut self, batch: &mut Vec<u8>) -> Result<bool, Failure> {
        let result = self.source.next(batch);
        let more = self.keep(result)?;
        self.recording.push(if more { Record::Batch(batch) } else { Record::End });
        Ok(more)
    }

    fn now(&mut self) -> Moment {
        self.source.now()
    }

    /// A recording holds one namespace, and its names: nothing in it says which one an answer is about.
    fn namespaces(&mut self, which: &Namespaces) -> Result<Reachable, Failure> {
        if *which == Namespaces::All {
            return Err(Failure::Answer(Errno::EOPNOTSUPP));
        }
        let found = self.source.namespaces(which);
        let (namespace, end) = match &found {
            Ok(found) => (found.namespaces.first(), found.without_names.map_or(Ok(()), Err)),
            Err(failure) => (None, Err(*failure)),
        };
        if end != Err(Failure::NotRecorded) {
            self.recording.push(Record::Question(namespaces::KEY));
            if let Some(namespace) = namespace {
                self.recording.push(Record::Batch(&namespaces::encode(namespace)));
            }
            if self.keep(end).is_ok() {
                self.recording.push(Record::End);
            }
        }
        found
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

#[cfg(test)]
mod tests {
    use super::*;

    fn recording(system: System, records: &[Record<'_>]) -> Recording {
        let mut recording = Recording::new(system);
        for record in records {
            recording.push(*record);
        }
        recording
    }

    fn sample() -> Recording {
        let records = [
            Record::Question("processes"),
            Record::Batch(&[1, 0, 0, 0]),
            Record::Batch(&[2, 0, 0, 0]),
            Record::End,
            Record::Question("boot_id"),
            Record::Answered(Errno::EACCES),
            Record::Question("processes"),
            Record::Batch(&[3, 0, 0, 0]),
            Record::Failed(Errno::EINTR),
        ];
        recording(System::Linux, &records)
    }

    #[test]
    fn bytes_round_trip() {
        assert_eq!(Recording::from_bytes(&sample().to_bytes()).unwrap(), sample());
    }

    #[test]
    fn a_recording_says_whose_it_is() {
        for system in System::ALL.iter().copied() {
            let records = [Record::Question("time"), Record::Answered(system.errno(5))];
            let recording = recording(system, &records);
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
        let last = |question| {
            let question = read.questions().nth(question).unwrap();
            records_in(read.answer(question), System::Linux).last()
        };
        assert_eq!(last(1), Some(Record::Answered(Errno::EACCES)));
        assert_eq!(last(2), Some(Record::Answered(Errno::EINTR)));
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

    #[test]
    fn reading_takes_no_memory_beside_the_file_s() {
        let bytes = sample().to_bytes();
        let (place, capacity) = (bytes.as_ptr(), bytes.capacity());
        let recording = Recording::from_vec(bytes).unwrap();
        assert_eq!((recording.bytes.as_ptr(), recording.bytes.capacity()), (place, capacity));
    }
}
