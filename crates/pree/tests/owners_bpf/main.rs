//! Owners as a BPF program tells them: the same as a walk through /proc where that sees everything, and right where it
//! does not. And the sequence numbers that another such program tells.
//!
//! Each case has a laboratory of its own, where no other sockets are.
#![allow(
    clippy::pedantic,
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    unreachable_pub,
    reason = "test code"
)]

mod beside_proc;
#[path = "../live/compare.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod compare;
mod hard;
#[path = "../scripted/kernel.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod kernel;
#[path = "../live/meddling.rs"]
mod meddling;
mod pid_namespaces;
mod played;
mod sequences;
#[allow(unsafe_code, reason = "system calls that no library has")]
#[path = "../live/sys.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod sys;

use std::process::ExitCode;
use std::time::Duration;

use pree::{Owner, OwnerSource, Process, Query, Socket};

/// Every owner, by the program or not at all.
fn by_program() -> Query {
    Query::new().owners().owner_source(OwnerSource::Bpf)
}

/// Every owner, from /proc.
fn by_walk() -> Query {
    Query::new().owners().owner_source(OwnerSource::Proc)
}

/// Descriptor, thread, start after boot, and the process without its start.
type Told = (Option<u32>, Option<u32>, Option<Duration>, Process);

/// Everything about the owners. The time of boot is the difference of two clocks, and never twice the same.
fn owners_of(socket: &Socket) -> Vec<Told> {
    let owner = |owner: &Owner| {
        let mut process = (*owner.process).clone();
        let start = process.start_time.take().and_then(|start| start.since_boot());
        (owner.fd, owner.thread, start, process)
    };
    socket.owners.iter().map(owner).collect()
}

fn main() -> ExitCode {
    let cases =
        [beside_proc::cases(), hard::cases(), pid_namespaces::cases(), played::cases(), sequences::cases()];
    pree_testkit::main(cases.into_iter().flatten().collect())
}
