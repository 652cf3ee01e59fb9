//! What a row costs: the recorded TCP dump, read again and again. `cargo run --release --example parse_speed`
#![allow(clippy::print_stdout, reason = "a program whose result is a line of text")]

use pree_wire::inet_diag::Row;
use pree_wire::netlink::{Body, messages};
use pree_wire::socket_memory::SocketMemory;
use std::hint::black_box;
use std::time::Instant;

const RECORDING: &[u8] = include_bytes!("../tests/golden/tcp.bin");
const ROUNDS: u32 = 20_000;
const REPEATS: usize = 9;

fn main() {
    let rows = each_row(|_| {});
    measure("framing and parsing", rows, |row| {
        black_box(row.family());
    });
    measure("… and what a table of sockets shows", rows, |row| {
        black_box((row.family(), row.state(), row.source_port(), row.destination_port()));
        black_box((row.source(), row.destination(), row.inode(), row.uid(), row.cookie()));
        black_box((row.receive_queue(), row.send_queue(), row.timer(), row.expires_ms()));
    });
    measure("… and the usual statistics", rows, |row| {
        black_box((row.family(), row.state(), row.source_port(), row.destination_port()));
        black_box((row.source(), row.destination(), row.inode(), row.uid(), row.cookie()));
        black_box((row.receive_queue(), row.send_queue(), row.timer(), row.expires_ms()));
        if let Some(info) = row.tcp_info() {
            black_box((info.rtt(), info.rttvar(), info.min_rtt(), info.snd_cwnd(), info.snd_ssthresh()));
            black_box((info.total_retrans(), info.data_segs_out(), info.dsack_dups(), info.bytes_retrans()));
            black_box((info.bytes_sent(), info.bytes_received(), info.delivery_rate(), info.notsent_bytes()));
        }
        black_box(row.socket_memory().and_then(SocketMemory::drops));
        black_box(row.congestion_algorithm());
    });
    measure("… and every field of tcp_info", rows, |row| {
        black_box((row.family(), row.state(), row.source_port(), row.destination_port()));
        black_box((row.source(), row.destination(), row.inode(), row.uid(), row.cookie()));
        if let Some(info) = row.tcp_info() {
            macro_rules! read {
                ($($(#[doc = $doc:literal])+ $name:ident: $type:ident, $offset:literal, $unit:ident, $since:literal;)*) => {
                    $( black_box(info.$name()); )*
                };
            }
            pree_wire::for_each_tcp_info_field!(read);
        }
    });
}

/// Calls `visit` with every row of the recording; answers how many there are.
fn each_row(mut visit: impl FnMut(&Row<'_>)) -> u32 {
    let mut rows = 0;
    for message in messages(black_box(RECORDING)).flatten() {
        if let Body::Data(payload) = message.body() {
            if let Ok(row) = Row::parse(payload) {
                visit(&row);
                rows += 1;
            }
        }
    }
    rows
}

fn measure(what: &str, rows: u32, mut visit: impl FnMut(&Row<'_>)) {
    let mut times = [0.0; REPEATS];
    for time in &mut times {
        let start = Instant::now();
        for _ in 0..ROUNDS {
            each_row(&mut visit);
        }
        *time = start.elapsed().as_secs_f64() * 1e9 / f64::from(rows) / f64::from(ROUNDS);
    }
    times.sort_by(f64::total_cmp);
    let ([fastest, ..], [.., slowest]) = (times, times);
    println!(
        "{what}: {:.1} ns a row (median of {REPEATS}; {fastest:.1} to {slowest:.1})",
        times[REPEATS / 2]
    );
}
