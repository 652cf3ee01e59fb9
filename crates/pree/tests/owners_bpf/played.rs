//! A kernel that the test plays: which way is chosen, and what is said when the program fails.

use std::collections::BTreeMap;

use pree::source::{Errno, Failure, Question};
use pree::{Origin, OwnerSource, Query, Unowned};
use pree_testkit::{Case, Failed};

use crate::kernel::{Fake, Kernel, Population, Process};

pub fn cases() -> Vec<Case> {
    vec![
        Case::new("played_choice", choice),
        Case::new("played_refusal", refusal),
        Case::new("played_damage", damage),
        Case::new("played_second_look", second_look),
        Case::new("played_table_of_many_threads", table_of_many_threads),
        Case::new("played_refusal_in_proc", refusal_in_proc),
        Case::new("played_process_that_nobody_may_see", process_that_nobody_may_see),
        Case::new("played_list_of_processes_that_is_not_whole", list_that_is_not_whole),
    ]
}

fn population() -> Population {
    let process = Process { name: b"walked".to_vec(), sockets: vec![(3, 100)], ..Process::default() };
    Population {
        sockets: vec![Fake::tcp(10, "127.0.0.1:80", "", 100)],
        processes: BTreeMap::from([(1, Process::default()), (7, process)]),
        rows_per_message: 8,
    }
}

/// A holder's record and its descriptors', from the description in `pree_wire::bpf_records`.
fn records(pid: u32, thread: u32, descriptors: &[(u32, u64)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    [1, pid, thread, 1].iter().for_each(|word: &u32| bytes.extend(word.to_ne_bytes()));
    bytes.extend(5_000_000_000_u64.to_ne_bytes());
    bytes.extend(*b"told\0\0\0\0\0\0\0\0\0\0\0\0");
    for (fd, inode) in descriptors {
        bytes.extend(2_u32.to_ne_bytes());
        bytes.extend(fd.to_ne_bytes());
        bytes.extend(inode.to_ne_bytes());
    }
    bytes
}

type Answer = Result<Vec<Vec<u8>>, Failure>;

/// A kernel with so many open files, and a program that answers so.
fn kernel(files: &'static str, mut program: impl FnMut(usize) -> Answer + 'static) -> Kernel {
    Kernel::new(population()).on(move |_, question, before| match question {
        Question::OpenFiles => Some(Ok(vec![files.into()])),
        Question::Holders { .. } => Some(program(before)),
        _ => None,
    })
}

/// The name of the one owner, where it came from, and how often the program was asked for.
fn answer(mut kernel: Kernel, source: OwnerSource) -> Result<(Vec<u8>, Option<Origin>, usize), Failed> {
    let snapshot = Query::new().tcp().owners().owner_source(source).collect_from(&mut kernel)?;
    let [row] = snapshot.sockets() else { return Err("one row".into()) };
    let [owner] = &row.owners[..] else { return Err(format!("one owner: {row:?}").into()) };
    assert!(snapshot.coverage().is_complete());
    let asked = kernel.asked.iter().filter(|asked| *asked == "holders").count();
    Ok((owner.process.name.as_bytes().to_vec(), snapshot.coverage().owners_origin(), asked))
}

fn choice() -> Result<(), Failed> {
    let told = |_| Ok(vec![records(7, 7, &[(3, 100)])]);
    let by_bpf = |asked| (b"told".to_vec(), Some(Origin::Bpf), asked);
    let by_proc = (b"walked".to_vec(), Some(Origin::Proc), 0);
    let few = "100\t0\t1000\n";
    let many = "5000\t0\t1000\n";
    assert_eq!(answer(kernel(many, told), OwnerSource::Auto)?, by_bpf(1));
    assert_eq!(answer(kernel(few, told), OwnerSource::Auto)?, by_proc);
    assert_eq!(answer(kernel(many, told), OwnerSource::Proc)?, by_proc);
    assert_eq!(answer(kernel(few, told), OwnerSource::Bpf)?, by_bpf(2));
    // Where nothing tells how many there are, the program is tried.
    assert_eq!(answer(kernel("nonsense", told), OwnerSource::Auto)?, by_bpf(1));
    // Many processes that share their files.
    let mut crowd = kernel(few, told);
    crowd.population.processes.extend((10..400).map(|pid| (pid, Process::default())));
    assert_eq!(answer(crowd, OwnerSource::Auto)?, by_bpf(1));
    Ok(())
}

fn refusal() -> Result<(), Failed> {
    let refused = [
        (1, "CAP_BPF", 1),
        (13, "locked down", 1),
        (2, "CONFIG_DEBUG_INFO_BTF", 1),
        (22, "5.12", 1),
        (38, "5.12", 1),
        (12, "5.12", 3),
    ];
    for (number, hint, asked) in refused {
        let errno = Errno::linux(number);
        let forced = Query::new().owners().owner_source(OwnerSource::Bpf);
        let error =
            forced.collect_from(&mut kernel("5000", move |_| Err(Failure::Answer(errno)))).unwrap_err();
        assert_eq!(error.errno(), Some(number));
        assert!(error.hint().is_some_and(|text| text.contains(hint)), "{number}: {error}");
        let fallen = answer(kernel("5000", move |_| Err(Failure::Answer(errno))), OwnerSource::Auto)?;
        assert_eq!(fallen, (b"walked".to_vec(), Some(Origin::Proc), asked), "{number}");
        let snapshot =
            Query::new().owners().collect_from(&mut kernel("5000", move |_| Err(Failure::Answer(errno))))?;
        let notes = snapshot.coverage().notes().join("\n");
        assert!(
            notes.contains("cannot read owners through BPF: ") && notes.contains("from /proc"),
            "{notes}"
        );
    }
    Ok(())
}

/// A record that is cut, unknown, or nobody's: the walk takes over, and nothing of the damaged answer stays.
fn damage() -> Result<(), Failed> {
    let whole = records(7, 7, &[(3, 100), (4, 100)]);
    for length in 1..whole.len() {
        let cut = whole[..length].to_vec();
        // Between two records it is a whole answer.
        if [40, 56].contains(&length) {
            continue;
        }
        let (name, origin, asked) =
            answer(kernel("5000", move |_| Ok(vec![cut.clone()])), OwnerSource::Auto)?;
        assert_eq!((&name[..], origin, asked), (&b"walked"[..], Some(Origin::Proc), 3), "{length} bytes");
    }
    for bytes in [vec![9; 40], whole[40..].to_vec()] {
        let (name, ..) = answer(kernel("5000", move |_| Ok(vec![bytes.clone()])), OwnerSource::Auto)?;
        assert_eq!(name, b"walked");
    }
    // A batch may end anywhere.
    for size in 1..whole.len() {
        let mut kernel = kernel("5000", {
            let whole = whole.clone();
            move |_| Ok(whole.chunks(size).map(<[u8]>::to_vec).collect())
        });
        let snapshot = Query::new().tcp().owners().collect_from(&mut kernel)?;
        let owners = &snapshot.sockets()[0].owners;
        assert_eq!(owners.iter().map(|owner| owner.fd).collect::<Vec<_>>(), [Some(3), Some(4)]);
    }
    // What fails once in passing is asked again.
    let once = |before| {
        if before == 0 { Err(Failure::Answer(Errno::ENOMEM)) } else { Ok(vec![records(7, 7, &[(3, 100)])]) }
    };
    assert_eq!(answer(kernel("5000", once), OwnerSource::Auto)?, (b"told".to_vec(), Some(Origin::Bpf), 2));
    Ok(())
}

/// A socket that is younger than the first run is found by the second, and only that is told then.
fn second_look() -> Result<(), Failed> {
    let later = |before| match before {
        0 => Ok(vec![records(6, 6, &[(9, 1)])]),
        _ => Ok(vec![
            [records(6, 6, &[(9, 1)]), records(7, 7, &[(3, 100)]), records(7, 8, &[(3, 100)])].concat(),
        ]),
    };
    let mut played = kernel("5000", later);
    let snapshot = Query::new().tcp().owners().collect_from(&mut played)?;
    let [owner] = &snapshot.sockets()[0].owners[..] else { return Err("one owner".into()) };
    assert_eq!((owner.pid(), owner.fd, owner.thread), (7, Some(3), None));
    let nobody = |_| Ok(vec![records(6, 6, &[(9, 1)])]);
    let mut unheld = kernel("5000", nobody);
    unheld.population.processes.remove(&7);
    let snapshot = Query::new().tcp().owners().collect_from(&mut unheld)?;
    assert_eq!(snapshot.sockets()[0].unowned, Some(Unowned::NoVisibleHolder));
    // A thread's own descriptor counts beside another process's.
    let beside = |_| Ok(vec![[records(6, 6, &[(9, 100)]), records(7, 8, &[(3, 100)])].concat()]);
    let snapshot = Query::new().tcp().owners().collect_from(&mut kernel("5000", beside))?;
    let owners: Vec<_> = snapshot.sockets()[0].owners.iter().map(|o| (o.pid(), o.thread)).collect();
    assert_eq!(owners, [(6, None), (7, Some(8))]);
    Ok(())
}

/// Many threads share a table that is not their leader's: the kernel tells it for each of them, again and again. The program
/// is given up, once and for all, and the walk finds what it finds.
fn table_of_many_threads() -> Result<(), Failed> {
    let table: Vec<(u32, u64)> = (0..1000).map(|fd| (fd, 100)).collect();
    let told = |threads: u32| {
        let tables = (0..threads).map(|thread| records(7, 8 + thread, &table));
        let leader = records(7, 7, &[(3, 100)]);
        std::iter::once(leader).chain(tables).collect::<Vec<_>>().concat()
    };
    for (threads, expected) in
        [(2, (b"told".to_vec(), Some(Origin::Bpf), 1)), (300, (b"walked".to_vec(), Some(Origin::Proc), 1))]
    {
        let all = told(threads);
        let mut kernel = kernel("5000", move |_| Ok(vec![all.clone()]));
        let snapshot = Query::new().tcp().owners().collect_from(&mut kernel)?;
        let owners = &snapshot.sockets()[0].owners;
        let asked = kernel.asked.iter().filter(|asked| *asked == "holders").count();
        let first = owners[0].process.name.as_bytes().to_vec();
        assert_eq!((first, snapshot.coverage().owners_origin(), asked), expected, "{threads} threads");
        // What the leader has too is told once.
        assert_eq!(owners.len(), if threads == 2 { 1 + 2 * 999 } else { 1 });
    }
    Ok(())
}

/// A walk would do, and a process refuses it: the program adds what it knows, and together they are everything. Where /proc is
/// of an outer pid namespace they are not.
fn refusal_in_proc() -> Result<(), Failed> {
    for (numbers, reason) in [("7", Unowned::NoVisibleHolder), ("7\t1", Unowned::NotPermitted)] {
        let status = format!("NSpid:\t{numbers}\nCapEff:\t0\n").into_bytes();
        let mut population = population();
        population.sockets.push(Fake::tcp(10, "127.0.0.1:81", "", 101));
        population.sockets.push(Fake::tcp(10, "127.0.0.1:82", "", 102));
        let refusing = Process { name: b"told".to_vec(), refused: true, ..Process::default() };
        population.processes.insert(9, refusing);
        let mut kernel = Kernel::new(population).on(move |_, question, _| match question {
            Question::OpenFiles => Some(Ok(vec![b"100".to_vec()])),
            Question::OwnStatus => Some(Ok(vec![status.clone()])),
            Question::Holders { .. } => Some(Ok(vec![records(9, 9, &[(4, 101)])])),
            _ => None,
        });
        let snapshot = Query::new().tcp().owners().collect_from(&mut kernel)?;
        let of = |inode: u64| snapshot.iter().find(|row| row.inode == Some(inode)).unwrap();
        let pids = |inode| of(inode).owners.iter().map(pree::Owner::pid).collect::<Vec<_>>();
        assert_eq!((pids(100), pids(101), pids(102)), (vec![7], vec![9], vec![]));
        assert_eq!(of(102).unowned, Some(reason), "{numbers}");
        assert_eq!(snapshot.coverage().is_complete(), reason == Unowned::NoVisibleHolder);
        let levels = if numbers.len() > 1 { "holders above 1" } else { "holders" };
        assert!(kernel.asked.iter().any(|asked| asked == levels), "{:?}", kernel.asked);
    }
    Ok(())
}

/// /proc refuses a process to everybody, and the program is not told of it either: it may hold what has no owner. Which of the
/// two was asked first makes no difference, and where every socket has an owner nobody is asked about it.
fn process_that_nobody_may_see() -> Result<(), Failed> {
    for files in ["100", "5000"] {
        // Whether there is a socket without an owner, whether the program tells of the process, and what is said.
        for (unowned, told, reason) in [
            (true, false, Some(Unowned::NotPermitted)),
            (true, true, Some(Unowned::NoVisibleHolder)),
            (false, false, None),
        ] {
            let mut played = kernel(files, move |_| {
                let of_others = records(7, 7, &[(3, 100)]);
                Ok(vec![if told { [of_others, records(9, 9, &[(4, 999)])].concat() } else { of_others }])
            });
            played.population.processes.insert(9, Process { refused: true, ..Process::default() });
            if unowned {
                played.population.sockets.push(Fake::tcp(10, "127.0.0.1:81", "", 101));
            }
            let snapshot = Query::new().tcp().owners().collect_from(&mut played)?;
            let case = format!("{files} files, unowned {unowned}, told {told}");
            let found = snapshot.iter().find(|row| row.inode == Some(101)).map(|row| row.unowned);
            assert_eq!(found, unowned.then_some(reason), "{case}");
            let gaps = snapshot.coverage().gaps();
            let expected = u64::from(reason == Some(Unowned::NotPermitted));
            assert_eq!(gaps.iter().filter_map(|gap| gap.count).sum::<u64>(), expected, "{case}");
            assert_eq!(gaps.len() as u64, expected, "{case}: {}", snapshot.coverage());
            if files == "5000" {
                let walked = played.asked.iter().any(|asked| asked.starts_with("process 9 sockets"));
                assert_eq!(walked, unowned && !told, "{case}: {:?}", played.asked);
            }
        }
    }
    Ok(())
}

/// /proc is of our pid namespace, and its list of processes refuses, is empty, or may hide some: nothing proves that nobody
/// holds a socket, whichever source was asked first.
fn list_that_is_not_whole() -> Result<(), Failed> {
    type List = Result<Vec<Vec<u8>>, Failure>;
    let lists: [(Option<List>, &str, Unowned); 4] = [
        (Some(Err(Failure::Answer(Errno::EACCES))), "", Unowned::NotPermitted),
        (Some(Err(Failure::Answer(Errno::ENOENT))), "", Unowned::NotLookedUp),
        (Some(Ok(vec![Vec::new()])), "", Unowned::NotLookedUp),
        (None, "hidepid=invisible", Unowned::NotPermitted),
    ];
    for (list, option, reason) in lists {
        for files in ["100", "5000"] {
            let list = list.clone();
            let mut population = population();
            population.sockets.push(Fake::tcp(10, "127.0.0.1:81", "", 101));
            let mut kernel = Kernel::new(population).on(move |_, question, _| match question {
                Question::OpenFiles => Some(Ok(vec![files.into()])),
                Question::OwnStatus => Some(Ok(vec![b"NSpid:\t7\nCapEff:\t0\n".to_vec()])),
                Question::ProcMount => {
                    Some(Ok(vec![format!("30 20 0:5 / /proc rw - proc proc rw,{option}\n").into_bytes()]))
                }
                Question::Processes => list.clone(),
                Question::Holders { .. } => Some(Ok(vec![records(7, 7, &[(3, 100)])])),
                _ => None,
            });
            let snapshot = Query::new().tcp().owners().collect_from(&mut kernel)?;
            let of = |inode: u64| snapshot.iter().find(|row| row.inode == Some(inode)).unwrap();
            assert!(!of(100).owners.is_empty());
            assert_eq!(of(101).unowned, Some(reason), "{option} {files}");
            assert!(!snapshot.coverage().is_complete(), "{option} {files}");
        }
    }
    Ok(())
}
