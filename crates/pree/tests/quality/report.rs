//! One line a run, truth beside verdict, for people and for `cargo xtask quality`.

use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::time::Duration;

use pree::quality::{Assessment, Estimate};
use pree_testkit::link::Waits;

use crate::check::{Queue, accusations};
use crate::observe::Seen;
use crate::scenario::{Check, Run};

/// `key=value` with tabs between.
pub fn line(run: &Run, seen: &Seen, wrong: &[String], attempt: usize) -> String {
    let mut line = format!("run={}", run.name());
    let mut add = |key: &str, value: String| {
        let value = value.replace(['\t', '\n'], " ");
        write!(line, "\t{key}={value}").expect("a String takes everything");
    };
    let stats = seen.socket.tcp.as_deref();
    let settled = seen.settled.as_ref();
    let truth = settled.map_or(seen.truth, |settled| settled.truth);
    add("attempt", attempt.to_string());
    add("sent", truth.data_segments.to_string());
    add("dropped", truth.data_dropped.to_string());
    add("counted", u8::from(settled.is_some()).to_string());
    add("loss", loss(settled.map(|settled| &settled.life)));
    add("wait", waits(&seen.waits));
    add("wait_live", waits(&seen.waits_live));
    add("stall", ms(seen.stall));
    add("late", ms(seen.late));
    add("queue", format!("{:?}", Queue::bloat(&seen.waits, seen.base)));
    add("queue_live", format!("{:?}", Queue::bloat(&seen.waits_live, seen.base)));
    let asks = |wanted: fn(&Check) -> bool| u8::from(run.scenario.checks.iter().any(wanted)).to_string();
    add("judges_bloat", asks(|check| matches!(check, Check::Bloat(_))));
    add("innocent", asks(|check| matches!(check, Check::Innocent)));
    // Where the near end sends, so that its round trip is the queue's.
    add(
        "compared",
        asks(|check| {
            matches!(check, Check::Innocent | Check::Bloat(_) | Check::NamesRouteChange | Check::Loss)
        }),
    );
    for (name, said) in [("life", &seen.life), ("live", &seen.live)] {
        add(name, said.findings.iter().map(|finding| finding.name).collect::<Vec<_>>().join(","));
        add(&format!("{name}_score"), said.score.map_or("-".into(), |score| format!("{:.2}", score.get())));
        add(&format!("{name}_bloat"), said.bloat.name().unwrap_or("unknown").into());
        add(&format!("{name}_accused"), accusations(name, said).len().to_string());
    }
    let rtt = stats.and_then(|stats| stats.rtt);
    let min_rtt = stats.and_then(|stats| stats.min_rtt);
    add("rtt", rtt.map_or("-".into(), ms));
    add("min_rtt", min_rtt.map_or("-".into(), ms));
    let retransmits = stats.and_then(|stats| stats.total_retrans).unwrap_or(0);
    add("retrans", retransmits.to_string());
    if let (Ok(said), Some(truth)) = (seen.live.utilisation, seen.utilisation) {
        add("utilisation", format!("{said:.3}/{truth:.3}"));
    }
    add("wrong", wrong.join("; "));
    line
}

/// The line of a run that came to no judgement.
pub fn failed(run: &Run, error: &str) -> String {
    format!("run={}\twrong={}", run.name(), error.replace(['\t', '\n'], " "))
}

/// Appends it to the file that the caller asked for.
pub fn keep(line: &str) -> io::Result<()> {
    let Some(path) = std::env::var_os("PREE_QUALITY_REPORT") else { return Ok(()) };
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    writeln!(file, "{line}")
}

fn loss(said: Option<&Assessment>) -> String {
    match said.map(|said| said.loss) {
        Some(Ok(Estimate { count, samples, low, high, .. })) => {
            format!("{count}/{samples}/{low:.5}/{high:.5}")
        }
        _ => "-".into(),
    }
}

fn waits(waits: &Waits) -> String {
    format!("{}/{}/{}", ms(waits.least), ms(waits.mean), ms(waits.most))
}

fn ms(time: Duration) -> String {
    format!("{:.1}", time.as_secs_f64() * 1e3)
}
