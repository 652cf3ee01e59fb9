//! What a look left without a holder: it may have been closed meanwhile, be held by a process that is younger than the look, or be
//! registered with an `io_uring`, which no descriptor shows.

use std::collections::HashSet;

use super::blind::read_with_retries;
use super::diag::is_still_there;
use super::held;
use super::inode_map::Holder;
use super::owners::{Only, OwnerSearch, Place};
use super::walk::{ids, records};
use crate::decode::linux::version;
use crate::model::{Protocol, Protocols, Socket, States};
use crate::needs::{OwnerLookup, OwnerSource};
use crate::plan::Plan;
use crate::source::{ProcessPart, Question, Source, read_all};

/// How often it is looked for processes that began during the look before: each is shorter than the last.
const YOUNGER_MOST: usize = 16;

/// Sockets that are asked for one by one; more are looked for in their tables.
const ONE_BY_ONE_MOST: usize = 1000;

/// Since when a ring's file names the sockets in it.
const RINGS_NAME_SOCKETS: (u32, u32) = (6, 14);

impl OwnerSearch {
    /// Of these sockets, some may be left without a holder because they were closed meanwhile, or went to a process that began
    /// after the processes were listed.
    pub(super) fn look_for_the_young(&mut self, source: &mut dyn Source, plan: &Plan, held: &[Socket]) {
        if self.lookup == OwnerLookup::None {
            return;
        }
        let unheld: Vec<&Socket> =
            held.iter().filter(|socket| socket.inode.is_some_and(|inode| self.is_unheld(inode))).collect();
        let mut stay = HashSet::new();
        let mut others: Vec<&Socket> = Vec::new();
        // A connection is asked for by itself. Who may not look into processes has all of their sockets here: too many to ask for.
        if unheld.len() > ONE_BY_ONE_MOST {
            if self.is_blind() {
                return;
            }
            others = unheld;
        } else {
            for socket in unheld {
                match (is_still_there(source, socket), socket.inode) {
                    (Some(true), inode) => stay.extend(inode),
                    (Some(false), inode) => self.gone.extend(inode),
                    // The table of connections can be long: a listener, or a socket that is only bound, is taken to be there.
                    (None, inode) if is_alone(socket) => stay.extend(inode),
                    (None, _) => others.push(socket),
                }
            }
        }
        let protocols = others.iter().fold(Protocols::empty(), |all, socket| all | socket.protocol.set());
        let protocols = protocols - Protocols::OTHER;
        for protocol in Protocol::ALL.into_iter().filter(|protocol| protocols.contains(protocol.set())) {
            let of_table: Vec<_> = others.iter().filter(|socket| socket.protocol == protocol).collect();
            let there = held::inodes_now(source, protocol.set(), plan);
            // What cannot be read again may be there.
            let (still, gone): (Vec<u64>, Vec<u64>) = of_table
                .iter()
                .filter_map(|socket| socket.inode)
                .partition(|inode| there.as_ref().is_none_or(|there| there.contains(inode)));
            stay.extend(still);
            self.gone.extend(gone);
        }
        if stay.is_empty() {
            return;
        }
        self.look_into_the_young(source, &stay);
        self.look_into_rings(source, Only::These(&stay));
    }

    /// Looks for these sockets in processes that are younger than the last look, and in those that begin meanwhile. The program
    /// has no list of processes: it looks once more.
    fn look_into_the_young(&mut self, source: &mut dyn Source, wanted: &HashSet<u64>) {
        for _ in 0..YOUNGER_MOST {
            let unheld = self.unheld(wanted);
            if unheld.is_empty() {
                return;
            }
            if !self.told.proc {
                if !self.told.program {
                    return;
                }
                let scope = self.scope(source);
                let _ = self.add_from_program(source, &|inode| unheld.contains(&inode), scope);
                return;
            }
            let Ok(bytes) = read_with_retries(source, &Question::Processes) else { return };
            let young: Vec<u32> = ids(&bytes).into_iter().filter(|pid| self.listed.insert(*pid)).collect();
            if young.is_empty() {
                return;
            }
            for pid in young {
                if self.counts(source, pid) {
                    self.read(source, pid, 0, Only::These(&unheld));
                }
            }
            self.settle_unmet(source);
        }
    }

    /// Looks in rings for those of these sockets that have no holder.
    pub(super) fn look_for_in_rings<'s>(
        &mut self,
        source: &mut dyn Source,
        held: impl Iterator<Item = &'s Socket>,
    ) {
        let inodes: HashSet<u64> = held.filter_map(|socket| socket.inode).collect();
        if self.lookup != OwnerLookup::None {
            self.look_into_rings(source, Only::These(&inodes));
        }
    }

    /// Looks in rings for those of these sockets that have no holder. The program shows none: where it alone told unforced,
    /// every table is read for them.
    pub(super) fn look_into_rings(&mut self, source: &mut dyn Source, only: Only<'_>) {
        if matches!(only, Only::These(wanted) if self.unheld(wanted).is_empty()) {
            return;
        }
        let release = read_all(source, &Question::KernelRelease).unwrap_or_default();
        if version(&release).is_none_or(|version| version < RINGS_NAME_SOCKETS) {
            return;
        }
        let alone = self.told.program && !self.told.proc && self.method == OwnerSource::Auto;
        if alone && self.scope(source).numbers_agree() {
            let processes = read_with_retries(source, &Question::Processes).unwrap_or_default();
            // Those of the untold are among them.
            self.rings.clear();
            for pid in ids(&processes) {
                if !self.counts(source, pid) {
                    continue;
                }
                let rings = records(source, pid, ProcessPart::Rings).unwrap_or_default();
                self.rings.extend(rings.iter().map(|ring| Place { pid, thread: 0, fd: ring.fd }));
            }
        }
        for Place { pid, thread, fd } in std::mem::take(&mut self.rings) {
            let records = records(source, pid, ProcessPart::RingSockets { thread, fd }).unwrap_or_default();
            let is_unheld = |inode: &u64| only.has(*inode) && self.is_unheld(*inode);
            let held: HashSet<u64> = records.iter().map(|record| record.inode).filter(is_unheld).collect();
            // It may have ended by now.
            let Some(process) = held.iter().next().and_then(|_| self.process(source, pid).ok()) else {
                continue;
            };
            for inode in held {
                self.in_rings.entry(inode).or_default().push(Holder { process, fd, thread });
            }
        }
    }

    pub(super) fn is_unheld(&self, inode: u64) -> bool {
        self.map.holders(inode).next().is_none()
    }

    /// Those that no descriptor leads to.
    pub(super) fn unheld(&self, wanted: &HashSet<u64>) -> HashSet<u64> {
        wanted.iter().copied().filter(|inode| self.is_unheld(*inode)).collect()
    }
}

/// True for a TCP socket without a peer.
fn is_alone(socket: &Socket) -> bool {
    socket.protocol == Protocol::Tcp && !States::CONNECTED.contains(socket.state.set())
}
