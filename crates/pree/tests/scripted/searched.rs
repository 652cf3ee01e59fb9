//! The search for network namespaces, as a source may tell of it: what it could not see is missing and told.

use pree::source::{Errno, Failure, Namespaces, Question, Reachable, Source};
use pree::{ErrorKind, Missing, NetworkNamespace, Query};

use crate::kernel::Kernel;
use crate::population;

/// A machine whose own namespace is read, beside one that is found and can be entered or not.
struct Machine {
    kernel: Kernel,
    found: Reachable,
    refuses: Option<Failure>,
}

impl Source for Machine {
    fn ask(&mut self, question: &Question<'_>) -> Result<(), Failure> {
        self.kernel.ask(question)
    }

    fn next(&mut self, batch: &mut Vec<u8>) -> Result<bool, Failure> {
        self.kernel.next(batch)
    }

    fn namespaces(&mut self, _: &Namespaces) -> Result<Reachable, Failure> {
        Ok(self.found.clone())
    }

    fn enter(&mut self, inode: Option<u64>) -> Result<(), Failure> {
        self.refuses.filter(|_| inode == Some(2)).map_or(Ok(()), Err)
    }
}

#[track_caller]
fn check(change: impl FnOnce(&mut Reachable), refuses: Option<Failure>, why: ErrorKind, words: &str) {
    let mut found = Reachable::default();
    found.namespaces = vec![NetworkNamespace::new(1, None)];
    change(&mut found);
    let mut machine = Machine { kernel: Kernel::new(population()), found, refuses };
    let snapshot = Query::new().tcp().network_namespaces(Namespaces::All).collect_from(&mut machine).unwrap();
    assert!(!snapshot.sockets().is_empty());
    let [gap] = snapshot.coverage().gaps() else { panic!("{}", snapshot.coverage()) };
    assert_eq!((gap.what, gap.why), (Missing::Rows, why), "{gap}");
    assert!(gap.to_string().contains(words), "{gap}");
}

#[test]
fn every_part_of_the_search_that_fails_is_told() {
    for number in 1..=133 {
        let errno = Errno::linux(number);
        for failure in [Failure::Answer(errno), Failure::Transport(errno)] {
            let kind = failure.kind();
            check(|found| found.without_mounts = Some(failure), None, kind, "mounts");
            check(|found| found.without_processes = Some(failure), None, kind, "processes");
            let unread = |found: &mut Reachable| (found.unread, found.why_unread) = (3, Some(failure));
            check(unread, None, kind, "3 processes");
            // What was found did not end: it is there and cannot be entered.
            let other = |found: &mut Reachable| found.namespaces.push(NetworkNamespace::new(2, None));
            check(other, Some(failure), kind, "network namespaces 2");
        }
    }
    check(|found| found.unsettled = true, None, ErrorKind::Unsettled, "came and went");
}

#[test]
fn names_that_cannot_be_read_are_told_where_they_are_asked_for() {
    let failure = Failure::Transport(Errno::linux(5));
    let machine = || {
        let mut found = Reachable::default();
        found.namespaces = vec![NetworkNamespace::new(1, None)];
        found.without_names = Some(failure);
        Machine { kernel: Kernel::new(population()), found, refuses: None }
    };
    let query = Query::new().tcp().network_namespaces(Namespaces::All);
    let snapshot = query.clone().collect_from(&mut machine()).unwrap();
    assert!(snapshot.coverage().is_complete(), "{}", snapshot.coverage());
    assert!(snapshot.coverage().notes()[0].contains("names"), "{:?}", snapshot.coverage().notes());
    let named = query.filter("netns = blue".parse().unwrap()).collect_from(&mut machine()).unwrap();
    assert!(named.sockets().is_empty() && named.coverage().lacks_rows(), "{}", named.coverage());
}
