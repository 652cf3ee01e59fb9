//! What a watch costs: connections that are opened and reset over loopback, without a watch and with one, in one run.
//!
//! `cargo run --release -p pree --all-features --example watch_speed -- bpf 300000 0`: the source, how many connections, and how many
//! a second (0: as fast as it goes). Best in a network namespace of its own (`unshare -n`, `ip link set lo up`).
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example speaks")]
#![allow(clippy::disallowed_methods, reason = "and is told what to measure")]

#[cfg(unix)]
mod measure {
    use std::collections::HashMap;
    use std::error::Error;
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};
    use std::thread;
    use std::time::{Duration, Instant};

    use pree::{EventKind, Query, State, WatchSource};
    use rustix::net::sockopt::set_socket_linger;
    use rustix::time::{ClockId, clock_gettime};

    type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

    /// Threads that make connections.
    const MAKERS: usize = 2;
    /// After the last connection so long nothing comes.
    const QUIET: Duration = Duration::from_secs(2);

    pub(crate) fn main() -> Outcome<()> {
        let mut words = std::env::args().skip(1);
        let source = words.next().unwrap_or_else(|| "bpf".to_owned());
        let source = WatchSource::ALL.iter().find(|one| one.name() == source).ok_or("no such source")?;
        let count: u32 = words.next().map_or(Ok(100_000), |word| word.parse())?;
        let rate = words.next().map_or(Ok(0), |word| word.parse())?;
        let alone = make(count, rate)?.join().map_err(|_| "a maker panicked")??;
        let begun = cpu();
        let mut watch = Query::new().watch_source(*source).watch()?;
        while watch.next_before(Duration::ZERO)?.is_some() {}
        let ready = cpu().saturating_sub(begun);
        let maker = make(count, rate)?;
        let begun = cpu();
        let (mut events, mut ends, mut listeners) = (0_u64, HashMap::new(), 0);
        let stop = watch.stop();
        let mut deadline = watch.now() + QUIET;
        loop {
            let Some(event) = watch.next_before(deadline)? else {
                if stop.is_stopped() {
                    break;
                }
                // What was not reported until now is looked for.
                if maker.is_finished() {
                    stop.stop();
                }
                deadline = watch.now() + QUIET;
                continue;
            };
            events += 1;
            let Some(socket) = event.socket else { continue };
            if let (EventKind::Closed(ending), Some(id)) = (event.kind, socket.kernel_id) {
                if ending.from == Some(State::Listen) {
                    listeners += 1;
                    continue;
                }
                *ends.entry(id.cookie).or_insert(0_u32) += 1;
            }
        }
        let spent = cpu().saturating_sub(begun);
        let watched = maker.join().map_err(|_| "a maker panicked")??;
        let repeated = ends.values().filter(|times| **times > 1).count();
        let per_second = |time: Duration| f64::from(count) / time.as_secs_f64();
        println!(
            "{}: {:.0} connections/s alone, {:.0} watched ({:+.0} % time)",
            source.name(),
            per_second(alone),
            per_second(watched),
            (watched.as_secs_f64() / alone.as_secs_f64() - 1.0) * 100.0
        );
        println!(
            "{events} events, {} of {} ends, {repeated} repeated, {listeners} of listeners, {:?} lost",
            ends.len(),
            count * 2,
            watch.lost()
        );
        println!(
            "{:.2} µs of CPU an event, ready in {:.1} ms",
            spent.as_secs_f64() * 1e6 / events.max(1) as f64,
            ready.as_secs_f64() * 1e3
        );
        Ok(())
    }

    /// The CPU time of this thread.
    fn cpu() -> Duration {
        let time = clock_gettime(ClockId::ThreadCPUTime);
        Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec as u32)
    }

    /// Makes so many connections; how long that took.
    fn make(count: u32, rate: u32) -> Outcome<thread::JoinHandle<Outcome<Duration>>> {
        let listeners: Vec<_> =
            (0..MAKERS).map(|_| TcpListener::bind("127.0.0.1:0")).collect::<Result<_, _>>()?;
        Ok(thread::spawn(move || {
            let begun = Instant::now();
            let each = count / MAKERS as u32;
            let makers: Vec<_> = listeners
                .into_iter()
                .map(|listener| thread::spawn(move || one(&listener, each, rate / MAKERS as u32)))
                .collect();
            for maker in makers {
                maker.join().map_err(|_| "a maker panicked")??;
            }
            Ok(begun.elapsed())
        }))
    }

    fn one(listener: &TcpListener, count: u32, rate: u32) -> Outcome<()> {
        let address = listener.local_addr()?;
        let begun = Instant::now();
        for number in 0..count {
            if rate > 0 {
                let due = begun + Duration::from_secs_f64(f64::from(number) / f64::from(rate));
                thread::sleep(due.saturating_duration_since(Instant::now()));
            }
            let mut client = TcpStream::connect(address)?;
            let (mut server, _) = listener.accept()?;
            client.write_all(&[1; 100])?;
            server.read_exact(&mut [0; 100])?;
            // No port is kept busy.
            set_socket_linger(&client, Some(Duration::ZERO))?;
        }
        Ok(())
    }
}

#[cfg(unix)]
fn main() {
    if let Err(error) = measure::main() {
        eprintln!("{error}");
        std::process::exit(1);
    }
}

#[cfg(not(unix))]
fn main() {
    eprintln!("it takes Unix");
}
