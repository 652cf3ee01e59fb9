//! Several looks at one socket: what happened between them, never mixed with what happened before.
//!
//! Counters become what was counted in the interval, the round trip the median of what was seen, everything else is as it
//! was last. A counter that shrank, or another id, is another socket: the interval begins anew with it.

use std::collections::HashMap;
use std::time::Duration;

use super::limits::INTERVAL_POINTS;
use super::{Assessment, Basis, Context, Subject, judge};
use crate::model::{Socket, SocketId, TcpStats};

/// What was seen of one socket from one look to a later one.
#[derive(Clone, PartialEq, Debug)]
pub struct Interval {
    from: Duration,
    until: Duration,
    first: Socket,
    last: Socket,
    /// One for each look, or for every 2nd, 4th, … when there were many.
    points: Vec<Point>,
    /// Looks for each point kept.
    stride: usize,
    looks: usize,
}

/// What of one look is kept.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Point {
    pub(super) at: Duration,
    pub(super) rtt: Option<Duration>,
}

impl Point {
    fn of(at: Duration, socket: &Socket) -> Self {
        let stats = socket.tcp.as_deref();
        Self { at, rtt: stats.and_then(|stats| stats.rtt) }
    }
}

impl Interval {
    /// Begins with this look. `at` is the time of the look on any clock that only goes forward.
    pub fn new(at: Duration, socket: &Socket) -> Self {
        Self {
            from: at,
            until: at,
            first: socket.clone(),
            last: socket.clone(),
            points: vec![Point::of(at, socket)],
            stride: 1,
            looks: 1,
        }
    }

    /// Takes in a later look. False when it is another socket, or time went back: then the interval begins here.
    pub fn add(&mut self, at: Duration, socket: &Socket) -> bool {
        if at < self.until || socket.id != self.last.id || has_shrunk(socket, &self.last) {
            *self = Self::new(at, socket);
            return false;
        }
        self.until = at;
        self.last.clone_from(socket);
        if self.looks % self.stride == 0 {
            self.points.push(Point::of(at, socket));
        }
        self.looks += 1;
        if self.points.len() > INTERVAL_POINTS {
            let mut index = 0;
            self.points.retain(|_| {
                index += 1;
                index % 2 == 1
            });
            self.stride *= 2;
        }
        true
    }

    /// The time from the first look to the last.
    pub fn length(&self) -> Duration {
        self.until.saturating_sub(self.from)
    }

    /// How often was looked.
    pub fn looks(&self) -> usize {
        self.looks
    }

    /// The socket as it was first seen.
    pub fn first(&self) -> &Socket {
        &self.first
    }

    /// The socket as it was last seen.
    pub fn last(&self) -> &Socket {
        &self.last
    }

    /// The statistics of the interval; `None` before a second look, or where there are none.
    pub fn stats(&self) -> Option<TcpStats> {
        if self.looks < 2 {
            return None;
        }
        let mut stats = self.last.tcp.as_deref()?.since(self.first.tcp.as_deref()?)?;
        stats.rtt = self.median_rtt();
        Some(stats)
    }

    #[expect(dead_code, reason = "the judgements that look at these come next")]
    pub(super) fn points(&self) -> &[Point] {
        &self.points
    }

    fn median_rtt(&self) -> Option<Duration> {
        let mut times: Vec<Duration> = self.points.iter().filter_map(|point| point.rtt).collect();
        let middle = times.len() / 2;
        (!times.is_empty()).then(|| *times.select_nth_unstable(middle).1)
    }
}

fn has_shrunk(now: &Socket, before: &Socket) -> bool {
    match (&now.tcp, &before.tcp) {
        (Some(now), Some(before)) => now.since(before).is_none(),
        _ => false,
    }
}

/// Judges what happened between the first look and the last; before a second look everything is unknown.
pub fn assess_interval(interval: &Interval, context: &Context) -> Assessment {
    let context = Context { basis: Basis::Interval(interval.length()), ..*context };
    let stats = interval.stats().unwrap_or_default();
    judge(&Subject { interval: Some(interval), ..Subject::of(interval.last(), &stats) }, &context)
}

/// Intervals of many sockets, by id.
#[derive(Clone, Debug, Default)]
pub struct Intervals {
    of: HashMap<SocketId, Interval>,
}

impl Intervals {
    /// Takes in a look at all of them. What was not seen this time is forgotten; a socket without an id is not followed.
    pub fn add<'s>(&mut self, at: Duration, sockets: impl IntoIterator<Item = &'s Socket>) {
        for socket in sockets {
            let Some(id) = socket.id else { continue };
            match self.of.get_mut(&id) {
                Some(interval) => drop(interval.add(at, socket)),
                None => drop(self.of.insert(id, Interval::new(at, socket))),
            }
        }
        self.of.retain(|_, interval| interval.until == at);
    }

    /// The longest time that any of them was seen for.
    pub fn length(&self) -> Duration {
        self.of.values().map(Interval::length).max().unwrap_or_default()
    }

    /// What was seen of this socket.
    pub fn get(&self, id: SocketId) -> Option<&Interval> {
        self.of.get(&id)
    }
}
