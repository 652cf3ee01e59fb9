//! A collection's bytes, kept: to repeat it on another machine, for bug reports, tests and screenshots.
//!
//! The format, version 3. All numbers little-endian.
//!
//! ```text
//! 8 bytes  "pree rec"
//! u32      version, 3
//! u8       byte order of the recorded system: 0 little-endian, 1 big-endian
//! u8       system: 1 Linux, 2 macOS, 3 Windows
//! u16      0
//! i64      Unix time in nanoseconds when the clock of the records was 0; 0: unknown
//! then records until the end of the file:
//! u8       kind: 1 question (its text), 2 batch (bytes of the answer), 3 end of the answer (empty),
//!          4 the system answered with an error (i32, its number; about the question when it follows it at once, else the
//!          answer broke off), 5 a call on the way to the answer failed (the same)
//! u32      length
//! u32      number of the question, and of the answer that this is a part of
//! u64      when, in nanoseconds of a clock that only goes forward; 0: unknown
//! …        that many bytes
//! ```
//!
//! Versions 1 and 2 have neither numbers nor times: what is behind a question is its answer. Version 1 had only kind 4.

#[cfg(unix)]
use std::os::fd::BorrowedFd;
use std::time::Duration;

use pree_wire::inet_diag;

use super::{Answer, Errno, Failure, Namespaces, Question, Reachable, Source, System, clock, namespaces};
use crate::error::{Error, ErrorKind, Result};
use crate::model::Moment;

const VERSION: u32 = 3;
/// What every version begins with.
const HEADER_LEN: usize = 16;

/// How long the header of a version is, and what stands before a record's bytes.
fn lengths(version: u32) -> (usize, usize) {
    if version < 3 { (HEADER_LEN, 5) } else { (HEADER_LEN + 8, 17) }
}

/// One record, where it lies in a file's bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Record<'r> {
    Question(&'r str),
    Batch(&'r [u8]),
    End,
    Answered(Errno),
    Failed(Errno),
}

/// A record, and what stands beside it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Entry<'r> {
    pub(super) record: Record<'r>,
    /// Of a question, and of the answer that it is a part of.
    pub(super) number: u32,
    /// When, in nanoseconds; 0: unknown.
    pub(super) at: u64,
}

/// Every question of one collection with its answer, in order.
///
/// It is kept as the bytes of its file, each record checked: what is small there must not be large here.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Recording {
    system: System,
    version: u32,
    bytes: Vec<u8>,
}

impl Recording {
    /// The first bytes of every recording.
    pub const MAGIC: [u8; 8] = *b"pree rec";

    /// One without any record, whose clock was 0 at this Unix time in nanoseconds.
    pub(super) fn new(system: System, zero: i64) -> Self {
        let mut bytes = Self::MAGIC.to_vec();
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&[u8::from(cfg!(target_endian = "big")), system.code(), 0, 0]);
        bytes.extend_from_slice(&zero.to_le_bytes());
        Self { system, version: VERSION, bytes }
    }

    /// The same without any record.
    pub(super) fn emptied(&self) -> Self {
        let header = self.bytes.get(..self.start()).unwrap_or_default().to_vec();
        Self { system: self.system, version: self.version, bytes: header }
    }

    /// Where the first record is.
    fn start(&self) -> usize {
        lengths(self.version).0
    }

    /// The time of a record by both clocks.
    pub(super) fn moment(&self, at: u64) -> Moment {
        let zero = self.bytes.get(HEADER_LEN..self.start()).and_then(|bytes| bytes.try_into().ok());
        let zero = zero.map(i64::from_le_bytes).filter(|zero| *zero != 0 && at != 0);
        let wall = zero.and_then(|zero| zero.checked_add_unsigned(at)?.try_into().ok());
        let monotonic = (at != 0).then(|| Duration::from_nanos(at));
        Moment { wall: wall.map(Duration::from_nanos), monotonic }
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
    pub fn from_vec(bytes: Vec<u8>) -> Result<Self> {
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
        let (mut offset, _) = lengths(version);
        if bytes.len() < offset {
            return Err(damaged("header cut off", bytes.len()));
        }
        let mut asked = 0;
        while let Some((entry, next)) = read(&bytes, offset, (system, version))? {
            if let (3.., Record::Question(_)) = (version, entry.record) {
                if entry.number <= asked {
                    return Err(damaged("question that is not numbered behind the one before", offset));
                }
                asked = entry.number;
            }
            offset = next;
        }
        Ok(Self { system, version, bytes })
    }

    pub(super) fn push(&mut self, entry: Entry<'_>) {
        let number;
        let (kind, body): (u8, &[u8]) = match entry.record {
            Record::Question(key) => (1, key.as_bytes()),
            Record::Batch(bytes) => (2, bytes),
            Record::End => (3, &[]),
            Record::Answered(errno) | Record::Failed(errno) => {
                number = errno.number().to_le_bytes();
                (if matches!(entry.record, Record::Answered(_)) { 4 } else { 5 }, &number)
            }
        };
        self.bytes.push(kind);
        self.bytes.extend_from_slice(&u32::try_from(body.len()).unwrap_or(u32::MAX).to_le_bytes());
        if self.version >= 3 {
            self.bytes.extend_from_slice(&entry.number.to_le_bytes());
            self.bytes.extend_from_slice(&entry.at.to_le_bytes());
        }
        self.bytes.extend_from_slice(body);
    }

    /// Numbered as if every answer had ended before the next question.
    #[cfg(test)]
    pub(super) fn push_record(&mut self, record: Record<'_>) {
        let is_question = u32::from(matches!(record, Record::Question(_)));
        let number = self.questions().count() as u32 + is_question;
        self.push(Entry { record, number, at: 0 });
    }

    /// The record that begins at an offset, and where the next one does.
    pub(super) fn entry(&self, offset: usize) -> Option<(Entry<'_>, usize)> {
        read(&self.bytes, offset, (self.system, self.version)).ok()?
    }

    /// All records, each with where it begins and where the next one does.
    pub(super) fn entries(&self) -> impl Iterator<Item = (Entry<'_>, usize, usize)> {
        let mut offset = self.start();
        std::iter::from_fn(move || {
            let (entry, next) = self.entry(offset)?;
            Some((entry, std::mem::replace(&mut offset, next), next))
        })
    }

    /// Some records of this recording.
    pub(super) fn entries_in<'a>(&self, mut bytes: &'a [u8]) -> impl Iterator<Item = Entry<'a>> + use<'a> {
        let of = (self.system, self.version);
        std::iter::from_fn(move || {
            let (entry, next) = read(bytes, 0, of).ok()??;
            bytes = bytes.get(next..)?;
            Some(entry)
        })
    }

    /// Where questions are, in order.
    pub(super) fn questions(&self) -> impl Iterator<Item = usize> {
        self.entries().filter_map(|(entry, at, _)| matches!(entry.record, Record::Question(_)).then_some(at))
    }

    /// The text of the question that is there.
    pub(super) fn key(&self, question: usize) -> &str {
        match self.entry(question) {
            Some((Entry { record: Record::Question(key), .. }, _)) => key,
            _ => "",
        }
    }

    /// Bytes between two offsets.
    pub(super) fn slice(&self, from: usize, to: usize) -> &[u8] {
        self.bytes.get(from..to).unwrap_or_default()
    }

    /// The bytes of all records.
    pub(super) fn records(&self) -> &[u8] {
        self.bytes.get(self.start()..).unwrap_or_default()
    }

    /// Adds records that were read before.
    pub(super) fn extend(&mut self, records: &[u8]) {
        self.bytes.extend_from_slice(records);
    }
}

/// Where answers go on behind others that were read meanwhile. Of a recording whose answers were read one after the other it
/// is empty.
#[derive(Debug)]
pub(super) struct Runs(Vec<(u32, usize)>);

impl Runs {
    pub(super) fn of(recording: &Recording) -> Self {
        let mut before = None;
        let runs = recording.entries().filter_map(|(entry, at, _)| {
            let goes_on = before.replace(entry.number) == Some(entry.number);
            (!goes_on && !matches!(entry.record, Record::Question(_))).then_some((entry.number, at))
        });
        let mut runs: Vec<_> = runs.collect();
        runs.sort_unstable();
        Self(runs)
    }

    /// The next record of the answer with this number, from an offset on, and where the one behind it is.
    pub(super) fn next<'r>(
        &self,
        recording: &'r Recording,
        number: u32,
        offset: usize,
    ) -> Option<(Entry<'r>, usize, usize)> {
        let is_of =
            |entry: &Entry<'_>| entry.number == number && !matches!(entry.record, Record::Question(_));
        if let Some((entry, next)) = recording.entry(offset).filter(|(entry, _)| is_of(entry)) {
            return Some((entry, offset, next));
        }
        let run = self.0.get(self.0.partition_point(|run| *run < (number, offset)))?;
        let (entry, next) = recording.entry(run.1).filter(|(entry, _)| is_of(entry))?;
        Some((entry, run.1, next))
    }
}

/// The record that begins at an offset, and where the next one does; `None` at the end.
fn read(bytes: &[u8], offset: usize, (system, version): (System, u32)) -> Result<Option<(Entry<'_>, usize)>> {
    let Some(&kind) = bytes.get(offset) else { return Ok(None) };
    let start = offset + lengths(version).1;
    let head = bytes.get(offset + 1..start).ok_or_else(|| damaged("record cut off", offset))?;
    let (length, rest) = head.split_first_chunk().ok_or_else(|| damaged("record cut off", offset))?;
    let (number, at) = match rest.split_first_chunk() {
        Some((number, at)) => (u32::from_le_bytes(*number), at.try_into().map_or(0, u64::from_le_bytes)),
        None => (0, 0),
    };
    let body = start
        .checked_add(u32::from_le_bytes(*length) as usize)
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
        5 if version > 1 => Record::Failed(errno()?),
        _ => return Err(damaged("unknown record", offset)),
    };
    Ok(Some((Entry { record, number, at }, start + body.len())))
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
    /// How many questions were asked.
    asked: u32,
    /// A watch is recorded.
    watches: bool,
    recording: Recording,
}

/// An answer that is recorded, and its number.
struct Recorded {
    number: u32,
    answer: Answer,
    /// Rows of TCP, which can have keys: these are not kept.
    may_have_keys: bool,
}

impl<S: Source> Recorder<S> {
    /// Records what `source` is asked and answers.
    pub fn new(mut source: S) -> Self {
        let Moment { wall, monotonic } = source.now();
        let nanos = |time: Duration| i64::try_from(time.as_nanos()).ok();
        let zero = wall.and_then(nanos).zip(monotonic.and_then(nanos)).map_or(0, |(wall, at)| wall - at);
        let recording = Recording::new(source.system(), zero);
        Self { source, entered: None, asked: 0, watches: false, recording }
    }

    /// Ends the recording.
    pub fn finish(self) -> Recording {
        self.recording
    }

    fn push(&mut self, number: u32, record: Record<'_>) {
        let at = self.source.now().monotonic.and_then(|at| u64::try_from(at.as_nanos()).ok());
        self.recording.push(Entry { record, number, at: at.unwrap_or(0) });
    }

    fn question(&mut self, key: &str) -> u32 {
        self.asked = self.asked.wrapping_add(1);
        self.push(self.asked, Record::Question(key));
        self.asked
    }

    fn keep<T>(&mut self, number: u32, result: Result<T, Failure>) -> Result<T, Failure> {
        match result {
            Err(Failure::Answer(errno)) => self.push(number, Record::Answered(errno)),
            Err(Failure::Transport(errno)) => self.push(number, Record::Failed(errno)),
            Ok(_) | Err(Failure::NotRecorded) => {}
        }
        result
    }
}

impl<S: Source> Source for Recorder<S> {
    fn system(&self) -> System {
        self.recording.system
    }

    fn ask(&mut self, question: &Question<'_>) -> Result<Answer, Failure> {
        if *question == Question::Checks {
            return Err(Failure::NotRecorded);
        }
        let before = self.recording.bytes.len();
        let number = self.question(&question.to_string());
        let result = self.source.ask(question);
        self.watches |= *question == Question::Watch;
        // A replay says this by itself.
        if matches!(result, Err(Failure::NotRecorded)) {
            self.recording.bytes.truncate(before);
            return result;
        }
        let may_have_keys =
            matches!(question, Question::Diag { table, .. } if table.protocol == inet_diag::TCP);
        self.keep(number, result).map(|answer| Answer::reading(Recorded { number, answer, may_have_keys }))
    }

    fn next(&mut self, answer: &mut Answer, batch: &mut Vec<u8>) -> Result<bool, Failure> {
        let Some(Recorded { number, answer, may_have_keys }) = answer.open() else {
            return answer.next(batch);
        };
        let result = self.source.next(answer, batch);
        let more = self.keep(*number, result)?;
        if *may_have_keys {
            inet_diag::md5::blot_out_keys(batch);
        }
        self.push(*number, if more { Record::Batch(batch) } else { Record::End });
        Ok(more)
    }

    #[cfg(unix)]
    fn descriptor<'a>(&'a self, answer: &'a Answer) -> Option<BorrowedFd<'a>> {
        self.source.descriptor(&answer.opened::<Recorded>()?.answer)
    }

    /// A replay says the same.
    fn now(&mut self) -> Moment {
        let now = self.source.now();
        if self.watches {
            // A replay has a clock of its own then.
            return now;
        }
        let number = self.question(clock::KEY);
        self.push(number, Record::Batch(&clock::encode(now)));
        self.push(number, Record::End);
        now
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
            let number = self.question(namespaces::KEY);
            if let Some(namespace) = namespace {
                self.push(number, Record::Batch(&namespaces::encode(namespace)));
            }
            if self.keep(number, end).is_ok() {
                self.push(number, Record::End);
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
mod tests;
