//! A recording made small: what its replay asks, and each answer once.
//!
//! A look at owners goes through the descriptors of the whole machine, and a capture looks several times. Of that only
//! what leads to the recorded sockets is needed again. Nothing is changed but by leaving out whole records.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use pree_wire::bpf_records::{self, Record as Told};
use pree_wire::fd_records::{self, FdRecord, HeldSocket};

use super::recording::{Entry, Record, Recording, Runs};
use super::system::System;

/// What a question is about, as its text says (docs/replay-format.md).
#[derive(Clone, Copy, PartialEq, Eq)]
enum About {
    /// `holders`
    Holders,
    /// `process PID sockets`, `process PID thread TID sockets`; thread 0 for the process's own.
    Sockets {
        pid: u32,
        thread: u32,
    },
    /// `process PID ring FD`, `process PID thread TID ring FD`
    Ring {
        pid: u32,
    },
    /// `process PID threads`
    Threads {
        pid: u32,
    },
    /// `process PID socket FD`, `process PID thread TID socket FD`
    Socket {
        pid: u32,
    },
    /// Whatever else is asked of a process.
    Process {
        pid: u32,
    },
    /// `processes`
    Processes,
    Other,
}

impl About {
    fn of(key: &str) -> Self {
        let words: Vec<&str> = key.split(' ').collect();
        let number = |word: &str| word.parse().ok();
        let about = match *words.as_slice() {
            ["holders"] => Some(Self::Holders),
            ["processes"] => Some(Self::Processes),
            ["process", pid, "sockets"] => number(pid).map(|pid| Self::Sockets { pid, thread: 0 }),
            ["process", pid, "thread", thread, "sockets"] => {
                number(pid).zip(number(thread)).map(|(pid, thread)| Self::Sockets { pid, thread })
            }
            ["process", pid, "ring", _] | ["process", pid, "thread", _, "ring", _] => {
                number(pid).map(|pid| Self::Ring { pid })
            }
            ["process", pid, "threads"] => number(pid).map(|pid| Self::Threads { pid }),
            ["process", pid, "socket", _] | ["process", pid, "thread", _, "socket", _] => {
                number(pid).map(|pid| Self::Socket { pid })
            }
            ["process", pid, ..] => number(pid).map(|pid| Self::Process { pid }),
            _ => None,
        };
        about.unwrap_or(Self::Other)
    }
}

/// How questions about statistics of a connection of Windows begin.
const ESTATS: &str = "windows estats ";

/// A question and the records of its answer, as a file has them.
struct Exchange<'r> {
    question: Entry<'r>,
    key: &'r str,
    about: About,
    answer: Cow<'r, [u8]>,
}

impl Recording {
    /// The same recording without what is only about other sockets than those with these inodes: descriptors that lead
    /// elsewhere, and processes that hold none of them. Replays say the same of these sockets.
    #[must_use]
    pub fn only_about(&self, inodes: &HashSet<u64>) -> Self {
        let mut exchanges = self.exchanges();
        // Which tables of descriptors lead to these sockets: process and thread.
        let mut tables: HashSet<(u32, u32)> = HashSet::new();
        for Exchange { about, answer, .. } in &mut exchanges {
            match *about {
                About::Holders => self.rewrite(answer, |told| holders(told, inodes, &mut tables)),
                About::Sockets { pid, thread } => self.rewrite(answer, |told| {
                    let kept = sockets(told, inodes)?;
                    let leads_to_any = || decode_sockets(&kept).any(|record| record.inode != FdRecord::RING);
                    tables.extend(leads_to_any().then_some((pid, thread)));
                    Some(kept)
                }),
                // The socket is held by the process, whatever else it holds.
                About::Ring { pid } => self.rewrite(answer, |told| {
                    let kept = sockets(told, inodes)?;
                    tables.extend((!kept.is_empty()).then_some((pid, 0)));
                    Some(kept)
                }),
                _ => {}
            }
        }
        let processes: HashSet<u32> = tables.iter().map(|(pid, _)| *pid).collect();
        exchanges.retain_mut(|Exchange { about, answer, .. }| match *about {
            About::Process { pid } | About::Ring { pid } => processes.contains(&pid),
            About::Socket { pid } => processes.contains(&pid) && self.leads_to(answer, inodes),
            About::Sockets { pid, thread } => thread == 0 || tables.contains(&(pid, thread)),
            About::Threads { pid } => {
                self.rewrite(answer, |told| Some(threads(told, pid, &tables)));
                true
            }
            About::Holders | About::Processes | About::Other => true,
        });
        self.of(exchanges)
    }

    /// The same recording without any answer about a process.
    #[must_use]
    pub fn without_processes(&self) -> Self {
        let mut exchanges = self.exchanges();
        exchanges.retain(|exchange| exchange.about == About::Other);
        self.of(exchanges)
    }

    fn exchanges(&self) -> Vec<Exchange<'_>> {
        let runs = Runs::of(self);
        let mut exchanges = Vec::new();
        for (question, _, next) in self.entries() {
            let Record::Question(key) = question.record else { continue };
            let about = if self.system() == System::Linux { About::of(key) } else { About::Other };
            let answer = self.answer(question.number, next, &runs);
            exchanges.push(Exchange { question, key, about, answer });
        }
        exchanges
    }

    /// The records of the answer with this number, from an offset on.
    fn answer(&self, number: u32, start: usize, runs: &Runs) -> Cow<'_, [u8]> {
        let mut answer = Cow::Borrowed(self.slice(start, start));
        let (mut from, mut end) = (start, start);
        while let Some((_, at, next)) = runs.next(self, number, end) {
            if at != end {
                answer.to_mut().extend_from_slice(self.slice(from, end));
                from = at;
            }
            end = next;
        }
        if answer.is_empty() {
            return Cow::Borrowed(self.slice(from, end));
        }
        answer.to_mut().extend_from_slice(self.slice(from, end));
        answer
    }

    /// The recording that has these, and no answer twice that a replay repeats by itself. Of statistics that were switched on for
    /// it the answers from before are left out: who does not switch them on again is told them too.
    fn of(&self, mut exchanges: Vec<Exchange<'_>>) -> Self {
        let last: HashMap<&str, usize> =
            exchanges.iter().enumerate().map(|(place, exchange)| (exchange.key, place)).collect();
        let mut place = 0..;
        exchanges.retain(|exchange| {
            let is_last = place.next() == last.get(exchange.key).copied();
            is_last || !exchange.key.starts_with(ESTATS)
        });
        let mut small = self.emptied();
        for Exchange { question, answer, .. } in self.without_repeats(exchanges) {
            small.push(question);
            small.extend(&answer);
        }
        small
    }

    /// Of answers to one question that are the same to the last the first is enough: a replay repeats it.
    fn without_repeats<'r>(
        &self,
        exchanges: Vec<Exchange<'r>>,
    ) -> impl Iterator<Item = Exchange<'r>> + use<'r> {
        let same = |a: &[u8], b: &[u8]| {
            let records = |answer| self.entries_in(answer).map(|entry| entry.record);
            records(a).eq(records(b))
        };

        let mut repeats = vec![false; exchanges.len()];
        // The first of the same answers at the end, and whether there was no other before it.
        let mut last: HashMap<&str, (usize, bool)> = HashMap::new();
        for (place, exchange) in exchanges.iter().enumerate().rev() {
            let (first, is_last) = last.entry(exchange.key).or_insert((place, true));
            if *first == place {
                continue;
            }
            *is_last = *is_last && same(&exchanges[*first].answer, &exchange.answer);
            if *is_last {
                repeats[*first] = true;
                *first = place;
            }
        }
        exchanges.into_iter().zip(repeats).filter(|(_, repeats)| !repeats).map(|(exchange, _)| exchange)
    }

    /// Leaves out of an answer's bytes what `kept` does; what makes no sense to it stays as it is.
    fn rewrite(&self, answer: &mut Cow<'_, [u8]>, kept: impl FnOnce(&[u8]) -> Option<Vec<u8>>) {
        let (told, end) = self.told(answer);
        let Some(kept) = kept(&told) else { return };
        let mut records = self.emptied();
        if let Some(first) = self.entries_in(answer).next().filter(|_| !kept.is_empty()) {
            records.push(Entry { record: Record::Batch(&kept), ..first });
        }
        for record in end {
            records.push(record);
        }
        *answer = Cow::Owned(records.records().to_vec());
    }

    /// The bytes of all batches of an answer, and how it ends.
    fn told<'a>(&self, answer: &'a [u8]) -> (Vec<u8>, Vec<Entry<'a>>) {
        let (mut told, mut end) = (Vec::new(), Vec::new());
        for entry in self.entries_in(answer) {
            match entry.record {
                Record::Batch(bytes) => told.extend_from_slice(bytes),
                _ => end.push(entry),
            }
        }
        (told, end)
    }

    /// Whether a descriptor leads to one of these sockets, or may.
    fn leads_to(&self, answer: &[u8], inodes: &HashSet<u64>) -> bool {
        let (told, _) = self.told(answer);
        HeldSocket::decode(&told).map_or(true, |held| inodes.contains(&held.inode))
    }
}

fn holders(told: &[u8], inodes: &HashSet<u64>, tables: &mut HashSet<(u32, u32)>) -> Option<Vec<u8>> {
    let (mut kept, mut rest) = (Vec::new(), told);
    // The last holder, until a descriptor of it is kept.
    let mut holder: &[u8] = &[];
    let mut table = None;
    loop {
        let before = rest;
        let Some(record) = bpf_records::take(&mut rest).ok()? else { return rest.is_empty().then_some(kept) };
        let record_bytes = before.get(..before.len() - rest.len())?;
        match record {
            Told::Holder(told) => {
                holder = record_bytes;
                table = Some((told.pid, if told.thread == told.pid { 0 } else { told.thread }));
            }
            Told::Descriptor(descriptor) if inodes.contains(&descriptor.inode) => {
                kept.extend_from_slice(std::mem::take(&mut holder));
                kept.extend_from_slice(record_bytes);
                tables.extend(table);
            }
            Told::Descriptor(_) => {}
        }
    }
}

fn sockets(told: &[u8], inodes: &HashSet<u64>) -> Option<Vec<u8>> {
    let mut kept = Vec::new();
    for record in fd_records::decode_all(told) {
        let record: FdRecord = record.ok()?;
        if record.inode == FdRecord::RING || inodes.contains(&record.inode) {
            kept.extend_from_slice(&record.encode());
        }
    }
    Some(kept)
}

fn decode_sockets(told: &[u8]) -> impl Iterator<Item = FdRecord> + '_ {
    fd_records::decode_all(told).filter_map(Result::ok)
}

fn threads(told: &[u8], pid: u32, tables: &HashSet<(u32, u32)>) -> Vec<u8> {
    let has_table =
        |id: &&[u8]| <[u8; 4]>::try_from(*id).is_ok_and(|id| tables.contains(&(pid, u32::from_le_bytes(id))));
    told.chunks_exact(4).filter(has_table).flatten().copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Errno, ProcessPart, Question, Source};

    /// Bytes of each answer to a question, until they repeat.
    fn told(recording: &Recording, question: Question<'_>, times: usize) -> Vec<Vec<u8>> {
        let mut replay = recording.replay();
        let read = |_| crate::source::read_all(&mut replay, &question).unwrap_or_default();
        (0..times).map(read).collect()
    }

    fn fd(fd: u32, inode: u64) -> [u8; 12] {
        FdRecord { fd, inode }.encode()
    }

    #[test]
    fn what_leads_to_other_sockets_is_left_out_and_the_rest_is_as_it_was() {
        let mut whole = Recording::new(System::Linux, 0);
        let mut add = |key: &str, answer: &[u8]| {
            whole.push_record(Record::Question(key));
            whole.push_record(Record::Batch(answer));
            whole.push_record(Record::End);
        };
        add("time", b"now");
        add("process 1 sockets", &[fd(3, 10), fd(4, 99), fd(5, 11)].concat());
        add("process 2 sockets", &fd(3, 99));
        add("process 3 sockets", &[]);
        add("process 3 threads", &[3_u32, 4, 5].map(u32::to_le_bytes).concat());
        add("process 3 thread 4 sockets", &fd(9, 10));
        add("process 3 thread 5 sockets", &fd(9, 98));
        for pid in 1..=3 {
            add(&format!("process {pid} stat"), b"stat");
        }
        let small = whole.only_about(&HashSet::from([10, 11]));
        let part = |pid, part| told(&small, Question::Process { pid, part }, 1).remove(0);
        assert_eq!(told(&small, Question::Time, 1), [b"now"]);
        assert_eq!(part(1, ProcessPart::Sockets), [fd(3, 10), fd(5, 11)].concat());
        assert_eq!((part(2, ProcessPart::Sockets), part(2, ProcessPart::Stat)), (vec![], vec![]));
        assert_eq!(part(3, ProcessPart::Threads), 4_u32.to_le_bytes());
        assert_eq!(part(3, ProcessPart::ThreadSockets(4)), fd(9, 10));
        assert_eq!(
            (part(1, ProcessPart::Stat), part(3, ProcessPart::Stat)),
            (b"stat".to_vec(), b"stat".to_vec())
        );
        // That there is nothing is an answer; what is left out was not asked.
        let mut replay = small.replay();
        let _ = replay.ask(&Question::Process { pid: 2, part: ProcessPart::Sockets }).unwrap();
        replay.ask(&Question::Process { pid: 2, part: ProcessPart::Stat }).unwrap_err();
        assert!(Recording::from_bytes(small.as_bytes()).is_ok());
    }

    #[test]
    fn a_replay_of_repeated_answers_says_the_same() {
        for pattern in ["a", "aa", "aab", "abb", "abbb", "aba", "abab", "aaba", "baaa"] {
            let mut whole = Recording::new(System::Linux, 0);
            for letter in pattern.bytes() {
                whole.push_record(Record::Question("time"));
                whole.push_record(Record::Batch(&[letter]));
                whole.push_record(Record::End);
            }
            whole.push_record(Record::Question("users"));
            whole.push_record(Record::Answered(Errno::EACCES));
            let small = whole.only_about(&HashSet::new());
            assert_eq!(told(&small, Question::Time, 6), told(&whole, Question::Time, 6), "{pattern}");
            let kept = small.questions().count() - 1;
            let last = pattern.chars().last();
            let repeats = pattern.chars().rev().take_while(|letter| Some(*letter) == last).count() - 1;
            assert_eq!(kept, pattern.len() - repeats, "{pattern}");
        }
    }
}
