//! The search for network namespaces, as a source may tell of it: what it could not see is missing and told.

use pree::source::{Answer, Errno, Failure, Namespaces, ProcessPart, Question, Reachable, Source};
use pree::{ErrorKind, Missing, Needs, NetworkNamespace, Protocols, Query};

use crate::kernel::Kernel;
use crate::population;

/// A machine whose own namespace is read, beside one that is found and can be entered or not.
struct Machine {
    kernel: Kernel,
    found: Reachable,
    refuses: Option<Failure>,
    /// Why none is found.
    none: Option<Failure>,
    /// Why its tables cannot be read, where one is not 1 that was entered.
    unread: Option<Failure>,
    entered: Option<u64>,
    /// Whether one may look into every process.
    has_all_rights: bool,
}

impl Machine {
    fn new(found: Reachable, refuses: Option<Failure>) -> Self {
        Self {
            kernel: Kernel::new(population()),
            found,
            refuses,
            none: None,
            unread: None,
            entered: None,
            has_all_rights: true,
        }
    }
}

impl Source for Machine {
    fn ask(&mut self, question: &Question<'_>) -> Result<Answer, Failure> {
        let unread = self.unread.filter(|_| self.entered.is_some_and(|inode| inode != 1));
        match (question, unread) {
            (Question::Diag { .. } | Question::NetTable(_), Some(failure)) => Err(failure),
            (Question::OwnStatus, _) if !self.has_all_rights => {
                Ok(Answer::whole(b"NSpid:\t1\nCapEff:\t0\n".to_vec()))
            }
            _ => self.kernel.ask(question),
        }
    }

    fn next(&mut self, answer: &mut Answer, batch: &mut Vec<u8>) -> Result<bool, Failure> {
        self.kernel.next(answer, batch)
    }

    fn namespaces(&mut self, _: &Namespaces) -> Result<Reachable, Failure> {
        self.none.map_or_else(|| Ok(self.found.clone()), Err)
    }

    fn enter(&mut self, inode: Option<u64>) -> Result<(), Failure> {
        self.entered = inode;
        self.refuses.filter(|_| inode.is_some_and(|inode| inode != 1)).map_or(Ok(()), Err)
    }
}

#[track_caller]
fn check(change: impl FnOnce(&mut Reachable), refuses: Option<Failure>, why: ErrorKind, words: &str) {
    let mut found = Reachable::default();
    found.namespaces = vec![NetworkNamespace::new(1, None)];
    change(&mut found);
    let mut machine = Machine::new(found, refuses);
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
        Machine::new(found, None)
    };
    let query = Query::new().tcp().network_namespaces(Namespaces::All);
    let snapshot = query.clone().collect_from(&mut machine()).unwrap();
    assert!(snapshot.coverage().is_complete(), "{}", snapshot.coverage());
    assert!(snapshot.coverage().notes()[0].contains("names"), "{:?}", snapshot.coverage().notes());
    let named = query.filter("netns = blue".parse().unwrap()).collect_from(&mut machine()).unwrap();
    assert!(named.sockets().is_empty() && named.coverage().lacks_rows(), "{}", named.coverage());
}

/// However many namespaces there are, what fails in each for the same reason is told once.
#[test]
fn what_fails_in_many_namespaces_is_told_once() {
    let failure = Failure::Transport(Errno::EMFILE);
    let query = Query::new().tcp().udp().network_namespaces(Namespaces::All);
    for (others, named, tables) in [
        (1, "tcp, udp, network namespace 2", true),
        (16, "tcp, udp, network namespaces 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17", true),
        (300, "tcp, udp, 300 network namespaces, such as 2, 3, 4", true),
        (1, "network namespaces 2", false),
        (300, "300 network namespaces, such as 2, 3, 4", false),
    ] {
        let mut found = Reachable::default();
        found.namespaces = (1..=others + 1).map(|inode| NetworkNamespace::new(inode, None)).collect();
        let mut machine = Machine::new(found, Some(failure).filter(|_| !tables));
        machine.unread = Some(failure);
        let snapshot = query.collect_from(&mut machine).unwrap();
        assert!(!snapshot.sockets().is_empty());
        let [gap] = snapshot.coverage().gaps() else { panic!("{}", snapshot.coverage()) };
        assert_eq!((gap.what, gap.why), (Missing::Rows, ErrorKind::Exhausted), "{gap}");
        assert_eq!(gap.object, named);
    }
}

/// Nobody is told to get a right that he has.
#[test]
fn processes_that_refuse_whoever_asks_are_told_as_such() {
    let query = Query::new().tcp().owners();
    for has_all_rights in [false, true] {
        let machine = || {
            let mut found = Reachable::default();
            found.namespaces = vec![NetworkNamespace::new(1, None)];
            found.refused = 1;
            let mut machine = Machine::new(found, Some(Failure::Answer(Errno::EACCES)));
            machine.kernel.population.processes.values_mut().for_each(|process| process.refused = true);
            machine.has_all_rights = has_all_rights;
            machine
        };
        let snapshot =
            query.clone().network_namespaces(Namespaces::All).collect_from(&mut machine()).unwrap();
        let gaps = snapshot.coverage().gaps();
        assert_eq!(gaps.len(), 2, "{}", snapshot.coverage());
        let one = Namespaces::One(pree::Text::from(&b"7"[..]));
        let mut closed = machine();
        closed.found.namespaces = vec![NetworkNamespace::new(2, None)];
        let error = query.clone().network_namespaces(one).collect_from(&mut closed).unwrap_err();
        for hint in gaps.iter().map(|gap| gap.hint).chain(error.hint()) {
            assert_eq!(hint.contains("even to CAP_SYS_PTRACE"), has_all_rights, "{hint}");
            assert_ne!(hint.contains("root") || hint.contains("needs"), has_all_rights, "{hint}");
        }
    }
}

#[test]
fn processes_that_refuse_are_counted_in_words() {
    for (refused, words) in [
        (1, "(network namespace of 1 process): not permitted; needs CAP_SYS_PTRACE"),
        (2, "(network namespaces of 2 processes): not permitted; needs CAP_SYS_PTRACE"),
    ] {
        let mut found = Reachable::default();
        (found.namespaces, found.refused) = (vec![NetworkNamespace::new(1, None)], refused);
        let mut machine = Machine::new(found, None);
        machine.has_all_rights = false;
        let query = Query::new().tcp().network_namespaces(Namespaces::All);
        let told = query.collect_from(&mut machine).unwrap().coverage().to_string();
        assert_eq!(told, format!("sockets missing {words}"));
    }
}

/// The same of what is known of their owners, and of sockets that only descriptors tell of.
#[test]
fn parts_that_are_refused_whoever_asks_are_told_as_such() {
    let query = Query::new()
        .protocols(Protocols::TCP | Protocols::OTHER)
        .needs(Needs::OWNERS | Needs::PROCESS_EXECUTABLE);
    for has_all_rights in [false, true] {
        let mut machine = Machine::new(Reachable::default(), None);
        machine.has_all_rights = has_all_rights;
        machine.kernel = machine.kernel.on(|_, question, _| match question {
            Question::Process { part: ProcessPart::Executable | ProcessPart::HeldSocket { .. }, .. } => {
                Some(Err(Failure::Answer(Errno::EACCES)))
            }
            _ => None,
        });
        let snapshot = query.collect_from(&mut machine).unwrap();
        let gaps = snapshot.coverage().gaps();
        let whats: Vec<_> = gaps.iter().map(|gap| gap.what).collect();
        assert_eq!(whats, [Missing::Rows, Missing::Fields], "{}", snapshot.coverage());
        for gap in gaps {
            assert_eq!(gap.why, ErrorKind::NotPermitted, "{gap}");
            assert_eq!(gap.hint.contains("even to CAP_SYS_PTRACE"), has_all_rights, "{gap}");
            assert_eq!(gap.hint.contains("root"), !has_all_rights, "{gap}");
        }
    }
}

/// A namespace that is found through /proc is not said to be none where there is no /proc.
#[test]
fn what_is_found_through_proc_is_not_denied_without_it() {
    let is_proc = |question: &Question<'_>| {
        matches!(question, Question::OwnStatus | Question::Processes | Question::ProcMount)
    };
    let gone = Failure::Answer(Errno::ENOENT);
    let said = |which: &str, has_proc: bool| {
        let mut machine = Machine::new(Reachable::default(), None);
        machine.none = Some(gone);
        machine.kernel =
            machine.kernel.on(move |_, question, _| (!has_proc && is_proc(question)).then_some(Err(gone)));
        let one = Namespaces::One(pree::Text::from(which.as_bytes()));
        Query::new().tcp().network_namespaces(one).collect_from(&mut machine).unwrap_err().to_string()
    };
    for which in ["3", "/proc/3/ns/net"] {
        let absent = format!("cannot enter network namespace \"{which}\": /proc is not there");
        assert_eq!(said(which, false), absent);
    }
    for (which, has_proc) in [("3", true), ("/proc/3/ns/net", true), ("blue", false), ("/run/3", false)] {
        assert_eq!(said(which, has_proc), format!("no network namespace \"{which}\""));
    }
}
