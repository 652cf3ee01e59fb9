//! Whose socket is it: every process's descriptors, joined to sockets by inode.
//!
//! Two sources report them: a walk through /proc (`walk.rs`) and a BPF program (`bpf_owners.rs`). They do not see the same
//! processes: the program those of our own pid namespace, /proc those of the namespace that it was mounted for (`scope.rs`),
//! and of these what our rights permit. Where one alone sees everything, the cheaper one is asked; what it may have left
//! unseen, the other one adds.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use super::blind::Blind;
use super::details::UnreadDetails;
use super::inode_map::{Holder, InodeMap};
use super::program::refused;
use super::scope::{Scope, TO_LOOK, against_refusal, hidden};
use crate::collect::names;
use crate::coverage::{Coverage, Gap, Missing, Origin};
use crate::error::{ErrorKind, NOT_RECORDED};
use crate::filter::{Filter, Holders, Unmet};
use crate::model::{Owner, Process, Socket, StartTime, Text, Unowned};
use crate::needs::{Needs, OwnerLookup, OwnerSource};
use crate::plan::Plan;
use crate::source::{Failure, Source};

/// What helps where that was not read which is read once for all processes.
const UNREAD_ONCE: &str = "names of users are read from /etc/passwd, the time of boot from the clock";

#[derive(Default)]
pub(super) struct OwnerSearch {
    pub(super) needs: Needs,
    pub(super) lookup: OwnerLookup,
    pub(super) method: OwnerSource,
    /// The only processes that are looked into, when the filter names some.
    pub(super) named: Option<Holders>,
    /// Of the filter's conditions on processes, those that nobody unseen meets.
    pub(super) unmet: Unmet,
    /// Inodes of every row that came by, wanted or not, when sockets without a row are looked for.
    pub(super) met: Option<HashSet<u64>>,
    pub(super) has_looked: bool,
    /// Some look could not see every descriptor.
    was_blind: bool,
    /// Which processes /proc shows, once that was found out.
    scope: Option<Scope>,
    /// Whether the program costs less than a walk, once that is decided.
    pub(super) program_pays: Option<bool>,
    /// Why there is no program, once it was refused; it is not tried again.
    pub(super) program_refused: Option<Failure>,
    /// Whether the program was refused where it was to spare the walk.
    instead: bool,
    pub(super) map: InodeMap,
    processes: Vec<Met>,
    /// Their places in the list, by pid, start in ticks, and whether that is the pid in /proc.
    places: HashMap<(u32, Option<u64>, bool), u32>,
    /// Which sources reported, in this search.
    pub(super) told: Told,
    /// What kept us from seeing every descriptor, if anything did.
    pub(super) blind: Option<Blind>,
    /// What helps against processes that refuse, once one did.
    against_refusal: Option<&'static str>,
    /// Sockets that were closed while it was looked for who holds them.
    pub(super) gone: HashSet<u64>,
    /// Descriptors of rings (`io_uring`) that the walk met.
    pub(super) rings: Vec<Place>,
    /// Who holds sockets in these, by their inodes.
    pub(super) in_rings: HashMap<u64, Vec<Holder>>,
    /// Processes that the walk was told of.
    pub(super) listed: HashSet<u32>,
    /// Processes whose descriptors /proc did not give, and those of which the program reported.
    pub(super) unread: HashSet<u32>,
    pub(super) told_of: HashSet<u32>,
    pub(super) details: UnreadDetails,
    pub(super) boot_time: Option<Duration>,
    pub(super) users: HashMap<u32, Text>,
    /// What was to be read once for all processes and could not be, and why.
    pub(super) unread_once: Vec<(Needs, Failure)>,
    pub(super) prepared: bool,
}

/// A process that holds sockets.
struct Met {
    process: Arc<Process>,
    /// Whether its pid is that in /proc, so that its files can be asked for.
    in_proc: bool,
}

#[derive(Clone, Copy, Default)]
pub(super) struct Told {
    pub(super) proc: bool,
    pub(super) program: bool,
    /// The program has reported all that /proc could.
    whole_by_program: bool,
}

/// Where a socket is held, in /proc.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Place {
    pub(super) pid: u32,
    /// Thread id when the descriptor is not in the leader's table, else 0.
    pub(super) thread: u32,
    pub(super) fd: u32,
}

/// Which sockets a look is about.
#[derive(Clone, Copy)]
pub(super) enum Only<'s> {
    All,
    These(&'s HashSet<u64>),
    Others(&'s HashSet<u64>),
}

impl Only<'_> {
    pub(super) fn has(self, inode: u64) -> bool {
        match self {
            Self::All => true,
            Self::These(inodes) => inodes.contains(&inode),
            Self::Others(inodes) => !inodes.contains(&inode),
        }
    }
}

impl OwnerSearch {
    pub(super) fn new(plan: &Plan) -> Self {
        Self {
            needs: plan.needs,
            lookup: plan.owners,
            method: plan.owner_source,
            named: plan.holders(),
            unmet: plan.filter.as_ref().map(Filter::unmet).unwrap_or_default(),
            met: plan.searches_holders().then(HashSet::new),
            ..Self::default()
        }
    }

    /// True when owners are asked for and were not looked for yet.
    pub(super) fn is_awaited(&self) -> bool {
        self.lookup != OwnerLookup::None && !self.has_looked
    }

    /// Looks once more for those who hold these sockets and their other ends, if owners are asked for.
    pub(super) fn look_for<'s>(
        &mut self,
        source: &mut dyn Source,
        sockets: impl Iterator<Item = &'s Socket>,
    ) {
        if self.lookup == OwnerLookup::None {
            return;
        }
        let peer = |socket: &Socket| socket.peer.as_ref().and_then(|peer| peer.inode);
        let inodes: HashSet<u64> =
            sockets.flat_map(|socket| [socket.inode, peer(socket)]).flatten().collect();
        if !inodes.is_empty() {
            self.look_again(source, &inodes);
        }
    }

    /// A row came by.
    pub(super) fn note_row(&mut self, socket: &Socket) {
        if let (Some(met), Some(inode)) = (&mut self.met, socket.inode) {
            met.insert(inode);
        }
    }

    /// Rows with these inodes come next.
    pub(super) fn announce(&self, inodes: impl Iterator<Item = u32>) {
        if self.has_looked {
            self.map.announce(inodes.map(u64::from));
        }
    }

    /// Reads every process's descriptors; where the filter names processes, those of their threads and their rings too, because
    /// rows without an owner are then not met again.
    pub(super) fn look(&mut self, source: &mut dyn Source) {
        self.see(source, Only::All);
        if self.met.is_some() {
            self.look_into_the_untold(source, Only::All);
        }
        if self.named.is_some() {
            if self.told.proc && !self.told.whole_by_program {
                let known = self.map.inodes().collect();
                self.walk_threads(source, Only::Others(&known));
            }
            self.look_into_rings(source, Only::All);
        }
        self.note_look(source);
    }

    /// Reads them, or reads them again, for just these sockets, then the tables of threads for those that still have no
    /// owner.
    pub(super) fn look_again(&mut self, source: &mut dyn Source, wanted: &HashSet<u64>) {
        self.see(source, Only::These(wanted));
        let without = self.unheld(wanted);
        if !without.is_empty() {
            if self.told.proc && !self.told.whole_by_program {
                self.walk_threads(source, Only::These(&without));
            }
            self.look_into_the_untold(source, Only::These(&without));
        }
        self.note_look(source);
    }

    fn note_look(&mut self, source: &mut dyn Source) {
        self.has_looked = true;
        self.settle_unmet(source);
        self.was_blind |= self.is_blind();
        if self.blind == Some(Blind::Refused) {
            self.against_refusal.get_or_insert_with(|| against_refusal(source, TO_LOOK));
        }
    }

    /// The program reports neither processes that the kernel hides from everybody nor processes without sockets. Where only the program
    /// was asked, /proc says which is which.
    fn look_into_the_untold(&mut self, source: &mut dyn Source, only: Only<'_>) {
        if self.told.program && !self.told.proc && self.blind.is_none() {
            self.read_the_untold(source, only);
        }
    }

    fn see(&mut self, source: &mut dyn Source, only: Only<'_>) {
        self.map.clear();
        self.processes.clear();
        self.places.clear();
        self.told = Told::default();
        self.blind = None;
        self.unread.clear();
        self.told_of.clear();
        self.listed.clear();
        self.rings.clear();
        self.in_rings.clear();
        self.details.unread.clear();
        let scope = self.scope(source);
        match self.method {
            OwnerSource::Proc => self.told.proc = self.walk(source, only, scope),
            OwnerSource::Bpf => match self.add_from_program(source, &|inode| only.has(inode), scope) {
                Ok(()) => {
                    self.told = Told { proc: false, program: true, whole_by_program: true };
                    self.blind = Some(scope.unseen_by_program());
                }
                Err(failure) => self.blind = Some(Blind::Failed(failure)),
            },
            OwnerSource::Auto => self.see_by_both(source, only, scope),
        }
    }

    /// The cheaper one where either would do; then the other one for what that left unseen.
    fn see_by_both(&mut self, source: &mut dyn Source, only: Only<'_>, scope: Scope) {
        let whole_by_program = scope.is_within_ours();
        if whole_by_program && self.program_refused.is_none() && self.pays(source, scope) {
            match self.add_from_program(source, &|inode| only.has(inode), scope) {
                Ok(()) => {
                    self.told = Told { proc: false, program: true, whole_by_program };
                    // Whom the program was not told of, only a /proc with the same ids can tell.
                    self.blind = scope.unseen_in_proc();
                    return;
                }
                Err(failure) => (self.program_refused, self.instead) = (Some(failure), true),
            }
        }
        self.told.proc = self.walk(source, only, scope);
        if self.blind.is_none() || self.program_refused.is_some() {
            return;
        }
        let held: HashSet<u64> = self.map.inodes().collect();
        // What has an owner by its number in /proc must not have it once more by another.
        let more = |inode| only.has(inode) && !(scope.may_show_twice() && held.contains(&inode));
        match self.add_from_program(source, &more, scope) {
            Ok(()) => {
                self.told = Told { program: true, whole_by_program, ..self.told };
                match scope {
                    // What refused us, the program must have reported: it may be kept from it too.
                    _ if whole_by_program => {
                        let is_listed = self.told.proc && hidden(source).is_none();
                        let is_seen = is_listed && self.unread.is_subset(&self.told_of);
                        // A recording made with the program lacks the walk: then the program told alone.
                        self.blind = self.blind.filter(|blind| match blind {
                            Blind::NotRecorded => false,
                            blind => *blind == Blind::Hidden || !is_seen,
                        });
                    }
                    // The two together are everything, if nothing in /proc was refused.
                    Scope::Apart if self.blind == scope.unseen_in_proc() => self.blind = None,
                    _ => {}
                }
            }
            Err(failure) => self.program_refused = Some(failure),
        }
    }

    pub(super) fn scope(&mut self, source: &mut dyn Source) -> Scope {
        *self.scope.get_or_insert_with(|| Scope::of(source))
    }

    /// Says where the owners come from.
    pub(super) fn tell(&self, coverage: &mut Coverage) {
        if self.named.is_some() {
            coverage.note(
                "only the processes that the filter names were looked into: others may hold the same sockets"
                    .to_owned(),
            );
        }
        match self.told {
            Told { proc: true, program, .. } => {
                coverage.owners_came_from(Origin::Proc);
                if program {
                    coverage.note(
                        "owners come from /proc and through BPF: /proc alone does not show all".to_owned(),
                    );
                }
            }
            Told { program: true, .. } => coverage.owners_came_from(Origin::Bpf),
            Told { .. } => {}
        }
        if let (true, Some(failure)) = (self.instead, self.program_refused) {
            coverage.note(format!("{}; owners come from /proc", refused(failure)));
        }
        match self.scope {
            Some(Scope::Below | Scope::Other | Scope::Unknown(_)) if self.told.program => coverage
                .note("/proc shows another pid namespace: process ids are those of one's own".to_owned()),
            Some(Scope::Below | Scope::Apart | Scope::Other) if self.told.proc => coverage
                .note("/proc shows another pid namespace: process ids from it are that one's".to_owned()),
            _ => {}
        }
        if self.was_blind && self.lookup == OwnerLookup::All {
            coverage.note(
                "not every process could be looked into: sockets may have more owners than are shown"
                    .to_owned(),
            );
        }
    }

    /// Adds the owners of a socket to `owners`, as many as the query asks for and not more than `most`. True when there
    /// are more.
    pub(super) fn find_at_most(&self, most: usize, inode: u64, owners: &mut Vec<Owner>) -> bool {
        let wanted = if self.lookup == OwnerLookup::First { 1 } else { usize::MAX };
        let mut holders = self.map.holders(inode).take(wanted);
        owners.extend(holders.by_ref().take(most).filter_map(|holder| self.owner(holder, false)));
        let are_more = holders.next().is_some();
        if owners.is_empty() {
            let in_rings = self.in_rings.get(&inode).into_iter().flatten().take(wanted.min(most));
            owners.extend(in_rings.filter_map(|holder| self.owner(*holder, true)));
        }
        are_more
    }

    fn owner(&self, holder: Holder, io_uring: bool) -> Option<Owner> {
        Some(Owner {
            process: Arc::clone(&self.processes.get(holder.process as usize)?.process),
            fd: Some(holder.fd),
            thread: (holder.thread != 0).then_some(holder.thread),
            io_uring,
        })
    }

    /// Where /proc has the descriptors that lead to a socket.
    pub(super) fn places(&self, inode: u64) -> impl Iterator<Item = Place> + '_ {
        self.map.holders(inode).filter_map(|holder| {
            let met = self.processes.get(holder.process as usize).filter(|met| met.in_proc)?;
            Some(Place { pid: met.process.pid, thread: holder.thread, fd: holder.fd })
        })
    }

    /// True when /proc alone reported, by the numbers of our own pid namespace, and nothing was left unseen.
    pub(super) fn is_whole_by_own_proc(&self) -> bool {
        self.told.proc && !self.told.program && self.scope == Some(Scope::Above(0)) && !self.is_blind()
    }

    /// True when some descriptors could not be seen.
    pub(super) fn is_blind(&self) -> bool {
        self.blind.is_some()
    }

    /// Why the socket with this inode has no owner after all looks.
    pub(super) fn reason_unowned(&self, inode: u64) -> Unowned {
        if self.gone.contains(&inode) {
            return Unowned::ClosedSince;
        }
        if self.is_blind() { Unowned::blind(self.why_blind().0) } else { Unowned::NoVisibleHolder }
    }

    /// What could not be found out about who holds a socket, as far as it was asked for.
    pub(super) fn unread_of(&self, socket: &Socket) -> Needs {
        match socket.unowned {
            Some(reason) if reason.is_unknown() => Needs::OWNERS,
            Some(_) => Needs::empty(),
            None => {
                self.unread_once.iter().fold(self.details.unread.of(socket), |all, (needs, _)| all | *needs)
            }
        }
    }

    /// Why that is, and what helps.
    pub(super) fn why_unread(&self, socket: &Socket) -> (ErrorKind, &'static str) {
        let of_all = || self.unread_once.first().map(|(_, failure)| (failure.kind(), UNREAD_ONCE));
        let of_details = || self.details.unread.why().or_else(of_all).filter(|_| socket.unowned.is_none());
        of_details().unwrap_or_else(|| self.why_blind())
    }

    /// The gap that `count` sockets with unknown owners are.
    pub(super) fn gap(&self, count: u64) -> Gap {
        let (why, hint) = self.why_blind();
        Gap { what: Missing::Owners, why, count: Some(count), object: String::new(), hint }
    }

    /// The gaps that users without their names and processes without the time of their start are, if these are asked for.
    pub(super) fn unread_once(&self) -> impl Iterator<Item = Gap> + '_ {
        let has = |needs| {
            let lacks = |process: &Process| match needs {
                Needs::PROCESS_USER => process.uid.is_some(),
                _ => process.start_time.is_some(),
            };
            self.processes.iter().any(|met| lacks(&met.process))
        };
        let unread = self.unread_once.iter().filter(move |(needs, _)| has(*needs));
        unread.map(|(needs, failure)| match *needs {
            Needs::PROCESS_USER => names::no_user_names(*failure),
            _ => Gap {
                what: Missing::Fields,
                why: failure.kind(),
                count: None,
                object: "when processes started".to_owned(),
                hint: "it is known as a time since boot, and the time of boot could not be read",
            },
        })
    }

    /// Why some descriptors were not seen, and what helps.
    pub(super) fn why_blind(&self) -> (ErrorKind, &'static str) {
        match self.blind {
            None | Some(Blind::Refused) => (ErrorKind::NotPermitted, self.against_refusal.unwrap_or(TO_LOOK)),
            Some(Blind::Hidden) => (
                ErrorKind::NotPermitted,
                "/proc hides other users' processes (hidepid): run as the machine's root",
            ),
            Some(Blind::OtherNamespace) => (
                ErrorKind::Absent,
                "/proc shows another pid namespace: mount a /proc of one's own, or have the rights for BPF",
            ),
            Some(Blind::BeyondNamespace) => (
                ErrorKind::Absent,
                "BPF shows one's own pid namespace only, and /proc another: leave the choice of the source to pree",
            ),
            Some(Blind::BpfAlone) => (
                ErrorKind::Absent,
                "BPF shows no process that the kernel keeps from everybody: leave the choice of the source to pree",
            ),
            Some(Blind::NotRecorded) => (ErrorKind::NotRecorded, NOT_RECORDED),
            Some(Blind::NoProc) => (ErrorKind::Absent, "who holds what is read from /proc: mount it"),
            Some(Blind::Failed(failure)) => (failure.kind(), "looking for them failed: try again"),
        }
    }

    /// The place in the list of a process that was met before.
    pub(super) fn known(&self, pid: u32, start_time: StartTime, in_proc: bool) -> Option<u32> {
        self.places.get(&(pid, start_time.ticks(), in_proc)).copied()
    }

    /// Puts a process on the list.
    pub(super) fn meet(&mut self, process: Process, start_time: StartTime, in_proc: bool) -> u32 {
        let index = self.processes.len() as u32;
        self.places.insert((process.pid, start_time.ticks(), in_proc), index);
        self.processes.push(Met { process: Arc::new(process), in_proc });
        index
    }

    /// How many processes are on the list.
    pub(super) fn count_met(&self) -> usize {
        self.processes.len()
    }

    /// Reads what is asked about the processes on the list from this place on, as far as `is_it` says that /proc still
    /// has the same under their pid.
    pub(super) fn add_details_from(
        &mut self,
        first: usize,
        source: &mut dyn Source,
        is_it: impl Fn(&mut Self, &mut dyn Source, &Process) -> bool,
    ) {
        let mut late = self.processes.split_off(first.min(self.processes.len()));
        for met in &mut late {
            if !met.in_proc {
                self.details.without_proc(met.process.pid, self.needs);
            } else if is_it(self, source, &met.process) {
                self.add_details(source, Arc::make_mut(&mut met.process));
            }
        }
        self.processes.append(&mut late);
    }
}
