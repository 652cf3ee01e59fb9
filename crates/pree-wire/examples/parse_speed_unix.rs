//! What a Unix row costs: the recorded dump, read again and again. `cargo run --release --example parse_speed_unix`
#![allow(clippy::print_stdout, reason = "a program whose result is a line of text")]

use pree_wire::netlink::{Body, messages};
use pree_wire::unix_diag::Row;
use std::hint::black_box;
use std::time::Instant;

const RECORDING: &[u8] = include_bytes!("../tests/golden/unix.bin");
const ROUNDS: u32 = 20_000;
const REPEATS: usize = 9;

fn main() {
    let mut times = [0.0; REPEATS];
    for time in &mut times {
        let (start, mut rows) = (Instant::now(), 0);
        for _ in 0..ROUNDS {
            for message in messages(black_box(RECORDING)).flatten() {
                let Body::Data(payload) = message.body() else { continue };
                let Ok(row) = Row::parse(payload) else { continue };
                black_box((
                    row.socket_type(),
                    row.state(),
                    row.inode(),
                    row.cookie(),
                    row.name(),
                    row.file(),
                ));
                black_box((row.peer(), row.receive_queue(), row.send_queue(), row.shutdown(), row.uid()));
                rows += 1;
            }
        }
        *time = start.elapsed().as_secs_f64() * 1e9 / f64::from(rows);
    }
    times.sort_by(f64::total_cmp);
    let ([fastest, ..], [.., slowest]) = (times, times);
    println!("{:.1} ns a row (median of {REPEATS}; {fastest:.1} to {slowest:.1})", times[REPEATS / 2]);
}
