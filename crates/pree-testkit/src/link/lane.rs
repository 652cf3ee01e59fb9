//! One direction of a relay, as a pure function of packets and times: what is dropped and why, what leaves when.
//!
//! Nothing here sleeps or reads a clock, so plans are tested without a network.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::time::Duration;

use super::packet::{Kind, Shape};
use super::plan::{Plan, Victims};
use super::random::Random;

/// Why a packet did not arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lost {
    /// The plan's loss.
    Loss,
    /// A burst of losses.
    Burst,
    /// The queue was full.
    Queue,
    /// It was too large.
    Hole,
    /// The path is dead.
    Dead,
    /// One of the first SYNs.
    Syn,
}

impl Lost {
    /// How many reasons there are.
    pub(crate) const COUNT: usize = 6;
}

/// What drifts: the share of the way to a new random value that the jitter goes with each packet.
const DRIFT: f64 = 0.1;

/// One direction, and the packets on it.
#[derive(Debug)]
pub(crate) struct Lane<P> {
    plan: Plan,
    random: Random,
    held: BinaryHeap<Reverse<Held<P>>>,
    /// Numbers the packets, so that those of one time leave in order.
    accepted: u64,
    /// When the narrow place has sent all that was accepted.
    free_at: Duration,
    /// When the last packet leaves that kept the order.
    last_out: Duration,
    /// Where the jitter has drifted to, as a share.
    drift: f64,
    burst_left: u32,
    syns_lost: u32,
}

/// A packet on its way.
#[derive(Debug)]
pub(crate) struct Held<P> {
    /// When it is to leave.
    pub(crate) due: Duration,
    /// How long it waits at the narrow place before its turn comes.
    pub(crate) queued: Duration,
    number: u64,
    pub(crate) packet: P,
}

impl<P> Lane<P> {
    pub(crate) fn new(plan: Plan, seed: u64) -> Self {
        Self {
            plan,
            random: Random::new(seed),
            held: BinaryHeap::new(),
            accepted: 0,
            free_at: Duration::ZERO,
            last_out: Duration::ZERO,
            drift: 0.5,
            burst_left: 0,
            syns_lost: 0,
        }
    }

    /// A packet comes: it is on its way now, or gone.
    pub(crate) fn accept(&mut self, now: Duration, shape: Shape, packet: P) -> Result<(), Lost> {
        if let Some(reason) = self.drops(now, shape) {
            return Err(reason);
        }
        let on_the_wire = self.plan.rate.map_or(Duration::ZERO, |rate| time_of(shape.bytes as u64, rate));
        let queued = self.free_at.saturating_sub(now);
        self.free_at = now + queued + on_the_wire;
        let mut due = self.free_at + self.plan.delay + self.jitter() + self.detour(now);
        match self.plan.reordered {
            Some((share, extra)) if self.random.happens(share) => due += extra,
            _ => {
                due = due.max(self.last_out);
                self.last_out = due;
            }
        }
        self.held.push(Reverse(Held { due, queued, number: self.accepted, packet }));
        self.accepted += 1;
        Ok(())
    }

    fn drops(&mut self, now: Duration, shape: Shape) -> Option<Lost> {
        let plan = &self.plan;
        if plan.dead_from.is_some_and(|from| now >= from) {
            return Some(Lost::Dead);
        }
        if shape.kind == Kind::Syn && self.syns_lost < plan.syns_lost {
            self.syns_lost += 1;
            return Some(Lost::Syn);
        }
        if plan.hole_above.is_some_and(|limit| shape.bytes > limit) {
            return Some(Lost::Hole);
        }
        let may_be_lost = match plan.victims {
            Victims::Data => shape.kind == Kind::Data,
            Victims::Acks => shape.kind == Kind::Ack,
            Victims::All => true,
        };
        if may_be_lost && self.random.happens(plan.loss) {
            return Some(Lost::Loss);
        }
        if let (Some((share, length)), Kind::Data) = (plan.burst, shape.kind) {
            if self.burst_left == 0 && self.random.happens(share) {
                self.burst_left = length;
            }
            if self.burst_left > 0 {
                self.burst_left -= 1;
                return Some(Lost::Burst);
            }
        }
        let full = self.queue_bytes(now) + shape.bytes as u64 > plan.queue_bytes;
        (plan.rate.is_some() && full).then_some(Lost::Queue)
    }

    /// What waits at the narrow place.
    pub(crate) fn queue_bytes(&self, now: Duration) -> u64 {
        let waiting = self.free_at.saturating_sub(now);
        self.plan.rate.map_or(0, |rate| (waiting.as_secs_f64() * rate as f64) as u64)
    }

    fn jitter(&mut self) -> Duration {
        if self.plan.jitter.is_zero() {
            return Duration::ZERO;
        }
        self.drift += (self.random.share() - self.drift) * DRIFT;
        self.plan.jitter.mul_f64(self.drift)
    }

    fn detour(&self, now: Duration) -> Duration {
        let detour = self.plan.detour.filter(|detour| detour.from <= now && now < detour.to);
        detour.map_or(Duration::ZERO, |detour| detour.extra)
    }

    /// The next packet that is to leave by now.
    pub(crate) fn leave(&mut self, now: Duration) -> Option<Held<P>> {
        if self.next_due()? > now {
            return None;
        }
        self.held.pop().map(|Reverse(held)| held)
    }

    /// When the next packet is to leave.
    pub(crate) fn next_due(&self) -> Option<Duration> {
        self.held.peek().map(|Reverse(held)| held.due)
    }
}

/// How long so many bytes take.
fn time_of(bytes: u64, rate: u64) -> Duration {
    Duration::from_secs_f64(bytes as f64 / rate as f64)
}

impl<P> Held<P> {
    fn key(&self) -> (Duration, u64) {
        (self.due, self.number)
    }
}

impl<P> PartialEq for Held<P> {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl<P> Eq for Held<P> {}

impl<P> PartialOrd for Held<P> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<P> Ord for Held<P> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::plan::Detour;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn shape(kind: Kind, bytes: usize) -> Shape {
        Shape { bytes, kind, ports: None }
    }

    const DATA: Kind = Kind::Data;

    type Left = Vec<(usize, u64)>;

    /// Sends one packet at each of these times (in ms), and tells which number left when, and what was dropped.
    fn play(plan: Plan, packets: &[(u64, Kind, usize)]) -> (Left, Vec<(usize, Lost)>) {
        let mut lane = Lane::new(plan, 1);
        let mut dropped = Vec::new();
        for (number, &(at, kind, bytes)) in packets.iter().enumerate() {
            if let Err(reason) = lane.accept(ms(at), shape(kind, bytes), number) {
                dropped.push((number, reason));
            }
        }
        let mut left = Vec::new();
        while let Some(due) = lane.next_due() {
            assert!(lane.leave(due.saturating_sub(Duration::from_nanos(1))).is_none(), "left early");
            let held = lane.leave(due).expect("due");
            left.push((held.packet, u64::try_from(held.due.as_millis()).expect("short")));
        }
        (left, dropped)
    }

    #[test]
    fn delay_is_added() {
        let (left, dropped) = play(Plan::delay_ms(10), &[(0, DATA, 1500), (1, DATA, 1500)]);
        assert_eq!((left, dropped), (vec![(0, 10), (1, 11)], vec![]));
    }

    #[test]
    fn a_narrow_place_sends_one_after_another_and_drops_at_the_tail() {
        // 100 bytes a millisecond: each takes 10 ms. Two wait, 2000 bytes; the third finds no room.
        let plan = Plan::CLEAN.narrow(100_000, 2000);
        let (left, dropped) =
            play(plan, &[(0, DATA, 1000), (0, DATA, 1000), (0, DATA, 1000), (10, DATA, 1000)]);
        assert_eq!(left, [(0, 10), (1, 20), (3, 30)]);
        assert_eq!(dropped, [(2, Lost::Queue)]);
    }

    #[test]
    fn a_queue_empties_with_time() {
        let mut lane = Lane::new(Plan::CLEAN.narrow(1_000_000, u64::MAX), 1);
        lane.accept(ms(0), shape(DATA, 5000), ()).expect("room");
        assert_eq!(lane.queue_bytes(ms(0)), 5000);
        assert_eq!(lane.queue_bytes(ms(2)), 3000);
        assert_eq!(lane.queue_bytes(ms(9)), 0);
    }

    #[test]
    fn what_a_packet_waited_for_is_told() {
        let mut lane = Lane::new(Plan::delay_ms(7).narrow(100_000, u64::MAX), 1);
        for _ in 0..3 {
            lane.accept(ms(0), shape(DATA, 1000), ()).expect("room");
        }
        let waited: Vec<Duration> =
            std::iter::from_fn(|| lane.leave(ms(1000)).map(|held| held.queued)).collect();
        assert_eq!(waited, [ms(0), ms(10), ms(20)]);
    }

    #[test]
    fn loss_hits_its_victims_only_and_as_often_as_it_should() {
        for (victims, kind, other) in [(Victims::Data, DATA, Kind::Ack), (Victims::Acks, Kind::Ack, DATA)] {
            let mut lane = Lane::new(Plan::CLEAN.losing(0.05, victims), 7);
            let mut lost = 0;
            for at in 0..20_000 {
                lost += u32::from(lane.accept(ms(at), shape(kind, 100), ()) == Err(Lost::Loss));
                assert_eq!(lane.accept(ms(at), shape(other, 100), ()), Ok(()));
            }
            // 1000 expected, standard deviation 31.
            assert!((850..1150).contains(&lost), "{lost} of 20000");
        }
    }

    #[test]
    fn the_same_seed_does_the_same() {
        let drops = |seed| {
            let mut lane = Lane::new(Plan::CLEAN.losing(0.5, Victims::All), seed);
            (0..64).map(|at| lane.accept(ms(at), shape(DATA, 100), ()).is_err()).collect::<Vec<_>>()
        };
        assert_eq!(drops(3), drops(3));
        assert_ne!(drops(3), drops(4));
    }

    #[test]
    fn a_burst_takes_its_length() {
        let mut lane = Lane::new(Plan { burst: Some((0.01, 6)), ..Plan::CLEAN }, 2);
        let fates: String = (0..5000)
            .map(|at| if lane.accept(ms(at), shape(DATA, 100), ()).is_err() { 'x' } else { '.' })
            .collect();
        let bursts: Vec<usize> = fates.split('.').map(str::len).filter(|length| *length > 0).collect();
        assert!(bursts.len() > 20 && bursts.iter().all(|length| length % 6 == 0), "{bursts:?}");
    }

    #[test]
    fn reordered_packets_are_overtaken_and_others_are_not() {
        let plan = Plan { reordered: Some((0.1, ms(8))), ..Plan::delay_ms(5) };
        let packets: Vec<_> = (0..1000).map(|at| (at, DATA, 100)).collect();
        let (left, _) = play(plan, &packets);
        assert_eq!(left.len(), 1000);
        let late = left.iter().filter(|(number, at)| *at == *number as u64 + 13).count();
        assert!((60..150).contains(&late), "{late}");
        assert!(left.iter().all(|(number, at)| [5, 13].contains(&(at - *number as u64))));
    }

    #[test]
    fn jitter_keeps_the_order_and_its_limit() {
        let plan = Plan { jitter: ms(30), ..Plan::delay_ms(10) };
        let packets: Vec<_> = (0..2000).map(|at| (at, DATA, 100)).collect();
        let (left, _) = play(plan, &packets);
        assert!(left.iter().map(|(number, _)| *number).eq(0..2000), "out of order");
        let delays: Vec<u64> = left.iter().map(|(number, at)| at - *number as u64).collect();
        assert!(delays.iter().all(|delay| (10..=40).contains(delay)));
        assert!(delays.iter().max() > delays.iter().min());
    }

    #[test]
    fn a_detour_begins_and_ends_and_nobody_overtakes() {
        let detour = Detour { from: ms(10), to: ms(20), extra: ms(100) };
        let plan = Plan { detour: Some(detour), ..Plan::delay_ms(1) };
        let (left, _) =
            play(plan, &[(9, DATA, 1), (10, DATA, 1), (19, DATA, 1), (20, DATA, 1), (200, DATA, 1)]);
        assert_eq!(left, [(0, 10), (1, 111), (2, 120), (3, 120), (4, 201)]);
    }

    #[test]
    fn holes_dead_paths_and_lost_syns() {
        let plan = Plan { hole_above: Some(1400), syns_lost: 1, dead_from: Some(ms(50)), ..Plan::CLEAN };
        let (left, dropped) = play(
            plan,
            &[(0, Kind::Syn, 60), (1, Kind::Syn, 60), (2, DATA, 1400), (3, DATA, 1401), (50, Kind::Ack, 40)],
        );
        assert_eq!(left, [(1, 1), (2, 2)]);
        assert_eq!(dropped, [(0, Lost::Syn), (3, Lost::Hole), (4, Lost::Dead)]);
    }
}
