//! Records of lives as events: which sockets are known, who uses them, and what is put right after a loss.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use pree_wire::life_records::{self, KIND_RESET_SENT, KIND_USER, Life, Record};

use super::base::Base;
use super::cookies::ByCookie;
use super::listeners::Listeners;
use super::names::Names;
use super::order::{First, first_of_each, rank, remains};
use super::records::Records;
use super::told::Told;
use super::users::Users;
use crate::collect::LifeStream;
use crate::coverage::Missing;
use crate::decode::linux::lives::{ending, may_be_ours, socket, state_of, tells};
use crate::error::Result;
use crate::model::{
    Direction, Ending, Event, EventKind, How, Moment, Provenance, Socket, State, States, Traffic,
};
use crate::needs::Needs;
use crate::query::Query;
use crate::snapshot::Snapshot;
use crate::source::Source;

/// Sockets that are followed at most; of others only the end is told.
pub(super) const MOST: usize = 1 << 20;

/// Between two dumps that check whether everything was reported.
pub(super) const CHECK: Duration = Duration::from_secs(10);
/// The same where the last one found something.
const AGAIN: Duration = Duration::from_millis(100);

/// What is followed through the programs.
pub(super) struct Lives {
    pub(super) records: Records,
    /// When to check next, where that is wanted.
    pub(super) checks: Option<Duration>,
    /// Sockets that were not as reported when it was checked last.
    suspects: HashSet<u64>,
    /// What checks found that was not reported, nor counted as lost.
    pub(super) missed: u64,
    /// What is asked to know what is there.
    query: Query,
    /// By the cookie, which is unique from Linux 5.4 on.
    known: ByCookie<Known>,
    listeners: Listeners,
    users: Users,
    /// Where names of network namespaces are wanted.
    names: Option<Names>,
    /// Ends of which the next record may say that they were ours, and whether a whole reading has passed since.
    held: Vec<(u64, Event, bool)>,
    /// The query of a tick, where there are ticks.
    ticks: Option<Query>,
    /// Sockets that were not followed because there were too many.
    pub(super) let_go: u64,
}

struct Known {
    socket: Arc<Socket>,
    /// It was told, so its end is told too.
    told: bool,
    provisional: bool,
    /// From a dump, which knows more than records.
    is_whole: bool,
    /// When it changed last, or was in a dump.
    changed: Duration,
    /// Where there are ticks.
    base: Option<Base>,
}

impl Lives {
    pub(super) fn new(stream: LifeStream, mut query: Query, source: &mut dyn Source) -> Self {
        // A handshake that fails and a socket that is only bound end without a change of state.
        query.without_states |= States::SYN_RECEIVED | States::BOUND_INACTIVE;
        let (users, names) = (Users::new(query.needs, source), Names::wanted(&query));
        let ticks = query.watch_stats.map(|_| without_owners(&query));
        Self {
            records: Records::new(stream),
            checks: None,
            suspects: HashSet::new(),
            missed: 0,
            query,
            known: ByCookie::default(),
            listeners: Listeners::default(),
            users,
            names,
            held: Vec::new(),
            ticks,
            let_go: 0,
        }
    }

    /// Tells what is there, then what happened since the programs run.
    pub(super) fn start(&mut self, source: &mut dyn Source, told: &mut Told) -> Result<Snapshot> {
        let at = source.now();
        self.put_right(source, told, at)
    }

    /// Reads what happened since the last time. False when no more will come.
    pub(super) fn read(&mut self, source: &mut dyn Source, told: &mut Told) -> Result<bool> {
        let now = source.now();
        let (batch, goes_on) = self.records.next(source, now)?;
        self.take(&batch, source, told, now);
        self.records.done_with(batch);
        self.release(told);
        let time = now.monotonic.unwrap_or_default();
        if self.records.is_drained() && self.checks.is_some_and(|next| time >= next) {
            self.check(source, told)?;
            let took = source.now().monotonic.unwrap_or_default().saturating_sub(time);
            let rest = if self.suspects.is_empty() { CHECK } else { AGAIN };
            self.checks = Some(time + rest.max(took * 100));
        }
        if self.records.is_to_be_put_right(now) {
            self.put_right(source, told, now)?;
            told.tell(Event::bare(EventKind::Resynchronised, source.now()));
            self.records.is_put_right(now, source.now());
        }
        Ok(goes_on)
    }

    /// Reads the statistics of all, and tells those that changed.
    pub(super) fn tick(&mut self, source: &mut dyn Source, told: &mut Told) -> Result<()> {
        let Some(query) = &self.ticks else { return Ok(()) };
        let snapshot = query.collect_from(source)?;
        let at = snapshot.taken();
        let now = at.monotonic.unwrap_or_default();
        for row in snapshot {
            let Some(cookie) = cookie(&row) else { continue };
            let Some(known) = self.known.get_mut(&cookie) else { continue };
            let Some(base) = &mut known.base else { continue };
            let Some(since) = base.tick(&row, now, Provenance::Exact) else { continue };
            let mut socket = row;
            socket.owners.clone_from(&known.socket.owners);
            (socket.unowned, socket.direction) = (known.socket.unowned, known.socket.direction);
            socket.created = socket.created.or(known.socket.created);
            let socket = Arc::new(socket);
            *base = Base::seen(&socket, now);
            let event = Event {
                owner_provisional: known.provisional,
                since: Some(since),
                ..Event::new(EventKind::Stats, at, Some(socket))
            };
            if told.wants(&event, known.told, tells) {
                known.told = true;
                told.tell(event);
            }
        }
        Ok(())
    }

    /// Reads and tells all that has happened; a loss is told and not put right any more.
    pub(super) fn read_rest(&mut self, source: &mut dyn Source, told: &mut Told) -> Result<()> {
        let now = source.now();
        let rest = self.records.drain(source)?;
        self.take(&rest, source, told, now);
        if self.checks.is_some() {
            self.check(source, told)?;
            if !self.suspects.is_empty() {
                source.wait(AGAIN);
                self.check(source, told)?;
            }
        }
        self.release_all(told);
        Ok(())
    }

    /// Looks whether what is there is what was reported. A kernel need not run a program whenever something happens, and not every
    /// one counts when it did not. What differs in two looks was missed: in one it may be on its way.
    fn check(&mut self, source: &mut dyn Source, told: &mut Told) -> Result<()> {
        let before = std::mem::take(&mut self.suspects);
        if self.let_go > 0 || self.records.lacks() {
            return Ok(());
        }
        let begun = source.now().monotonic.unwrap_or_default();
        let snapshot = without_owners(&self.query).collect_from(source)?;
        let meanwhile = self.records.drain(source)?;
        let now = source.now();
        let rows = snapshot.iter().filter(|socket| !remains(socket));
        let here = rows.map(cookie).collect::<Option<HashSet<u64>>>();
        let Some(here) = here.filter(|_| has_all_rows(&snapshot) && self.records.is_drained()) else {
            self.take(&meanwhile, source, told, now);
            return Ok(());
        };
        let reported = first_of_each(&meanwhile);
        let is_new = |cookie: &u64| !self.known.contains_key(cookie) && !reported.contains_key(cookie);
        let mut suspects: HashSet<u64> = here.iter().copied().filter(is_new).collect();
        self.take(&meanwhile, source, told, now);
        let is_gone = |(cookie, known): &(&u64, &Known)| known.changed < begun && !here.contains(*cookie);
        suspects.extend(self.known.iter().filter(is_gone).map(|(cookie, _)| *cookie));
        let missed = suspects.intersection(&before).count() as u64;
        if missed > 0 {
            self.missed += missed;
            self.lose(Some(missed), told, now);
        } else {
            self.suspects = suspects;
        }
        Ok(())
    }

    /// Whether something is to be told, or to be done, without a record that comes.
    pub(super) fn waits(&self) -> bool {
        !self.held.is_empty() || self.records.lacks()
    }

    /// Tells of records in their order.
    fn take(&mut self, batch: &[u8], source: &mut dyn Source, told: &mut Told, now: Moment) {
        let mut rest = batch;
        while !rest.is_empty() {
            match life_records::take(&mut rest) {
                Ok(Some(Record::Life(life))) => self.life(&life, source, told),
                Ok(Some(Record::Lost(count))) => {
                    let new = self.records.lost_until_now(count);
                    self.lose(Some(new), told, now);
                }
                Ok(None) => break,
                Err(_) => {
                    self.lose(None, told, now);
                    break;
                }
            }
        }
    }

    fn lose(&mut self, count: Option<u64>, told: &mut Told, now: Moment) {
        // What was before the loss is told before it; what would be said of these ends may be lost.
        self.release_all(told);
        told.tell(Event::bare(EventKind::Lost { count }, now));
        self.records.lack();
    }

    fn life(&mut self, life: &Life<'_>, source: &mut dyn Source, told: &mut Told) {
        if !self.held.is_empty() {
            self.release_one(life, told);
        }
        match life.kind() {
            KIND_RESET_SENT => {}
            KIND_USER => self.used(life, source),
            _ => self.changed(life, source, told),
        }
    }

    /// A process was seen to use a connection that a peer opened.
    fn used(&mut self, life: &Life<'_>, source: &mut dyn Source) {
        let Some(user) = life.user() else { return };
        if let Some(mut known) = self.known.remove(&life.cookie()) {
            known.provisional = false;
            self.users.set(Arc::make_mut(&mut known.socket), user, source);
            self.known.insert(life.cookie(), known);
        }
    }

    fn changed(&mut self, life: &Life<'_>, source: &mut dyn Source, told: &mut Told) {
        let cookie = life.cookie();
        let (from, to) = (state_of(life.from()), state_of(life.to()));
        let before = self.known.get(&cookie);
        let is_new = matches!(to, State::SynSent | State::Listen);
        if let Some(known) = before.filter(|_| !is_new && to != State::Closed) {
            // The dump was later than the record.
            if rank(to) <= rank(known.socket.state) {
                return;
            }
        }
        let kind = match (from, to) {
            (_, State::Closed) => EventKind::Closed(ending(life)),
            (_, State::SynSent) => EventKind::Connecting,
            (_, State::Listen) | (State::SynSent | State::SynReceived, State::Established) => {
                EventKind::Opened
            }
            // It was closed before the handshake was over (TCP Fast Open).
            (State::SynReceived, _) if before.is_none() => EventKind::Opened,
            _ => EventKind::State { from, to },
        };
        // What was there before us and ended or changed before it was read is nobody's. Of one that opens when the kernel has no
        // memory for the time, this record is the first.
        let opens = is_new || (from == State::SynReceived && to != State::Closed);
        if before.is_none() && life.opened_ns().is_none() && !opens {
            return;
        }
        let (mut socket, mut provisional) = (self.socket_of(life, source), false);
        if life.user().is_none() {
            if let Some(known) = self.known.get(&cookie) {
                socket.owners.clone_from(&known.socket.owners);
                socket.unowned = known.socket.unowned;
                provisional = known.provisional;
            } else if let Some(listener) = self.listener_of(&socket) {
                socket.owners.clone_from(&listener.owners);
                provisional = true;
            }
        }
        let at = self.records.moment(life.time_ns());
        let socket = Arc::new(socket);
        let was_told = self.known.get(&cookie).is_some_and(|known| known.told) && !is_new;
        let mut event =
            Event { owner_provisional: provisional, ..Event::new(kind, at, Some(Arc::clone(&socket))) };
        let changed = Duration::from_nanos(life.time_ns());
        let mut base = self
            .ticks
            .as_ref()
            .map(|_| Base::opening(life.opened_ns().map_or(changed, Duration::from_nanos)));
        if let Some(known) = self.known.get_mut(&cookie).filter(|_| !is_new) {
            base = known.base.take();
        }
        if let EventKind::Closed(ending) = kind {
            event.since = base.map(|base| base.until(ending.traffic(&socket), changed, Provenance::Exact));
            self.unlist(cookie);
            self.known.remove(&cookie);
            if !told.wants(&event, was_told, tells) {
                return;
            }
            if may_be_ours(life, &ending) {
                self.held.push((cookie, event, false));
            } else {
                told.tell(event);
            }
            return;
        }
        let is_told = told.wants(&event, was_told, tells);
        if to == State::Listen {
            self.listeners.add(&socket, cookie);
        }
        let known = Known { socket, told: is_told || was_told, provisional, is_whole: false, changed, base };
        self.insert(cookie, known);
        if is_told {
            told.tell(event);
        }
    }

    fn insert(&mut self, cookie: u64, known: Known) {
        if self.known.len() >= MOST && !self.known.contains_key(&cookie) {
            self.let_go += 1;
        } else {
            self.known.insert(cookie, known);
        }
    }

    /// The socket as it is now: as the record has it, with what a dump said besides.
    fn socket_of(&mut self, life: &Life<'_>, source: &mut dyn Source) -> Socket {
        let mut new = socket(life, self.records.stream.boot);
        new.created = life.opened_ns().and_then(|opened| self.records.moment(opened).wall);
        if let Some(user) = life.user() {
            self.users.set(&mut new, user, source);
        }
        if let Some(names) = &mut self.names {
            new.network_namespace = names.find(life.network_namespace().into(), source);
        }
        new.direction = match (state_of(life.from()), new.state) {
            (_, State::SynSent) => Some(Direction::Out),
            (State::SynReceived, _) => Some(Direction::In),
            _ => self.known.get(&life.cookie()).and_then(|known| known.socket.direction),
        };
        match self.known.get(&life.cookie()) {
            Some(known) if known.is_whole && life.opened_ns().is_none() => {
                let mut whole = Socket::clone(&known.socket);
                whole.state = new.state;
                whole.uid = whole.uid.or(new.uid);
                // What is unread or not acknowledged, and the timer, are of another time.
                (whole.recv_queue, whole.send_queue, whole.timer) = (None, None, None);
                whole.tcp = new.tcp;
                if life.user().is_some() {
                    (whole.owners, whole.unowned) = (new.owners, new.unowned);
                }
                whole
            }
            _ => new,
        }
    }

    /// Forgets a listener.
    fn unlist(&mut self, cookie: u64) {
        if let Some(known) = self.known.get(&cookie) {
            self.listeners.remove(&known.socket, cookie);
        }
    }

    /// The listener that a connection came to, where only one can be it.
    fn listener_of(&self, socket: &Socket) -> Option<&Socket> {
        self.listeners.of(socket, |cookie| self.known.get(&cookie).map(|known| &*known.socket))
    }

    /// A record about a socket whose end is held: it says that the end was ours, or that nothing will.
    fn release_one(&mut self, life: &Life<'_>, told: &mut Told) {
        let Some(place) = self.held.iter().position(|(cookie, ..)| *cookie == life.cookie()) else { return };
        let (_, mut event, _) = self.held.swap_remove(place);
        if let (KIND_RESET_SENT, EventKind::Closed(ending)) = (life.kind(), &mut event.kind) {
            ending.how = How::ResetLocal;
        }
        told.tell(event);
    }

    /// Tells ends that were held for a whole reading.
    fn release(&mut self, told: &mut Told) {
        let held = std::mem::take(&mut self.held);
        for (cookie, event, has_passed) in held {
            if has_passed {
                told.tell(event);
            } else {
                self.held.push((cookie, event, true));
            }
        }
    }

    /// Tells all ends that were held.
    fn release_all(&mut self, told: &mut Told) {
        for (_, event, _) in std::mem::take(&mut self.held) {
            told.tell(event);
        }
    }

    /// Asks what is there, and makes of the difference to what is known what is to be told. Records that came meanwhile are
    /// told after it.
    fn put_right(&mut self, source: &mut dyn Source, told: &mut Told, at: Moment) -> Result<Snapshot> {
        let snapshot = self.query.collect_from(source)?;
        let meanwhile = self.records.drain(source)?;
        let now = source.now();
        self.records.set_clock(now);
        let first = first_of_each(&meanwhile);
        let mut here = HashSet::new();
        for socket in snapshot.iter().filter(|socket| !remains(socket)) {
            let Some(cookie) = cookie(socket) else { continue };
            here.insert(cookie);
            // Its opening is among the records.
            if first.get(&cookie) == Some(&First::Opens) {
                continue;
            }
            let known = self.known.get(&cookie);
            let (kind, was_told) = match known {
                None => (EventKind::Current, false),
                Some(known) if rank(socket.state) > rank(known.socket.state) => {
                    (EventKind::State { from: known.socket.state, to: socket.state }, known.told)
                }
                Some(_) => continue,
            };
            let socket = Arc::new(socket.clone());
            let event = Event::new(kind, at, Some(Arc::clone(&socket)));
            let is_told = told.wants(&event, was_told, tells);
            if socket.state == State::Listen {
                self.listeners.add(&socket, cookie);
            }
            let changed = at.monotonic.unwrap_or_default();
            let told_once = is_told || was_told;
            let before = self.known.get_mut(&cookie).and_then(|known| known.base.take());
            let base = self.ticks.as_ref().map(|_| before.unwrap_or_else(|| Base::seen(&socket, changed)));
            self.insert(
                cookie,
                Known { socket, told: told_once, provisional: false, is_whole: true, changed, base },
            );
            if is_told {
                told.tell(event);
            }
        }
        self.take(&meanwhile, source, told, now);
        // What could be said of ends that are held has come meanwhile.
        self.release_all(told);
        // What was there before the dump, is not in it, and did not end among the records has ended among those that were lost.
        let begun = at.monotonic.unwrap_or_default();
        let is_gone = |(cookie, known): &(&u64, &Known)| known.changed < begun && !here.contains(*cookie);
        let gone: Vec<u64> = self.known.iter().filter(is_gone).map(|(cookie, _)| *cookie).collect();
        for cookie in gone {
            self.unlist(cookie);
            let Some(known) = self.known.remove(&cookie) else { continue };
            let mut socket = Socket::clone(&known.socket);
            socket.state = State::Closed;
            (socket.tcp, socket.recv_queue, socket.send_queue, socket.timer) = (None, None, None, None);
            let kind = EventKind::Closed(Ending { from: Some(known.socket.state), ..Ending::default() });
            let mut event = Event::new(kind, at, Some(Arc::new(socket)));
            event.owner_provisional = known.provisional;
            event.since = known.base.map(|base| base.until(Traffic::default(), begun, Provenance::Partial));
            if known.told {
                told.tell(event);
            }
        }
        Ok(snapshot)
    }
}

fn has_all_rows(snapshot: &Snapshot) -> bool {
    snapshot.coverage().gaps().iter().all(|gap| gap.what != Missing::Rows)
}

/// What the kernel knows a socket by.
pub(super) fn cookie(socket: &Socket) -> Option<u64> {
    socket.kernel_id.map(|id| id.cookie)
}

/// The query of a tick: whose the sockets are is known already.
pub(super) fn without_owners(query: &Query) -> Query {
    let mut looks = query.clone();
    looks.needs -= Needs::FROM_OWNERS;
    looks.owners = None;
    looks
}
