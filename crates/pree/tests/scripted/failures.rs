//! Every call fails once, with every error number, as the kernel's answer and as a failure on the way to it. What comes out
//! is complete and right, or says that it is not.

use std::collections::{BTreeMap, BTreeSet};

use pree::source::{Answer, Errno, Failure, Question, Source};
use pree::{ErrorKind, Protocol, Query, Snapshot, SourceChoice, Unowned};

use crate::kernel::{Fake, Kernel, Population};
use crate::{CLOSE, ESTABLISHED, LISTEN, Row, TIME_WAIT, population, row};

/// Error numbers that Linux has.
const NUMBERS: std::ops::RangeInclusive<i32> = 1..=133;

/// Small, for it is asked tens of thousands of times, and dumped in several messages.
fn few() -> Population {
    let mut few = population();
    let mut sockets: Vec<Fake> =
        few.sockets.drain(..).filter(|s| s.inode != 0 || s.state == TIME_WAIT).collect();
    let mut kept = BTreeMap::new();
    sockets.retain(|s| {
        let count: &mut usize = kept.entry((s.protocol, s.state, s.local.is_ipv4())).or_default();
        *count += 1;
        *count <= if s.state == ESTABLISHED { 5 } else { 1 }
    });
    // /proc does not report sockets that are only bound.
    sockets.retain(|s| s.protocol != crate::TCP || s.state != CLOSE);
    assert!(sockets.iter().any(|s| s.state == LISTEN) && sockets.len() > 8);
    Population { sockets, rows_per_message: 3, ..few }
}

/// Passes calls on and fails the n-th; knows what was asked then.
struct Failing {
    inner: Kernel,
    n: usize,
    failure: Failure,
    calls: usize,
    asked: String,
    failed: Option<String>,
}

impl Failing {
    fn new(n: usize, failure: Failure) -> Self {
        Self { inner: Kernel::new(few()), n, failure, calls: 0, asked: String::new(), failed: None }
    }

    fn fails(&mut self) -> Result<(), Failure> {
        self.calls += 1;
        if self.calls == self.n {
            self.failed = Some(self.asked.clone());
            return Err(self.failure);
        }
        Ok(())
    }
}

impl Source for Failing {
    fn ask(&mut self, question: &Question<'_>) -> Result<Answer, Failure> {
        self.asked = question.to_string();
        self.fails()?;
        self.inner.ask(question)
    }

    fn next(&mut self, answer: &mut Answer, batch: &mut Vec<u8>) -> Result<bool, Failure> {
        self.fails()?;
        self.inner.next(answer, batch)
    }
}

type Told = BTreeMap<Row, (BTreeSet<(u32, Option<u32>)>, Option<Unowned>)>;

fn told(snapshot: &Snapshot) -> Told {
    let told: Told = snapshot
        .iter()
        .map(|s| (row(s), (s.owners.iter().map(|owner| (owner.pid(), owner.fd)).collect(), s.unowned)))
        .collect();
    assert_eq!(told.len(), snapshot.sockets().len(), "no row twice");
    told
}

/// The same rows, with some owners fewer, and no reason for it that would be a gap.
fn is_less_owners(whole: &Told, got: &Told) -> bool {
    whole.keys().eq(got.keys())
        && got.iter().all(|(row, (owners, unowned))| {
            owners.is_subset(&whole[row].0) && !unowned.is_some_and(Unowned::is_unknown)
        })
}

/// True where the answer is right if the kernel is believed, as it must be.
fn is_believed(failed: &str, failure: Failure, whole: &Told, got: &Told) -> bool {
    if failure.kind() != ErrorKind::Absent || matches!(failure, Failure::Transport(_)) {
        return false;
    }
    if failed.starts_with("process ") {
        // It has ended: what it alone held has no holder any more, and of what others hold too it is no owner.
        return is_less_owners(whole, got);
    }
    // The kernel has no IPv6, as far as this protocol goes.
    let protocol = match failed {
        "net tcp6" => Protocol::Tcp,
        "net udp6" => Protocol::Udp,
        _ => return false,
    };
    let is_of_it = |row: &Row| row.0 == protocol && row.2.starts_with('[');
    let rest = whole.iter().filter(|(row, _)| !is_of_it(row));
    rest.eq(got.iter())
}

fn check(choice: SourceChoice) {
    let query = Query::new().tcp().udp().stats().owners().source(choice);
    let whole = query.collect_from(&mut Kernel::new(few())).unwrap();
    let complete = whole.coverage().gaps().to_vec();
    let whole = told(&whole);
    let mut came: BTreeMap<&str, usize> = BTreeMap::new();
    let mut failed_at = BTreeSet::new();
    for number in NUMBERS {
        for of in [Failure::Answer, Failure::Transport] {
            let failure = of(Errno::linux(number));
            for n in 1.. {
                let mut source = Failing::new(n, failure);
                // One call that fails never costs the whole answer.
                let snapshot = query
                    .collect_from(&mut source)
                    .unwrap_or_else(|error| panic!("{failure:?} {n}: {error}"));
                let Some(failed) = source.failed else { break };
                let got = told(&snapshot);
                let what = format!("{choice:?} {failure:?}, call {n} ({failed}): {}", snapshot.coverage());
                let outcome = if snapshot.coverage().gaps() != complete {
                    assert!(!snapshot.coverage().is_complete(), "{what}");
                    assert!(got.keys().all(|row| whole.contains_key(row)), "{what}");
                    "told"
                } else if got == whole {
                    "right"
                } else if snapshot.coverage().notes().iter().any(|note| note.contains("more owners")) {
                    // One process was refused: of what others hold too, it may be one more owner.
                    assert_eq!(failure.kind(), ErrorKind::NotPermitted, "{what}");
                    assert!(failed.starts_with("process ") && is_less_owners(&whole, &got), "{what}");
                    "told"
                } else if is_believed(&failed, failure, &whole, &got) {
                    "believed"
                } else {
                    panic!("quietly wrong: {what}");
                };
                *came.entry(outcome).or_default() += 1;
                failed_at.insert(failed);
            }
        }
    }
    let asked = |key: &str| failed_at.iter().any(|failed| failed.starts_with(key));
    for key in ["processes", "process 40 sockets", "process 40 stat", "process 41 sockets", "boot_id"] {
        assert!(asked(key), "{key} never failed");
    }
    let reads_proc = matches!(choice, SourceChoice::Proc | SourceChoice::Procfs);
    for key in ["diag 0 6 first", "diag 0 6 check", "diag 2 17 first", "diag 10 17 first"] {
        assert_eq!(asked(key), !reads_proc, "{key}");
    }
    assert_eq!(asked("net tcp6"), reads_proc);
    assert!(came["right"] > 1000 && came["told"] > 100 && came["believed"] > 10, "{came:?}");
}

#[test]
fn every_errno_at_every_call_automatically() {
    check(SourceChoice::Auto);
}

#[test]
fn every_errno_at_every_call_of_sock_diag() {
    check(SourceChoice::Diag);
}

#[test]
fn every_errno_at_every_call_of_proc() {
    check(SourceChoice::Proc);
}

#[test]
fn every_errno_at_every_call_of_procfs() {
    check(SourceChoice::Procfs);
}

/// A table that some kernels lack, in whatever way it is refused.
#[test]
fn a_table_is_absent_only_where_the_kernel_says_so() {
    const UDPLITE: u16 = 136;
    let mut absent = 0;
    for number in NUMBERS {
        for of in [Failure::Answer, Failure::Transport] {
            let failure = of(Errno::linux(number));
            let mut kernel = Kernel::new(few()).on(move |_, question, _| {
                let is_asked = matches!(question, Question::Diag { table, .. } if table.protocol == UDPLITE);
                is_asked.then_some(Err(failure))
            });
            let snapshot = Query::new().tcp().udplite().collect_from(&mut kernel).unwrap();
            assert!(kernel.asked.iter().any(|asked| asked.contains("136 first")));
            let says = matches!(
                failure,
                Failure::Answer(Errno::ENOENT | Errno::EAFNOSUPPORT | Errno::EPROTONOSUPPORT)
            );
            absent += usize::from(says);
            assert_eq!(snapshot.coverage().is_complete(), says, "{failure:?}: {}", snapshot.coverage());
            assert_eq!(snapshot.coverage().lacks_rows(), !says, "{failure:?}: {}", snapshot.coverage());
        }
    }
    assert_eq!(absent, 3);
}

/// What names something that the source must look up cannot be answered without, and is an error then.
#[test]
fn a_name_that_cannot_be_looked_up_is_an_error() {
    let query = Query::new().tcp().filter("user=app".parse().unwrap());
    for number in NUMBERS {
        for of in [Failure::Answer, Failure::Transport] {
            let failure = of(Errno::linux(number));
            let mut kernel = Kernel::new(few())
                .on(move |_, question, _| matches!(question, Question::Users).then_some(Err(failure)));
            let error = query.collect_from(&mut kernel).unwrap_err();
            assert!(kernel.asked.iter().any(|asked| asked == "users"));
            // "There is no such user" is said only where the kernel says that there is no list of them.
            let absent = error.kind() == ErrorKind::Invalid;
            assert_eq!(
                absent,
                failure == of(Errno::linux(number)) && failure.kind() == ErrorKind::Absent,
                "{error}"
            );
        }
    }
}
