//! Torn dumps by a scripted kernel: what the churn brings about once in a thousand answers, every time.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use pree::source::{DiagPass, Errno, Failure, ProcessPart, Question};
use pree::{OwnerSource, Query, Snapshot, State};
use pree_testkit::{Case, Failed};

use crate::kernel::{Fake, Kernel, Population, Process, TCP};

const ESTABLISHED: u8 = 1;
const TIME_WAIT: u8 = 6;
const SYN_RECV: u8 = 12;

pub fn cases() -> Vec<Case> {
    vec![
        Case::new("torn_twice_and_a_row_repeated", || torn_twice(None, true)),
        Case::new("torn_twice_in_few_buckets", || torn_twice(Some("8\n"), false)),
        Case::new("torn_twice_in_few_shared_buckets", || torn_twice(Some("-8\n"), false)),
        Case::new("two_passes_in_many_buckets", two_passes),
        Case::new("handshake_with_another_cookie", || another_cookie(SYN_RECV, &[State::SynReceived])),
        Case::new("ends_of_a_time_wait_used_again", || {
            another_cookie(TIME_WAIT, &[State::TimeWait, State::Established])
        }),
        Case::new("owners_are_read_again", owners_are_read_again),
    ]
}

fn population() -> Population {
    let sockets: Vec<Fake> =
        (0..60).map(|n| connection(ESTABLISHED, 2000 + n, 1000 + u32::from(n))).collect();
    let held = sockets.iter().enumerate().map(|(fd, socket)| (fd as u32, socket.inode.into())).collect();
    let one = Process { name: b"one".to_vec(), sockets: held, ..Process::default() };
    // The first connection is another's as well.
    let two = Process { name: b"two".to_vec(), sockets: vec![(7, 1000)], ..Process::default() };
    let processes = BTreeMap::from([(1, one), (2, two)]);
    Population { sockets, processes, rows_per_message: 7 }
}

fn connection(state: u8, port: u16, inode: u32) -> Fake {
    Fake::tcp(state, &format!("10.0.0.1:{port}"), "10.9.9.9:443", inode)
}

fn collect(kernel: &mut Kernel) -> Result<Snapshot, Failed> {
    let snapshot =
        Query::new().tcp().stats().owners().owner_source(OwnerSource::Proc).collect_from(kernel)?;
    assert!(snapshot.coverage().is_complete(), "{}", snapshot.coverage());
    Ok(snapshot)
}

fn passes(kernel: &Kernel) -> usize {
    let key = format!("diag 0 {TCP} ");
    let of =
        |asked: &&String| asked.strip_prefix(&key).is_some_and(|pass| ["first", "check"].contains(&pass));
    kernel.asked.iter().filter(of).count()
}

/// Two passes do not tell one socket. A third one follows where a row came twice, or where chains are long.
fn torn_twice(buckets: Option<&'static str>, repeat: bool) -> Result<(), Failed> {
    let missed = connection(ESTABLISHED, 3000, 1500);
    let cookie = missed.cookie;
    let mut kernel = Kernel::new(population()).on(move |population, question, before| {
        match question {
            Question::TcpBuckets => return buckets.map(|text| Ok(vec![text.as_bytes().to_vec()])),
            Question::Diag { pass: DiagPass::Check, .. } => {
                population.sockets.truncate(60);
                let more = match (before, repeat) {
                    (0, true) => population.sockets[3].clone(),
                    // One that was not there in the first pass.
                    (0, false) => connection(ESTABLISHED, 4000, 1600),
                    _ => missed.clone(),
                };
                population.sockets.push(more);
            }
            _ => {}
        }
        None
    });
    let snapshot = collect(&mut kernel)?;
    assert_eq!(passes(&kernel), 3, "{:?}", kernel.asked);
    let row = snapshot.iter().find(|socket| socket.kernel_id.is_some_and(|id| id.cookie == cookie));
    let row = row.ok_or("the socket that only the third pass told")?;
    assert!(row.tcp.is_some());
    let mut ids: Vec<_> = snapshot.iter().map(|socket| socket.kernel_id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), snapshot.sockets().len());
    Ok(())
}

/// Where chains are short, something new in the second pass is no reason for a third one.
fn two_passes() -> Result<(), Failed> {
    for buckets in ["65536\n", "-65536\n", "many"] {
        let mut kernel = Kernel::new(population()).on(move |population, question, _| {
            match question {
                Question::TcpBuckets => return Some(Ok(vec![buckets.as_bytes().to_vec()])),
                Question::Diag { pass: DiagPass::Check, .. } => {
                    population.sockets.push(connection(ESTABLISHED, 4000, 1600));
                }
                _ => {}
            }
            None
        });
        let snapshot = collect(&mut kernel)?;
        assert_eq!((passes(&kernel), snapshot.sockets().len()), (2, 61));
    }
    Ok(())
}

/// What the second pass tells under another cookie: a handshake is still the same connection and told once; a `TIME_WAIT` is
/// over, and a connection with its ends is another one that must not be hidden by it.
fn another_cookie(first: u8, told: &[State]) -> Result<(), Failed> {
    let mut population = population();
    population.sockets.push(connection(first, 3000, 0));
    let mut kernel = Kernel::new(population).on(|population, question, _| {
        if let Question::Diag { pass: DiagPass::Check, .. } = question {
            population.sockets[60] = connection(ESTABLISHED, 3000, 1700);
        }
        None
    });
    let snapshot = collect(&mut kernel)?;
    let rows = snapshot.iter().filter(|socket| socket.local.port() == Some(3000));
    assert_eq!(rows.map(|row| row.state).collect::<Vec<_>>(), told);
    assert_eq!(snapshot.sockets().len(), 60 + told.len());
    Ok(())
}

/// A failure in passing loses no owner of a socket that has another one.
fn owners_are_read_again() -> Result<(), Failed> {
    for (part, times) in [(ProcessPart::Sockets, 1), (ProcessPart::Sockets, 2), (ProcessPart::Stat, 2)] {
        for errno in [Errno::ENOMEM, Errno::EINTR, Errno::EMFILE] {
            let failed = Rc::new(RefCell::new(0));
            let count = Rc::clone(&failed);
            let mut kernel = Kernel::new(population()).on(move |_, question, _| {
                let fails = *question == Question::Process { pid: 2, part } && *count.borrow() < times;
                *count.borrow_mut() += usize::from(fails);
                fails.then_some(Err(Failure::Transport(errno)))
            });
            let snapshot = collect(&mut kernel)?;
            assert_eq!(*failed.borrow(), times);
            let shared = snapshot.iter().find(|socket| socket.inode == Some(1000)).ok_or("the row")?;
            let pids: Vec<u32> = shared.owners.iter().map(pree::Owner::pid).collect();
            assert_eq!(pids, [1, 2]);
            assert!(snapshot.coverage().notes().is_empty(), "{:?}", snapshot.coverage().notes());
        }
    }
    Ok(())
}
