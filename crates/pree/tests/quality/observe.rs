//! One run: makes the link and the traffic, and looks at both from both sides.

use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

use pree::quality::{Assessment, Context, Interval, Peers, assess, assess_interval};
use pree::{Needs, Query, Snapshot, Socket};
use pree_testkit::Failed;
use pree_testkit::flow::{Flow, Sender};
use pree_testkit::link::{Count, FlowCount, Link, Waits, Way};

use crate::scenario::{Path, Run};

/// Time between two looks.
const STEP: Duration = Duration::from_millis(100);
/// How far back the queue is looked at to know what the smoothed round trip must be.
const RECENTLY: Duration = Duration::from_millis(1_000);
/// What was written must have arrived after so long.
const SETTLING: Duration = Duration::from_secs(20);
/// A relay that was later than this made a delay of its own.
const DISTURBED: Duration = Duration::from_millis(15);
/// When looks are later than this, other threads without urgency were too: who should read at once did not.
const LATE: Duration = Duration::from_millis(40);

/// What was seen, from both sides.
pub struct Seen {
    pub base: Duration,
    /// What the link counted until the look, of the way of the data.
    pub truth: FlowCount,
    /// How long packets waited in queues, both ways added: lately, and since the interval began.
    pub waits: Waits,
    pub waits_live: Waits,
    /// The share of the narrow place that was in use since the interval began.
    pub utilisation: Option<f64>,
    /// The longest that the relay was late.
    pub stall: Duration,
    /// The longest that a look was late.
    pub late: Duration,
    /// The socket at the look, and what is said of it.
    pub socket: Socket,
    pub life: Assessment,
    pub live: Assessment,
    /// Without knowing of other connections.
    pub alone: Assessment,
    /// Once everything written had arrived; `None` where that cannot be.
    pub settled: Option<Settled>,
}

/// Both sides at one instant at which nothing is on its way.
pub struct Settled {
    pub truth: FlowCount,
    pub socket: Socket,
    pub life: Assessment,
}

impl Seen {
    pub fn is_disturbed(&self) -> bool {
        self.stall > DISTURBED || self.late > LATE
    }

    /// Everything, for whoever has to find out what went wrong.
    pub fn words(&self) -> String {
        let told = |name: &str, said: &Assessment| {
            let findings: Vec<String> = said.findings.iter().map(ToString::to_string).collect();
            format!(
                "{name}: score {:?} loss {:?} bloat {} latency {} queue {:?}\n  {}",
                said.score.map(|score| score.get()),
                said.loss,
                said.bloat,
                said.latency_raised,
                said.queue_delay,
                findings.join("\n  ")
            )
        };
        format!(
            "truth: {:?}\nwaits: {:?}, in the interval {:?}, stall {:?}, late {:?}\n{}\n{}\n{:?}",
            self.truth,
            self.waits,
            self.waits_live,
            self.stall,
            self.late,
            told("life", &self.life),
            told("live", &self.live),
            self.socket.tcp,
        )
    }
}

pub fn observe(run: &Run) -> Result<Seen, Failed> {
    let scenario = run.scenario;
    let link = match &scenario.link {
        Path::Relay(plans) => Link::relayed(plans, run.link_seed())?,
        Path::Shaped { rate, queue_bytes, loss: 0.0 } => Link::shaped(*rate, *queue_bytes)?,
        Path::Shaped { rate, queue_bytes, loss } => Link::shaped_and_losing(*rate, *queue_bytes, *loss)?,
    };
    let mut flows = Vec::new();
    for (at, plan) in scenario.flows {
        sleep_until(&link, Duration::from_millis(*at));
        flows.push(Flow::start(&link, plan, run.congestion, run.family)?);
    }
    let (judged, plan) = flows.last().zip(scenario.flows.last()).ok_or("a scenario without a connection")?;
    let (near, far) = (judged.near(), judged.far());
    let sent = || match plan.1.sender {
        Sender::Near => link.flow(Way::There, near, far),
        Sender::Far => link.flow(Way::Back, far, near),
    };

    let look_at = Duration::from_millis(scenario.look);
    let mut at = look_at.saturating_sub(Duration::from_millis(scenario.interval));
    sleep_until(&link, at);
    let began = link.elapsed();
    let at_first = sent()?;
    let mut interval = Interval::new(began, &find(&look()?, near, far)?);
    let mut late = Duration::ZERO;
    loop {
        at += STEP;
        if at >= look_at {
            break;
        }
        sleep_until(&link, at);
        late = late.max(link.elapsed().saturating_sub(at));
        let socket = find(&look()?, near, far)?;
        if !interval.add(link.elapsed(), &socket) {
            return Err("the interval began anew: the socket changed".into());
        }
    }
    sleep_until(&link, look_at);
    let snapshot = look()?;
    let now = link.elapsed();
    let (count, truth) = (link.count(), sent()?);
    let socket = find(&snapshot, near, far)?;
    interval.add(now, &socket);
    let context = Peers::of(&snapshot).context(&socket);

    // The kernel's own queue and rules do not count bytes.
    let utilisation = scenario.rate().filter(|_| truth.bytes > 0).map(|rate| {
        (truth.bytes - at_first.bytes) as f64 / (now.saturating_sub(began).as_secs_f64() * rate as f64)
    });
    let settled = if scenario.settles() {
        for flow in &flows {
            flow.pause();
        }
        let socket = settle(near, far)?;
        let life = assess(&socket, &context);
        Some(Settled { truth: sent()?, socket, life })
    } else {
        None
    };
    for flow in flows {
        flow.finish()?;
    }
    link.finish()?;
    Ok(Seen {
        base: scenario.base(),
        truth,
        waits: waits(&count, now.saturating_sub(RECENTLY)),
        waits_live: waits(&count, began),
        utilisation,
        stall: count.worst_stall,
        late,
        life: assess(&socket, &context),
        live: assess_interval(&interval, &context),
        alone: assess(&socket, &Context::default()),
        settled,
        socket,
    })
}

fn look() -> Result<Snapshot, Failed> {
    Ok(Query::new().tcp().stats().needs(Needs::MEMORY).collect()?)
}

fn find(snapshot: &Snapshot, near: SocketAddr, far: SocketAddr) -> Result<Socket, Failed> {
    let is_it = |socket: &&Socket| {
        socket.local.socket_addr() == Some(near)
            && socket.remote.as_ref().and_then(pree::Address::socket_addr) == Some(far)
    };
    Ok(snapshot.iter().find(is_it).ok_or("pree does not show the connection")?.clone())
}

/// Waits until nothing of what was written is on its way, and as long again as the last word from the other end takes.
fn settle(near: SocketAddr, far: SocketAddr) -> Result<Socket, Failed> {
    let step = Duration::from_millis(20);
    let mut waited = Duration::ZERO;
    while waited < SETTLING {
        thread::sleep(step);
        waited += step;
        let stats = find(&look()?, near, far)?.tcp.ok_or("no statistics")?;
        if stats.unacked == Some(0) && stats.notsent_bytes == Some(0) {
            thread::sleep(stats.rtt.unwrap_or_default() * 2);
            return find(&look()?, near, far);
        }
    }
    Err("what was written does not arrive".into())
}

fn waits(count: &Count, since: Duration) -> Waits {
    let [there, back] = Way::BOTH.map(|way| count.way(way).waits_since(since).unwrap_or_default());
    Waits { least: there.least + back.least, mean: there.mean + back.mean, most: there.most + back.most }
}

fn sleep_until(link: &Link, at: Duration) {
    thread::sleep(at.saturating_sub(link.elapsed()));
}
