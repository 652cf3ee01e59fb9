//! What judging costs, as a share of collecting what is judged: this machine's sockets, several times, in one run.
//!
//! `cargo run --release --example judge_speed`; the more sockets there are, the more the numbers mean.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example speaks")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use pree::quality::{Context, assess, assess_host};
use pree::{Needs, Query, Snapshot};

const RUNS: usize = 15;

fn main() -> pree::Result<()> {
    let statistics = Query::new().stats().needs(Needs::HOST);
    let everything = statistics.clone().owners();
    let mut times = [const { Vec::new() }; 4];
    let mut sockets = 0;
    for _ in 0..RUNS {
        let (collecting, _) = timed(|| statistics.collect());
        let (with_owners, snapshot) = timed(|| everything.collect());
        let snapshot = snapshot?;
        let (one_by_one, ()) = timed(|| judge_each(&snapshot));
        let (host, _) = timed(|| black_box(assess_host(&snapshot)));
        sockets = snapshot.sockets().len();
        for (times, time) in times.iter_mut().zip([collecting, with_owners, one_by_one, host]) {
            times.push(time);
        }
    }
    let [statistics, owners, one_by_one, host] = times.map(median);
    println!("{sockets} sockets, medians of {RUNS}");
    println!("collecting with statistics       {statistics:>10.1?}");
    println!("collecting with owners too       {owners:>10.1?}");
    for (what, time) in [("judging each by itself", one_by_one), ("judging the machine", host)] {
        let share = |of: Duration| time.as_secs_f64() / of.as_secs_f64() * 100.0;
        println!("{what:32} {time:>10.1?}   {:.1} % and {:.1} % of these", share(statistics), share(owners));
    }
    Ok(())
}

fn judge_each(snapshot: &Snapshot) {
    for socket in snapshot {
        black_box(assess(socket, &Context::default()));
    }
}

fn timed<T>(run: impl FnOnce() -> T) -> (Duration, T) {
    let start = Instant::now();
    let result = run();
    (start.elapsed(), result)
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
