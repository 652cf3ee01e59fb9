//! Connections that rest after their end.

use std::fs;

use pree::State;
use pree::quality::{About, Severity};
use pree_testkit::Failed;

use crate::look::{Look, all_well, count, ensure, listener, set};
use crate::ports::end_first;

/// Half of the ports to one destination.
pub fn pile() -> Result<(), Failed> {
    set("ip_local_port_range", "40000 40039")?;
    let busy = listener(8080, 64)?;
    for _ in 0..19 {
        end_first(&busy)?;
    }
    all_well()?;
    end_first(&busy)?;
    for (reuse, severity) in [("2", Severity::Info), ("1", Severity::Info), ("0", Severity::Warning)] {
        set("tcp_tw_reuse", reuse)?;
        let look = Look::take()?;
        let finding = look.only("time_wait_pile", severity)?;
        let told = ["time_wait", "ports"].map(|name| count(finding, name));
        let about = About::Destination(busy.local()?);
        ensure(told == [Some(20), Some(40)] && finding.about == about, || format!("{finding:?}"))?;
        ensure(resting_by_proc()? == 20, || "another number is resting".to_owned())?;
    }
    Ok(())
}

/// Half of what the kernel keeps, and all of it.
pub fn limit() -> Result<(), Failed> {
    set("tcp_max_tw_buckets", "30")?;
    let busy = listener(8080, 64)?;
    for _ in 0..14 {
        end_first(&busy)?;
    }
    all_well()?;
    end_first(&busy)?;
    check(Severity::Info, 15)?;
    // The kernel keeps no more than it may; the check counts one less than there are (`inet_twsk_alloc()`).
    for _ in 0..30 {
        end_first(&busy)?;
    }
    let look = Look::take()?;
    let kept = look.snapshot.iter().filter(|socket| socket.state == State::TimeWait).count() as u64;
    ensure((30..=31).contains(&kept), || format!("{kept} are kept"))?;
    check(Severity::Warning, kept)
}

fn check(severity: Severity, number: u64) -> Result<(), Failed> {
    let look = Look::take()?;
    let finding = look.only("time_wait_pile", severity)?;
    let told = ["time_wait", "limit"].map(|name| count(finding, name));
    ensure(told == [Some(number), Some(30)] && finding.about == About::Host, || format!("{finding:?}"))?;
    let truth = resting_by_proc()?;
    ensure(truth == number, || format!("{number} instead of {truth}"))
}

/// `tw` of /proc/net/sockstat.
fn resting_by_proc() -> Result<u64, Failed> {
    let text = fs::read_to_string("/proc/thread-self/net/sockstat")?;
    let line = text.lines().find(|line| line.starts_with("TCP:")).ok_or("no line about TCP")?;
    let mut words = line.split(' ').skip_while(|word| *word != "tw");
    Ok(words.nth(1).ok_or("no number")?.parse()?)
}
