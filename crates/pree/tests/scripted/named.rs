//! Filters that name processes: only these are looked into.

use std::cell::Cell;
use std::rc::Rc;

use pree::source::{DiagPass, DiagTable, Question, Recorder, Recording};
use pree::{Filter, Missing, OwnerSource, Query, Snapshot};

use crate::kernel::{Fake, Kernel, Population, TCP};
use crate::population;

fn ask(kernel: &mut Kernel, filter: &str) -> Snapshot {
    let filter: Filter = filter.parse().unwrap();
    Query::new().filter(filter).owners().collect_from(kernel).unwrap()
}

/// Inode and owning processes of each row.
fn rows(snapshot: &Snapshot) -> Vec<(u64, Vec<u32>)> {
    let mut rows: Vec<_> = snapshot
        .iter()
        .map(|socket| (socket.inode.unwrap(), socket.owners.iter().map(|owner| owner.pid()).collect()))
        .collect();
    rows.sort_unstable();
    rows
}

/// Processes whose descriptors were read.
fn looked_into(kernel: &Kernel) -> Vec<u32> {
    let pid = |key: &String| key.strip_prefix("process ")?.strip_suffix(" sockets")?.parse().ok();
    kernel.asked.iter().filter_map(pid).collect()
}

#[test]
fn only_they_are_looked_into() {
    for filter in ["pid = 41", "process = helper*", "pid >= 41 and sport = 80"] {
        let mut kernel = Kernel::new(population());
        let snapshot = ask(&mut kernel, filter);
        assert_eq!(looked_into(&kernel), [41], "{filter}");
        assert!(snapshot.coverage().is_complete(), "{filter}: {}", snapshot.coverage());
        // Process 40 holds it too, and nobody asked.
        assert_eq!(rows(&snapshot), [(2000, vec![41, 41])], "{filter}");
        assert!(snapshot.coverage().notes().iter().any(|note| note.contains("that the filter names")));
    }
}

#[test]
fn who_asks_more_about_owners_has_all_of_them() {
    for filter in ["pid = 41 and ppid = 1", "pid = 41 or sport = 9", "not pid = 40", "helper"] {
        let mut kernel = Kernel::new(population());
        let snapshot = ask(&mut kernel, filter);
        assert_eq!(looked_into(&kernel)[..3], [1, 40, 41], "{filter}");
        let shared = rows(&snapshot).into_iter().find(|(inode, _)| *inode == 2000);
        if filter != "not pid = 40" {
            assert_eq!(shared, Some((2000, vec![40, 41, 41])), "{filter}");
        }
    }
}

#[test]
fn sockets_of_their_threads_are_theirs() {
    let mut population = population();
    let helper = population.processes.get_mut(&41).unwrap();
    // One that the process has too, and one that only the thread has.
    helper.threads = vec![(42, vec![(3, 2000), (9, 2003)])];
    let mut kernel = Kernel::new(population);
    let snapshot = ask(&mut kernel, "pid = 41");
    assert_eq!(rows(&snapshot), [(2000, vec![41, 41]), (2003, vec![41])]);
    let of_thread = snapshot.iter().find(|socket| socket.inode == Some(2003)).unwrap();
    assert_eq!(of_thread.owners[0].thread, Some(42));
}

/// Their rows are met as they come by, so rings must be looked into before; and no descriptor tells the port of what is in one.
#[test]
fn sockets_that_only_their_rings_hold_are_theirs() {
    let played = || {
        let mut population = population();
        let web = population.processes.get_mut(&40).unwrap();
        web.sockets.retain(|(_, inode)| *inode != 1000);
        web.rings = vec![(7, 1004)];
        population.processes.get_mut(&41).unwrap().rings = vec![(5, 1000), (6, 1001)];
        Kernel::new(population)
    };
    for filter in ["pid = 41", "process = helper*", "process ~ elper", "pid = 41 and io_uring = yes"] {
        for way in [OwnerSource::Auto, OwnerSource::Proc] {
            let query = Query::new().filter(filter.parse().unwrap()).owners().owner_source(way);
            let mut recorder = Recorder::new(played());
            let live = query.collect_from(&mut recorder).unwrap();
            let of_named = Recording::from_bytes(&recorder.finish().to_bytes()).unwrap();
            let mut recorder = Recorder::new(played());
            Query::new().owners().collect_from(&mut recorder).unwrap();
            let of_all = Recording::from_bytes(&recorder.finish().to_bytes()).unwrap();
            let replayed = [&of_named, &of_all].map(|one| query.collect_from(&mut one.replay()).unwrap());
            for snapshot in [&live, &replayed[0], &replayed[1]] {
                let rows = rows(snapshot);
                assert!(rows.contains(&(1000, vec![41])), "{filter} {way:?}: {rows:?}");
                assert!(!rows.iter().any(|(inode, _)| *inode == 1004), "{filter} {way:?}: {rows:?}");
                assert!(snapshot.coverage().is_complete(), "{filter} {way:?}: {}", snapshot.coverage());
            }
        }
    }
}

#[test]
fn a_refusal_counts_when_it_is_theirs() {
    let refused = |pid: u32| -> Population {
        let mut population = population();
        population.processes.get_mut(&pid).unwrap().refused = true;
        population
    };
    let snapshot = ask(&mut Kernel::new(refused(40)), "pid = 41");
    assert!(snapshot.coverage().is_complete(), "{}", snapshot.coverage());
    assert_eq!(rows(&snapshot), [(2000, vec![41, 41])]);

    let snapshot = ask(&mut Kernel::new(refused(41)), "pid = 41");
    assert_eq!(rows(&snapshot), []);
    let with_inode = population().sockets.iter().filter(|socket| socket.inode != 0).count() as u64;
    let gap = &snapshot.coverage().gaps()[0];
    assert_eq!((gap.what, gap.count), (Missing::Rows, Some(with_inode)));
}

/// How long the first request for TCP sockets was: longer with a program.
fn request_length(population: Population, filter: &str) -> usize {
    let length = Rc::new(Cell::new(0));
    let seen = length.clone();
    let mut kernel = Kernel::new(population).on(move |_, question, _| {
        if let Question::Diag { table: DiagTable { protocol: TCP, .. }, pass: DiagPass::First, request } =
            question
        {
            seen.set(request.len());
        }
        None
    });
    ask(&mut kernel, filter);
    length.get()
}

#[test]
fn the_kernel_is_asked_for_their_ports() {
    let whole = request_length(population(), "process != nobody");
    let narrowed = request_length(population(), "pid = 41");
    assert!(narrowed > whole, "{narrowed} bytes are not more than {whole}");
    // Where a port does not say it all, or is not told, the whole table is read, and the answer is the same.
    type Change = fn(&mut Population);
    let strange: [(&str, Change); 3] = [
        ("MPTCP", |population| {
            let connection = Fake { protocol: 262, ..Fake::tcp(1, "10.0.0.1:1", "10.0.0.2:2", 9000) };
            population.sockets.push(connection);
            population.processes.get_mut(&41).unwrap().sockets.push((99, 9000));
        }),
        ("refused", |population| population.processes.get_mut(&41).unwrap().sockets.push((99, 9999))),
        ("too many", |population| {
            let held = (0..60).map(|n| (100 + n, u64::from(1000 + n)));
            population.processes.get_mut(&41).unwrap().sockets.extend(held);
        }),
    ];
    for (what, change) in strange {
        let mut changed = population();
        change(&mut changed);
        assert_eq!(request_length(changed.clone(), "pid = 41"), whole, "{what}");
        let rows = rows(&ask(&mut Kernel::new(changed), "pid = 41"));
        assert!(rows.contains(&(2000, vec![41, 41])), "{what}");
    }
}

/// What others hold unseen cannot matter to a filter that names a process which was looked into, nor to one that names none of
/// those that were not, whatever else it asks about owners.
#[test]
fn a_filter_is_undecided_only_where_somebody_unseen_may_meet_it() {
    let refused: &[(&str, bool)] = &[
        ("pid = 40 fd = 3", true),
        ("pid = 40 not fd = 3", true),
        ("has fd pid = 1,40", true),
        ("pid > 41 fd = 3", true),
        ("process = web* fd = 3", true),
        ("(pid = 40 and fd = 3) or sport = 9", true),
        ("pid = 41 fd = 3", false),
        ("pid = 40,41 fd = 3", false),
        ("pid > 40 fd = 3", false),
        ("process = helper* fd = 3", false),
        ("fd = 3", false),
        ("not pid = 40", false),
        ("pid = 40 or fd = 3", false),
    ];
    let hidden: &[(&str, bool)] = &[
        ("pid = 40 fd = 3", true),
        ("pid = 40,41 fd = 3", true),
        ("pid = 77 fd = 3", false),
        ("pid > 41 fd = 3", false),
        ("process = web* fd = 3", false),
        ("not pid = 40", false),
    ];
    for (is_hidden, filters) in [(false, refused), (true, hidden)] {
        for (filter, is_decided) in filters {
            let mut kernel = Kernel::new(population());
            let processes = &mut kernel.population.processes;
            processes.get_mut(&40).unwrap().sockets.retain(|(_, inode)| *inode != 1000);
            if is_hidden {
                processes.remove(&1);
            } else {
                processes.get_mut(&41).unwrap().refused = true;
            }
            let snapshot = ask(&mut kernel, filter);
            let told = snapshot.coverage();
            assert_eq!(!told.lacks_rows(), *is_decided, "{filter}, hidden: {is_hidden}: {told}");
        }
    }
}
