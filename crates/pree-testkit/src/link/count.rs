//! What a relay counts: the truth that verdicts are compared with.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use super::lane::Lost;
use super::packet::{Kind, Ports, Shape};

/// Samples of the queue that are kept: some seconds at the rates of narrow links.
const RECENT: usize = 16_384;

/// A direction of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// From the near end to the far one.
    There,
    /// From the far end to the near one.
    Back,
}

impl Way {
    /// Both.
    pub const BOTH: [Self; 2] = [Self::There, Self::Back];
}

/// What one connection sent one way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FlowCount {
    /// TCP packets that came to the link.
    pub packets: u64,
    /// Their bytes, IP headers included.
    pub bytes: u64,
    /// Those with data.
    pub data_segments: u64,
    /// Those with data that were dropped.
    pub data_dropped: u64,
    /// Those without data that were dropped.
    pub others_dropped: u64,
}

/// What went one way, all connections together.
#[derive(Debug, Clone, Default)]
pub struct WayCount {
    /// Packets that came, of any protocol.
    pub packets: u64,
    /// The longest IP packet: more than the MTU is an offload that should have been off.
    pub longest: usize,
    /// What was dropped, by reason.
    dropped: [u64; Lost::COUNT],
    flows: HashMap<Ports, FlowCount>,
    /// When packets left, and how long they had waited in the queue, and for a relay that was late.
    recent: VecDeque<(Duration, Duration)>,
    /// The longest such wait.
    pub longest_wait: Duration,
}

impl WayCount {
    pub(super) fn came(&mut self, shape: Shape, fate: Result<(), Lost>) {
        self.packets += 1;
        self.longest = self.longest.max(shape.bytes);
        if let Err(reason) = fate {
            self.dropped[reason as usize] += 1;
        }
        let Some(ports) = shape.ports else { return };
        let flow = self.flows.entry(ports).or_default();
        flow.packets += 1;
        flow.bytes += shape.bytes as u64;
        if shape.kind == Kind::Data {
            flow.data_segments += 1;
            flow.data_dropped += u64::from(fate.is_err());
        } else {
            flow.others_dropped += u64::from(fate.is_err());
        }
    }

    pub(super) fn left(&mut self, now: Duration, waited: Duration) {
        self.longest_wait = self.longest_wait.max(waited);
        if self.recent.len() == RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back((now, waited));
    }

    /// What a queue tells of itself, instead of packet by packet.
    pub(super) fn queue_is(&mut self, now: Duration, waits: Duration, dropped: u64) {
        self.left(now, waits);
        self.dropped[Lost::Queue as usize] = dropped;
    }

    /// How many packets were dropped for this reason.
    pub fn dropped(&self, reason: Lost) -> u64 {
        self.dropped[reason as usize]
    }

    /// What the connection between these ports sent this way.
    pub fn flow(&self, source: u16, destination: u16) -> FlowCount {
        self.flows.get(&Ports { source, destination }).copied().unwrap_or_default()
    }

    /// The shortest, the mean and the longest wait of the packets that left since then; `None` when none did.
    pub fn waits_since(&self, since: Duration) -> Option<Waits> {
        let mut waits = Waits { least: Duration::MAX, mean: Duration::ZERO, most: Duration::ZERO };
        let mut packets = 0_u32;
        for &(_, waited) in self.recent.iter().rev().take_while(|(at, _)| *at >= since) {
            waits.least = waits.least.min(waited);
            waits.most = waits.most.max(waited);
            waits.mean += waited;
            packets += 1;
        }
        waits.mean = waits.mean.checked_div(packets)?;
        Some(waits)
    }
}

/// How long packets waited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Waits {
    /// The luckiest.
    pub least: Duration,
    /// On average.
    pub mean: Duration,
    /// The unluckiest.
    pub most: Duration,
}

/// What a link has done since it began.
#[derive(Debug, Clone, Default)]
pub struct Count {
    pub(super) ways: [WayCount; 2],
    /// How often the relay came more than 2 ms too late.
    pub stalls: u64,
    /// The longest that it was late.
    pub worst_stall: Duration,
}

impl Count {
    /// What went this way.
    pub fn way(&self, way: Way) -> &WayCount {
        &self.ways[way as usize]
    }
}
