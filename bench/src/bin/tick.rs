//! What a live view does each second: collect all TCP sockets with their statistics, and compare with the second before.
//!
//! `tick N` does so N times, a second apart. Owners are not asked for: a socket keeps the one it was first seen with.
#![allow(clippy::disallowed_methods, reason = "a program reads its arguments")]

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use pree::{Query, Result, Socket, State};

/// What is compared.
struct Known {
    state: State,
    counters: [Option<u64>; 4],
    tick: u32,
}

fn counters(socket: &Socket) -> [Option<u64>; 4] {
    let Some(tcp) = &socket.tcp else { return [None; 4] };
    let wide = |number: Option<u32>| number.map(u64::from);
    [tcp.bytes_acked, tcp.bytes_received, wide(tcp.total_retrans), wide(tcp.notsent_bytes)]
}

fn main() -> Result<()> {
    let ticks = std::env::args().nth(1).and_then(|ticks| ticks.parse().ok()).unwrap_or(3);
    let query = Query::new().tcp().stats();
    let mut known: HashMap<u64, Known> = HashMap::new();
    let start = Instant::now();
    for tick in 0..ticks {
        let (mut opened, mut changed) = (0, 0);
        query.visit(|socket| {
            let Some(id) = &socket.kernel_id else { return ControlFlow::Continue(()) };
            let now = Known { state: socket.state, counters: counters(socket), tick };
            match known.entry(id.cookie) {
                Entry::Vacant(new) => {
                    new.insert(now);
                    opened += 1;
                }
                Entry::Occupied(mut before) => {
                    let same = (before.get().state, before.get().counters) == (now.state, now.counters);
                    changed += u32::from(!same);
                    before.insert(now);
                }
            }
            ControlFlow::Continue(())
        })?;
        let before = known.len();
        known.retain(|_, known| known.tick == tick);
        println!("{opened} opened, {changed} changed, {} closed", before - known.len());
        std::thread::sleep(
            (start + Duration::from_secs(u64::from(tick) + 1)).saturating_duration_since(Instant::now()),
        );
    }
    Ok(())
}
