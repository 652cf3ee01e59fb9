//! A source that answers from a recording.

use std::collections::HashMap;
use std::ops::Range;
use std::time::Duration;

use pree_wire::diag_request::Narrowing;

use super::recording::{Entry, Record, Recording, Runs};
use super::{
    Answer, DiagPass, DiagTable, Errno, Failure, Namespaces, Question, Reachable, Source, System, clock,
    namespaces,
};
use crate::model::Moment;

/// In a [`DiagTable`].
const BOTH_FAMILIES: u8 = 0;

/// Has the key of a request that nothing narrows.
const WHOLE_TABLE: &[u8] = &[];

impl Recording {
    /// A source that answers as the recorded one did.
    pub fn replay(&self) -> Replay<'_> {
        let mut index: Vec<usize> = self.questions().collect();
        index.sort_unstable_by_key(|question| (self.key(*question), *question));
        Replay { recording: self, index, runs: Runs::of(self), asked: HashMap::new(), watch: None, at: 0 }
    }
}

/// Answers from a [`Recording`]: a question asked again gets the next recorded answer to it, the last one from then
/// on. A question about sockets of one family gets the answer to the one about both, when only that was recorded, and one
/// about some states or with a filter that about all: other rows are not delivered. A question that was never recorded, or
/// for fewer sockets only, fails with [`Failure::NotRecorded`].
#[derive(Debug)]
pub struct Replay<'r> {
    recording: &'r Recording,
    /// Where questions are, by their text: 8 bytes for each.
    index: Vec<usize>,
    /// How often a question was asked, by its first place in the index.
    asked: HashMap<usize, usize>,
    runs: Runs,
    /// The watch that is replayed.
    watch: Option<Clock>,
    /// When the record that was read last was recorded.
    at: u64,
}

/// The time of a watch, which goes on while it waits.
#[derive(Clone, Debug)]
struct Clock {
    /// Where its records begin.
    begins: usize,
    /// Nanoseconds as in `Entry::at`.
    now: u64,
    /// When its records were made, in order.
    times: Vec<u64>,
}

/// Where an answer goes on, and its number.
struct Place {
    number: u32,
    offset: usize,
    /// It was read on while time passed: what was read later comes later.
    goes_on: bool,
}

impl Replay<'_> {
    /// Where the next answer to this question begins.
    fn find(&mut self, key: &str) -> Option<Place> {
        let all = self.all(key);
        let times = self.asked.entry(all.start).or_default();
        let question = *self.index.get(all.end.checked_sub(1)?.min(all.start + *times))?;
        *times += 1;
        let (entry, offset) = self.recording.entry(question)?;
        self.at = entry.at;
        Some(Place { number: entry.number, offset, goes_on: false })
    }

    /// The places of this question in the index: those of the watch, if it was asked in one. None ends before it begins.
    fn all(&self, key: &str) -> Range<usize> {
        let Self { recording, index, watch, .. } = self;
        let end = index.partition_point(|question| recording.key(*question) <= key);
        let first = index.partition_point(|question| recording.key(*question) < key);
        if first == end {
            return 0..0;
        }
        let Some(Clock { begins, .. }) = *watch else { return first..end };
        let of_watch =
            index.partition_point(|question| (recording.key(*question), *question) < (key, begins));
        // What was not asked again had the same answer.
        if of_watch < end { of_watch..end } else { end - 1..end }
    }

    /// The next part of the answer; `None` at its end.
    fn read(&mut self, place: &mut Place) -> Result<Option<&[u8]>, Failure> {
        let next = self.runs.next(self.recording, place.number, place.offset);
        let Some((entry, _, offset)) = next else { return Ok(None) };
        if place.goes_on && self.watch.as_ref().is_some_and(|clock| entry.at > clock.now) {
            // It has not happened yet.
            return Ok(Some(&[]));
        }
        place.offset = offset;
        self.at = entry.at;
        if let Some(clock) = &mut self.watch {
            clock.now = clock.now.max(entry.at);
        }
        match entry.record {
            Record::Batch(bytes) => Ok(Some(bytes)),
            Record::Answered(errno) => Err(Failure::Answer(errno)),
            Record::Failed(errno) => Err(Failure::Transport(errno)),
            Record::End | Record::Question(_) => Ok(None),
        }
    }

    /// The same for this request or one with a wider answer: about all sockets of the table, about both families.
    fn find_diag(&mut self, table: DiagTable, pass: DiagPass, request: &[u8]) -> Option<Place> {
        // What only the kernel knows of a socket cannot be found out from its row.
        let not_narrowed = (!Narrowing::of(request).asks_the_kernel()).then_some(WHOLE_TABLE);
        let both = DiagTable { family: BOTH_FAMILIES, ..table };
        [table, both].into_iter().find_map(|table| {
            let mut requests = [Some(request), not_narrowed].into_iter().flatten();
            requests.find_map(|request| self.find(&Question::Diag { table, pass, request }.to_string()))
        })
    }
}

impl Source for Replay<'_> {
    fn system(&self) -> System {
        self.recording.system()
    }

    fn ask(&mut self, question: &Question<'_>) -> Result<Answer, Failure> {
        let found = match *question {
            Question::Diag { table, pass, request } => self.find_diag(table, pass, request),
            _ => self.find(&question.to_string()),
        };
        let mut place = found.ok_or(Failure::NotRecorded)?;
        place.goes_on = matches!(
            question,
            Question::Lives { .. } | Question::DatagramLives { .. } | Question::Ends { .. }
        );
        if *question == Question::Watch {
            // Records of one answer stand together, so they are not in order.
            let mut times: Vec<u64> = self.recording.entries().map(|(entry, ..)| entry.at).collect();
            times.sort_unstable();
            self.watch = Some(Clock { begins: place.offset, now: self.at, times });
            self.asked.clear();
        }
        match self.recording.entry(place.offset) {
            Some((Entry { record: Record::Answered(errno), number, .. }, _)) if number == place.number => {
                Err(Failure::Answer(errno))
            }
            Some((Entry { record: Record::Failed(errno), number, .. }, _)) if number == place.number => {
                Err(Failure::Transport(errno))
            }
            _ => Ok(Answer::reading(place)),
        }
    }

    fn next(&mut self, answer: &mut Answer, batch: &mut Vec<u8>) -> Result<bool, Failure> {
        let Some(place) = answer.open() else { return answer.next(batch) };
        batch.clear();
        let part = self.read(place)?;
        batch.extend_from_slice(part.unwrap_or_default());
        Ok(part.is_some())
    }

    /// As it was said then; to who did not ask it then, when the last answer was recorded. Before version 3 a recording only
    /// says once when it was made.
    fn now(&mut self) -> Moment {
        if let Some(clock) = &self.watch {
            return self.recording.moment(clock.now);
        }
        let at = self.at;
        if let Some(mut place) = self.find(clock::KEY) {
            let told = self.read(&mut place).ok().flatten().and_then(clock::decode);
            self.at = at;
            return told.unwrap_or_default();
        }
        let first = || self.recording.entries().next().map_or(0, |(entry, ..)| entry.at);
        let at = if self.at == 0 { first() } else { self.at };
        if at != 0 {
            return self.recording.moment(at);
        }
        let key = Question::Time.to_string();
        let first = self.index.partition_point(|question| self.recording.key(*question) < &*key);
        let question = self.index.get(first).filter(|question| self.recording.key(**question) == key);
        let record = question.and_then(|question| {
            let (entry, offset) = self.recording.entry(*question)?;
            self.runs.next(self.recording, entry.number, offset)
        });
        let nanos = match record {
            Some((Entry { record: Record::Batch(bytes), .. }, ..)) => {
                bytes.try_into().ok().map(i64::from_le_bytes)
            }
            _ => None,
        };
        let wall = nanos.and_then(|nanos| u64::try_from(nanos).ok()).map(Duration::from_nanos);
        Moment { wall, monotonic: None }
    }

    fn wait(&mut self, time: Duration) -> bool {
        let Some(clock) = &mut self.watch else { return false };
        let then = clock.now.saturating_add(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
        // Where nothing was recorded nothing is to be waited for.
        let next = clock.times.partition_point(|at| *at <= clock.now);
        let next = clock.times.get(next).copied();
        clock.now = then.max(next.unwrap_or(0));
        next.is_some()
    }

    /// The one that was recorded is the only one, and taken for the asker's own.
    fn namespaces(&mut self, which: &Namespaces) -> Result<Reachable, Failure> {
        if *which != Namespaces::Own {
            return Err(Failure::Answer(Errno::EOPNOTSUPP));
        }
        let mut place = self.find(namespaces::KEY).ok_or(Failure::NotRecorded)?;
        let namespace = self.read(&mut place)?.and_then(namespaces::decode).ok_or(Failure::MALFORMED)?;
        let without_names = self.read(&mut place).err();
        Ok(Reachable { namespaces: vec![namespace], without_names, ..Reachable::default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replays_in_order_then_repeats_the_last() {
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
        let mut recording = Recording::new(System::Linux, 0);
        for record in records {
            recording.push_record(record);
        }
        let mut replay = recording.replay();
        let mut batch = Vec::new();
        for _ in 0..2 {
            let mut answer = replay.ask(&Question::Processes).unwrap();
            while matches!(replay.next(&mut answer, &mut batch), Ok(true)) {}
        }
        let mut answer = replay.ask(&Question::Processes).unwrap();
        assert_eq!(replay.next(&mut answer, &mut batch), Ok(true));
        assert_eq!(batch, [3, 0, 0, 0]);
        assert_eq!(replay.next(&mut answer, &mut batch), Err(Failure::Transport(Errno::EINTR)));
        assert_eq!(replay.ask(&Question::BootId).unwrap_err(), Failure::Answer(Errno::EACCES));
        assert_eq!(replay.ask(&Question::Users).unwrap_err(), Failure::NotRecorded);
    }

    /// Two answers that were read in turn replay in turn, in the other order, and one after the other.
    #[test]
    fn answers_that_were_open_at_once_replay() {
        let zero = 1_000_000_000_000_000_000;
        let mut recording = Recording::new(System::Linux, zero);
        for (number, at, record) in [
            (1, 10, Record::Question("holders")),
            (2, 20, Record::Question("processes")),
            (1, 30, Record::Batch(b"a")),
            (2, 40, Record::Batch(b"1")),
            (2, 50, Record::Batch(b"2")),
            (1, 60, Record::Batch(b"b")),
            (3, 70, Record::Question("boot_id")),
            (3, 80, Record::Answered(Errno::EACCES)),
            (2, 90, Record::End),
            (1, 100, Record::Batch(b"c")),
            (1, 110, Record::Failed(Errno::EINTR)),
        ] {
            recording.push(Entry { record, number, at });
        }
        let recording = Recording::from_bytes(recording.as_bytes()).unwrap();
        for turns in ["1122211", "2221111", "1111222", "1212121"] {
            let mut replay = recording.replay();
            assert_eq!(replay.now(), recording.moment(10), "the first record's");
            let holders = replay.ask(&Question::Holders { levels_above: 0 }).unwrap();
            let mut answers = [holders, replay.ask(&Question::Processes).unwrap()];
            assert_eq!(replay.ask(&Question::BootId).unwrap_err(), Failure::Answer(Errno::EACCES));
            let mut read = [Vec::new(), Vec::new()];
            let mut batch = Vec::new();
            for turn in turns.bytes().map(|digit| usize::from(digit - b'1')) {
                match replay.next(&mut answers[turn], &mut batch) {
                    Ok(true) => read[turn].push(batch.clone()),
                    Ok(false) => assert_eq!(turn, 1, "{turns}"),
                    Err(failure) => {
                        assert_eq!((turn, failure), (0, Failure::Transport(Errno::EINTR)), "{turns}");
                    }
                }
            }
            assert_eq!(
                read,
                [vec![b"a".to_vec(), b"b".to_vec(), b"c".to_vec()], vec![b"1".to_vec(), b"2".to_vec()]]
            );
            let last = if turns.ends_with('1') { 110 } else { 90 };
            let Moment { wall, monotonic } = replay.now();
            assert_eq!(monotonic, Some(Duration::from_nanos(last)), "{turns}");
            assert_eq!(wall, Some(Duration::from_nanos(zero as u64 + last)));
        }
    }

    /// A watch waits for nothing where nothing was recorded, and ends with its records, however late these say that they are.
    #[test]
    fn a_watch_ends_with_its_records() {
        const LIVES: &str = "lives 7 above 0";
        let mut recording = Recording::new(System::Linux, 1);
        for (number, at, record) in [
            (1, 10, Record::Question("boot_id")),
            (1, 11, Record::Batch(b"before")),
            (2, 20, Record::Question("watch")),
            (2, 21, Record::End),
            (3, 30, Record::Question("boot_id")),
            (3, 31, Record::Batch(b"meanwhile")),
            (4, 40, Record::Question(LIVES)),
            (4, 41, Record::Batch(b"a")),
            (4, u64::MAX - 5, Record::Batch(b"b")),
        ] {
            recording.push(Entry { record, number, at });
        }
        let recording = Recording::from_bytes(recording.as_bytes()).unwrap();
        let mut replay = recording.replay();
        assert!(!replay.wait(Duration::from_secs(1)), "no watch is replayed");
        let whole = |replay: &mut Replay<'_>| super::super::read_all(replay, &Question::BootId).unwrap();
        assert_eq!(whole(&mut replay), b"before");
        replay.ask(&Question::Watch).unwrap();
        assert_eq!(whole(&mut replay), b"meanwhile");
        let question = Question::Lives { namespace: 7, levels_above: 0, buffer: 0 };
        let mut answer = replay.ask(&question).unwrap();
        let (mut batch, mut all, mut waits) = (Vec::new(), Vec::new(), 0);
        while replay.next(&mut answer, &mut batch).unwrap() {
            all.extend_from_slice(&batch);
            replay.wait(Duration::from_millis(1));
            waits += 1;
        }
        assert_eq!((&*all, waits < 10), (&b"ab"[..], true), "{waits}");
        assert!(!replay.wait(Duration::from_millis(1)));
    }

    /// Many small records: none costs more than its place in the index, and no answer is lost among them.
    #[test]
    fn small_records_take_little_memory() {
        let mut many = Recording::new(System::Linux, 0);
        let mut push = |number, record| many.push(Entry { record, number, at: 0 });
        for number in 1..=100_000 {
            push(number, Record::Question("time"));
            push(number, Record::End);
        }
        push(100_001, Record::Question("boot_id"));
        push(100_001, Record::Batch(b"id"));
        let length = many.as_bytes().len();
        let mut replay = many.replay();
        assert_eq!(replay.index.len(), 100_001);
        assert!(replay.index.capacity() * size_of::<usize>() <= 2 * length);
        let mut batch = Vec::new();
        let mut answer = replay.ask(&Question::BootId).unwrap();
        assert_eq!((replay.next(&mut answer, &mut batch), &*batch), (Ok(true), &b"id"[..]));
        assert_eq!(replay.next(&mut answer, &mut batch), Ok(false));
        let mut answer = replay.ask(&Question::Time).unwrap();
        assert_eq!(replay.next(&mut answer, &mut batch), Ok(false));
    }
}
