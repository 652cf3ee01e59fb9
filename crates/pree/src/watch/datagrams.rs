//! UDP sockets, of which a program counts the datagrams: told from the first one that a socket sends or receives to its end, which
//! the kernel reports ([`Ends`]) or looks find.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use pree_wire::life_records::{self, Datagrams as Counts, Life, Record};

use super::base::Base;
use super::cookies::ByCookie;
use super::ends::{Ends, Told as Reported};
use super::lives::{MOST, cookie, without_owners};
use super::names::Names;
use super::polls::Looks;
use super::records::Records;
use super::told::Told;
use super::users::Users;
use crate::collect::LifeStream;
use crate::decode::linux::lives::{datagram_socket, tells_of_datagrams};
use crate::error::{Error, Result};
use crate::model::{
    CountsSince, DatagramDetail, Detail, Ending, Event, EventKind, How, Moment, Provenance, Socket, State,
    Traffic,
};
use crate::query::Query;
use crate::snapshot::Snapshot;
use crate::source::{Failure, Question, Source, read_all};

/// What is followed through the program.
pub(super) struct Datagrams {
    pub(super) records: Records,
    /// What the kernel reports of ends; where it does not, looks find them.
    pub(super) ends: Option<Ends>,
    looks: Looks,
    /// What is asked to know what is there.
    query: Query,
    /// The same at a tick, where there are ticks.
    ticks: Option<Query>,
    /// By the cookie.
    known: ByCookie<Known>,
    users: Users,
    names: Option<Names>,
    /// Sockets that were not followed because there were too many.
    pub(super) let_go: u64,
}

struct Known {
    socket: Arc<Socket>,
    /// It was told, so its end is told too.
    told: bool,
    /// When it was seen first.
    seen: Duration,
    /// When it had its first datagram; `None` where it was there before.
    opened: Option<Duration>,
    /// Where there are ticks.
    base: Option<Base>,
}

impl Datagrams {
    pub(super) fn new(stream: LifeStream, ends: Option<Ends>, query: Query, source: &mut dyn Source) -> Self {
        Self {
            records: Records::new(stream),
            ends,
            looks: Looks::default(),
            ticks: query.watch_stats.map(|_| without_owners(&query)),
            known: ByCookie::default(),
            users: Users::new(query.needs, source),
            names: Names::wanted(&query),
            let_go: 0,
            query,
        }
    }

    /// How often reports of ends were lost.
    pub(super) fn losses(&self) -> u64 {
        self.ends.as_ref().map_or(0, |ends| ends.losses)
    }

    /// Tells what is there, then what happened since the program runs.
    pub(super) fn start(&mut self, source: &mut dyn Source, told: &mut Told) -> Result<Snapshot> {
        let at = source.now();
        self.put_right(source, told, at)
    }

    /// Reads what happened since the last time. False when no more will come.
    pub(super) fn read(&mut self, source: &mut dyn Source, told: &mut Told) -> Result<bool> {
        let now = source.now();
        let ended = self.ended(source, told, now)?;
        // Read after the ends, so that what they are the ends of is known.
        let (batch, goes_on) = self.records.next(source, now)?;
        self.take(&batch, source, told, now);
        self.records.done_with(batch);
        for cookie in ended {
            self.end(cookie, now, source, told)?;
        }
        let is_due = self.ends.is_none() && self.looks.are_due(now);
        if self.records.is_to_be_put_right(now) {
            self.put_right(source, told, now)?;
            told.tell(Event::bare(EventKind::Resynchronised, source.now()));
            self.records.is_put_right(now, source.now());
        } else if is_due {
            self.put_right(source, told, now)?;
        }
        if is_due {
            self.looks.rest(now, source.now());
        }
        Ok(goes_on)
    }

    /// Reads and tells all that has happened; a loss is told and not put right any more.
    pub(super) fn read_rest(&mut self, source: &mut dyn Source, told: &mut Told) -> Result<()> {
        let now = source.now();
        let ended = self.ended(source, told, now)?;
        let rest = self.records.drain(source)?;
        self.take(&rest, source, told, now);
        for cookie in ended {
            self.end(cookie, now, source, told)?;
        }
        Ok(())
    }

    /// Sockets that have ended, as the kernel reports it.
    fn ended(&mut self, source: &mut dyn Source, told: &mut Told, now: Moment) -> Result<Vec<u64>> {
        let mut ended = Vec::new();
        let Self { ends: Some(ends), records, .. } = self else { return Ok(ended) };
        ends.read(source, |message| match message {
            Reported::End(end) => ended.extend(cookie(&end.socket)),
            Reported::Lost => {
                told.tell(Event::bare(EventKind::Lost { count: None }, now));
                records.lack();
            }
        })?;
        Ok(ended)
    }

    /// Reads the counts of all, and tells those that changed.
    pub(super) fn tick(&mut self, source: &mut dyn Source, told: &mut Told) -> Result<()> {
        let Some(query) = &self.ticks else { return Ok(()) };
        let snapshot = query.collect_from(source)?;
        let counts = counts(source)?;
        let at = source.now();
        let now = at.monotonic.unwrap_or_default();
        for (cookie, row) in snapshot.iter().filter_map(|row| Some((cookie(row)?, row))) {
            let Some(known) = self.known.get_mut(&cookie) else { continue };
            let Some(detail) = detail(counts.get(&cookie), known.opened, &self.records) else { continue };
            let mut socket = row.clone();
            socket.detail = Some(Box::new(Detail::Datagrams(detail)));
            socket.owners.clone_from(&known.socket.owners);
            socket.unowned = known.socket.unowned;
            let Some(base) = &mut known.base else { continue };
            let Some(since) = base.tick(&socket, now, Provenance::Exact) else { continue };
            let socket = Arc::new(socket);
            *base = Base::seen(&socket, now);
            known.socket = Arc::clone(&socket);
            let event = Event { since: Some(since), ..Event::new(EventKind::Stats, at, Some(socket)) };
            if told.wants(&event, known.told, tells_of_datagrams) {
                known.told = true;
                told.tell(event);
            }
        }
        Ok(())
    }

    /// Tells of records in their order.
    fn take(&mut self, batch: &[u8], source: &mut dyn Source, told: &mut Told, now: Moment) {
        let mut rest = batch;
        while !rest.is_empty() {
            let lost = match life_records::take(&mut rest) {
                Ok(Some(Record::Life(life))) => {
                    self.begin(&life, source, told);
                    continue;
                }
                Ok(Some(Record::Lost(count))) => Some(self.records.lost_until_now(count)),
                Ok(None) | Err(_) => {
                    rest = &[];
                    None
                }
            };
            told.tell(Event::bare(EventKind::Lost { count: lost }, now));
            self.records.lack();
        }
    }

    /// The first datagram of a socket, which may have been there before.
    fn begin(&mut self, life: &Life<'_>, source: &mut dyn Source, told: &mut Told) {
        if self.known.contains_key(&life.cookie()) {
            return;
        }
        let mut socket = datagram_socket(life, self.records.stream.boot);
        if let Some(user) = life.user() {
            self.users.set(&mut socket, user, source);
        }
        if let Some(names) = &mut self.names {
            socket.network_namespace = names.find(life.network_namespace().into(), source);
        }
        let opened = Duration::from_nanos(life.time_ns());
        self.tell_first(EventKind::Opened, socket, self.records.moment(life.time_ns()), Some(opened), told);
    }

    fn tell_first(
        &mut self,
        kind: EventKind,
        socket: Socket,
        at: Moment,
        opened: Option<Duration>,
        told: &mut Told,
    ) {
        let Some(cookie) = cookie(&socket) else { return };
        let (socket, seen) = (Arc::new(socket), at.monotonic.unwrap_or_default());
        let base = self.ticks.as_ref().map(|_| match opened {
            Some(opened) => Base::opening(opened),
            None => Base::seen(&socket, seen),
        });
        let event = Event::new(kind, at, Some(Arc::clone(&socket)));
        let is_told = told.wants(&event, false, tells_of_datagrams);
        if self.known.len() >= MOST {
            self.let_go += 1;
        } else {
            self.known.insert(cookie, Known { socket, told: is_told, seen, opened, base });
        }
        if is_told {
            told.tell(event);
        }
    }

    /// A socket has ended. One that is not known has sent and received nothing.
    fn end(&mut self, cookie: u64, at: Moment, source: &mut dyn Source, told: &mut Told) -> Result<()> {
        let failed = |failure: Failure| Error::of(failure, "count", "datagrams through BPF");
        let counted = read_all(source, &Question::DatagramsOf { cookie }).map_err(failed)?;
        let Some(known) = self.known.remove(&cookie) else { return Ok(()) };
        let now = at.monotonic.unwrap_or_default();
        let detail = detail(Counts::parse(&counted).as_ref(), known.opened, &self.records);
        let whole = detail.as_ref().filter(|_| known.opened.is_some());
        let ending = Ending {
            from: Some(known.socket.state),
            how: How::Other,
            lasted: known.opened.map(|opened| now.saturating_sub(opened)),
            sent: whole.and_then(|detail| detail.bytes_sent),
            received: whole.and_then(|detail| detail.bytes_received),
            ..Ending::default()
        };
        let mut socket = Socket::clone(&known.socket);
        socket.state = State::Closed;
        (socket.recv_queue, socket.send_queue) = (None, None);
        let provenance = if detail.is_some() { Provenance::Exact } else { Provenance::Partial };
        socket.detail = detail.map(|detail| Box::new(Detail::Datagrams(detail)));
        let moved = Traffic::of(&socket);
        let mut event = Event::new(EventKind::Closed(ending), at, Some(Arc::new(socket)));
        event.since = known.base.map(|base| base.until(moved, now, provenance));
        if told.wants(&event, known.told, tells_of_datagrams) {
            told.tell(event);
        }
        Ok(())
    }

    /// Looks what is there: what is not known is told, and of what is gone the end. Records that came meanwhile are told before
    /// ends.
    fn put_right(&mut self, source: &mut dyn Source, told: &mut Told, at: Moment) -> Result<Snapshot> {
        let begun = at.monotonic.unwrap_or_default();
        let snapshot = self.query.collect_from(source)?;
        let meanwhile = self.records.drain(source)?;
        let now = source.now();
        self.records.set_clock(now);
        let mut here = HashSet::new();
        for (cookie, row) in snapshot.iter().filter_map(|row| Some((cookie(row)?, row))) {
            here.insert(cookie);
            if !self.known.contains_key(&cookie) {
                let mut socket = row.clone();
                let nothing = detail(None, None, &self.records);
                socket.detail = nothing.map(|detail| Box::new(Detail::Datagrams(detail)));
                self.tell_first(EventKind::Current, socket, at, None, told);
            }
        }
        self.take(&meanwhile, source, told, now);
        let is_gone = |(cookie, known): &(&u64, &Known)| known.seen < begun && !here.contains(*cookie);
        let gone: Vec<u64> = self.known.iter().filter(is_gone).map(|(cookie, _)| *cookie).collect();
        for cookie in gone {
            self.end(cookie, now, source, told)?;
        }
        Ok(snapshot)
    }
}

/// What was counted, by the cookie.
fn counts(source: &mut dyn Source) -> Result<HashMap<u64, Counts>> {
    let failed = |failure: Failure| Error::of(failure, "count", "datagrams through BPF");
    let bytes = read_all(source, &Question::Datagrams).map_err(failed)?;
    let (mut all, mut rest) = (HashMap::new(), &bytes[..]);
    while let Some((cookie, counted)) = Counts::take(&mut rest) {
        all.insert(cookie, counted);
    }
    Ok(all)
}

/// What was counted of a socket since its first datagram, or since the watch began: nothing where nothing is kept, but of one that
/// had a datagram that is not known.
fn detail(counted: Option<&Counts>, opened: Option<Duration>, records: &Records) -> Option<DatagramDetail> {
    if counted.is_none() && opened.is_some() {
        return None;
    }
    let number = |get: fn(&Counts) -> u64| Some(counted.map_or(0, get));
    let time = |get: fn(&Counts) -> u64| records.moment(get(counted?)).wall;
    Some(DatagramDetail {
        bytes_sent: number(|counts| counts.bytes_sent),
        bytes_received: number(|counts| counts.bytes_received),
        sent: number(|counts| counts.sent),
        received: number(|counts| counts.received),
        first: time(|counts| counts.first_ns),
        last: time(|counts| counts.last_ns),
        counts_since: Some(if opened.is_some() { CountsSince::Opening } else { CountsSince::SwitchedOn }),
    })
}
