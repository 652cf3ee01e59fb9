//! Compares what was said with the truth.

use std::time::Duration;

use pree::quality::{Assessment, Severity, Value, Verdict};
use pree_testkit::link::Waits;

use crate::observe::{Seen, Settled};
use crate::scenario::{Check, Run};

/// pree's limits, said here again: what the words mean to the reader.
const BLOAT: Duration = Duration::from_millis(60);
const ALLOWED_MOST: Duration = Duration::from_millis(100);
const LATENCY: Duration = Duration::from_millis(250);
/// A share of loss that is clearly more, or clearly less, than what is called lossy (.5 %).
const CLEARLY_LOSSY: f64 = 0.015;
const CLEARLY_NOT_LOSSY: f64 = 0.002;
/// Segments by which count and truth may differ: a tail loss probe, a duplicate that nobody reported.
const COUNT_TOLERANCE: u64 = 5;
/// The same of all that was sent, where that is more: among tens of thousands with hundreds lost 6 were seen (`loss in a lan`), which
/// changes no share that is judged.
const SENT_TOLERANCE_PER_MILLE: u64 = 1;
const GOOD_SCORE: f64 = 0.85;

/// What the queue says, as far as it is clear.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Queue {
    Long,
    Short,
    /// It was both, so either may be said.
    Between,
}

impl Queue {
    /// Whether there is buffer bloat: 60 ms more than the one round trip of buffer that a path needs.
    pub fn bloat(waits: &Waits, base: Duration) -> Self {
        Self::against(waits, BLOAT + base.min(ALLOWED_MOST))
    }

    fn against(waits: &Waits, limit: Duration) -> Self {
        match waits {
            waits if waits.least >= limit => Self::Long,
            waits if waits.most < limit => Self::Short,
            _ => Self::Between,
        }
    }
}

/// Everything that is wrong, in words.
pub fn check(run: &Run, seen: &Seen) -> Vec<String> {
    run.scenario.checks.iter().flat_map(|check| one(*check, run, seen)).collect()
}

fn one(check: Check, run: &Run, seen: &Seen) -> Vec<String> {
    let (life, live) = (&seen.life, &seen.live);
    let is_first = run.congestion == run.scenario.first;
    let against_queue = |what: &str, said: bool, meant: Queue, queue: Queue, waits: &Waits| {
        let wrong =
            contradicts(said, queue).then(|| format!("{what} is {said} against a queue of {waits:?}"));
        let unasked = (is_first && queue != meant)
            .then(|| format!("{what} was not put to the test: a queue of {waits:?}, meant {meant:?}"));
        wrong.into_iter().chain(unasked)
    };
    let both = [("life", life), ("live", live)];
    let must = |said: &[(&str, &Assessment)], name: &str, so: bool| -> Vec<String> {
        let bad = said.iter().filter(|(_, said)| says(said, name) != so);
        let word = if so { "not said" } else { "said" };
        bad.map(|(basis, _)| format!("{name} is {word} ({basis})")).collect()
    };
    match check {
        Check::Life(name) => must(&both[..1], name, true),
        Check::Live(name) => must(&both[1..], name, true),
        Check::LiveWord(name, word) => {
            let evidence =
                live.findings.iter().filter(|finding| finding.name == name).flat_map(|it| &it.evidence);
            let said = { evidence }.any(|evidence| evidence.value == Value::Word(word));
            (!said).then(|| format!("{name} does not say {word} (live)")).into_iter().collect()
        }
        Check::Both(name) => must(&both, name, true),
        Check::Never(name) => must(&both, name, false),
        Check::NeverLive(name) => must(&both[1..], name, false),
        Check::Innocent => both.iter().flat_map(|(basis, said)| accusations(basis, said)).collect(),
        Check::Loss => seen.settled.as_ref().map_or(vec!["nothing settled".into()], loss),
        Check::Bloat(meant) => {
            let mut wrong = Vec::new();
            for (basis, said, waits) in [("life", life, &seen.waits), ("live", live, &seen.waits_live)] {
                let (what, queue) = (format!("bloat ({basis})"), Queue::bloat(waits, seen.base));
                // What is more than BBR makes itself is said to be others' queue.
                let is_said = said.bloat.is_yes() || says(said, "latency_raised");
                wrong.extend(against_queue(&what, is_said, meant, queue, waits));
                if says(said, "buffer_bloat") && said.bloat == Verdict::No {
                    wrong.push(format!("buffer_bloat is found and denied ({basis})"));
                }
            }
            wrong
        }
        Check::DownloadBloat(meant) => {
            let (said, waits) = (says(live, "download_bloat"), &seen.waits_live);
            against_queue("download_bloat", said, meant, Queue::bloat(waits, seen.base), waits).collect()
        }
        Check::Latency(meant) => {
            let mut wrong = Vec::new();
            for (basis, said, waits) in [("life", life, &seen.waits), ("live", live, &seen.waits_live)] {
                let queue = match Queue::against(waits, LATENCY) {
                    Queue::Long => Queue::Long,
                    _ if waits.most < BLOAT => Queue::Short,
                    _ => Queue::Between,
                };
                let (what, said) = (format!("latency_raised ({basis})"), says(said, "latency_raised"));
                wrong.extend(against_queue(&what, said, meant, queue, waits));
            }
            wrong
        }
        Check::AloneNotHealthy => {
            let healthy = seen.alone.score.is_some_and(|score| score.get() >= GOOD_SCORE);
            let queue = Queue::bloat(&seen.waits, seen.base);
            against_queue("bad health alone", !healthy, Queue::Long, queue, &seen.waits).collect()
        }
        Check::Utilisation => match (seen.live.utilisation, seen.utilisation) {
            (Ok(said), Some(truth)) if (said - truth).abs() <= 0.05 => Vec::new(),
            (said, truth) => vec![format!("utilisation {said:?}, truth {truth:?}")],
        },
        Check::Spurious => {
            // What was repeated and had not been dropped was repeated for nothing.
            let Some(settled) = &seen.settled else { return vec!["nothing settled".into()] };
            let retransmitted =
                settled.socket.tcp.as_ref().and_then(|stats| stats.total_retrans).unwrap_or(0);
            let spurious = u64::from(retransmitted).saturating_sub(settled.truth.data_dropped);
            let count = format!("{spurious} of {retransmitted} were spurious");
            if spurious < 10 || spurious * 2 < u64::from(retransmitted) {
                vec![format!("{count}: too few to be said")]
            } else if !says(&settled.life, "spurious_retransmissions") {
                vec![format!("{count}, which is not said")]
            } else {
                Vec::new()
            }
        }
        Check::NamesRouteChange => {
            let queues = ["buffer_bloat", "latency_raised"];
            let named =
                life.findings.iter().filter(|finding| queues.contains(&finding.name)).any(|finding| {
                    finding.evidence.iter().any(
                    |evidence| matches!(evidence.value, Value::Word(word) if word.contains("route change")),
                )
                });
            (!named).then(|| "no bloat that may be a route change is said".to_owned()).into_iter().collect()
        }
    }
}

pub fn says(said: &Assessment, name: &str) -> bool {
    said.findings.iter().any(|finding| finding.name == name)
}

pub fn contradicts(said: bool, queue: Queue) -> bool {
    match queue {
        Queue::Long => !said,
        Queue::Short => said,
        Queue::Between => false,
    }
}

/// What is said against a connection.
pub fn accusations(basis: &str, said: &Assessment) -> Vec<String> {
    let serious = said.findings.iter().filter(|finding| finding.severity >= Severity::Warning);
    let mut all: Vec<String> = serious.map(|finding| format!("{finding} ({basis})")).collect();
    if said.score.is_some_and(|score| score.get() < GOOD_SCORE) {
        all.push(format!("score {:?} ({basis})", said.score));
    }
    all
}

fn loss(settled: &Settled) -> Vec<String> {
    let Settled { truth, life, .. } = settled;
    let loss = match life.loss {
        Ok(loss) => loss,
        Err(why) => return vec![format!("loss unknown: {why}")],
    };
    let mut wrong = Vec::new();
    if loss.count.abs_diff(truth.data_dropped) > COUNT_TOLERANCE {
        wrong.push(format!("{} lost, truth {}", loss.count, truth.data_dropped));
    }
    let of_sent = COUNT_TOLERANCE.max(truth.data_segments * SENT_TOLERANCE_PER_MILLE / 1000);
    if loss.samples.abs_diff(truth.data_segments) > of_sent {
        wrong.push(format!("{} sent, truth {}", loss.samples, truth.data_segments));
    }
    let share = truth.data_dropped as f64 / truth.data_segments as f64;
    // What may be counted too much or too little is so in the bounds too: one too many of none is no share of 0.
    let tolerated = COUNT_TOLERANCE as f64 / truth.data_segments as f64;
    if share + tolerated < loss.low || share - tolerated > loss.high {
        wrong.push(format!("truth {share} is not in {}..{}", loss.low, loss.high));
    }
    let lossy = says(life, "lossy");
    if lossy && share < CLEARLY_NOT_LOSSY || !lossy && share > CLEARLY_LOSSY {
        wrong.push(format!("lossy {lossy} at {share}"));
    }
    wrong
}
