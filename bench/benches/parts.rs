//! Single parts on recorded bytes: parser, decoding, join, filters, outputs, and the difference of a live tick.
//!
//! The recording is of the population of 1000 TCP sockets; README.md has the command that made it.
//! Outputs belong to the command, so they are measured as the command, with its start; `start` is what to take off.
#![allow(clippy::disallowed_methods, reason = "it starts pree")]

use std::collections::HashMap;
use std::hint::black_box;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use pree::source::Recording;
use pree::{Filter, Query, Socket};
use pree_wire::inet_diag::Row;
use pree_wire::netlink::{self, Body};

const BENCH: &str = env!("CARGO_MANIFEST_DIR");

fn file() -> PathBuf {
    Path::new(BENCH).join("recorded/1k.pree")
}

fn bytes() -> Vec<u8> {
    std::fs::read(file()).expect("bench/recorded/1k.pree")
}

/// The datagrams that answered the question of this text: records are a kind, a length and that many bytes.
fn datagrams(recording: &[u8], question: &str) -> Vec<Vec<u8>> {
    let (mut rest, mut ours, mut found) = (&recording[16..], false, Vec::new());
    while let [kind, a, b, c, d, after @ ..] = rest {
        let (body, next) = after.split_at(u32::from_le_bytes([*a, *b, *c, *d]) as usize);
        match kind {
            1 => ours = body == question.as_bytes(),
            2 if ours => found.push(body.to_vec()),
            _ => {}
        }
        rest = next;
    }
    assert!(!found.is_empty(), "the recording has no answer to {question}");
    found
}

fn rows(datagrams: &[Vec<u8>], mut row: impl FnMut(&Row<'_>)) {
    for message in datagrams.iter().flat_map(|datagram| netlink::messages(datagram)) {
        if let Body::Data(payload) = message.expect("a message").body() {
            row(&Row::parse(payload).expect("a row"));
        }
    }
}

fn sockets(recording: &Recording) -> Vec<Socket> {
    let query = Query::new().tcp().stats().owners();
    query.collect_from(&mut recording.replay()).expect("a replay").into_sockets()
}

/// Bytes to views, and three numbers out of each.
fn parser(c: &mut Criterion) {
    let datagrams = datagrams(&bytes(), "diag 0 6 first");
    let mut count = 0;
    rows(&datagrams, |_| count += 1);
    let mut group = c.benchmark_group("parser");
    group.throughput(Throughput::Elements(count));
    group.bench_function("rows", |b| b.iter(|| rows(&datagrams, |row| _ = black_box(row.cookie()))));
    group.bench_function("tcp_info", |b| {
        b.iter(|| rows(&datagrams, |row| _ = black_box(row.tcp_info().and_then(|info| info.rtt()))));
    });
    group.finish();
}

/// Whole collections from a replay, without the kernel: more is asked each time.
fn collection(c: &mut Criterion) {
    let recording = Recording::from_bytes(&bytes()).expect("a recording");
    let mut group = c.benchmark_group("collection");
    group.throughput(Throughput::Elements(sockets(&recording).len() as u64));
    let queries = [
        ("bare", Query::new().tcp()),
        ("statistics", Query::new().tcp().stats()),
        ("join", Query::new().tcp().owners()),
        ("statistics and join", Query::new().tcp().stats().owners()),
    ];
    for (name, query) in queries {
        group.bench_function(name, |b| {
            b.iter(|| {
                query.visit_from(&mut recording.replay(), |socket| {
                    black_box(socket);
                    ControlFlow::Continue(())
                })
            });
        });
    }
    group.finish();
}

fn filter(c: &mut Criterion) {
    let sockets = sockets(&Recording::from_bytes(&bytes()).expect("a recording"));
    let mut group = c.benchmark_group("filter");
    group.throughput(Throughput::Elements(sockets.len() as u64));
    for text in ["sport = 10000", "dst 127.0.0.0/8 and rtt > 50us", "process = web-003 or state listen"] {
        let filter: Filter = text.parse().expect("a filter");
        group.bench_function(text, |b| {
            b.iter(|| sockets.iter().filter(|socket| filter.matches(socket)).count());
        });
    }
    group.finish();
}

/// What a live view does with each second's answer: collect, and compare by cookie with the second before.
fn tick(c: &mut Criterion) {
    let recording = Recording::from_bytes(&bytes()).expect("a recording");
    let query = Query::new().tcp().stats();
    let mut known: HashMap<u64, Option<u64>> = HashMap::new();
    let mut tick = || {
        let mut changed = 0;
        let _ = query.visit_from(&mut recording.replay(), |socket| {
            let acked = socket.tcp.as_ref().and_then(|tcp| tcp.bytes_acked);
            let before = socket.kernel_id.as_ref().and_then(|id| known.insert(id.cookie, acked));
            changed += u32::from(before != Some(acked));
            ControlFlow::Continue(())
        });
        changed
    };
    tick();
    let mut group = c.benchmark_group("tick");
    group.throughput(Throughput::Elements(sockets(&recording).len() as u64));
    group.bench_function("collect and compare", |b| b.iter(&mut tick));
    group.finish();
}

/// The command on the same recording. Needs `cargo build --release -p pree-cli`, or `PREE` with another one's path.
fn output(c: &mut Criterion) {
    let built = Path::new(BENCH).join("../target/release/pree");
    let pree = std::env::var_os("PREE").map_or(built, PathBuf::from);
    assert!(pree.is_file(), "{} is not there: cargo build --release -p pree-cli", pree.display());
    let mut group = c.benchmark_group("output");
    let formats: [(&str, &[&str]); 6] = [
        ("start", &["--version"]),
        ("count", &["-ta", "--count", "--owners", "none"]),
        ("table", &["-tanpi"]),
        ("json", &["-ta", "--json"]),
        ("jsonl", &["-ta", "--jsonl"]),
        ("csv", &["-ta", "--csv"]),
    ];
    for (name, arguments) in formats {
        group.bench_function(name, |b| {
            b.iter(|| {
                let mut command = Command::new(&pree);
                if name != "start" {
                    command.arg("--replay").arg(file());
                }
                let status = command.args(arguments).stdout(Stdio::null()).status().expect("pree starts");
                assert!(status.success(), "{name}");
            });
        });
    }
    group.finish();
}

criterion_group! {
    name = parts;
    config = Criterion::default().without_plots().sample_size(30);
    targets = parser, collection, filter, tick, output
}
criterion_main!(parts);
