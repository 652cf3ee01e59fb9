//! Sockets from their opening to their end: [`Query::watch`].
//!
//! On Linux, where BPF is permitted, the kernel reports each change of state of TCP sockets ([`lives`]), and the first datagram and
//! the end of UDP sockets ([`datagrams`]); else, and for other protocols and systems, looks are compared ([`polls`]).

mod base;
mod cookies;
mod datagrams;
mod ends;
mod home;
mod listeners;
mod lives;
mod names;
mod order;
mod polls;
mod records;
mod report;
mod told;
mod users;

#[cfg(unix)]
use std::os::fd::BorrowedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::collect::{EndStream, LifeStream, resolved};
use crate::coverage::{Coverage, Missing, Origin};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Event, EventKind, Moment, Protocol, Protocols, States};
use crate::needs::{Needs, OwnerLookup, SourceChoice, WatchSource};
use crate::query::Query;
use crate::source::{Failure, Namespaces, Question, Source, System};
use crate::sys;
use base::Ticks;
use datagrams::Datagrams;
use ends::Ends;
use home::Home;
use lives::Lives;
use polls::Polls;
use told::Told;

/// How long nothing is read while nothing comes: records wait in the kernel, which has room for those of a storm.
const TICK: Duration = Duration::from_millis(20);
/// The same for who is woken when something comes.
const IDLE: Duration = Duration::from_secs(1);

/// The least time between two readings of all statistics.
const LEAST_TICK: Duration = Duration::from_millis(100);

impl Query {
    /// Follows this machine's sockets: those that match as they are now, then each as it is opened, changes and ends.
    ///
    /// By itself about TCP. The filter is asked of each event; a socket that was told once is told to its end. Rights are taken
    /// here: afterwards none is needed.
    ///
    /// # Errors
    /// When the source that was asked for is refused, or nothing can be read at all.
    ///
    /// ```no_run
    /// use pree::{EventKind, Query};
    ///
    /// for event in Query::new().filter("dport=443".parse()?).watch()? {
    ///     let event = event?;
    ///     if let (EventKind::Closed(ending), Some(socket)) = (event.kind, &event.socket) {
    ///         println!("{} {:?} {}", socket.local, ending.lasted, ending.how.name());
    ///     }
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn watch(&self) -> Result<Watch<'static>> {
        self.watch_from(sys::live()?)
    }

    /// [`Query::watch`] through another source: a recording, a test.
    ///
    /// # Errors
    /// As [`Query::watch`].
    pub fn watch_from<'s>(&self, source: impl Source + 's) -> Result<Watch<'s>> {
        Watch::start(self, Box::new(source))
    }
}

/// What happens to sockets: an iterator that waits, or, by [`Watch::next_before`], one for a loop of the caller's own.
///
/// It has no thread: what is not read waits in the kernel, and what does not fit there is told as lost. Events never pile up
/// here.
pub struct Watch<'s> {
    source: Box<dyn Source + 's>,
    lives: Option<Lives>,
    datagrams: Option<Datagrams>,
    polls: Option<Polls>,
    ticks: Option<Ticks>,
    home: Option<Home>,
    /// Nothing can happen any more where this watch looks.
    is_deserted: bool,
    /// Ticks that failed, and why the last one did.
    failed_ticks: Option<(u64, ErrorKind)>,
    told: Told,
    stop: Stop,
    coverage: Coverage,
    /// Why the programs are not used.
    refused: Option<Error>,
    is_over: bool,
}

/// Ends a [`Watch`] from elsewhere: another thread, a signal handler.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// The watch gives what has happened until now, and then ends.
    pub fn stop(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it was told to end.
    pub fn is_stopped(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl<'s> Watch<'s> {
    fn start(query: &Query, mut source: Box<dyn Source + 's>) -> Result<Self> {
        if source.ask(&Question::Watch).is_err_and(|failure| failure == Failure::NotRecorded) {
            return Err(Error::of(Failure::NotRecorded, "follow", "sockets")
                .with_hint("no watch is in this recording: pree capture --for makes one"));
        }
        let not_recorded =
            |every| source.ask(&Question::Ticks(every)).is_err_and(|failure| failure == Failure::NotRecorded);
        if query.watch_stats.is_some_and(not_recorded) {
            let hint = "pree capture --for 30s --stats=1s keeps them, and they replay at the times at which they were read";
            return Err(Error::of(Failure::NotRecorded, "read", "statistics so often").with_hint(hint));
        }
        let has_ticks = query.watch_stats.is_some();
        if let Some(what) = query.filter.as_ref().and_then(|filter| undecidable(filter, has_ticks)) {
            return Err(Error::new(ErrorKind::Contradictory, "filter", format!("events by {what}"))
                .because("no event tells it"));
        }
        let filter = match &query.filter {
            Some(filter) => Some(resolved(filter, &mut *source)?),
            None => None,
        };
        let protocols = if query.protocols.is_empty() { Protocols::TCP } else { query.protocols };
        let mut watch = Self {
            lives: None,
            datagrams: None,
            polls: None,
            ticks: None,
            home: None,
            is_deserted: false,
            failed_ticks: None,
            told: Told { filter, ..Told::default() },
            stop: Stop::default(),
            coverage: Coverage::default(),
            refused: None,
            is_over: false,
            source,
        };
        let mut rest = protocols;
        if protocols.contains(Protocols::TCP) {
            let looks = looks(query, Protocols::TCP);
            if let Some(stream) = watch.attach(query, LifeStream::open)? {
                watch.coverage.came_from(Protocol::Tcp, Origin::Bpf);
                let mut lives = Lives::new(stream, looks, &mut *watch.source);
                // Of all namespaces not each can be looked into.
                let can_look = query.namespaces != Namespaces::All;
                if can_look && watch.source.ask(&Question::Checks).is_ok() {
                    lives.checks = Some(watch.now().saturating_add(lives::CHECK));
                }
                watch.lives = Some(lives);
                rest -= Protocols::TCP;
            }
        }
        let udp = protocols & (Protocols::UDP | Protocols::UDPLITE);
        if !udp.is_empty() {
            let looks = looks(query, udp);
            if let Some(stream) = watch.attach(query, LifeStream::open_datagrams)? {
                watch.coverage.came_from(Protocol::Udp, Origin::Bpf);
                let ends = watch.follow_ends(query, udp)?;
                watch.datagrams = Some(Datagrams::new(stream, ends, looks, &mut *watch.source));
                rest -= udp;
            }
        }
        if !rest.is_empty() {
            let ends = watch.follow_ends(query, rest)?;
            watch.polls = Some(Polls::new(looks(query, rest), ends));
        }
        let Self { source, lives, datagrams, polls, told, coverage, .. } = &mut watch;
        let first = lives.as_mut().map(|lives| lives.start(&mut **source, told));
        let second = datagrams.as_mut().map(|datagrams| datagrams.start(&mut **source, told));
        let others = polls.as_mut().map(|polls| polls.start(&mut **source, told));
        for snapshot in first.into_iter().chain(second).chain(others) {
            // Of what could not be known of sockets that do not match nobody wants to hear.
            let is_whole = told.filter.is_none();
            let of_owners = told.lacks_owners;
            coverage.join(snapshot?.coverage(), |gap| match gap.what {
                Missing::Rows => true,
                Missing::Owners => of_owners,
                _ => is_whole,
            });
        }
        watch.home = Home::of(&looks(query, protocols), &mut *watch.source);
        watch.ticks = query.watch_stats.map(|every| Ticks::new(every.max(LEAST_TICK), watch.now()));
        let Self { source, told, .. } = &mut watch;
        let ready = Event::bare(EventKind::Ready, source.now());
        told.tell(ready);
        Ok(watch)
    }

    /// Attaches programs, where that is wanted and possible.
    fn attach(
        &mut self,
        query: &Query,
        open: fn(&mut dyn Source, &Namespaces, u32) -> Result<LifeStream>,
    ) -> Result<Option<LifeStream>> {
        let can = self.source.system() == System::Linux && query.source == SourceChoice::Auto;
        match query.watch_source {
            WatchSource::Poll | WatchSource::Destroy => return Ok(None),
            WatchSource::Bpf if !can => {
                return Err(Error::new(ErrorKind::Unsupported, "follow", "sockets through BPF").with_hint(
                    "it takes Linux, and no other source may be chosen for the sockets that are there",
                ));
            }
            _ if !can => return Ok(None),
            _ => {}
        }
        match open(&mut *self.source, &query.namespaces, query.watch_buffer) {
            Ok(stream) => Ok(Some(stream)),
            // Older recordings have no UDP sockets through BPF: they were not asked for.
            Err(error) if query.watch_source == WatchSource::Auto => {
                if error.kind() != ErrorKind::NotRecorded {
                    self.refused.get_or_insert(error);
                }
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Lets the kernel report ends of sockets of these protocols, where that is wanted and possible.
    fn follow_ends(&mut self, query: &Query, protocols: Protocols) -> Result<Option<Ends>> {
        let is_forced = query.watch_source == WatchSource::Destroy;
        let can = self.source.system() == System::Linux && query.source == SourceChoice::Auto;
        if is_forced && !can {
            let hint = "it takes Linux, and no other source may be chosen for the sockets that are there";
            return Err(Error::new(ErrorKind::Unsupported, "follow", "ends of sockets").with_hint(hint));
        }
        let none = (protocols & (Protocols::TCP | Protocols::UDP)).is_empty();
        if !can || none || query.watch_source == WatchSource::Poll {
            return Ok(None);
        }
        match EndStream::open(&mut *self.source, &query.namespaces, protocols, query.watch_buffer) {
            Ok(stream) => Ok(Some(Ends::new(stream))),
            Err(error) if is_forced => Err(error),
            Err(_) => Ok(None),
        }
    }

    /// The next event, waiting for it until this time of [`Watch::now`]. `None`: there was none until then, or it is over.
    ///
    /// # Errors
    /// Nothing more can be read.
    pub fn next_before(&mut self, deadline: Duration) -> Result<Option<Event>> {
        loop {
            if let Some(event) = self.told.events.pop_front() {
                return Ok(Some(event));
            }
            if self.is_over {
                return Ok(None);
            }
            if self.stop.is_stopped() {
                self.read_rest()?;
                continue;
            }
            self.read()?;
            if !self.told.events.is_empty() || self.is_over {
                continue;
            }
            let now = self.now();
            if now >= deadline {
                return Ok(None);
            }
            let tick = match (&self.lives, &self.polls) {
                (None, Some(polls)) if self.datagrams.is_none() && polls.ends.is_none() => {
                    polls.left(now).min(5 * TICK)
                }
                _ => TICK,
            };
            let tick = self.ticks.as_ref().map_or(tick, |ticks| ticks.left(now).min(tick));
            if !self.source.wait(tick.min(deadline.saturating_sub(now))) {
                self.read_rest()?;
            }
        }
    }

    /// Reads what there is.
    fn read(&mut self) -> Result<()> {
        let begun = self.now();
        let Self { source, lives, datagrams, polls, told, ticks, .. } = self;
        if let Some(lives) = lives {
            self.is_over |= !lives.read(&mut **source, told)?;
        }
        if let Some(datagrams) = datagrams {
            self.is_over |= !datagrams.read(&mut **source, told)?;
        }
        let is_all_read = lives.as_ref().is_none_or(|lives| lives.records.is_drained())
            && datagrams.as_ref().is_none_or(|datagrams| datagrams.records.is_drained());
        let is_due = ticks.as_ref().is_some_and(|ticks| ticks.are_due(begun, is_all_read));
        if let Some(polls) = polls {
            if is_due {
                polls.tick();
            }
            polls.read(&mut **source, told)?;
        }
        if is_due {
            self.tick(begun)?;
        }
        let Self { source, home, .. } = self;
        if home.as_mut().is_some_and(|home| home.is_deserted(&mut **source)) {
            self.is_deserted = true;
            self.read_rest()?;
        }
        Ok(())
    }

    /// Tells the statistics that changed since the last tick.
    fn tick(&mut self, begun: Duration) -> Result<()> {
        let Self { source, lives, datagrams, told, .. } = self;
        let of_lives = lives.as_mut().map_or(Ok(()), |lives| lives.tick(&mut **source, told));
        let of_datagrams = datagrams.as_mut().map_or(Ok(()), |datagrams| datagrams.tick(&mut **source, told));
        let ticked = of_lives.and(of_datagrams);
        let done = self.now();
        if let Some(ticks) = &mut self.ticks {
            ticks.rest(begun, done);
        }
        let at = self.source.now();
        match ticked {
            Err(error) if error.passes() => {
                let (failed, _) = self.failed_ticks.unwrap_or((0, error.kind()));
                self.failed_ticks = Some((failed + 1, error.kind()));
                // What passed until now is not in what was told; the next reading has it.
                self.told.tell(Event::bare(EventKind::Lost { count: None }, at));
            }
            Err(error) => return Err(error),
            Ok(()) => {}
        }
        self.told.tell(Event::bare(EventKind::Tick, at));
        Ok(())
    }

    /// Reads what is left, so that nothing is lost untold.
    fn read_rest(&mut self) -> Result<()> {
        self.is_over = true;
        let Self { source, lives, datagrams, polls, told, .. } = self;
        if let Some(lives) = lives {
            lives.read_rest(&mut **source, told)?;
        }
        if let Some(datagrams) = datagrams {
            datagrams.read_rest(&mut **source, told)?;
        }
        if let Some(polls) = polls {
            polls.tick();
            polls.read(&mut **source, told)?;
        }
        if self.ticks.is_some() {
            let now = self.now();
            self.tick(now)?;
        }
        Ok(())
    }

    /// The time of the watch's clock, which only goes forward; that of a recording is the recorded one.
    pub fn now(&mut self) -> Duration {
        self.moment().monotonic.unwrap_or_default()
    }

    /// The same by both clocks.
    pub fn moment(&mut self) -> Moment {
        let now = self.source.now();
        Moment { monotonic: now.monotonic.or(sys::clock::now().monotonic), ..now }
    }

    /// When to ask again with [`Watch::next_before`], by the time of [`Watch::now`], if [`Watch::descriptor`] is not readable before.
    ///
    /// Who has no loop of his own need not ask: the iterator waits by itself.
    pub fn next_look(&mut self) -> Duration {
        let now = self.now();
        let left = match (&self.lives, &self.polls) {
            _ if !self.told.events.is_empty() || self.is_over() => Duration::ZERO,
            (Some(lives), None) if self.datagrams.is_none() && !lives.waits() => IDLE,
            (None, Some(polls)) if self.datagrams.is_none() => polls.left(now),
            _ => TICK,
        };
        now.saturating_add(self.ticks.as_ref().map_or(left, |ticks| ticks.left(now).min(left)))
    }

    /// What poll(2) and its like can wait for: it is readable when something has happened. `None` where the source has no such
    /// thing; then [`Watch::next_look`] alone says when to ask again, which it says in any case.
    ///
    /// ```no_run
    /// use std::time::Duration;
    ///
    /// use pree::{Query, WatchSource};
    /// use rustix::event::{PollFd, PollFlags, Timespec, poll};
    ///
    /// let mut watch = Query::new().watch()?;
    /// for _ in 0..3 {
    ///     let now = watch.now();
    ///     while let Some(event) = watch.next_before(now)? {
    ///         println!("{}", event.kind.name());
    ///     }
    ///     let left = watch.next_look().saturating_sub(now);
    ///     let left = Timespec { tv_sec: left.as_secs() as _, tv_nsec: left.subsec_nanos().into() };
    ///     // Descriptors of the program's own stand beside it.
    ///     let mut descriptors: Vec<_> =
    ///         watch.descriptor().map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN)).into_iter().collect();
    ///     poll(&mut descriptors, Some(&left))?;
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(unix)]
    pub fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        let of_lives = self.lives.as_ref().map(|lives| &lives.records);
        let records = of_lives.or_else(|| Some(&self.datagrams.as_ref()?.records));
        let ends = || Some(self.polls.as_ref()?.ends.as_ref()?.answer());
        self.source.descriptor(records.map(|records| &records.stream.answer).or_else(ends)?)
    }

    /// What ends it.
    pub fn stop(&self) -> Stop {
        self.stop.clone()
    }

    /// Whether nothing more comes: it was stopped, or the recording has ended.
    pub fn is_over(&self) -> bool {
        self.is_over || self.stop.is_stopped()
    }
}

impl Iterator for Watch<'_> {
    type Item = Result<Event>;

    /// Waits for the next event. `None` when it is over.
    fn next(&mut self) -> Option<Self::Item> {
        self.next_before(Duration::MAX).transpose()
    }
}

impl std::fmt::Debug for Watch<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watch")
            .field("source", &self.source())
            .field("seen", &self.seen())
            .finish_non_exhaustive()
    }
}

/// What a filter asks that no event tells: rates, where there are no ticks, and what only the kernel knows.
fn undecidable(filter: &crate::Filter, has_ticks: bool) -> Option<&'static str> {
    let of_time = filter.takes_time().filter(|_| !has_ticks).map(|field| field.name);
    of_time.or_else(|| filter.needs_the_kernel().then_some("autobound"))
}

/// The looks at all sockets of these protocols; the filter is asked of events.
fn looks(query: &Query, protocols: Protocols) -> Query {
    let mut looks = query.clone();
    looks.protocols = protocols;
    looks.needs |= query.filter.as_ref().map_or(Needs::empty(), crate::Filter::needs);
    looks.filter = None;
    looks.owners = query.owners.or(Some(OwnerLookup::All));
    looks.without_states |= States::TIME_WAIT;
    looks
}
