//! What could not be read of processes that hold sockets: it is missing and told, and where the filter asks for it, so are the
//! rows that it might have let through.

use pree::source::{Errno, Failure, ProcessPart, Question};
use pree::{ErrorKind, Filter, Missing, Needs, Query, Snapshot};

use crate::kernel::{Kernel, Population};
use crate::population;

/// Each detail with the part of /proc that tells it, and a filter on it.
const DETAILS: [(Needs, ProcessPart, &str); 5] = [
    (Needs::PROCESS_UID, ProcessPart::Status, "puid = 77"),
    (Needs::PROCESS_USER, ProcessPart::Status, "puser = app"),
    (Needs::PROCESS_EXECUTABLE, ProcessPart::Executable, "exe = /x"),
    (Needs::PROCESS_COMMAND_LINE, ProcessPart::CommandLine, "cmd ~ x"),
    (Needs::PROCESS_CGROUP, ProcessPart::Cgroup, "pcgroup = /x"),
];

/// A kernel in which reading this part of process 40 fails so.
fn failing(part: ProcessPart, failure: Failure) -> Kernel {
    Kernel::new(population()).on(move |_, question, _| match question {
        Question::Process { pid: 40, part: asked } if *asked == part => Some(Err(failure)),
        _ => None,
    })
}

fn filtered(kernel: &mut Kernel, filter: &str) -> Snapshot {
    Query::new().owners().filter(filter.parse::<Filter>().unwrap()).collect_from(kernel).unwrap()
}

/// Rows that process 40 holds: every one with an inode.
fn held() -> u64 {
    population().sockets.iter().filter(|socket| socket.inode != 0).count() as u64
}

fn gaps(snapshot: &Snapshot) -> Vec<(Missing, ErrorKind, Option<u64>)> {
    snapshot.coverage().gaps().iter().map(|gap| (gap.what, gap.why, gap.count)).collect()
}

#[test]
fn details_that_cannot_be_read_are_missing() {
    for (needs, part, filter) in DETAILS {
        for (errno, why) in [
            (5, ErrorKind::Io),
            (24, ErrorKind::Exhausted),
            (13, ErrorKind::NotPermitted),
            (1, ErrorKind::NotPermitted),
        ] {
            let failure = Failure::Answer(Errno::linux(errno));
            let mut kernel = failing(part, failure);
            let snapshot = Query::new().needs(Needs::OWNERS | needs).collect_from(&mut kernel).unwrap();
            assert_eq!(gaps(&snapshot), [(Missing::Fields, why, Some(held()))], "{filter}: {failure:?}");

            let some = filtered(&mut failing(part, failure), filter);
            // Process 41 runs as that user too.
            let of_both = some.sockets().len() as u64;
            assert!(of_both <= 1, "{filter}");
            let rows = gaps(&some).into_iter().find(|gap| gap.0 == Missing::Rows);
            assert_eq!(rows, Some((Missing::Rows, why, Some(held() - of_both))), "{filter}");
            // Rows of which something else decides are none of them.
            let decided = filtered(&mut failing(part, failure), &format!("{filter} and sport = 9"));
            assert_eq!((gaps(&decided), decided.sockets().len()), (vec![], 0), "{filter}");
        }
    }
}

#[test]
fn a_word_that_may_be_in_an_unread_command_line_is_undecided() {
    let failure = Failure::Answer(Errno::EIO);
    let snapshot = filtered(&mut failing(ProcessPart::CommandLine, failure), "nosuchword");
    assert_eq!(gaps(&snapshot), [(Missing::Rows, ErrorKind::Io, Some(held()))]);
    assert!(snapshot.sockets().is_empty());
}

#[test]
fn a_process_that_ended_leaves_no_gap() {
    for (needs, part, filter) in DETAILS {
        for errno in [2, 3] {
            let failure = Failure::Answer(Errno::linux(errno));
            let snapshot =
                Query::new().needs(Needs::OWNERS | needs).collect_from(&mut failing(part, failure)).unwrap();
            assert!(snapshot.coverage().is_complete(), "{filter}: {}", snapshot.coverage());
            assert_eq!(snapshot.iter().filter(|row| !row.owners.is_empty()).count() as u64, held());
            assert_eq!(gaps(&filtered(&mut failing(part, failure), filter)), [], "{filter}");
        }
    }
}

#[test]
fn a_table_of_users_that_cannot_be_read_is_missing() {
    let mut kernel = Kernel::new(population())
        .on(|_, question, _| matches!(question, Question::Users).then_some(Err(Failure::Answer(Errno::EIO))));
    let snapshot = filtered(&mut kernel, "puser = app");
    assert_eq!(gaps(&snapshot)[0], (Missing::Rows, ErrorKind::Io, Some(held())));
    // A number needs no name.
    let found = filtered(&mut kernel, "puid >= 0");
    assert_eq!((found.sockets().len() as u64, gaps(&found)), (held(), vec![]));
    let none = filtered(&mut kernel, "puid = 77");
    assert_eq!((none.sockets().len(), gaps(&none)), (0, vec![]));
}

/// Another user's process: whose sockets are asked for by what is known of a process alone.
#[test]
fn rows_of_a_process_that_refuses_are_undecided() {
    let refusing = || -> Population {
        let mut population = population();
        population.processes.get_mut(&40).unwrap().refused = true;
        population
    };
    // Those that process 41 holds too have an owner that is seen.
    let unseen = held() - 1;
    for filter in ["pid = 40", "ppid = 1", "cmd ~ x", "nosuchword", "has ppid", "process = web* or sport = 9"]
    {
        let snapshot = filtered(&mut Kernel::new(refusing()), filter);
        let rows = snapshot.coverage().gaps().iter().find(|gap| gap.what == Missing::Rows);
        let Some(gap) = rows else { panic!("{filter}: {}", snapshot.coverage()) };
        assert_eq!(gap.why, ErrorKind::NotPermitted, "{filter}");
        assert!(gap.count >= Some(unseen), "{filter}: {gap}");
        assert!(!gap.hint.is_empty());
    }
    for filter in ["sport = 9", "pid = 40 and sport = 9"] {
        assert!(filtered(&mut Kernel::new(refusing()), filter).coverage().is_complete(), "{filter}");
    }
}
