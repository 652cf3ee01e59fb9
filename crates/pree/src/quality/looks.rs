//! Several looks at many sockets: each socket's [`Interval`], and what the looks lacked.
//!
//! A look can fail, or report less than the others. Sockets missing from it do not count as gone, and [`Intervals::conclude`]
//! says how many looks were affected and what time could be judged.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::Context;
use super::interval::{Interval, Point};
use crate::coverage::{Coverage, Gap, Missing};
use crate::error::{Error, ErrorKind};
use crate::model::{Socket, State};
use crate::series::AllSeries;
use crate::snapshot::Snapshot;

/// Intervals of many sockets, each known by its [`SocketId`](crate::SocketId).
#[derive(Clone, Debug, Default)]
pub struct Intervals {
    of: AllSeries<Point>,
    /// Looks so far, those that failed included.
    looks: usize,
    /// When the first was taken, and the last.
    span: Option<(Duration, Duration)>,
    /// Why looks failed, and how many.
    failed: BTreeMap<(String, ErrorKind), usize>,
    /// What looks lacked, and how many lacked exactly that.
    lacked: BTreeMap<Lacks, usize>,
    /// What every look lacked so far: a look that lacks no more is complete.
    always: Option<Lacks>,
    /// When the first look was taken that did not fail, and what it lacked.
    first: Option<(Duration, Lacks)>,
    /// When the last of these was taken, and whether the last of all was one.
    whole_at: Duration,
    last_is_whole: bool,
    /// What the first look and the last said of [`HostCounters::accept_overflows`](crate::model::HostCounters).
    accept_overflows: Option<(Option<u64>, Option<u64>)>,
}

/// What a look lacks, in words, and why.
type Lacks = BTreeSet<(String, ErrorKind)>;

impl Intervals {
    /// Remembers sockets that ended for so long ([`Intervals::ended`]).
    #[must_use]
    pub fn remembering(mut self, time: Duration) -> Self {
        self.of.remember(time);
        self
    }

    /// What ended and is remembered, the first to end first. What ended between two looks was last seen in the first.
    pub fn ended(&self) -> impl Iterator<Item = &Interval> {
        self.of.ended()
    }

    /// Adds a look at all of them. Sockets that are gone have ended: those missing from an answer as complete as any other.
    pub fn add(&mut self, at: Duration, look: &Snapshot) {
        self.count(at);
        let lacks = lacks(look.coverage());
        self.first.get_or_insert_with(|| (at, lacks.clone()));
        let always = self.always.get_or_insert_with(|| lacks.clone());
        always.retain(|one| lacks.contains(one));
        self.last_is_whole = lacks == *always;
        if self.last_is_whole {
            self.whole_at = at;
        }
        *self.lacked.entry(lacks).or_default() += 1;
        let overflows = look.counters().accept_overflows;
        let (before, _) = self.accept_overflows.unwrap_or((overflows, overflows));
        self.accept_overflows = Some((before, overflows));
        let (whole, whole_at) = (self.last_is_whole, self.whole_at);
        self.of.add(at, look, tells_less, |interval| !whole && interval.start() <= whole_at);
    }

    /// True after a look that did not fail.
    pub(crate) fn has_looked(&self) -> bool {
        self.first.is_some()
    }

    /// Notes a look that failed.
    pub fn add_failed(&mut self, at: Duration, error: &Error) {
        self.count(at);
        self.last_is_whole = false;
        *self.failed.entry((error.to_string(), error.kind())).or_default() += 1;
    }

    /// Adds the last look, and returns it with everything that is missing: what it lacks itself, how many of the others lack more,
    /// and how many of its sockets could not be followed.
    #[must_use]
    pub fn conclude(&mut self, at: Duration, last: Snapshot) -> Snapshot {
        self.add(at, &last);
        let mut coverage = last.coverage().clone();
        for gap in self.gaps() {
            coverage.add(gap);
        }
        let unknown = last.iter().filter(|socket| is_judged(socket) && !self.of.is_known(socket)).count();
        if unknown > 0 {
            coverage.add(Gap {
                what: Missing::Stats,
                why: ErrorKind::Unsupported,
                count: u64::try_from(unknown).ok(),
                object: "from look to look".to_owned(),
                hint: "it is unknown which sockets they were before: look once, without --for",
            });
        }
        last.with_coverage(coverage)
    }

    /// How many looks failed, or lacked what another one reported, and why.
    fn gaps(&self) -> Vec<Gap> {
        let mut less = self.failed.clone();
        for (lacks, looks) in &self.lacked {
            let of_others =
                |one: &&(String, ErrorKind)| !self.always.as_ref().is_some_and(|it| it.contains(*one));
            for one in lacks.iter().filter(of_others) {
                *less.entry(one.clone()).or_default() += looks;
            }
        }
        let (from, until) = self.span.unwrap_or_default();
        let (judged, of) = (self.longest(), until.saturating_sub(from));
        let gap = |((words, why), count): ((String, ErrorKind), usize)| Gap {
            what: Missing::Looks,
            why,
            count: u64::try_from(count).ok(),
            object: format!(
                "of {}, judged over {:.2} of {:.2} s: {words}",
                self.looks,
                judged.as_secs_f64(),
                of.as_secs_f64()
            ),
            hint: "what happened meanwhile may be missing: look again",
        };
        less.into_iter().map(gap).collect()
    }

    fn count(&mut self, at: Duration) {
        self.looks += 1;
        let (first, _) = self.span.unwrap_or((at, at));
        self.span = Some((first, at));
    }

    /// Adds what the machine counted from the first look to the last, where the looks' query
    /// asked for [`Needs::HOST`](crate::Needs::HOST).
    #[must_use]
    pub fn context(&self, of_socket: Context) -> Context {
        let overflows = self.accept_overflows.and_then(|(before, now)| now?.checked_sub(before?));
        Context { accept_overflows: overflows, ..of_socket }
    }

    /// How long the looks took, whether there was something to see or not: from the first to the last complete one.
    pub fn length(&self) -> Duration {
        let first = self.first.as_ref().map_or(self.whole_at, |(first, _)| *first);
        self.whole_at.saturating_sub(first).max(self.longest())
    }

    /// The longest time that any socket was seen for.
    fn longest(&self) -> Duration {
        self.of.all().map(Interval::length).max().unwrap_or_default()
    }

    /// What was seen of this socket; `None` where it is not certain which one it was before.
    pub fn get(&self, socket: &Socket) -> Option<&Interval> {
        self.of.get(socket)
    }

    /// Whether this socket has come to its state since the first look; `None` where that is not known.
    pub(super) fn is_new(&self, socket: &Socket) -> Option<bool> {
        let (first, lacks) = self.first.as_ref()?;
        let both_tell = self.last_is_whole && self.always.as_ref() == Some(lacks);
        if !both_tell || !self.of.is_known(socket) {
            return None;
        }
        let is_new =
            |interval: &Interval| interval.start() > *first || interval.first().state != socket.state;
        Some(self.get(socket).is_none_or(is_new))
    }
}

/// What this answer lacks and another look may have: what it says is missing, without the numbers and lists in it, which
/// change from look to look; and the tables that came from where sockets have no ids.
fn lacks(coverage: &Coverage) -> Lacks {
    let gaps = coverage.gaps().iter().filter(|gap| gap.what != Missing::Owners);
    let gaps = gaps.map(|gap| {
        let object = gap.object.split(|c: char| c.is_ascii_digit() || c == ':').next().unwrap_or_default();
        (format!("{} {object}", gap.what.name()).trim_end().to_owned(), gap.why)
    });
    let tables = coverage.origins().iter().filter(|(_, origin)| origin.is_proc());
    gaps.chain(tables.map(|(table, _)| (format!("ids {}", table.name()), ErrorKind::Unsupported))).collect()
}

/// True for a row without the statistics that the socket had before and, by its state, still has.
fn tells_less(now: &Socket, before: &Socket) -> bool {
    now.tcp.is_none() && before.tcp.is_some() && now.state == before.state
}

/// True for a socket of which something is judged; `TIME_WAIT` is a memory.
fn is_judged(socket: &Socket) -> bool {
    socket.state != State::TimeWait
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coverage::Origin;
    use crate::model::{BootId, HostLimits, KernelId, Protocol};

    fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// A connection from this port with statistics.
    fn socket(port: u16) -> Socket {
        let socket = Socket::tcp(State::Established, &format!("127.0.0.1:{port}"), "");
        Socket { tcp: Some(Box::default()), ..socket }
    }

    fn with_id(port: u16) -> Socket {
        let id = KernelId { boot: BootId::default(), network_namespace: 1, cookie: port.into() };
        Socket { kernel_id: Some(id), ..socket(port) }
    }

    fn look(sockets: Vec<Socket>, missing: Option<(Missing, &str)>) -> Snapshot {
        let mut coverage = Coverage::default();
        if let Some((what, object)) = missing {
            coverage.add(Gap { what, why: ErrorKind::Io, count: None, object: object.to_owned(), hint: "" });
        }
        Snapshot::new(sockets, coverage, HostLimits::default())
    }

    fn whole(ports: &[u16]) -> Snapshot {
        look(ports.iter().map(|port| with_id(*port)).collect(), None)
    }

    fn lacking(ports: &[u16]) -> Snapshot {
        look(ports.iter().map(|port| with_id(*port)).collect(), Some((Missing::Rows, "tcp")))
    }

    /// Ports that are followed, with the length of what was seen of them.
    fn followed(intervals: &Intervals) -> Vec<(u16, u64)> {
        let one = |it: &Interval| Some((it.last().local.port()?, it.length().as_secs()));
        let mut all: Vec<_> = intervals.of.all().filter_map(one).collect();
        all.sort_unstable();
        all
    }

    #[test]
    fn what_one_look_lacks_is_not_gone() {
        let error = Error::new(ErrorKind::Io, "dump", "tcp");
        let mut intervals = Intervals::default();
        intervals.add(s(0), &whole(&[1, 2, 3]));
        intervals.add(s(1), &lacking(&[1, 4]));
        intervals.add_failed(s(2), &error);
        assert_eq!(followed(&intervals), [(1, 1), (2, 0), (3, 0), (4, 0)]);
        // What began after the last whole look and was not seen again is forgotten, or there would be ever more.
        intervals.add(s(3), &lacking(&[1, 5]));
        assert_eq!(followed(&intervals), [(1, 3), (2, 0), (3, 0), (5, 0)]);
        // What a whole look does not report is gone.
        let answer = intervals.conclude(s(4), whole(&[1, 2]));
        assert_eq!(followed(&intervals), [(1, 4), (2, 4)]);
        let gaps: Vec<_> =
            answer.coverage().gaps().iter().map(|gap| (gap.what, gap.why, gap.count)).collect();
        let expected = (Missing::Looks, ErrorKind::Io);
        assert_eq!(gaps, [(expected.0, expected.1, Some(1)), (expected.0, expected.1, Some(2))]);
        let text = answer.coverage().to_string();
        assert!(
            text.contains("looks failed or incomplete: 1 (of 5, judged over 4.00 of 4.00 s: cannot dump tcp"),
            "{text}"
        );
        assert!(
            text.contains("looks failed or incomplete: 2 (of 5, judged over 4.00 of 4.00 s: rows tcp)"),
            "{text}"
        );
    }

    /// The time is that of the looks, also where nothing was there, or not for so long.
    #[test]
    fn the_length_is_how_long_was_looked() {
        for sockets in [&[][..], &[1]] {
            let mut intervals = Intervals::default();
            intervals.add(s(1), &whole(&[]));
            assert_eq!(intervals.length(), s(0));
            intervals.add(s(2), &whole(&[]));
            let _ = intervals.conclude(s(4), whole(sockets));
            assert_eq!(intervals.length(), s(3), "{sockets:?}");
        }
    }

    /// What no look reports, the last one says itself: the looks are as good as they can be.
    #[test]
    fn what_every_look_lacks_makes_none_less() {
        let mut intervals = Intervals::default();
        let closed = |count: u32| Some((Missing::Rows, format!("namespaces of {count} processes")));
        for second in 0..9 {
            let closed = closed(second as u32);
            let missing = closed.as_ref().map(|(what, object)| (*what, object.as_str()));
            intervals.add(s(second), &look(vec![with_id(1), with_id(10 + second as u16)], missing));
            assert_eq!(followed(&intervals).len(), 2);
        }
        let last = intervals
            .conclude(s(9), look(vec![with_id(1)], Some((Missing::Rows, "namespaces of 7 processes"))));
        assert_eq!(last.coverage().gaps().len(), 1, "{}", last.coverage());
        assert_eq!(followed(&intervals), [(1, 9)]);
    }

    /// A look that comes from elsewhere, without ids or statistics, ends nothing.
    #[test]
    fn a_look_without_ids_ends_nothing() {
        let mut bare = look(vec![Socket { inode: Some(7), tcp: None, ..socket(1) }], None);
        let mut coverage = Coverage::default();
        coverage.came_from(Protocol::Tcp, Origin::Proc);
        bare = bare.with_coverage(coverage);
        let mut intervals = Intervals::default();
        intervals.add(s(0), &whole(&[1]));
        intervals.add(s(1), &bare);
        assert_eq!(intervals.is_new(&with_id(1)), None, "the last look does not tell");
        let without_stats = look(vec![Socket { tcp: None, ..with_id(1) }], Some((Missing::Stats, "tcp")));
        intervals.add(s(2), &without_stats);
        assert!(intervals.get(&with_id(1)).is_some_and(|it| it.last().tcp.is_some()));
        let answer = intervals.conclude(s(3), whole(&[1]));
        assert_eq!(intervals.get(&with_id(1)).map(|it| (it.length(), it.looks())), Some((s(3), 2)));
        assert_eq!(answer.coverage().gaps().len(), 2, "{}", answer.coverage());
        assert_eq!(intervals.is_new(&with_id(1)), Some(false));

        // Nor is it known what is new since a first look that lacked something.
        let mut intervals = Intervals::default();
        intervals.add(s(0), &lacking(&[1]));
        intervals.add(s(1), &whole(&[1, 2]));
        assert_eq!([1, 2].map(|port| intervals.is_new(&with_id(port))), [None, None]);
    }

    /// Each source's sockets are followed by what it reports about them; those that cannot be followed are counted.
    #[test]
    fn followed_by_what_the_source_tells() {
        let of_proc = |port| Socket { inode: Some(port), ..socket(port as u16) };
        let of_windows = |port, tick| Socket { created: Some(s(tick)), ..socket(port) };
        let nameless = socket(9);
        let time_wait = Socket { state: State::TimeWait, tcp: None, ..socket(8) };
        let all = || {
            // Two datagram sockets made in one tick are the same to whoever looks.
            let same = Socket { protocol: Protocol::Udp, ..of_windows(5, 50) };
            vec![of_proc(1), of_windows(2, 20), same.clone(), same, nameless.clone(), time_wait.clone()]
        };
        let mut intervals = Intervals::default();
        intervals.add(s(0), &look(all(), None));
        let answer = intervals.conclude(s(1), look(all(), None));
        let length = |socket: &Socket| intervals.get(socket).map(Interval::length);
        let lengths: Vec<_> = answer.iter().map(length).collect();
        assert_eq!(lengths, [Some(s(1)), Some(s(1)), None, None, None, None]);
        let [gap] = answer.coverage().gaps() else { panic!("{}", answer.coverage()) };
        assert_eq!(
            (gap.what, gap.why, gap.count),
            (Missing::Stats, ErrorKind::Unsupported, Some(3)),
            "{gap}"
        );
        // Another one that has its ends later.
        assert_eq!(length(&of_windows(2, 21)), None);
        let other = Socket { inode: Some(77), ..socket(1) };
        assert_eq!((length(&other), intervals.is_new(&other)), (None, Some(true)));
        assert_eq!(intervals.is_new(&nameless), None);
    }
}
