//! A source that answers from a recording.

use std::collections::HashMap;
use std::time::Duration;

use pree_wire::diag_request::Narrowing;

use super::recording::{Record, Recording};
use super::{
    DiagPass, DiagTable, Errno, Failure, Namespaces, Question, Reachable, Source, System, namespaces,
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
        Replay { recording: self, index, asked: HashMap::new(), current: self.as_bytes().len() }
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
    /// Where the answer goes on.
    current: usize,
}

impl Replay<'_> {
    /// Where the next answer to this question begins.
    fn find(&mut self, key: &str) -> Option<usize> {
        let Self { recording, index, asked, .. } = self;
        let first = index.partition_point(|question| recording.key(*question) < key);
        let same = index.get(first..)?.iter().take_while(|question| recording.key(**question) == key);
        let times = asked.entry(first).or_default();
        let question = same.take(*times + 1).last()?;
        *times += 1;
        Some(recording.records_from(*question).next()?.1)
    }

    /// The same for this request or one with a wider answer: about all sockets of the table, about both families.
    fn find_diag(&mut self, table: DiagTable, pass: DiagPass, request: &[u8]) -> Option<usize> {
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

    fn ask(&mut self, question: &Question<'_>) -> Result<(), Failure> {
        self.current = self.recording.as_bytes().len();
        let found = match *question {
            Question::Diag { table, pass, request } => self.find_diag(table, pass, request),
            _ => self.find(&question.to_string()),
        };
        let answer = found.ok_or(Failure::NotRecorded)?;
        match self.recording.records_from(answer).next() {
            Some((Record::Answered(errno), _)) => Err(Failure::Answer(errno)),
            Some((Record::Failed(errno), _)) => Err(Failure::Transport(errno)),
            _ => {
                self.current = answer;
                Ok(())
            }
        }
    }

    fn next(&mut self, batch: &mut Vec<u8>) -> Result<bool, Failure> {
        batch.clear();
        let Some((record, next)) = self.recording.records_from(self.current).next() else { return Ok(false) };
        match record {
            // The answer has ended.
            Record::Question(_) => return Ok(false),
            _ => self.current = next,
        }
        match record {
            Record::Batch(bytes) => {
                batch.extend_from_slice(bytes);
                Ok(true)
            }
            Record::Answered(errno) => Err(Failure::Answer(errno)),
            Record::Failed(errno) => Err(Failure::Transport(errno)),
            Record::End | Record::Question(_) => Ok(false),
        }
    }

    /// A recording says once when it was made.
    fn now(&mut self) -> Moment {
        let key = Question::Time.to_string();
        let at = self.index.partition_point(|question| self.recording.key(*question) < &*key);
        let first = self.index.get(at).filter(|question| self.recording.key(**question) == key);
        let record = first.and_then(|question| self.recording.records_from(*question).nth(1));
        let nanos = match record {
            Some((Record::Batch(bytes), _)) => bytes.try_into().ok().map(i64::from_le_bytes),
            _ => None,
        };
        let wall = nanos.and_then(|nanos| u64::try_from(nanos).ok()).map(Duration::from_nanos);
        Moment { wall, monotonic: None }
    }

    /// The one that was recorded is the only one, and taken for the asker's own.
    fn namespaces(&mut self, which: &Namespaces) -> Result<Reachable, Failure> {
        if *which != Namespaces::Own {
            return Err(Failure::Answer(Errno::EOPNOTSUPP));
        }
        self.current = self.find(namespaces::KEY).ok_or(Failure::NotRecorded)?;
        let mut batch = Vec::new();
        if !self.next(&mut batch)? {
            return Err(Failure::MALFORMED);
        }
        let namespace = namespaces::decode(&batch).ok_or(Failure::MALFORMED)?;
        let without_names = self.next(&mut batch).err();
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
        let mut recording = Recording::new(System::Linux);
        for record in records {
            recording.push(record);
        }
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

    /// Many small records: none costs more than its place in the index, and no answer is lost among them.
    #[test]
    fn small_records_take_little_memory() {
        let mut many = Recording::new(System::Linux);
        for _ in 0..100_000 {
            many.push(Record::Question("time"));
            many.push(Record::End);
        }
        many.push(Record::Question("boot_id"));
        many.push(Record::Batch(b"id"));
        let length = many.as_bytes().len();
        let mut replay = many.replay();
        assert_eq!(replay.index.len(), 100_001);
        assert!(replay.index.capacity() * size_of::<usize>() <= 2 * length);
        let mut batch = Vec::new();
        replay.ask(&Question::BootId).unwrap();
        assert_eq!((replay.next(&mut batch), &*batch), (Ok(true), &b"id"[..]));
        assert_eq!(replay.next(&mut batch), Ok(false));
        replay.ask(&Question::Time).unwrap();
        assert_eq!(replay.next(&mut batch), Ok(false));
    }
}
