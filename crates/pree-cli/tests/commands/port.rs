//! `pree port`: every owner of every port, and an exit code for scripts.

use std::collections::BTreeMap;

use pree_testkit::{Case, Failed, Family, Need, Population, Truth, population as made};
use serde_json::Value;

use crate::{population, run};

pub fn cases() -> Vec<Case> {
    vec![
        Case::new("every_port_has_its_owners", owners).lab().needs(Need::Ipv6).timeout(120),
        Case::new("a_full_accept_queue_and_its_clients", accept_queue).lab(),
        Case::new("nobody_has_a_port", nobody).lab(),
        Case::new("what_is_no_port", usage),
    ]
}

fn by_port(all: &Population) -> BTreeMap<u16, Vec<&Truth>> {
    let mut ports: BTreeMap<u16, Vec<&Truth>> = BTreeMap::new();
    for truth in all.truth() {
        ports.entry(truth.local.port()).or_default().push(truth);
    }
    ports
}

fn owners() -> Result<(), Failed> {
    let all = population::few()?;
    for (port, truths) in by_port(&all) {
        let held = truths.iter().any(|truth| truth.state != "time_wait");
        let answer = run::pree(&format!("port {port}"))?.code(i32::from(!held))?;
        for truth in truths.iter().filter(|truth| truth.state != "time_wait") {
            let name = format!("{port}/{}", truth.protocol);
            if !answer.out.lines().any(|line| line.starts_with(&name)) {
                return Err(format!("{truth}: no {name} in\n{}", answer.out).into());
            }
            for (pid, _) in &truth.owners {
                let known = answer.out.contains(&format!("[{pid}] user root"));
                // Those of the case's own connections stand with the listener they came to.
                if !known && truth.state == "listen" {
                    return Err(format!("{truth}: no {pid} in\n{}", answer.out).into());
                }
            }
        }
        run::pree(&format!("port {port} -q"))?.code(i32::from(!held))?.silent()?;
        let document = run::pree(&format!("port :{port} --json"))?.code(i32::from(!held))?.out;
        let document: Value = serde_json::from_str(&document)?;
        let rows = document["sockets"].as_array().map_or(0, Vec::len);
        if rows != truths.len() {
            return Err(format!("port {port}: {rows} sockets, not {}", truths.len()).into());
        }
        for protocol in ["tcp", "udp"] {
            let held = truths.iter().any(|t| t.protocol == protocol && t.state != "time_wait");
            run::pree(&format!("port {port}/{protocol} -q"))?.code(i32::from(!held))?;
        }
        let listens = truths.iter().any(|truth| matches!(truth.state, "listen" | "unconnected"));
        run::pree(&format!("port {port} -lq"))?.code(i32::from(!listens))?;
    }
    Ok(())
}

fn accept_queue() -> Result<(), Failed> {
    let all = made::accept_queue(Family::V4)?;
    let listener = all.truth().iter().find(|truth| truth.state == "listen").ok_or("no listener")?;
    let port = listener.local.port();
    let clients = all.truth().iter().filter(|t| t.local.port() == port && t.remote.is_some()).count();
    let (queue, limit) = listener.listen.ok_or("no queue")?;
    let out = run::pree(&format!("port {port}"))?.whole()?.out;
    let full = if queue > limit { " FULL" } else { "" };
    for words in [
        format!("{port}/tcp LISTEN 127.0.0.1   reachable from: loopback only\n"),
        format!("  accept queue {queue}/{limit}{full}, {clients} client"),
        "from 1 host".to_owned(),
        " ago\n".to_owned(),
        "started by pid ".to_owned(),
    ] {
        if !out.contains(&words) {
            return Err(format!("no {words:?} in\n{out}").into());
        }
    }
    Ok(())
}

fn nobody() -> Result<(), Failed> {
    run::pree("port 1")?.code(1)?.silent()?.tells("nobody has port 1")?;
    run::pree("port 53/udp")?.code(1)?.silent()?.tells("nobody has 53/udp")?;
    let quiet = run::pree("port 1 -q")?.code(1)?.silent()?;
    if !quiet.err.is_empty() {
        return Err(format!("-q said {:?}", quiet.err).into());
    }
    let document: Value = serde_json::from_str(&run::pree("port 1 --json")?.code(1)?.out)?;
    if document["sockets"].as_array().is_none_or(|sockets| !sockets.is_empty()) {
        return Err(format!("{document}").into());
    }
    Ok(())
}

fn usage() -> Result<(), Failed> {
    for (words, says) in [
        ("port 70000", "ports are 0 to 65535"),
        ("port", "takes one port"),
        ("port 80 443", "takes one port"),
        ("port nonsense", "no service"),
        ("port 53/sctp", "is no port"),
        ("port -q", "takes one port"),
        ("port 80 -F /dev/null", ""),
    ] {
        run::pree(words)?.code(2)?.silent()?.tells(says)?;
    }
    Ok(())
}
