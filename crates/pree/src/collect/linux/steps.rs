//! What a process can make of owners, counted in steps and not in time: four times as much of it costs about four times as many.

use std::collections::BTreeSet;

use super::owners::OwnerSearch;
use crate::plan::Plan;
use crate::source::{Answer, Errno, Failure, NetTable, ProcessPart, Question, Source};
use crate::steps::count;
use crate::{OwnerSource, Query, SourceChoice};

/// Process, thread, descriptors with inodes.
type Table = (u32, u32, Vec<(u32, u64)>);

/// Processes with tables of descriptors, each the leader's or of a thread, as /proc and a program report them.
#[derive(Default)]
struct Played {
    tables: Vec<Table>,
    /// Of every process.
    command_line: Vec<u8>,
}

impl Played {
    fn holders(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (pid, thread, descriptors) in &self.tables {
            bytes.extend([1, *pid, *thread, 1].into_iter().flat_map(u32::to_ne_bytes));
            bytes.extend(u64::from(*pid).to_ne_bytes());
            bytes.extend([0; 16]);
            for (fd, inode) in descriptors {
                bytes.extend(2_u32.to_ne_bytes());
                bytes.extend(fd.to_ne_bytes());
                bytes.extend(inode.to_ne_bytes());
            }
        }
        bytes
    }

    fn process(&self, pid: u32, part: ProcessPart) -> Result<Vec<u8>, Failure> {
        let of = |thread| self.tables.iter().find(|table| (table.0, table.1) == (pid, thread));
        let records = |thread| -> Vec<u8> {
            let all = of(thread).into_iter().flat_map(|table| &table.2);
            all.flat_map(|(fd, inode)| [&fd.to_le_bytes()[..], &inode.to_le_bytes()].concat()).collect()
        };
        match part {
            ProcessPart::Sockets => Ok(records(pid)),
            ProcessPart::Threads => {
                let threads = self.tables.iter().filter(|table| table.0 == pid);
                Ok(threads.flat_map(|table| table.1.to_le_bytes()).collect())
            }
            ProcessPart::ThreadSockets(thread) => Ok(records(thread)),
            ProcessPart::Stat => {
                Ok(format!("{pid} (p) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 {pid} 0 0\n").into_bytes())
            }
            ProcessPart::CommandLine => {
                count(self.command_line.len());
                Ok(self.command_line.clone())
            }
            _ => Err(Failure::Answer(Errno::ENOENT)),
        }
    }

    /// A listener for each inode, as /proc/net/tcp reports them.
    fn listeners(&self) -> Vec<u8> {
        let mut text = b"sl \n".to_vec();
        let inodes = self.tables.iter().flat_map(|table| table.2.iter().map(|(_, inode)| inode));
        for inode in inodes.collect::<BTreeSet<_>>() {
            let line = format!(
                "0: 0100007F:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 {inode} 1 0\n"
            );
            text.extend(line.into_bytes());
        }
        text
    }
}

impl Source for Played {
    fn ask(&mut self, question: &Question<'_>) -> Result<Answer, Failure> {
        count(1);
        let answer = match *question {
            Question::Holders { .. } => self.holders(),
            Question::Process { pid, part } => self.process(pid, part)?,
            Question::NetTable(NetTable::Tcp) => self.listeners(),
            Question::Processes => {
                let mut pids: Vec<u32> = self.tables.iter().map(|table| table.0).chain([1]).collect();
                pids.sort_unstable();
                pids.dedup();
                pids.into_iter().flat_map(u32::to_le_bytes).collect()
            }
            Question::OwnStatus => b"NSpid:\t1\nCapEff:\t0\n".to_vec(),
            Question::ProcMount => b"22 1 0:21 / /proc rw - proc proc rw".to_vec(),
            _ => return Err(Failure::Answer(Errno::ENOENT)),
        };
        Ok(Answer::whole(answer))
    }
}

/// What a process can have many of, and tables with so many.
type Shape = (&'static str, fn(u32) -> Vec<Table>);

const SHAPES: [Shape; 5] = [
    ("descriptors of one socket, and a thread with a copy", |n| {
        let all: Vec<_> = (0..n).map(|fd| (fd, 7)).collect();
        vec![(40, 40, all.clone()), (40, 41, all)]
    }),
    ("sockets", |n| vec![(40, 40, (0..n).map(|fd| (fd, u64::from(fd) + 1)).collect())]),
    ("threads with tables of their own", |n| (0..n).map(|at| (40, 40 + at, vec![(3 + at, 7)])).collect()),
    ("threads of processes whose leaders hold nothing", |n| {
        (0..n).map(|at| (40 + at % 100, 1000 + at, vec![(3 + at, 7)])).collect()
    }),
    ("processes that share a socket", |n| (0..n).map(|at| (40 + at, 40 + at, vec![(3, 7)])).collect()),
];

/// Steps of both looks, and of finding every owner once.
fn steps(source: OwnerSource, tables: Vec<Table>) -> usize {
    let plan = Plan::new(&Query::new().owners().owner_source(source)).unwrap();
    let holders: usize = tables.iter().map(|table| table.2.len()).sum();
    // One more that nobody holds: threads are asked for it.
    let inodes: Vec<u64> = tables.iter().flat_map(|table| table.2.iter().map(|one| one.1)).collect();
    let wanted = inodes.iter().copied().chain([u64::MAX]).collect();
    let mut played = Played { tables, ..Played::default() };
    let mut search = OwnerSearch::new(&plan);
    crate::steps::of(|| {
        search.look(&mut played);
        search.look_again(&mut played, &wanted);
        let mut owners = Vec::new();
        for inode in &wanted {
            search.find_at_most(usize::MAX, *inode, &mut owners);
        }
        assert!(!owners.is_empty() && owners.len() <= holders);
    })
}

#[test]
fn four_times_as_much_costs_about_four_times_as_many_steps() {
    for source in [OwnerSource::Proc, OwnerSource::Bpf] {
        for (what, shape) in SHAPES {
            let (few, many) = (steps(source, shape(500)), steps(source, shape(2_000)));
            assert!(few >= 500, "{what} by {source:?}: only {few} steps were counted");
            assert!(many <= 6 * few, "{what} by {source:?}: {few} steps, and {many} for four times as much");
        }
    }
}

/// So many descriptors with their inodes.
type Held = fn(u32) -> Vec<(u32, u64)>;

/// A command line that is as long as the sockets of its process are many is read once, and gone through once for each test.
#[test]
fn a_command_line_is_gone_through_once() {
    // Through many sockets, and through many descriptors of one.
    let shapes: [Held; 2] =
        [|n| (0..n).map(|fd| (fd, u64::from(fd) + 1)).collect(), |n| (0..n).map(|fd| (fd, 7)).collect()];
    for (filter, finds) in [
        ("cmd ~ xy", true),
        ("cmd ~ nowhere", false),
        ("not cmd ~ nowhere", true),
        ("cmd = *x?z*", true),
        ("cmd = *nowhere*", false),
        ("xyz", true),
        ("nowhere", false),
        ("cmd ~ nowhere or (cmd ~ elsewhere or exe ~ there)", false),
    ] {
        for shape in shapes {
            let steps = |n: u32| {
                let mut command_line = vec![b'a'; 100 * n as usize];
                command_line.extend(b"xyz\0");
                let mut played = Played { tables: vec![(40, 40, shape(n))], command_line };
                let query = Query::new().tcp().source(SourceChoice::Proc).owner_source(OwnerSource::Proc);
                let query = query.owners().filter(filter.parse().unwrap());
                crate::steps::of(|| {
                    let found = query.collect_from(&mut played).unwrap();
                    let owners: usize = found.iter().map(|socket| socket.owners.len()).sum();
                    assert_eq!(owners, if finds { n as usize } else { 0 }, "{filter}");
                })
            };
            let (few, many) = (steps(200), steps(400));
            assert!(few > 2 * 100 * 200, "{filter}: only {few} steps were counted");
            assert!(4 * many <= 10 * few, "{filter}: {few} steps, {many} for twice as much");
        }
    }
}
