//! What a scenario is made of. The table itself is in `scenarios.rs`.

use std::time::Duration;

use pree_testkit::flow::FlowPlan;
use pree_testkit::link::Plan;
use pree_testkit::{Family, Need};

use crate::check::Queue;

/// One situation, and what must be said of it.
#[derive(Debug)]
pub struct Scenario {
    pub name: &'static str,
    pub link: Path,
    /// When each connection begins, in milliseconds after the link, and what it does. The last one is judged.
    pub flows: &'static [(u64, FlowPlan)],
    /// When the judgement is made, in milliseconds.
    pub look: u64,
    /// How long before that the interval begins.
    pub interval: u64,
    /// What must be true of it.
    pub checks: &'static [Check],
    /// The congestion control of the one run that is always made.
    pub first: &'static str,
}

/// What is between the two ends.
#[derive(Debug, Clone, Copy)]
#[allow(clippy::large_enum_variant, reason = "a table of constants")]
pub enum Path {
    /// A relay that does this on the way there and back.
    Relay([Plan; 2]),
    /// The kernel's own: a pair of interfaces, the near one with a token bucket of so many bytes a second and a queue
    /// of so many bytes, and rules that drop this share of the data.
    Shaped { rate: u64, queue_bytes: u64, loss: f64 },
}

/// One thing that must be true. "Life" is the judgement of the connection's life so far, "live" that of the interval.
#[derive(Debug, Clone, Copy)]
pub enum Check {
    /// Of its life, this is found.
    Life(&'static str),
    /// Of the interval, this is found.
    Live(&'static str),
    /// Of the interval, this is found, and its evidence says this.
    LiveWord(&'static str, &'static str),
    /// In both.
    Both(&'static str),
    /// This is found in neither.
    Never(&'static str),
    /// This is not found live.
    NeverLive(&'static str),
    /// Nothing of severity `warning` or above is found, and the score is at least .85 or unknown; in both.
    Innocent,
    /// The share of lost segments: the interval holds the truth, the count is that of the link, and `lossy` is said if
    /// the truth is clearly above the limit and not said if it is clearly below. Once everything has arrived.
    Loss,
    /// Buffer bloat is said if and only if the link's queue says so; in both. The queue is as long as is said here, in
    /// this and the next two: with another congestion control than the scenario's first it may be otherwise.
    Bloat(Queue),
    /// The same of the queue for what is received. Live.
    DownloadBloat(Queue),
    /// Raised latency is said if the queue is long, and not if there is none; in both.
    Latency(Queue),
    /// The queue is long, and without knowing of other connections it is not called healthy.
    AloneNotHealthy,
    /// The share of the path in use is the truth's within 5 %. Live.
    Utilisation,
    /// The kernel repeated much that had arrived, and `spurious_retransmissions` is said.
    Spurious,
    /// Bloat is said of its life, and a change of route named as the alternative.
    NamesRouteChange,
}

impl Scenario {
    pub const DEFAULT: Self = Self {
        name: "",
        link: Path::Relay([Plan::delay_ms(10); 2]),
        flows: &[],
        look: 4_000,
        interval: 2_500,
        checks: &[],
        first: "cubic",
    };

    /// The run that is always made; which family and seed depends on the name, so that all occur.
    pub fn one_run(&'static self) -> Run {
        let sum: u64 = self.name.bytes().map(u64::from).sum();
        let family = if sum % 2 == 0 { Family::V4 } else { Family::V6 };
        Run { scenario: self, congestion: self.first, family, seed: 1 + sum / 2 % 3 }
    }

    pub fn every_run(&'static self, seeds: u64) -> Vec<Run> {
        let mut runs = Vec::new();
        for congestion in ["cubic", "bbr"] {
            for family in [Family::V4, Family::V6] {
                runs.extend((1..=seeds).map(|seed| Run { scenario: self, congestion, family, seed }));
            }
        }
        runs
    }

    /// Whether everything that was written arrives at last, and truth and count are to be compared then.
    pub fn settles(&self) -> bool {
        self.checks.iter().any(|check| matches!(check, Check::Loss | Check::Spurious))
    }

    /// What this machine must have for it, beside labs.
    pub fn needs(&self) -> &'static [Need] {
        match self.link {
            Path::Relay(_) => &[Need::Tun, Need::Ipv6],
            Path::Shaped { loss: 0.0, .. } => &[Need::Veth, Need::Ipv6],
            Path::Shaped { .. } => &[Need::Veth, Need::Ipv6, Need::Tool("nft")],
        }
    }

    /// Round trip of the empty path.
    pub fn base(&self) -> Duration {
        match self.link {
            Path::Relay([there, back]) => there.delay + back.delay,
            Path::Shaped { .. } => Duration::ZERO,
        }
    }

    /// Bytes a second that the narrowest place on the way there lets through.
    pub fn rate(&self) -> Option<u64> {
        match self.link {
            Path::Relay([there, _]) => there.rate,
            Path::Shaped { rate, .. } => Some(rate),
        }
    }
}

/// A scenario with everything chosen.
#[derive(Debug, Clone, Copy)]
pub struct Run {
    pub scenario: &'static Scenario,
    pub congestion: &'static str,
    pub family: Family,
    pub seed: u64,
}

impl Run {
    /// What decides the link's chances: other for every run, and always the same for one.
    pub fn link_seed(&self) -> u64 {
        // FNV-1a.
        let mix = |sum: u64, byte| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        self.name().bytes().fold(0xcbf2_9ce4_8422_2325, mix)
    }

    pub fn name(&self) -> String {
        let Self { scenario, congestion, family, seed } = self;
        let family = if *family == Family::V4 { "v4" } else { "v6" };
        format!("{}/{congestion}/{family}/{seed}", scenario.name)
    }
}
