//! Connections to one address that all have the same trouble.

use pree::quality::{About, Assessment, HostFinding, Severity, Value};
use pree_testkit::peer::Peer;
use pree_testkit::wire::Wire;
use pree_testkit::{Failed, Family, Socket};

use crate::look::{Look, count, ensure, look_until};
use crate::silence::to_peer;

/// Which peers acknowledge nothing, or can take nothing.
fn troubled(wire: Wire, number: usize, window: Option<u16>) -> Result<Vec<(Socket, Peer)>, Failed> {
    let mut all = Vec::new();
    for _ in 0..number {
        let (socket, mut peer) = to_peer(wire, wire.far_address(Family::V4))?;
        if let Some(window) = window {
            peer.set_window(window);
            peer.acknowledge()?;
        }
        all.push((socket, peer));
    }
    // The window must have arrived before the first byte is sent.
    for (socket, peer) in &mut all {
        if window.is_some() {
            peer.send(b"!")?;
            socket.receive(&mut [0; 8])?;
        }
        socket.send(&[1; 1000])?;
    }
    Ok(all)
}

fn with_issue(look: &Look, names: &[&str]) -> usize {
    let has = |it: &&(usize, Assessment)| it.1.findings.iter().any(|it| names.contains(&it.name));
    look.host.troubled.iter().filter(has).count()
}

fn check(finding: &HostFinding, wire: Wire, trouble: &'static str, number: u64) -> Result<(), Failed> {
    let told = finding.evidence.iter().any(|it| (it.name, it.value) == ("trouble", Value::Word(trouble)));
    let about = About::Remote(wire.far_address(Family::V4).ip());
    let right = told && count(finding, "sockets") == Some(number) && finding.about == about;
    ensure(right && finding.sockets.len() as u64 == number, || format!("{finding:?}"))
}

/// Data that nobody acknowledges: two are chance, four are the path.
pub fn dead() -> Result<(), Failed> {
    const ISSUES: &[&str] = &["rto_stall", "path_dead"];
    let wire = Wire::open()?;
    let mut all = troubled(wire, 2, None)?;
    let look = look_until("two stalls", |look| with_issue(look, ISSUES) == 2)?;
    ensure(look.host.findings.is_empty(), || format!("{:?}", look.host.findings))?;
    all.extend(troubled(wire, 2, None)?);
    let look = look_until("four stalls", |look| with_issue(look, ISSUES) == 4)?;
    check(look.finding("path_trouble").ok_or("the path is not named")?, wire, "no answer", 4)?;
    let look = look_until("four dead paths", |look| with_issue(look, &["path_dead"]) == 4)?;
    check(look.only("path_trouble", Severity::Critical)?, wire, "no answer", 4)?;
    let told = look.host.findings[0].sockets.iter().filter_map(|at| look.snapshot.sockets()[*at].kernel_id);
    let mut told: Vec<u64> = told.map(|id| id.cookie).collect();
    let mut truth = all.iter().map(|(socket, _)| socket.cookie()).collect::<Result<Vec<_>, _>>()?;
    told.sort_unstable();
    truth.sort_unstable();
    ensure(told == truth, || format!("{told:?} instead of {truth:?}"))
}

/// Peers at one address that do not read: it is the machine there.
pub fn closed_window() -> Result<(), Failed> {
    let wire = Wire::open()?;
    let mut all = troubled(wire, 2, Some(0))?;
    let look = look_until("two closed windows", |look| with_issue(look, &["zero_window"]) == 2)?;
    ensure(look.host.findings.is_empty(), || format!("{:?}", look.host.findings))?;
    all.extend(troubled(wire, 1, Some(0))?);
    let look = look_until("three closed windows", |look| with_issue(look, &["zero_window"]) == 3)?;
    check(look.only("path_trouble", Severity::Warning)?, wire, "closed window", 3)?;
    drop(all);
    Ok(())
}
