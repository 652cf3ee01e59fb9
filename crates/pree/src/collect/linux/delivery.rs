//! The last step of a row: is it asked for, whose is it, and off to the visitor.

use std::collections::HashSet;
use std::ops::ControlFlow;

use super::directions::Directions;
use super::ends::Ends;
use super::in_flight;
use super::namespaces::Stop;
use super::owners::{OwnerSearch, Place};
use super::sequences::Sequences;
use super::unix_ends::UnixEnds;
use super::untold::Untold;
use crate::collect::Visitor;
use crate::coverage::{Coverage, Gap, Missing};
use crate::error::ErrorKind;
use crate::filter::Filter;
use crate::model::{Address, Protocol, Socket, State, Unowned};
use crate::needs::{Needs, OwnerLookup};
use crate::plan::Plan;
use crate::source::Source;

/// Owners that are told of another end, and in rows of a socket after its first: any number of sockets can have one and the same
/// other end, which any number of descriptors can lead to.
const OWNERS_AGAIN: usize = 64;

/// Rows that are held when few are expected; more are better met with every owner known.
const HELD_MOST: usize = 4096;

/// What is known of the rows of one network namespace.
#[derive(Default)]
pub(super) struct Part {
    /// With the numbers that names have there; and what it needs.
    filter: Option<(Filter, Needs)>,
    /// The namespace stored on each row, if requested.
    namespace: Stop,
    /// The connections within it, when their other ends are asked for: these rows are held too.
    ends: Option<Ends>,
    /// Who listens in it, when directions are asked for.
    directions: Option<Directions>,
    /// Rows with an inode that nobody was seen to hold: looked up once more at the end.
    held: Vec<Socket>,
}

impl Part {
    /// True when nothing of it is needed later.
    fn is_void(&self) -> bool {
        self.held.is_empty()
    }

    /// Asks first what the rows of the namespace are joined with.
    pub(super) fn new(plan: &Plan, namespace: Stop, source: &mut dyn Source) -> Self {
        Self {
            filter: filter_of(plan),
            namespace,
            ends: Ends::read(plan, source),
            directions: Directions::read(plan, source),
            held: Vec::new(),
        }
    }

    /// What of no namespace in particular is told in.
    pub(super) fn nowhere(plan: &Plan) -> Self {
        Self { filter: filter_of(plan), ..Self::default() }
    }
}

fn filter_of(plan: &Plan) -> Option<(Filter, Needs)> {
    plan.filter.as_ref().map(|filter| (filter.clone(), filter.needs()))
}

pub(super) struct Delivery<'p, 'v> {
    plan: &'p Plan,
    owners: OwnerSearch<'p>,
    visitor: &'p mut Visitor<'v>,
    /// Whether the filter can be asked before the owners are known: that saves looking them up.
    filter_first: bool,
    /// Whether no owner was looked for yet: every row is held then.
    holds_all: bool,
    /// Whether any row was asked for yet.
    begun: bool,
    /// The namespace whose rows come now, and those before it.
    part: Part,
    done: Vec<Part>,
    /// Sequence numbers, when they are asked for.
    sequences: Option<Sequences>,
    /// Names of Unix sockets, when those of other ends are asked for.
    unix_ends: Option<UnixEnds>,
    /// Inodes of every row that came by, wanted or not, when sockets without a row are looked for.
    met: Option<HashSet<u64>>,
    /// Whether owners were looked for.
    has_looked: bool,
    /// Some look could not see every descriptor.
    was_blind: bool,
    /// Inodes of SCTP sockets, each of which has a row for every association.
    associated: HashSet<u64>,
    /// Some owners were left out: [`OWNERS_AGAIN`].
    left_out: bool,
    untold: Untold,
}

impl<'p, 'v> Delivery<'p, 'v> {
    pub(super) fn new(plan: &'p Plan, owners: OwnerSearch<'p>, visitor: &'p mut Visitor<'v>) -> Self {
        // What is known last.
        let late = Needs::OWNERS | Needs::PEERS | Needs::REMOTE_NAMES | Needs::FDS_IN_FLIGHT;
        let filter_first =
            plan.filter.as_ref().is_some_and(|filter| !(filter.needs() & plan.needs).intersects(late));
        Self {
            plan,
            owners,
            visitor,
            filter_first,
            holds_all: false,
            begun: false,
            part: Part::default(),
            done: Vec::new(),
            sequences: None,
            unix_ends: plan.needs.contains(Needs::REMOTE_NAMES).then(UnixEnds::default),
            met: plan.searches_holders().then(HashSet::new),
            has_looked: false,
            was_blind: false,
            associated: HashSet::new(),
            left_out: false,
            untold: Untold::new(plan.asked),
        }
    }

    /// True before the first namespace.
    pub(super) fn is_first(&self) -> bool {
        !self.begun
    }

    /// The rows to come are of this namespace. Before the first ones, owners are looked for, unless so few rows are to
    /// be expected that it is better to have these first.
    pub(super) fn begin(&mut self, part: Part, plan: &Plan, source: &mut dyn Source) {
        if !std::mem::replace(&mut self.begun, true) {
            self.sequences = Sequences::read(plan, source);
            self.untold.sequences_refused = self.sequences.as_ref().and_then(Sequences::refused);
            if plan.owners != OwnerLookup::None && plan.is_narrow() && !plan.searches_holders() {
                self.holds_all = true;
            } else {
                self.look(source);
            }
        } else if !self.part.is_void() {
            self.done.push(std::mem::take(&mut self.part));
        }
        self.part = part;
    }

    /// True when so many rows were to be held that reading them stopped.
    pub(super) fn holds_too_many(&self) -> bool {
        let held = |part: &Part| part.held.len();
        self.holds_all && held(&self.part) + self.done.iter().map(held).sum::<usize>() > HELD_MOST
    }

    /// Looks for the owners of everything, if any are asked for. Rows that are held are forgotten.
    pub(super) fn look(&mut self, source: &mut dyn Source) {
        self.holds_all = false;
        self.part = Part::default();
        self.done.clear();
        if self.plan.owners != OwnerLookup::None || self.plan.others {
            self.has_looked = true;
            self.owners.look(source);
            self.was_blind = self.owners.is_blind();
        }
    }

    /// The rows of this protocol that come without an identity are from /proc, for this reason.
    pub(super) fn comes_from_proc(&mut self, protocol: Protocol, why: ErrorKind) {
        self.untold.comes_from_proc(protocol, why);
    }

    /// What was asked for about the rows that passed and was not told.
    pub(super) fn untold(&self) -> impl Iterator<Item = Gap> + '_ {
        self.untold.gaps().chain(self.owners.unread_once())
    }

    /// Looks for those who hold sockets, if that was not done yet.
    pub(super) fn look_if_nobody_did(&mut self, source: &mut dyn Source) {
        if !std::mem::replace(&mut self.has_looked, true) {
            self.owners.look(source);
        }
    }

    /// The sockets that somebody holds and no row told of, and where they are held.
    pub(super) fn not_met(&self) -> Vec<(u64, Vec<Place>)> {
        let met = |inode: &u64| self.met.as_ref().is_some_and(|met| met.contains(inode));
        let not_met = self.owners.held().filter(|inode| !met(inode));
        not_met.map(|inode| (inode, self.owners.places(inode).collect())).collect()
    }

    /// The gap that descriptors which could not be seen are, where sockets are found through them.
    pub(super) fn blindness(&self) -> Option<Gap> {
        let (why, hint) = self.owners.why_blind();
        self.owners.is_blind().then(|| Gap {
            what: Missing::Rows,
            why,
            count: None,
            object: "other".to_owned(),
            hint,
        })
    }

    /// The only local ports at which rows can match, where that is known.
    pub(super) fn bound_ports(&self, source: &mut dyn Source) -> Option<Vec<u16>> {
        if self.has_looked { self.owners.bound_ports(source) } else { None }
    }

    /// Rows with these inodes come next.
    pub(super) fn announce(&self, inodes: impl Iterator<Item = u32>) {
        if self.has_looked {
            self.owners.map.announce(inodes.map(u64::from));
        }
    }

    /// True when the query asks for this row. The kernel was asked for just these, but a recording or /proc gives all.
    pub(super) fn wants(&self, socket: &Socket) -> bool {
        self.plan.wants(socket)
    }

    /// Gives the row its owners and passes it on, or holds it.
    pub(super) fn deliver(&mut self, socket: &mut Socket) -> ControlFlow<()> {
        socket.owners.clear();
        socket.unowned = None;
        if let Some(peer) = &mut socket.peer {
            peer.owners.clear();
        }
        if let Some(sequences) = &self.sequences {
            sequences.add_to(socket);
        }
        if self.part.namespace.is_some() {
            socket.network_namespace.clone_from(&self.part.namespace);
        }
        // What is known only when every row and every owner is.
        let mut waits = self.tells_in_flight(socket);
        if let Some(ends) = &mut self.unix_ends {
            ends.note(socket);
            waits |= !ends.join(socket);
        }
        if let Some(ends) = &mut self.part.ends {
            waits |= ends.note(socket);
        }
        if let Some(directions) = &mut self.part.directions {
            waits |= directions.tell(socket);
        }
        if let (Some(met), Some(inode)) = (&mut self.met, socket.inode) {
            met.insert(inode);
        }
        if !self.wants(socket) || (self.filter_first && !self.matches(socket)) {
            return ControlFlow::Continue(());
        }
        if self.holds_all {
            self.part.held.push(socket.clone());
            return if self.holds_too_many() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
        }
        if waits {
            self.part.held.push(socket.clone());
            return ControlFlow::Continue(());
        }
        if self.plan.owners != OwnerLookup::None {
            match socket.inode {
                None => socket.unowned = Some(reason_without_inode(socket.state)),
                Some(_) if is_kernels(socket) => socket.unowned = Some(Unowned::NoVisibleHolder),
                Some(inode) => {
                    self.find_owners(inode, socket);
                    if socket.owners.is_empty() && self.owners.named.is_some() {
                        // Of no process that is meant, as far as these could be looked into.
                        socket.unowned = Some(self.owners.reason_unowned());
                        let _ = self.matches(socket);
                        return ControlFlow::Continue(());
                    }
                    if socket.owners.is_empty() | !self.find_peer(socket) {
                        self.part.held.push(socket.clone());
                        return ControlFlow::Continue(());
                    }
                }
            }
        }
        if self.filter_first || self.matches(socket) {
            self.pass_on(socket)
        } else {
            ControlFlow::Continue(())
        }
    }

    fn pass_on(&mut self, socket: &Socket) -> ControlFlow<()> {
        if self.plan.is_undecided(socket) {
            self.untold.count_undecided(socket);
            return ControlFlow::Continue(());
        }
        self.owners.details.count(socket);
        self.untold.count(socket);
        (self.visitor)(socket)
    }

    /// Looks for the owners of a row that was held, and of its other end. The reason if there is none.
    fn find_again(&mut self, socket: &mut Socket) -> Unowned {
        let inode = match socket.inode {
            None => return reason_without_inode(socket.state),
            Some(_) if is_kernels(socket) => return Unowned::NoVisibleHolder,
            Some(inode) => inode,
        };
        // Those found by the first look are found again.
        socket.owners.clear();
        self.find_owners(inode, socket);
        if let Some(peer) = &mut socket.peer {
            peer.owners.clear();
        }
        self.find_peer(socket);
        self.owners.reason_unowned()
    }

    fn find_owners(&mut self, inode: u64, socket: &mut Socket) {
        let is_first = socket.protocol != Protocol::Sctp || self.associated.insert(inode);
        let most = if is_first { usize::MAX } else { OWNERS_AGAIN };
        self.left_out |= self.owners.find_at_most(most, inode, &mut socket.owners);
    }

    /// Looks for those who hold the other end. False when they should be known and are not.
    fn find_peer(&mut self, socket: &mut Socket) -> bool {
        let Some(peer) = &mut socket.peer else { return true };
        let Some(inode) = peer.inode else { return true };
        self.left_out |= self.owners.find_at_most(OWNERS_AGAIN, inode, &mut peer.owners);
        !peer.owners.is_empty()
    }

    /// True for what is asked how many descriptors were passed to it.
    fn tells_in_flight(&self, socket: &Socket) -> bool {
        self.plan.needs.contains(Needs::FDS_IN_FLIGHT) && socket.protocol == Protocol::Unix
    }

    fn matches(&mut self, socket: &Socket) -> bool {
        let Some((filter, needs)) = &self.part.filter else { return true };
        self.untold.lets_through((filter, *needs), socket, &self.owners)
    }

    /// Looks once more for the owners of the rows held, and passes them on.
    pub(super) fn finish(&mut self, source: &mut dyn Source, coverage: &mut Coverage) -> ControlFlow<()> {
        let flow = self.finish_held(source);
        self.untold.tell_owners(&self.owners, coverage);
        if self.plan.owners != OwnerLookup::None {
            self.owners.tell(coverage);
        }
        if self.left_out {
            coverage.note(format!(
                "of other ends, and of one socket's further associations, {OWNERS_AGAIN} owners are told"
            ));
        }
        if self.was_blind && self.plan.owners == OwnerLookup::All {
            coverage.note(
                "not every process could be looked into: sockets may have more owners than are shown"
                    .to_owned(),
            );
        }
        flow
    }

    fn finish_held(&mut self, source: &mut dyn Source) -> ControlFlow<()> {
        let mut parts = std::mem::take(&mut self.done);
        parts.push(std::mem::take(&mut self.part));
        if parts.iter().all(|part| part.held.is_empty()) {
            return ControlFlow::Continue(());
        }
        for part in &mut parts {
            for socket in &mut part.held {
                if let Some(ends) = &part.ends {
                    ends.join(socket);
                }
                if let Some(ends) = &self.unix_ends {
                    ends.join(socket);
                }
                if let Some(directions) = &mut part.directions {
                    directions.tell(socket);
                }
            }
        }
        let looks = self.plan.owners != OwnerLookup::None;
        let peer = |socket: &Socket| socket.peer.as_ref().and_then(|peer| peer.inode);
        let held = parts.iter().flat_map(|part| &part.held);
        let inodes: HashSet<u64> = held.flat_map(|socket| [socket.inode, peer(socket)]).flatten().collect();
        if looks && !inodes.is_empty() {
            self.owners.look_again(source, &inodes);
            self.was_blind |= self.owners.is_blind();
        }
        for part in parts {
            self.part = part;
            for mut socket in std::mem::take(&mut self.part.held) {
                if looks {
                    let reason = self.find_again(&mut socket);
                    if socket.owners.is_empty() {
                        socket.unowned = Some(reason);
                    }
                }
                if self.tells_in_flight(&socket) {
                    let places = socket.inode.into_iter().flat_map(|inode| self.owners.places(inode));
                    in_flight::read(source, &mut socket, places);
                }
                if !self.matches(&socket) {
                    continue;
                }
                if self.pass_on(&socket).is_break() {
                    return ControlFlow::Break(());
                }
            }
        }
        ControlFlow::Continue(())
    }
}

/// The kernel's own ends of netlink have inodes and no descriptors.
fn is_kernels(socket: &Socket) -> bool {
    matches!(socket.local, Address::Netlink { port_id: 0, .. })
}

/// Why a socket that no file stands for has no owner: its state says so.
fn reason_without_inode(state: State) -> Unowned {
    match state {
        State::TimeWait => Unowned::TimeWait,
        State::SynReceived => Unowned::Handshake,
        // close(2) never leaves a socket in these, so it was never accepted.
        State::Established | State::CloseWait => Unowned::AcceptQueue,
        State::FinWait1 | State::FinWait2 | State::Closing | State::LastAck => Unowned::Orphaned,
        _ => Unowned::NoVisibleHolder,
    }
}
