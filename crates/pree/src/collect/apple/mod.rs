//! macOS: rows from the sysctls `pcblist_n`, owners through the descriptors of each process, joined by the number of the
//! control block.
//!
//! Before macOS 27 the lists show everybody all sockets; since then they show users other than root only their own, without
//! saying so. So pree checks whose sockets are reported and how many are counted, and rows that the lists keep to
//! themselves come from the processes that may be looked into. What is missing after that is a gap.

mod ask;
mod details;
mod lists;
mod processes;

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;

use pree_wire::apple::{Item, Pcb, PcbList};
use pree_wire::errno::apple;

use super::collection::Collection;
use super::delivery::Delivery;
use super::untold::ONLY_IN_LISTS;
use super::{Visitor, names};
use crate::coverage::{Coverage, Gap, Missing, Origin};
use crate::decode::apple::{Decoded, Decoder, Key, darwin_major, has_stats};
use crate::error::{Error, ErrorKind, NOT_RECORDED, Result};
use crate::filter::Name;
use crate::model::{Peer, Protocol, Socket, States};
use crate::needs::{Needs, OwnerLookup};
use crate::source::{AppleList, AppleQuestion, Question, Source, read_all};
use lists::{Answer, LISTS, Lists, protocols};
use processes::Processes;

/// What a query about macOS is about.
const KNOWN: [Protocol; 5] = [Protocol::Tcp, Protocol::Udp, Protocol::Unix, Protocol::Raw, Protocol::Icmp];

pub(super) fn visit(mut collection: Collection<'_>, visitor: &mut Visitor<'_>) -> Result<Coverage> {
    let rows = Delivery::new(&mut collection, visitor, |collection, what, name| match what {
        Name::Cgroup => Err(Error::new(ErrorKind::Unsupported, "find", "cgroups on macOS")),
        _ => names::number(collection.source, what, name),
    })?;
    let release = read_all(collection.source, &Question::KernelRelease).unwrap_or_default();
    let boot = read_all(collection.source, &Question::BootId).unwrap_or_default();
    let mut reading = Reading {
        decoder: Decoder::new(&boot, &release, collection.plan.needs),
        is_root: is_root(collection.source),
        processes: Processes::new(&collection.plan),
        collection,
        rows,
        waiting: Vec::new(),
        told: HashSet::new(),
        peers: HashMap::new(),
        interface_names: names::InterfaceNames::default(),
        without_stats: 0,
        unknown_owners: 0,
    };
    let lists = reading.read(darwin_major(&release))?;
    let flow = reading.deliver_lists(&lists);
    if flow.is_continue() && reading.deliver_held(&lists).is_continue() {
        // Break here only means that the visitor has enough.
        let _ = reading.deliver_waiting();
    }
    Ok(reading.finish())
}

/// Root sees everything. An unknown caller is not taken for root.
fn is_root(source: &mut dyn Source) -> bool {
    read_all(source, &Question::Apple(AppleQuestion::EffectiveUser)).is_ok_and(|bytes| bytes == [0; 4])
}

struct Reading<'s, 'v> {
    collection: Collection<'s>,
    decoder: Decoder,
    is_root: bool,
    processes: Processes,
    rows: Delivery<'v>,
    /// Rows to which a descriptor should lead and none was seen to: looked for once more at the end.
    waiting: Vec<Decoded>,
    /// What the lists reported.
    told: HashSet<Key>,
    /// The socket that each Unix control block of a list belongs to.
    peers: HashMap<(AppleList, u64), u64>,
    interface_names: names::InterfaceNames,
    without_stats: u64,
    unknown_owners: u64,
}

impl Reading<'_, '_> {
    fn wants(&self, protocol: Protocol) -> bool {
        self.collection.plan.tables.iter().any(|table| table.protocol == protocol)
    }

    fn look(&mut self) {
        self.processes.look(self.collection.source, &self.decoder);
        self.processes.settle(&mut self.rows.unmet);
    }

    /// Reads processes and lists. An error means that neither reported anything.
    fn read(&mut self, darwin: Option<u32>) -> Result<Lists> {
        self.tell_what_macos_lacks(darwin);
        let mut wanted = LISTS.to_vec();
        wanted.retain(|list| protocols(*list).iter().any(|protocol| self.wants(*protocol)));
        let looks = self.collection.plan.owners != OwnerLookup::None;
        if looks {
            self.look();
        }
        let lists = Lists::read(&wanted, self.is_root, self.collection.source);
        if !looks && !lists.answers.iter().all(Answer::is_whole) {
            self.look();
        }
        let has_list = lists.answers.iter().any(|answer| answer.error.is_none());
        if has_list || self.processes.saw_any() {
            return Ok(lists);
        }
        match lists.answers.into_iter().find_map(|answer| answer.error) {
            Some(error) => Err(error),
            None => Ok(Lists::default()),
        }
    }

    /// Notes about what this system does not have, so that it is not taken for none.
    fn tell_what_macos_lacks(&mut self, darwin: Option<u32>) {
        let wants_tcp = self.wants(Protocol::Tcp);
        let Collection { plan, coverage, .. } = &mut self.collection;
        for table in &plan.tables {
            if !KNOWN.contains(&table.protocol) {
                let protocol = table.protocol;
                let sentence = format!("macOS does not report {protocol} sockets");
                coverage.tells_nothing_of(protocol.name(), sentence);
            }
        }
        if plan.others {
            let sentence = "macOS does not report sockets of other families";
            coverage.tells_nothing_of("other", sentence.to_owned());
        }
        // The list has them since xnu-3789.
        if wants_tcp && plan.states.contains(States::TIME_WAIT) && darwin.is_some_and(|major| major < 16) {
            coverage.note("before macOS 10.12 connections in TIME_WAIT are not reported".to_owned());
        }
    }

    fn deliver_lists(&mut self, lists: &Lists) -> ControlFlow<()> {
        for answer in &lists.answers {
            self.note_unix_control_blocks(answer);
        }
        for answer in &lists.answers {
            let Ok(list) = PcbList::parse(&answer.bytes) else { continue };
            for item in list {
                let Ok(Item::Row(row)) = item else { break };
                let Some(mut decoded) = self.decoder.row(&row, answer.list) else { continue };
                if !self.wants(decoded.socket.protocol) {
                    continue;
                }
                if decoded.peer != 0 {
                    decoded.peer = self.peers.get(&(answer.list, decoded.peer)).copied().unwrap_or(0);
                }
                // Each once, whatever the kernel does.
                if decoded.key.is_none_or(|key| self.told.insert(key)) {
                    self.deliver(decoded)?;
                }
            }
        }
        ControlFlow::Continue(())
    }

    /// A row names the control block at its other end; a descriptor leads to a socket.
    fn note_unix_control_blocks(&mut self, answer: &Answer) {
        let Ok(list) = PcbList::parse(&answer.bytes) else { return };
        for item in list {
            let Ok(Item::Row(row)) = item else { break };
            if let Pcb::Unix(pcb) = row.pcb {
                if let (Some(block), Some(handle)) = (pcb.handle(), row.socket.handle()) {
                    self.peers.insert((answer.list, block), handle);
                }
            }
        }
    }

    /// Rows that only a descriptor led to, where a list does not report all.
    fn deliver_held(&mut self, lists: &Lists) -> ControlFlow<()> {
        let mut added: HashMap<Protocol, u64> = HashMap::new();
        for decoded in self.processes.sockets() {
            let (Some(key), protocol) = (decoded.key, decoded.socket.protocol) else { continue };
            // A list that reports all has reported it, or it was closed meanwhile.
            if !self.wants(protocol) || self.told.contains(&key) || lists.tell_all_of(protocol) {
                continue;
            }
            *added.entry(protocol).or_default() += 1;
            let lacks = self.collection.plan.needs.contains(Needs::STATS)
                && protocol == Protocol::Tcp
                && has_stats(decoded.socket.state);
            if self.deliver(decoded).is_break() {
                return ControlFlow::Break(());
            }
            self.without_stats += u64::from(lacks);
        }
        for protocol in KNOWN {
            if self.wants(protocol) {
                self.tell_missing_rows(protocol, lists, added.get(&protocol).copied().unwrap_or(0));
            }
        }
        ControlFlow::Continue(())
    }

    /// Says which sockets were not reported, and where the others came from.
    fn tell_missing_rows(&mut self, protocol: Protocol, lists: &Lists, added: u64) {
        let coverage = &mut self.collection.coverage;
        let name = protocol.table_name();
        let mut gap = |why, hint| {
            coverage.add(Gap { what: Missing::Rows, why, count: None, object: name.to_owned(), hint });
        };
        let mut kept_back = false;
        for answer in lists.of(protocol) {
            match &answer.error {
                // Before macOS 13 there is none of Unix sockets. Root finds them all through their holders.
                Some(error) if self.is_root && protocol == Protocol::Unix && is_unknown(error) => {
                    if self.processes.is_blind() {
                        let (why, hint) = self.processes.why_blind();
                        gap(why, hint);
                    }
                }
                Some(error) if error.kind() == ErrorKind::NotRecorded => gap(error.kind(), NOT_RECORDED),
                Some(error) => gap(error.kind(), "only this sysctl shows what others hold: run as root"),
                None => {
                    if let Some((why, hint)) = answer.trouble {
                        gap(why, hint);
                    }
                    kept_back |= answer.keeps_back;
                }
            }
        }
        if kept_back {
            gap(
                ErrorKind::NotPermitted,
                "this macOS shows users other than root only their own sockets: run as root",
            );
        }
        let told = lists.of(protocol).filter(|answer| answer.error.is_none()).map(|answer| answer.told);
        let told: u64 = told.sum();
        if kept_back {
            let counted = lists.of(protocol).map(|answer| answer.counted).max().unwrap_or(0);
            coverage.note(format!(
                "{name}: the kernel counts {counted} sockets, reports {told}, and processes lead to {added} more"
            ));
        }
        for answer in lists.of(protocol) {
            if let Some(error) = &answer.error {
                coverage.note(format!("{error}; {name} sockets come from processes"));
            }
        }
        let from_lists = lists.of(protocol).any(|answer| answer.error.is_none());
        if from_lists {
            coverage.came_from(protocol, Origin::Sysctl);
        }
        if added > 0 || !from_lists {
            coverage.came_from(protocol, Origin::Libproc);
        }
    }

    /// Gives the row its owners and passes it on, or lets it wait for the second look.
    fn deliver(&mut self, mut decoded: Decoded) -> ControlFlow<()> {
        let finds_owners = self.collection.plan.owners != OwnerLookup::None;
        if finds_owners {
            if let Some(pid) = decoded.process {
                decoded
                    .socket
                    .owners
                    .extend(self.processes.owner_without_descriptor(pid, self.collection.source));
            }
            if let Some(key) = decoded.key {
                self.processes.find(key, &mut decoded.socket.owners);
            }
            if decoded.socket.owners.is_empty() && decoded.unowned.is_none() && decoded.key.is_some() {
                self.waiting.push(decoded);
                return ControlFlow::Continue(());
            }
            self.add_peer(&mut decoded.socket, decoded.peer);
        }
        self.pass_on(decoded)
    }

    fn add_peer(&self, socket: &mut Socket, handle: u64) {
        if handle != 0 {
            let mut peer = Peer::default();
            // Both ends are of one type.
            self.processes.find(Key::Unix(socket.socket_type, handle), &mut peer.owners);
            socket.peer = Some(Box::new(peer));
        }
    }

    fn pass_on(&mut self, decoded: Decoded) -> ControlFlow<()> {
        let Decoded { mut socket, unowned, .. } = decoded;
        if self.collection.plan.owners != OwnerLookup::None && socket.owners.is_empty() {
            let reason = unowned.unwrap_or_else(|| self.processes.reason_unowned());
            socket.unowned = Some(reason);
            if reason.is_unknown() && self.collection.plan.wants(&socket) {
                self.unknown_owners += 1;
            }
        }
        if self.collection.plan.needs.contains(Needs::INTERFACE_NAME)
            && !self.interface_names.complete(&mut socket)
        {
            let source = &mut *self.collection.source;
            socket.interface.into_iter().for_each(|index| self.interface_names.ask(index, source));
            self.interface_names.complete(&mut socket);
        }
        let told = self.rows.told();
        let flow = self.rows.deliver(&mut socket, |_| {});
        if self.rows.told() > told {
            self.processes.count(&socket);
        }
        flow
    }

    /// Looks once more for those that a socket should have: it may be younger than the first look.
    fn deliver_waiting(&mut self) -> ControlFlow<()> {
        let waiting = std::mem::take(&mut self.waiting);
        if waiting.is_empty() {
            return ControlFlow::Continue(());
        }
        self.look();
        for mut decoded in waiting {
            if let Some(key) = decoded.key {
                self.processes.find(key, &mut decoded.socket.owners);
            }
            self.add_peer(&mut decoded.socket, decoded.peer);
            self.pass_on(decoded)?;
        }
        ControlFlow::Continue(())
    }

    fn finish(self) -> Coverage {
        let Collection { plan, mut coverage, .. } = self.collection;
        if self.without_stats > 0 {
            coverage.add(Gap {
                what: Missing::Stats,
                why: ErrorKind::NotPermitted,
                count: Some(self.without_stats),
                object: String::new(),
                hint: ONLY_IN_LISTS,
            });
        }
        if plan.owners != OwnerLookup::None {
            coverage.owners_came_from(Origin::Libproc);
            if self.unknown_owners > 0 {
                let (why, hint) = self.processes.why_blind();
                coverage.add(Gap {
                    what: Missing::Owners,
                    why,
                    count: Some(self.unknown_owners),
                    object: String::new(),
                    hint,
                });
            } else if self.processes.is_blind() && plan.owners == OwnerLookup::All {
                coverage.note(
                    "not every process could be looked into: sockets may have more owners than are shown"
                        .to_owned(),
                );
            }
        }
        let undecided = self.rows.undecided_owners(self.processes.why_blind());
        let gaps = undecided.into_iter().chain(self.processes.unknown_details());
        gaps.chain(self.interface_names.gap()).for_each(|gap| coverage.add(gap));
        self.rows.finish(&mut coverage);
        coverage
    }
}

/// True when the system does not know a sysctl of this name.
fn is_unknown(error: &Error) -> bool {
    error.errno() == Some(apple::ENOENT.number()) && error.kind() == ErrorKind::Absent
}
