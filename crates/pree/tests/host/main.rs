//! What shows only across sockets, and what single listeners and datagram sockets show, on the running kernel: the test
//! makes the trouble itself, in a lab, and counts. Before it, and a step below each limit, nothing may be said.
#![allow(
    clippy::pedantic,
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    unreachable_pub,
    reason = "test code"
)]

mod close_wait;
mod handshakes;
mod look;
mod paths;
mod ports;
mod queues;
mod silence;
mod time_wait;

use std::process::ExitCode;

use pree_testkit::{Case, Failed, Need};

fn main() -> ExitCode {
    let lab = |name, run: fn() -> Result<(), Failed>| Case::new(name, run).lab();
    pree_testkit::main(vec![
        lab("half_open", handshakes::half_open).needs(Need::Veth),
        lab("half_open_without_cookies", handshakes::without_cookies).needs(Need::Veth),
        lab("accept_overflow", queues::accept_overflow),
        lab("accept_deferred", queues::deferred),
        lab("udp_drops", queues::udp_drops),
        lab("close_wait_leak", close_wait::leak),
        lab("close_wait_leak_grows", close_wait::grows),
        lab("time_wait_pile", time_wait::pile),
        lab("time_wait_limit", time_wait::limit),
        lab("ports_exhausted", ports::exhausted),
        lab("ports_bound", ports::bound),
        lab("ports_bound_first", ports::bound_first),
        lab("ports_in_time_wait", ports::in_time_wait),
        lab("silent_peer", silence::keepalive).needs(Need::Veth),
        lab("path_dead", paths::dead).needs(Need::Veth),
        lab("path_closed_window", paths::closed_window).needs(Need::Veth),
    ])
}
