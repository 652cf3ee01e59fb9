//! Sockets over time: what was seen of each in many looks, within bounds. What judges, shows or keeps changes stands on
//! it; a [`Sample`] is what it keeps of a look.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use crate::model::{Socket, SocketId};

/// Sockets that have ended and are remembered at most; the oldest go first.
const ENDED_MOST: usize = 10_000;

/// What is kept of one look at a socket.
pub trait Sample {
    /// Samples of one series at most; twice as many are thinned to every second.
    const MOST: usize;

    /// Of a look, and the look before it.
    fn of(at: Duration, socket: &Socket, before: Option<&Socket>) -> Self;
}

/// The looks at one socket: the first, the last, and a sample of each between, or of every 2nd, 4th, … when there were many.
#[derive(Clone, PartialEq, Debug)]
pub struct Series<P> {
    from: Duration,
    until: Duration,
    first: Socket,
    last: Socket,
    samples: Vec<P>,
    /// Looks for each sample kept.
    stride: usize,
    looks: usize,
}

impl<P: Sample> Series<P> {
    /// Begins with this look. `at` is the time of the look on any clock that only goes forward.
    pub fn new(at: Duration, socket: &Socket) -> Self {
        Self {
            from: at,
            until: at,
            first: socket.clone(),
            last: socket.clone(),
            samples: vec![P::of(at, socket, None)],
            stride: 1,
            looks: 1,
        }
    }

    /// Adds a later look. False when it is another socket, or time went back: then the series begins here.
    pub fn add(&mut self, at: Duration, socket: &Socket) -> bool {
        if !self.goes_on(at, socket) {
            *self = Self::new(at, socket);
            return false;
        }
        self.until = at;
        if self.looks % self.stride == 0 {
            self.samples.push(P::of(at, socket, Some(&self.last)));
        }
        self.last.clone_from(socket);
        self.looks += 1;
        if self.samples.len() > P::MOST {
            let mut index = 0;
            self.samples.retain(|_| {
                index += 1;
                index % 2 == 1
            });
            self.stride *= 2;
        }
        true
    }
}

impl<P> Series<P> {
    fn goes_on(&self, at: Duration, socket: &Socket) -> bool {
        at >= self.until && socket.id() == self.last.id() && !has_shrunk(socket, &self.last)
    }

    /// The time from the first look to the last.
    pub fn length(&self) -> Duration {
        self.until.saturating_sub(self.from)
    }

    /// The time of the first look.
    pub fn start(&self) -> Duration {
        self.from
    }

    /// The time of the last look.
    pub fn end(&self) -> Duration {
        self.until
    }

    /// How many looks there were.
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

    /// The samples that were kept, in order.
    pub fn samples(&self) -> &[P] {
        &self.samples
    }
}

fn has_shrunk(now: &Socket, before: &Socket) -> bool {
    match (&now.tcp, &before.tcp) {
        (Some(now), Some(before)) => now.has_shrunk_since(before),
        _ => false,
    }
}

/// The series of many sockets, each known by its [`SocketId`].
#[derive(Clone, Debug)]
pub(crate) struct AllSeries<P> {
    of: HashMap<SocketId, Followed<P>>,
    /// The number of the look that is taken in.
    look: usize,
    /// For how long what ended is remembered.
    remember: Duration,
    /// What ended, in order.
    ended: VecDeque<Series<P>>,
}

#[derive(Clone, Debug)]
struct Followed<P> {
    series: Series<P>,
    /// The number of the look that it was last seen in.
    seen_in: usize,
    /// Two sockets of one look had this id: which of them is which is not known.
    is_shared: bool,
}

impl<P> Default for AllSeries<P> {
    fn default() -> Self {
        Self { of: HashMap::new(), look: 0, remember: Duration::ZERO, ended: VecDeque::new() }
    }
}

impl<P: Sample> AllSeries<P> {
    /// Remembers for so long what ended.
    pub(crate) fn remember(&mut self, time: Duration) {
        self.remember = time;
    }

    /// Adds a look at all of them. `tells_less`: a row that is not worth keeping after the one before; `stays`: a socket
    /// without a row that is not gone.
    pub(crate) fn add<'s>(
        &mut self,
        at: Duration,
        look: impl IntoIterator<Item = &'s Socket>,
        tells_less: impl Fn(&Socket, &Socket) -> bool,
        stays: impl Fn(&Series<P>) -> bool,
    ) {
        self.look += 1;
        for socket in look {
            let Some(id) = socket.id() else { continue };
            let followed = self.of.entry(id).or_insert_with(|| Followed {
                series: Series::new(at, socket),
                seen_in: 0,
                is_shared: false,
            });
            if followed.seen_in == self.look {
                followed.is_shared = true;
            } else if followed.seen_in > 0 && !tells_less(socket, followed.series.last()) {
                if followed.series.goes_on(at, socket) {
                    followed.series.add(at, socket);
                } else {
                    let ended = std::mem::replace(&mut followed.series, Series::new(at, socket));
                    self.ended.push_back(ended);
                }
            }
            followed.seen_in = self.look;
        }
        let is_gone = |followed: &Followed<P>| followed.seen_in != self.look && !stays(&followed.series);
        let gone: Vec<SocketId> =
            self.of.iter().filter(|(_, followed)| is_gone(followed)).map(|(id, _)| id.clone()).collect();
        let gone = gone.iter().filter_map(|id| self.of.remove(id)).filter(|followed| !followed.is_shared);
        self.ended.extend(gone.map(|followed| followed.series));
        self.forget(at);
    }

    /// Forgets what ended too long ago, and what is too much.
    fn forget(&mut self, now: Duration) {
        let too_many = self.ended.len().saturating_sub(ENDED_MOST);
        self.ended.drain(..too_many);
        let remember = self.remember;
        self.ended.retain(|series| !remember.is_zero() && now.saturating_sub(series.end()) <= remember);
    }
}

impl<P> AllSeries<P> {
    /// Of this socket; `None` where it is not certain which one it was before.
    pub(crate) fn get(&self, socket: &Socket) -> Option<&Series<P>> {
        let followed = self.of.get(&socket.id()?)?;
        (!followed.is_shared).then_some(&followed.series)
    }

    /// True when it is known which socket this one is among those of other looks.
    pub(crate) fn is_known(&self, socket: &Socket) -> bool {
        let Some(id) = socket.id() else { return false };
        self.of.get(&id).is_none_or(|followed| !followed.is_shared)
    }

    /// Of every socket that has not ended.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Series<P>> {
        self.of.values().map(|followed| &followed.series)
    }

    /// What ended and is remembered, the first to end first.
    pub(crate) fn ended(&self) -> impl Iterator<Item = &Series<P>> {
        self.ended.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Address, Family, Protocol, State, TcpStats};

    /// The look's number in seconds.
    struct Second(u64);

    impl Sample for Second {
        const MOST: usize = 4;

        fn of(at: Duration, _: &Socket, before: Option<&Socket>) -> Self {
            assert_eq!(before.is_none(), at.is_zero());
            Self(at.as_secs())
        }
    }

    fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn socket(inode: u64, acked: u64) -> Socket {
        let local = Address::Inet(([127, 0, 0, 1], 80).into());
        let mut socket = Socket::new(Protocol::Tcp, Family::Ipv4, State::Established, local);
        socket.inode = Some(inode);
        socket.tcp = Some(Box::new(TcpStats { bytes_acked: Some(acked), ..TcpStats::default() }));
        socket
    }

    #[test]
    fn samples_are_thinned_and_the_ends_stay() {
        let mut series = Series::<Second>::new(s(0), &socket(1, 0));
        for second in 1..=20 {
            assert!(series.add(s(second), &socket(1, second)));
            assert!(series.samples().len() <= Second::MOST);
        }
        let seconds: Vec<u64> = series.samples().iter().map(|second| second.0).collect();
        assert_eq!(seconds, [0, 8, 16]);
        assert_eq!((series.looks(), series.length()), (21, s(20)));
        let acked = |socket: &Socket| socket.tcp.as_ref().and_then(|tcp| tcp.bytes_acked);
        assert_eq!((acked(series.first()), acked(series.last())), (Some(0), Some(20)));
    }

    struct Nothing;

    impl Sample for Nothing {
        const MOST: usize = 1;

        fn of(_: Duration, _: &Socket, _: Option<&Socket>) -> Self {
            Self
        }
    }

    /// Looks a second apart: what ended and is remembered after each, by inode and time of the last look.
    fn ended(remember: u64, looks: &[&[(u64, u64)]]) -> Vec<Vec<(u64, u64)>> {
        let mut all = AllSeries::<Nothing>::default();
        all.remember(s(remember));
        let look = |(second, rows): (usize, &&[(u64, u64)])| {
            let rows: Vec<Socket> = rows.iter().map(|(inode, acked)| socket(*inode, *acked)).collect();
            all.add(s(second as u64), &rows, |_, _| false, |_| false);
            let one = |series: &Series<_>| Some((series.last().inode?, series.end().as_secs()));
            all.ended().filter_map(one).collect()
        };
        looks.iter().enumerate().map(look).collect()
    }

    #[test]
    fn what_ended_is_remembered_for_as_long_as_asked() {
        let looks: &[&[(u64, u64)]] = &[&[(1, 0), (2, 0)], &[(1, 5)], &[(1, 6)], &[], &[]];
        assert_eq!(ended(0, looks), vec![Vec::new(); 5]);
        assert_eq!(ended(2, looks), [vec![], vec![(2, 0)], vec![(2, 0)], vec![(1, 2)], vec![(1, 2)]]);
        // The inode is another socket's.
        assert_eq!(ended(9, &[&[(1, 5)], &[(1, 4)]]), [vec![], vec![(1, 0)]]);
        // Of two that nothing tells apart nothing is known.
        assert_eq!(ended(9, &[&[(1, 5), (1, 5)], &[]]), [vec![], vec![]]);
    }

    #[test]
    fn it_does_not_grow_without_bounds() {
        let rows: Vec<(u64, u64)> = (0..ENDED_MOST as u64 + 5).map(|inode| (inode, 0)).collect();
        let remembered = ended(9, &[&rows, &[(3, 0)]]).pop().unwrap();
        assert_eq!(remembered.len(), ENDED_MOST);
    }
}
