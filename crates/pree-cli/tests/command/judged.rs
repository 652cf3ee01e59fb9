//! `--json` judges with what other connections know of the way, `--jsonl` each socket by itself.

use std::thread::sleep;
use std::time::Duration;

use pree_testkit::wire::Wire;
use pree_testkit::{Case, Failed, Family, Need, Socket};
use serde_json::Value;

use crate::run;
use crate::verdicts::to_peer;

/// More than a delayed acknowledgement takes, less than a SYN waits to be repeated.
const LATE: Duration = Duration::from_millis(350);

pub fn cases() -> Vec<Case> {
    vec![Case::new("json_judges_with_the_whole_host", context).lab().needs(Need::Veth)]
}

/// One connection that was opened while its path was slow already, and one that has seen it fast.
fn context() -> Result<(), Failed> {
    let wire = Wire::open()?;
    let (_quick, _peer) = to_peer(wire, wire.far_address(Family::V4))?;
    let address = wire.far_address(Family::V4);
    let mut peer = wire.peer(address)?;
    let late = Socket::tcp(Family::V4)?;
    late.start_connect(address)?;
    sleep(LATE);
    peer.accept()?;
    let mut sent = 0;
    for _ in 0..4 {
        late.send(&[1; 7 * 1400])?;
        sent += 7 * 1400;
        peer.await_data(7 * 1400)?;
        sleep(LATE);
        peer.acknowledge()?;
    }
    assert_eq!(sent, 39_200, "enough segments for a verdict");
    let port = late.local()?.port();
    let first = |text: &str| -> Result<Value, Failed> {
        let line = text.lines().next().unwrap_or_default();
        let value: Value = serde_json::from_str(line)?;
        Ok(value.get("sockets").map_or(value.clone(), |sockets| sockets[0].clone()))
    };
    let raised = |socket: &Value| {
        let findings = socket["quality"]["findings"].as_array();
        findings.is_some_and(|all| all.iter().any(|finding| finding["name"] == "latency_raised"))
    };
    for (words, expected) in [
        (format!("--json sport={port}"), true),
        (format!("--json sport={port} --limit 1"), true),
        (format!("port {port} --json"), true),
        (format!("explain sport={port} --json"), true),
        (format!("--jsonl sport={port}"), false),
    ] {
        let socket = first(&run::pree(&words)?.whole()?.out)?;
        if raised(&socket) != expected {
            return Err(format!("{words}: latency_raised is {}: {}", !expected, socket["quality"]).into());
        }
    }
    Ok(())
}
