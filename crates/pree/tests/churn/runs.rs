//! Many collections beside one churner.

use std::collections::{HashMap, HashSet};
use std::env;
use std::fs::OpenOptions;
use std::io::Write;
use std::time::Instant;

use pree::model::KernelId;
use pree::{Gap, Missing, Protocol, Query, Snapshot, Socket, SourceChoice, State};
use pree_testkit::churn::{ChurnSpec, Churner};
use pree_testkit::{Case, Failed, Need, Truth};

use crate::counting::{Counting, Tally};
use crate::lasting;

/// Connections as fast as it can, the rest so that it can.
const STORM: ChurnSpec =
    ChurnSpec { resets: u32::MAX, time_waits: 100, udp: 3_000, listeners: 600, bound: 600, open: 64 };

/// So little that /proc is often read twice without a change.
const BREEZE: ChurnSpec =
    ChurnSpec { resets: 20, time_waits: 2, udp: 20, listeners: 5, bound: 5, ..ChurnSpec::NONE };

/// What /proc has to stand: its reads grow with the square of what `time_wait` leaves behind.
const SQUALL: ChurnSpec = ChurnSpec { time_waits: 40, ..STORM };

pub fn cases() -> Vec<Case> {
    let needs = |case: Case| case.needs(Need::Ipv6).needs(Need::BoundInactive).timeout(600);
    let diag = |name: &'static str, torn| Case::new(name, move || beside_storm(name, torn));
    vec![
        needs(diag("diag", false).lab()),
        needs(diag("diag_in_64_buckets", true).lab_with_child_ehash(64)),
        needs(Case::new("proc", proc).lab()),
    ]
}

fn beside_storm(name: &str, torn: bool) -> Result<(), Failed> {
    let seen = beside_churn(name, STORM, 100, SourceChoice::Diag)?;
    // Else this would prove nothing about torn dumps.
    if torn && seen.tally.torn == 0 { Err("no dump was torn".into()) } else { Ok(()) }
}

/// Where /proc says that it has everything, it has.
fn proc() -> Result<(), Failed> {
    beside_churn("proc", SQUALL, 15, SourceChoice::Proc)?;
    let seen = beside_churn("proc_beside_little", BREEZE, 15, SourceChoice::Proc)?;
    if seen.complete == 0 { Err("no answer called itself complete".into()) } else { Ok(()) }
}

/// What many runs were like.
struct Seen {
    tally: Tally,
    /// Runs whose answer lacked no rows by its own account.
    complete: usize,
}

/// What went wrong, and how often.
#[derive(Default)]
struct Faults {
    missed: u64,
    repeated: u64,
    wrong_owner: u64,
    without_stats: u64,
    words: Vec<String>,
}

impl Faults {
    fn note(&mut self, words: impl FnOnce() -> String) {
        if self.words.len() < 4 {
            self.words.push(words());
        }
    }
}

fn beside_churn(name: &str, churn: ChurnSpec, runs: usize, choice: SourceChoice) -> Result<Seen, Failed> {
    let runs = env::var("PREE_CHURN_RUNS").ok().and_then(|runs| runs.parse().ok()).unwrap_or(runs);
    let lasting = lasting::population()?;
    let connections = lasting.truth().iter().filter(|truth| truth.label == "client").count();
    assert!(connections >= 300, "{connections} connections");
    let cookies: HashSet<u64> = lasting.truth().iter().filter_map(|truth| truth.cookie).collect();
    assert_eq!(cookies.len(), lasting.truth().len());
    let mut churner = Churner::start(churn)?;
    let before = churner.counts()?;
    let start = Instant::now();
    let mut seen = Seen { tally: Tally::default(), complete: 0 };
    let (mut faults, mut rows) = (Faults::default(), 0);
    for _ in 0..runs {
        let inner = pree::source::live()?;
        let mut source = Counting { inner, lasting: &cookies, tally: Tally::default() };
        let snapshot = Query::new().stats().owners().source(choice).collect_from(&mut source)?;
        seen.complete += usize::from(!snapshot.coverage().lacks_rows());
        rows += snapshot.sockets().len();
        // A socket that only the second dump saw, and that is gone when it is asked for, has no memory: it says so.
        let is_less = |gap: &Gap| gap.what != Missing::Fields;
        if choice == SourceChoice::Diag && snapshot.coverage().gaps().iter().any(is_less) {
            faults.note(|| format!("not complete: {}", snapshot.coverage()));
        }
        repeats(&snapshot, &mut faults);
        compare(lasting.truth(), &snapshot, choice, churner.pid(), &mut faults);
        seen.tally.add(&source.tally);
    }
    let took = start.elapsed();
    let after = churner.counts()?;
    let (opened, others) = (after.connections - before.connections, after.others - before.others);
    let report = format!(
        "{name}: {runs} runs in {took:.1?}, {} rows each, {} that stay; churn: {opened} connections, {others} others, \
         {} refused; complete {}; {:?}; missed {}, repeated {}, wrong owner {}, without statistics {}",
        rows / runs.max(1),
        lasting.truth().len(),
        after.refused,
        seen.complete,
        seen.tally,
        faults.missed,
        faults.repeated,
        faults.wrong_owner,
        faults.without_stats,
    );
    println!("{report}");
    if let Some(file) = env::var_os("PREE_CHURN_REPORT") {
        writeln!(OpenOptions::new().create(true).append(true).open(file)?, "{report}")?;
    }
    // Beside a churner that does little, all this would prove nothing.
    let least = if churn.resets == u32::MAX { 20 * runs as u64 } else { 1 };
    assert!(opened >= least && others >= least, "a lazy churner: {report}");
    if faults.words.is_empty() {
        Ok(seen)
    } else {
        Err(format!("{report}\n{}", faults.words.join("\n")).into())
    }
}

/// Neither a socket nor a connection comes twice. What is in `TIME_WAIT` is over: its ends can be another's by now.
fn repeats(snapshot: &Snapshot, faults: &mut Faults) {
    let mut ids: HashMap<KernelId, &Socket> = HashMap::new();
    let mut inodes: HashMap<u64, &Socket> = HashMap::new();
    let mut connections = HashMap::new();
    for socket in snapshot {
        let again = [
            socket.kernel_id.and_then(|id| ids.insert(id, socket)),
            socket.inode.and_then(|inode| inodes.insert(inode, socket)),
            socket
                .remote
                .as_ref()
                .filter(|_| socket.protocol == Protocol::Tcp && socket.state != State::TimeWait)
                .and_then(|remote| connections.insert((&socket.local, remote, socket.interface), socket)),
        ];
        if let Some(other) = again.into_iter().flatten().next() {
            faults.repeated += 1;
            faults.note(|| format!("repeated: {other:?}\n  {socket:?}"));
        }
    }
}

/// Each socket that stays is there, as it is, with its owners; no other has them.
fn compare(truth: &[Truth], snapshot: &Snapshot, choice: SourceChoice, churner: u32, faults: &mut Faults) {
    let diag = choice == SourceChoice::Diag;
    let mut rows: HashMap<u64, &Socket> =
        snapshot.iter().filter_map(|socket| Some((socket.inode?, socket))).collect();
    for truth in truth {
        if !diag && truth.state == "bound_inactive" {
            continue;
        }
        let Some(row) = truth.inode.and_then(|inode| rows.remove(&inode)) else {
            // /proc may say that it has not everything; then, and only then, it need not.
            if diag || !snapshot.coverage().lacks_rows() {
                faults.missed += 1;
                faults.note(|| format!("missed: {truth:?}"));
            }
            continue;
        };
        let remote = row.remote.as_ref().map(pree::Address::socket_addr);
        let same = Some(truth.state) == row.state.name()
            && row.local.socket_addr() == Some(truth.local)
            && remote == truth.remote.map(Some)
            && (!diag || row.kernel_id.map(|id| id.cookie) == truth.cookie);
        if !same {
            faults.note(|| format!("{truth:?} is {row:?}"));
        }
        let mut owners: Vec<_> =
            row.owners.iter().map(|owner| (owner.pid(), owner.fd.unwrap_or(u32::MAX))).collect();
        owners.sort_unstable();
        if owners != truth.owners || row.unowned.is_some() {
            faults.wrong_owner += 1;
            faults.note(|| format!("wrong owner: {truth:?} is {row:?}"));
        }
        if diag && row.state == State::Established && row.protocol == Protocol::Tcp {
            let whole = row.tcp.as_ref().is_some_and(|tcp| tcp.rtt.is_some() && tcp.bytes_acked.is_some());
            if !whole || row.memory.is_none() {
                faults.without_stats += 1;
                faults.note(|| format!("without statistics: {row:?}"));
            }
        }
    }
    for row in rows.values() {
        if let Some(owner) = row.owners.iter().find(|owner| owner.pid() != churner) {
            faults.wrong_owner += 1;
            faults.note(|| format!("a churner's socket of {owner:?}: {row:?}"));
        }
    }
}
