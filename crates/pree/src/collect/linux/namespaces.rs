//! The network namespaces of a collection: which they are, going through them, and what is said about those that stay
//! closed.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::scope::{Scope, against_refusal, may_hide};
use crate::coverage::{Coverage, Gap, Missing};
use crate::error::{Error, ErrorKind, Result};
use crate::model::NetworkNamespace;
use crate::needs::Needs;
use crate::plan::Plan;
use crate::source::{Errno, Failure, Namespaces, Reachable, Source};

/// As many are named; of more it is said how many, and some as examples.
const NAMED: usize = 16;
const EXAMPLES: usize = 3;

const TO_ENTER: &str =
    "needs CAP_SYS_ADMIN, in its user namespace and in one's own: run as the machine's root";
const TO_REACH: &str = "needs CAP_SYS_PTRACE";
/// Of a path through a process that refuses: which rights were raised for processes says nothing of it.
const PATH: &str = "a path is opened with your own rights: name the process by its number alone";
const RIGHT: &str = "needs CAP_SYS_ADMIN to enter one, and to reach it CAP_SYS_PTRACE (through a process) or permission for its \
                     directories (through a mount): run as the machine's root";

const COVERED: &str = "no path leads to them: their mount is covered by another, or was taken away";

/// The namespaces to read, and which of them could not be entered.
pub(super) struct NamespaceWalk {
    pub(super) stops: Vec<Stop>,
    /// Gaps of the search itself.
    gaps: Vec<Gap>,
    note: Option<String>,
    /// Tables that could not be read.
    unread: Vec<Unread>,
    /// Whether there can be more than one.
    pub(super) is_long: bool,
}

/// Why a table of one namespace could not be read.
struct Unread {
    namespace: Arc<NetworkNamespace>,
    /// `None` for all: it could not be entered.
    table: Option<&'static str>,
    why: ErrorKind,
}

/// One namespace to read; `None` is the caller's own when no namespace was asked for.
pub(super) type Stop = Option<Arc<NetworkNamespace>>;

impl NamespaceWalk {
    /// Through the caller's own namespace only.
    pub(super) fn own() -> Self {
        Self { stops: vec![None], gaps: Vec::new(), note: None, unread: Vec::new(), is_long: false }
    }

    /// Finds the namespaces that the query is about.
    pub(super) fn new(plan: &Plan, source: &mut dyn Source) -> Result<Self> {
        let mut walk = Self::own();
        if plan.namespaces == Namespaces::Own {
            // The last query may have left the source elsewhere.
            source.enter(None).map_err(|failure| Error::of(failure, "ask in", "this network namespace"))?;
            if !plan.needs.contains(Needs::NAMESPACE_NAME) {
                return Ok(walk);
            }
        }
        let found = match source.namespaces(&plan.namespaces) {
            Ok(found) => found,
            // A name is worth having, not worth failing for.
            Err(failure) if plan.namespaces == Namespaces::Own => {
                Reachable { without_names: Some(failure), ..Reachable::default() }
            }
            Err(failure) => return Err(refusal(&plan.namespaces, failure, source)),
        };
        if plan.namespaces == Namespaces::All {
            walk.is_long = true;
            walk.note_unseen(&found, source);
        }
        if let Some(failure) = found.without_names {
            let object = "network namespaces whose names could not be read".to_owned();
            let asks =
                plan.filter.as_ref().is_some_and(|filter| filter.needs().contains(Needs::NAMESPACE_NAME));
            if asks {
                let why = failure.kind();
                walk.gaps.push(Gap {
                    what: Missing::Rows,
                    why,
                    count: None,
                    object,
                    hint: "name them by inode",
                });
            } else {
                walk.note = Some(format!("{object} are shown without: {failure}"));
            }
        }
        // Whatever is not known of one's own, one is in it.
        if found.namespaces.is_empty() && plan.namespaces == Namespaces::Own {
            return Ok(walk);
        }
        walk.stops = found.namespaces.into_iter().map(|namespace| Some(Arc::new(namespace))).collect();
        Ok(walk)
    }

    /// Enters a namespace; false when it stays closed, which is remembered.
    pub(super) fn enter(&mut self, stop: &Stop, plan: &Plan, source: &mut dyn Source) -> Result<bool> {
        let Some(namespace) = stop.as_ref().filter(|_| plan.namespaces != Namespaces::Own) else {
            return Ok(true);
        };
        let Err(failure) = source.enter(Some(namespace.inode)) else { return Ok(true) };
        if !self.is_long {
            return Err(refusal(&plan.namespaces, failure, source));
        }
        let (namespace, why) = (Arc::clone(namespace), failure.kind());
        self.unread.push(Unread { namespace, table: None, why });
        Ok(false)
    }

    /// Remembers that a table could not be read, where it is one of several namespaces; else nothing, and false.
    pub(super) fn lacks(&mut self, stop: &Stop, table: &'static str, why: ErrorKind) -> bool {
        let Some(namespace) = stop.as_ref().filter(|_| self.is_long) else { return false };
        self.unread.push(Unread { namespace: Arc::clone(namespace), table: Some(table), why });
        true
    }

    /// Forgets what could not be read: it begins anew.
    pub(super) fn restart(&mut self) {
        self.unread.clear();
    }

    /// What is missing because namespaces could not be found or entered.
    pub(super) fn tell(self, coverage: &mut Coverage) {
        for ((why, tables), namespaces) in alike(&self.unread) {
            let hint = match why {
                _ if !tables.is_empty() => "",
                ErrorKind::NotPermitted => RIGHT,
                ErrorKind::Absent => COVERED,
                _ => "entering them failed: try again",
            };
            let object = of_tables(&tables, &namespaces);
            coverage.add(Gap { what: Missing::Rows, why, count: None, object, hint });
        }
        self.gaps.into_iter().for_each(|gap| coverage.add(gap));
        self.note.into_iter().for_each(|note| coverage.note(note));
    }

    fn note_unseen(&mut self, found: &Reachable, source: &mut dyn Source) {
        let to_reach = (found.refused > 0).then(|| against_refusal(source, TO_REACH));
        let mut gap = |why, object: String, hint| {
            self.gaps.push(Gap { what: Missing::Rows, why, count: None, object, hint });
        };
        if let Some(to_reach) = to_reach {
            gap(ErrorKind::NotPermitted, of_processes(found.refused), to_reach);
        }
        if let Some(failure) = found.why_unread.filter(|_| found.unread > 0) {
            gap(failure.kind(), of_processes(found.unread), "looking into them failed: try again");
        }
        if let Some(failure) = found.without_mounts {
            let object = "network namespaces that only mounts hold".to_owned();
            gap(
                failure.kind(),
                object,
                "they are found through /proc/self/mountinfo, which could not be read",
            );
        }
        if found.unsettled {
            let object = "network namespaces that came and went".to_owned();
            gap(ErrorKind::Unsettled, object, "try again");
        }
        if let Some(failure) = found.without_processes {
            let hint = "namespaces are found through /proc: mount it";
            gap(failure.kind(), "network namespaces of processes".to_owned(), hint);
            return;
        }
        let hidden = "network namespaces of hidden processes".to_owned();
        match may_hide(source) {
            Ok(may_hide) if may_hide || found.hidden => gap(
                ErrorKind::NotPermitted,
                hidden,
                "/proc hides other users' processes (hidepid): run as the machine's root",
            ),
            Ok(_) => {}
            Err(failure) => {
                gap(failure.kind(), hidden, "whether /proc hides any could not be read: try again");
            }
        }
    }
}

fn of_processes(count: u64) -> String {
    match count {
        1 => "network namespace of 1 process".to_owned(),
        count => format!("network namespaces of {count} processes"),
    }
}

/// What could not be read for the same reason: a reason with tables (none stands for all), and the namespaces where it was so.
fn alike(unread: &[Unread]) -> BTreeMap<(ErrorKind, Vec<&'static str>), Vec<&Arc<NetworkNamespace>>> {
    let mut alike: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for of_one in unread.chunk_by(|a, b| Arc::ptr_eq(&a.namespace, &b.namespace)) {
        let mut reasons: BTreeMap<ErrorKind, Vec<&'static str>> = BTreeMap::new();
        for Unread { table, why, .. } in of_one {
            let tables = reasons.entry(*why).or_default();
            // Some protocols have a table for each family.
            tables.extend(table.filter(|table| !tables.contains(table)));
        }
        let Some(Unread { namespace, .. }) = of_one.first() else { continue };
        for reason in reasons {
            alike.entry(reason).or_default().push(namespace);
        }
    }
    alike
}

/// Tables and namespaces in words, which stay short however many there are.
fn of_tables(tables: &[&str], namespaces: &[&Arc<NetworkNamespace>]) -> String {
    let names = |most| {
        let names: Vec<_> = namespaces.iter().take(most).map(ToString::to_string).collect();
        names.join(", ")
    };
    let namespaces = match namespaces.len() {
        1 if !tables.is_empty() => format!("network namespace {}", names(1)),
        0..=NAMED => format!("network namespaces {}", names(NAMED)),
        count => format!("{count} network namespaces, such as {}", names(EXAMPLES)),
    };
    if tables.is_empty() { namespaces } else { format!("{}, {namespaces}", tables.join(", ")) }
}

/// Why none of what was asked for can be had.
fn refusal(namespaces: &Namespaces, failure: Failure, source: &mut dyn Source) -> Error {
    if failure == Failure::Answer(Errno::EOPNOTSUPP) {
        return Error::new(ErrorKind::Unsupported, "enter", object_of(namespaces))
            .with_hint("a recording is of one network namespace, chosen when it was made");
    }
    let Namespaces::One(which) = namespaces else {
        return Error::of(failure, "find", object_of(namespaces))
            .with_hint("they are found through /proc: mount it");
    };
    let invalid = || {
        Error::new(ErrorKind::Invalid, "enter", object_of(namespaces))
            .with_hint("name one below /run/netns, a process in it, or a path with a slash")
    };
    let error = Error::of(failure, "enter", object_of(namespaces));
    let is_of_proc =
        which.as_bytes().starts_with(b"/proc/") || which.as_bytes().iter().all(u8::is_ascii_digit);
    match failure.kind() {
        _ if failure == Failure::Answer(Errno::EINVAL) => invalid().because("it is not a network namespace"),
        ErrorKind::Absent if is_of_proc && Scope::of(source) == Scope::NoProc => {
            Error::new(ErrorKind::Absent, "enter", object_of(namespaces))
                .because("/proc is not there")
                .with_hint("those of processes are found through it: mount it")
        }
        ErrorKind::Absent => invalid(),
        ErrorKind::NotPermitted if failure.errno() == Some(Errno::EPERM) => error.with_hint(TO_ENTER),
        ErrorKind::NotPermitted if which.as_bytes().starts_with(b"/proc/") => error.with_hint(PATH),
        ErrorKind::NotPermitted if which.as_bytes().iter().all(u8::is_ascii_digit) => {
            error.with_hint(against_refusal(source, TO_REACH))
        }
        ErrorKind::NotPermitted => {
            error.with_hint("a directory on the way is closed to you: it takes permission to search it")
        }
        _ => error,
    }
}

fn object_of(namespaces: &Namespaces) -> String {
    match namespaces {
        Namespaces::One(which) => format!("network namespace \"{}\"", which.as_bytes().escape_ascii()),
        _ => "other network namespaces".to_owned(),
    }
}
