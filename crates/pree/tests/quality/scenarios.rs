//! The table of situations. To add one: an entry here; its name is the test's.
//!
//! Where nothing but the path should matter, the receive buffer bounds the connection: it then neither fills a queue of
//! its own nor takes all of the processor.

use pree_testkit::flow::{FlowPlan, Reading, Sender, Writing};
use pree_testkit::link::{Detour, Plan, Victims};

use crate::check::Queue::{Long, Short};
use crate::scenario::Check::{
    AloneNotHealthy, Bloat, Both, DownloadBloat, Innocent, Latency, Life, Live, LiveWord, Loss,
    NamesRouteChange, Never, NeverLive, Spurious, Utilisation,
};
use crate::scenario::{Path, Scenario};
use std::time::Duration;

const NEAR_BY: Plan = Plan::delay_ms(10);
/// 8 Mbit/s: a narrow place as homes have it.
const NARROW: u64 = 1_000_000;
/// A second of it.
const DEEP: u64 = 1_000_000;
/// 20 ms of it, one round trip.
const SHORT: u64 = 20_000;
/// A bulk transfer that its receiver's window bounds.
const WINDOWED: FlowPlan = FlowPlan { receive_buffer: Some(64_000), ..FlowPlan::BULK };
const DOWNLOAD: FlowPlan = FlowPlan { sender: Sender::Far, ..FlowPlan::BULK };
const NEVER: Duration = Duration::MAX;

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// What happens on the way there; the way back is [`NEAR_BY`].
const fn there(plan: Plan) -> Path {
    Path::Relay([plan, NEAR_BY])
}

const fn losing(share: f64) -> Path {
    there(NEAR_BY.losing(share, Victims::Data))
}

const fn both_ways(plan: Plan) -> Path {
    Path::Relay([plan, plan])
}

/// Every situation that must be judged right.
pub static ALL: &[Scenario] = &[
    // --- loss -----------------------------------------------------------------------------------------------------
    Scenario {
        name: "loss_of_0.1_percent",
        link: losing(0.001),
        flows: &[(0, WINDOWED)],
        checks: &[Loss, Never("lossy"), Bloat(Short)],
        ..Scenario::DEFAULT
    },
    Scenario {
        name: "loss_of_1_percent",
        link: losing(0.01),
        flows: &[(0, WINDOWED)],
        checks: &[Loss, Bloat(Short)],
        first: "bbr",
        ..Scenario::DEFAULT
    },
    Scenario {
        name: "loss_of_5_percent",
        link: losing(0.05),
        flows: &[(0, WINDOWED)],
        checks: &[Loss, Both("lossy"), Bloat(Short)],
        ..Scenario::DEFAULT
    },
    Scenario {
        name: "loss_of_20_percent",
        link: losing(0.2),
        flows: &[(0, WINDOWED)],
        checks: &[Loss, Life("lossy"), Live("retransmission_storm")],
        first: "bbr",
        ..Scenario::DEFAULT
    },
    Scenario {
        name: "burst_loss",
        link: there(Plan { burst: Some((0.003, 8)), ..NEAR_BY }),
        flows: &[(0, WINDOWED)],
        checks: &[Loss, Both("lossy")],
        ..Scenario::DEFAULT
    },
    Scenario {
        name: "loss_in_a_lan",
        // 10 MB/s through a quarter of a megabyte: what the receiver's window lets wait there is short.
        link: Path::Shaped { rate: 10 * NARROW, queue_bytes: DEEP / 4, loss: 0.01 },
        flows: &[(0, WINDOWED)],
        checks: &[Loss, Bloat(Short)],
        ..Scenario::DEFAULT
    },
    Scenario {
        name: "loss_of_acks",
        link: Path::Relay([NEAR_BY, NEAR_BY.losing(0.05, Victims::Acks)]),
        flows: &[(0, WINDOWED)],
        checks: &[Innocent, Loss],
        first: "bbr",
        ..Scenario::DEFAULT
    },
    Scenario {
        name: "delay_spike",
        link: there(Plan {
            detour: Some(Detour { from: ms(2_500), to: ms(2_900), extra: ms(400) }),
            ..NEAR_BY
        }),
        flows: &[(0, WINDOWED)],
        look: 6_000,
        checks: &[Innocent, Loss],
        ..Scenario::DEFAULT
    },
    Scenario {
        name: "syn_retransmitted",
        link: there(Plan { syns_lost: 1, ..NEAR_BY }),
        flows: &[(0, WINDOWED)],
        checks: &[Innocent, Loss, Life("syn_retransmitted")],
        first: "bbr",
        ..Scenario::DEFAULT
    },
    Scenario {
        name: "reordering",
        link: there(Plan { reordered: Some((0.02, ms(8))), ..NEAR_BY }),
        flows: &[(0, WINDOWED)],
        checks: &[Loss, Never("lossy"), Life("reordering"), Bloat(Short)],
        ..Scenario::DEFAULT
    },
    Scenario {
        name: "late_packets",
        // Two round trips late: by then they were repeated.
        link: there(Plan { reordered: Some((0.02, ms(60))), ..NEAR_BY }),
        flows: &[(0, WINDOWED)],
        checks: &[Loss, Spurious, Never("lossy")],
        ..Scenario::DEFAULT
    },
    // --- queues ---------------------------------------------------------------------------------------------------
    Scenario {
        name: "deep_queue",
        link: there(NEAR_BY.narrow(NARROW, DEEP)),
        flows: &[(0, FlowPlan::BULK)],
        look: 7_000,
        checks: &[Bloat(Long), Loss],
        ..Scenario::DEFAULT
    },
    Scenario {
        name: "deep_queue_of_the_kernel",
        link: Path::Shaped { rate: NARROW, queue_bytes: DEEP, loss: 0.0 },
        flows: &[(0, FlowPlan::BULK)],
        look: 7_000,
        checks: &[Bloat(Long)],
        ..Scenario::DEFAULT
    },
    Scenario {
        name: "short_queue",
        link: there(NEAR_BY.narrow(NARROW, SHORT)),
        flows: &[(0, FlowPlan::BULK)],
        look: 5_000,
        checks: &[Bloat(Short), Never("buffer_bloat"), Loss],
        first: "bbr",
        ..Scenario::DEFAULT
    },
    Scenario {
        name: "full_ack_path",
        link: Path::Relay([NEAR_BY.narrow(2 * NARROW, DEEP), NEAR_BY.narrow(8_000, 4_000)]),
        flows: &[(0, FlowPlan::BULK)],
        look: 7_000,
        checks: &[Bloat(Long)],
        ..Scenario::DEFAULT
    },
    Scenario {
        name: "victim",
        link: there(NEAR_BY.narrow(NARROW, DEEP)),
        flows: &[(0, FlowPlan::BULK), (0, FlowPlan::writing(Writing::Paced(200, ms(50))))],
        look: 10_000,
        checks: &[Latency(Long), Never("buffer_bloat"), Never("lossy")],
        ..Scenario::DEFAULT
    },
    Scenario {
        name: "latecomer",
        link: there(NEAR_BY.narrow(NARROW, DEEP)),
        flows: &[(0, FlowPlan::BULK), (5_000, FlowPlan::BULK)],
        look: 9_000,
        checks: &[Bloat(Long), AloneNotHealthy],
        ..Scenario::DEFAULT
    },
    Scenario {
        name: "route_change",
        link: both_ways(Plan {
            detour: Some(Detour { from: ms(3_500), to: NEVER, extra: ms(50) }),
            ..NEAR_BY
        }),
        flows: &[(0, WINDOWED)],
        look: 6_500,
        interval: 5_000,
        checks: &[NamesRouteChange, NeverLive("buffer_bloat"), Never("lossy"), Loss],
        ..Scenario::DEFAULT
    },
    Scenario {
        name: "download_bloat",
        link: Path::Relay([NEAR_BY, NEAR_BY.narrow(NARROW, DEEP)]),
        flows: &[(0, DOWNLOAD)],
        look: 7_000,
        checks: &[DownloadBloat(Long), Never("buffer_bloat")],
        ..Scenario::DEFAULT
    },
    Scenario {
        name: "download",
        link: both_ways(NEAR_BY),
        flows: &[(0, FlowPlan { sender: Sender::Far, ..WINDOWED })],
        checks: &[Innocent, DownloadBloat(Short)],
        first: "bbr",
        ..Scenario::DEFAULT
    },
    // --- nothing wrong --------------------------------------------------------------------------------------------
    Scenario {
        name: "near_by",
        link: both_ways(NEAR_BY),
        flows: &[(0, WINDOWED)],
        checks: &[Innocent, Loss, Bloat(Short)],
        ..Scenario::DEFAULT
    },
    Scenario {
        name: "far_away",
        link: both_ways(Plan::delay_ms(100)),
        flows: &[(0, FlowPlan { receive_buffer: Some(400_000), ..FlowPlan::BULK })],
        look: 6_000,
        checks: &[Innocent, Loss, Bloat(Short)],
        first: "bbr",
        ..Scenario::DEFAULT
    },
    Scenario {
        name: "jitter",
        link: there(Plan { jitter: ms(30), ..NEAR_BY }),
        flows: &[(0, WINDOWED)],
        checks: &[Innocent, Bloat(Short)],
        ..Scenario::DEFAULT
    },
    Scenario {
        name: "requests",
        link: both_ways(NEAR_BY),
        flows: &[(0, FlowPlan::writing(Writing::Requests(200, 2_000, ms(5))))],
        checks: &[Innocent],
        first: "bbr",
        ..Scenario::DEFAULT
    },
    Scenario {
        name: "delayed_acks",
        link: both_ways(Plan::CLEAN),
        flows: &[(0, FlowPlan::writing(Writing::SplitRequests(200, 200, ms(60))))],
        checks: &[Innocent],
        ..Scenario::DEFAULT
    },
    Scenario {
        name: "clean_lan",
        link: Path::Relay([Plan::CLEAN.narrow(20 * NARROW, DEEP), Plan::CLEAN]),
        flows: &[(0, WINDOWED)],
        checks: &[Innocent, Loss, Bloat(Short)],
        first: "bbr",
        ..Scenario::DEFAULT
    },
    Scenario {
        name: "app_limited",
        link: both_ways(NEAR_BY),
        flows: &[(0, FlowPlan::writing(Writing::Paced(10_000, ms(100))))],
        checks: &[Innocent, Life("app_limited")],
        ..Scenario::DEFAULT
    },
    Scenario {
        name: "silent",
        link: both_ways(NEAR_BY),
        flows: &[(0, FlowPlan::writing(Writing::Silent))],
        look: 3_000,
        interval: 2_000,
        checks: &[Innocent],
        first: "bbr",
    },
    Scenario {
        name: "half_used",
        link: there(NEAR_BY.narrow(NARROW, 100_000)),
        flows: &[(0, FlowPlan::writing(Writing::BulkThenPaced(ms(3_000), 10_000, ms(20))))],
        look: 9_000,
        interval: 7_000,
        checks: &[Utilisation],
        ..Scenario::DEFAULT
    },
    // --- what holds up the sender ---------------------------------------------------------------------------------
    Scenario {
        name: "slow_reader",
        link: both_ways(NEAR_BY),
        flows: &[(0, FlowPlan { reading: Reading::Slowly(2_000, ms(20)), ..WINDOWED })],
        look: 6_000,
        checks: &[
            Life("receiver_limited"),
            LiveWord("receiver_limited", "reads slowly"),
            Never("lossy"),
            Never("buffer_bloat"),
            Never("path_dead"),
        ],
        ..Scenario::DEFAULT
    },
    Scenario {
        name: "zero_window",
        link: both_ways(NEAR_BY),
        flows: &[(0, FlowPlan { reading: Reading::Never, ..WINDOWED })],
        checks: &[Both("zero_window"), Never("path_dead"), Never("rto_stall"), Never("lossy")],
        first: "bbr",
        ..Scenario::DEFAULT
    },
    Scenario {
        name: "small_send_buffer",
        link: both_ways(NEAR_BY),
        flows: &[(0, FlowPlan { send_buffer: Some(16_000), ..FlowPlan::BULK })],
        // Cubic does not count the time, and one look at the buffer is a moment: it was missed once in 20 runs.
        checks: &[Live("send_buffer_limited"), Never("buffer_bloat"), Loss],
        ..Scenario::DEFAULT
    },
    // --- nothing gets through -------------------------------------------------------------------------------------
    Scenario {
        name: "black_hole",
        link: both_ways(Plan { dead_from: Some(ms(2_500)), ..NEAR_BY }),
        flows: &[(0, WINDOWED)],
        look: 6_500,
        checks: &[Both("path_dead"), Never("zero_window"), Never("buffer_bloat")],
        first: "bbr",
        ..Scenario::DEFAULT
    },
    Scenario {
        name: "size_hole",
        link: there(Plan { hole_above: Some(1_400), ..NEAR_BY }),
        flows: &[(0, FlowPlan::BULK)],
        look: 6_000,
        checks: &[Life("pmtu_black_hole"), Never("buffer_bloat")],
        ..Scenario::DEFAULT
    },
];
